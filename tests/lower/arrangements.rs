//! Functions that arrange elements: pad, split, roll, flip, repeat, linspace, set, diag, cumsum, cumprod. The expected
//! numbers are those of the definitions, and of numpy 2 where a name is numpy's.

use super::common::*;

const MATRIX: &str = "dim N = 2, D = 3\nlet x: [N, D] = [[1, 2, 3], [4, 5, 6]]\n";

fn of_matrix(expression: &str, expected: &[f64]) {
    program(&format!("{MATRIX}output r = {expression}\n")).close("r", expected);
}

#[test]
fn padding_goes_around_some_axes() {
    of_matrix("pad(x, 1)", &[0., 0., 0., 0., 0., 0., 1., 2., 3., 0., 0., 4., 5., 6., 0., 0., 0., 0., 0., 0.]);
    of_matrix("pad(x, 1, 0, axis = -1)", &[0., 1., 2., 3., 0., 4., 5., 6.]);
    of_matrix("pad(x, 0, 1, axis = 0, value = 7)", &[1., 2., 3., 4., 5., 6., 7., 7., 7.]);
    of_matrix("pad(pad(x, 2), 0)[2..4, 2..5]", &[1., 2., 3., 4., 5., 6.]);
    let text = "dim N, H, W\ninput x: [N, H, W]\ninput y: bool[N]\noutput p = pad(x, 1, axis = [1, 2])\n\
                output q = if pad(y, 1, value = true) then 1 else 0\n";
    let case = program(text).dim("N", 2).dim("H", 1).dim("W", 2);
    let case = case.port("x", &[1., 2., 3., 4.]).port("y", &[0., 1.]);
    assert_eq!((case.shape("p"), case.shape("q")), ("[N, H + 2, W + 2]".into(), "[N + 2]".into()));
    let zeros = [0.; 4];
    let rows: [&[f64]; 6] = [&zeros, &[0., 1., 2., 0.], &zeros, &zeros, &[0., 3., 4., 0.], &zeros];
    case.close("p", &rows.concat());
    case.close("q", &[1., 0., 1., 1.]);
}

#[test]
fn splitting_gives_equal_or_given_parts() {
    let text = "dim N, H, A = 1, B = 2\ninput x: [N, 2 * H]\ninput y: [A + B, N]\nlet (a, b) = split(x, 2)\n\
                let (c, d) = split(y, [A, B], axis = 0)\noutput e = 10 * a + b\noutput c\noutput d\n";
    let case = program(text).dim("N", 1).dim("H", 2);
    let case = case.port("x", &[1., 2., 3., 4.]).port("y", &[5., 6., 7.]);
    assert_eq!((case.shape("e"), case.shape("d")), ("[N, H]".into(), "[B, N]".into()));
    case.close("e", &[13., 24.]);
    case.close("c", &[5.]);
    case.close("d", &[6., 7.]);
    assert_eq!(codes("input x: [5]\nlet (a, b) = split(x, [2, 2])\noutput y = a + b\n"), ["E0306"]);
    assert_eq!(codes("dim N\ninput x: [4]\nlet (a, b) = split(x, N)\noutput y = a + b\n"), ["E0306"]);
}

#[test]
fn elements_move_along_an_axis() {
    of_matrix("flip(x)", &[3., 2., 1., 6., 5., 4.]);
    of_matrix("flip(x, axis = N)", &[4., 5., 6., 1., 2., 3.]);
    of_matrix("roll(x, 1)", &[3., 1., 2., 6., 4., 5.]);
    of_matrix("roll(x, -1, axis = 1)", &[2., 3., 1., 5., 6., 4.]);
    of_matrix("roll(x, 5, axis = 0)", &[4., 5., 6., 1., 2., 3.]);
    of_matrix("repeat(x, 2)", &[1., 1., 2., 2., 3., 3., 4., 4., 5., 5., 6., 6.]);
    of_matrix("repeat(x, 2, axis = 0)", &[1., 2., 3., 1., 2., 3., 4., 5., 6., 4., 5., 6.]);
    of_matrix("stack(x[0], x[1], axis = 1)", &[1., 4., 2., 5., 3., 6.]);
    of_matrix("concat(x[0], [9], x[1])", &[1., 2., 3., 9., 4., 5., 6.]);
    of_matrix("concat(x, x[:, ..1], axis = 1)", &[1., 2., 3., 1., 4., 5., 6., 4.]);
}

#[test]
fn running_sums_and_products() {
    of_matrix("cumsum(x)", &[1., 3., 6., 4., 9., 15.]);
    of_matrix("cumsum(x, axis = 0)", &[1., 2., 3., 5., 7., 9.]);
    of_matrix("cumprod(x)", &[1., 2., 6., 4., 20., 120.]);
    of_matrix("[n] => cumprod(x[n])", &[1., 2., 6., 4., 20., 120.]);
}

#[test]
fn matrices_of_vectors_and_back() {
    check("linspace(1, 2, 5)", &[1., 1.25, 1.5, 1.75, 2.]);
    check("linspace(3, 4, 1)", &[3.]);
    check("diag([1, 2])", &[1., 0., 0., 2.]);
    check("diag([[1, 2], [3, 4]])", &[1., 4.]);
    check("diag(diag([1, 2, 3]))", &[1., 2., 3.]);
    check("trace([[1, 2], [3, 4]])", &[5.]);
    check("tril([[1, 2], [3, 4]])", &[1., 0., 3., 4.]);
    check("triu([[1, 2], [3, 4]])", &[1., 2., 0., 4.]);
    check("eye(2)", &[1., 0., 0., 1.]);
    check("outer([1, 2], [3, 4, 5])", &[3., 4., 5., 6., 8., 10.]);
    check("cross([1, 0, 0], [0, 1, 0])", &[0., 0., 1.]);
    check("norm([3, 4])", &[5.]);
    check("std([1, 3])", &[1.]);
    check("var([[1, 3], [2, 6]], axis = 1)", &[1., 4.]);
    check("zeros_like([1, 2])", &[0., 0.]);
}

#[test]
fn one_row_is_replaced() {
    of_matrix("set(x, 1, [7, 8, 9])", &[1., 2., 3., 7., 8., 9.]);
    of_matrix("set(x, 0, 0)", &[0., 0., 0., 4., 5., 6.]);
    let text = "dim N = 3\ninput x: [N]\ninput k: index(N)\noutput a = set(x, k, 10)\n\
                output b[i] = if i == k then 10 else x[i]\noutput c[i in N] = sum(set(x, i, 0))\n";
    let case = program(text).port("x", &[1., 2., 3.]).port("k", &[1.]);
    case.close("a", &[1., 10., 3.]);
    case.close("c", &[5., 4., 3.]);
    assert_eq!(case.find("a").node, case.find("b").node);
    assert_eq!(codes("input x: [3]\noutput y = set(x, 3, 0)\n"), ["E0325"]);
}

#[test]
fn lower_triangles_are_packed_by_rows() {
    check("unpack_lower([1, 2, 3, 4, 5, 6])", &[1., 0., 0., 2., 3., 0., 4., 5., 6.]);
    check("pack_lower([[1, 9, 9], [2, 3, 9], [4, 5, 6]])", &[1., 2., 3., 4., 5., 6.]);
    check("pack_lower(unpack_lower([[1, 2, 3], [4, 5, 6]]))", &[1., 2., 3., 4., 5., 6.]);
    let text = "dim D = 3\ninput v: [6]\nlet L[r in D, c in D] = if c <= r then v[div(r * (r + 1), 2) + c] else 0\n\
                let E = sum[i, j](L[i, j]^2 * (i + 2 * j + 1))\nlet U = unpack_lower(v)\n\
                output g = grad(E, v)\noutput h = grad(sum(pack_lower(U)^2), v)\noutput L\n";
    let case = program(text).port("v", &[1., 2., 3., 4., 5., 6.]);
    case.close("L", &[1., 0., 0., 2., 3., 0., 4., 5., 6.]);
    // 2 v (i + 2 j + 1)
    case.close("g", &[2., 8., 24., 24., 50., 84.]);
    case.close("h", &[2., 4., 6., 8., 10., 12.]);
    assert_eq!(codes("input v: [5]\noutput y = unpack_lower(v)\n"), ["E0306"]);
    assert_eq!(codes("dim N\ninput L: [N, N]\noutput y = pack_lower(L)\n"), ["E0306"]);
}

#[test]
fn products_of_indices_are_indices() {
    let text = "dim N = 4, M = 3\ninput x: [12]\noutput a[i in N, j in M] = x[i * M + j]\n\
                output b[i in 3, j in 3] = x[i * j]\noutput c[i in 4] = x[i * i]\noutput d[i in 12] = x[div(i, 2)]\n\
                output e[i in 3, j in 4] = i * j / 2\noutput f[i in 4] = x[div(i * (i + 1), 2) + mod(i, 2)]\n";
    let x: Vec<f64> = (0..12).map(f64::from).collect();
    let case = program(text).port("x", &x);
    case.close("a", &x);
    case.close("b", &[0., 0., 0., 0., 1., 2., 0., 2., 4.]);
    case.close("c", &[0., 1., 4., 9.]);
    case.close("d", &[0., 0., 1., 1., 2., 2., 3., 3., 4., 4., 5., 5.]);
    case.close("e", &[0., 0., 0., 0., 0., 0.5, 1., 1.5, 0., 1., 2., 3.]);
    case.close("f", &[0., 2., 3., 7.]);
    assert_eq!(codes("input x: [12]\noutput c[i in 5] = x[i * i]\n"), ["E0325"]);
    assert_eq!(codes("input x: [12]\noutput c[i in 4] = x[i * i - 1]\n"), ["E0325"]);
}
