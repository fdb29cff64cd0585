//! Dims, shapes, operators, reductions over axes, functions that change shapes.

use super::common::*;

#[test]
fn arithmetic_follows_precedence() {
    check("-2^2", &[-4.0]);
    check("2^-1", &[0.5]);
    check("2^3^2", &[512.0]);
    check("1 - 2 - 3", &[-4.0]);
    check("7 / 2", &[3.5]);
    check("if 0 < 1 < 2 and not false then 3 else 4", &[3.0]);
    check("[1, 2, 3] * [4, 5, 6] + 1", &[5.0, 11.0, 19.0]);
    check("sqrt(pi) ^ 2 / pi", &[1.0]);
    check("max(3, 5) + max([1, 7, 2]) + min(4, 2)", &[14.0]);
    check("if (1 < 2) == (3 < 2) then 1 else 0", &[0.0]);
    check("if (1 < 2) != (3 < 2) or false then 1 else 0", &[1.0]);
}

#[test]
fn matrix_products_take_vectors_matrices_and_batches() {
    check("[[1, 2], [3, 4]] @ [1, -1]", &[-1.0, -1.0]);
    check("[1, -1] @ [[1, 2], [3, 4]]", &[-2.0, -2.0]);
    check("[1, 2] @ [3, 4]", &[11.0]);
    check("[[1, 2], [3, 4]]' @ [[1, 2], [3, 4]]", &[10.0, 14.0, 14.0, 20.0]);
    // `@` binds tighter than `*`.
    check("[2, 3] * [[1, 2], [3, 4]] @ [1, 1]", &[6.0, 21.0]);
    let case = program(
        "dim B = 2\ninput a: [B, 2, 2]\ninput w: [2, 2]\noutput p = a @ w\noutput q = w @ a\noutput r = a @ a\n",
    )
    .port("a", &[1.0, 2.0, 3.0, 4.0, 0.0, 1.0, 1.0, 0.0])
    .port("w", &[0.0, 1.0, 1.0, 0.0]);
    case.close("p", &[2.0, 1.0, 4.0, 3.0, 1.0, 0.0, 0.0, 1.0]);
    case.close("q", &[3.0, 4.0, 1.0, 2.0, 1.0, 0.0, 0.0, 1.0]);
    case.close("r", &[7.0, 10.0, 15.0, 22.0, 1.0, 0.0, 0.0, 1.0]);
    assert_eq!(case.shape("q"), "[B, 2, 2]");
}

#[test]
fn square_matrices_keep_their_sides_apart() {
    let case = program("dim N\ninput A: [N, N]\noutput p = A @ A'\noutput q = A' + A\noutput r = (A @ A) @ A'\n")
        .dim("N", 2)
        .port("A", &[1.0, 2.0, 3.0, 4.0]);
    case.close("p", &[5.0, 11.0, 11.0, 25.0]);
    case.close("q", &[2.0, 5.0, 5.0, 8.0]);
    // [[7, 10], [15, 22]] times [[1, 3], [2, 4]].
    case.close("r", &[27.0, 61.0, 59.0, 133.0]);
}

#[test]
fn shapes_combine_as_suffixes_only() {
    check("[[1, 2], [3, 4]] + [10, 20]", &[11.0, 22.0, 13.0, 24.0]);
    check("[10, 20] - [[1, 2], [3, 4]]", &[9.0, 18.0, 7.0, 16.0]);
    let head = "dim N, D = 3, H = 3\ninput x: [N, D]\ninput y: [N]\ninput z: [N, H]\ninput w: [3]\n";
    assert_eq!(codes(&format!("{head}output r = x + y\noutput s = z + w\n")), ["E0301"]);
    assert_eq!(codes(&format!("{head}output r = x + z\noutput s = y + w\n")), ["E0301", "E0301"]);
    // A plain number fits any dim of its value.
    let case = program(&format!("{head}output r = x + w\noutput s = w * z + y[0]\n"));
    assert_eq!((case.shape("r"), case.shape("s")), ("[N, D]".into(), "[N, H]".into()));
}

#[test]
fn help_names_what_may_be_meant() {
    let (_, lowered) = lowered_with("dim N\ninput y: [N]\ninput f: [N, 1]\noutput r = y - f\n", &[]);
    let problem = &lowered.diagnostics[0];
    assert_eq!(problem.message, "[N] and [N, 1] do not combine");
    assert_eq!(problem.help.as_deref(), Some("did you mean `f[:, 0]`, or all pairs `[i, j] => y[i] - f[j, 0]`?"));
}

#[test]
fn dims_are_polynomials() {
    let text = "dim D = 64, A = 4, K = D / A, H = D, N, M = 2 * N
input a: [A * K]
input b: [D]
input c: [H]
input d: [N + N]
input e: [M]
input f: [N * (N + 1)]
input g: [N * N + N]
output p = a + b + c
output q = d + e
output r = f + g
output s = K + N / 2
";
    let case = program(text).dim("N", 5);
    assert_eq!((case.shape("p"), case.shape("q")), ("[D]".into(), "[2 * N]".into()));
    case.close("s", &[18.5]);
    assert_eq!(codes("dim D = 64, K = D / 3\ninput x: [K]\noutput x\n"), ["E0321"]);
    assert_eq!(codes("dim D = 64, K = div(D, 3)\ninput x: [K]\ninput y: [21]\noutput s = x + y\n"), Vec::<&str>::new());
    // Declared by numbers, two dims never mix.
    assert_eq!(codes("dim D = 8, H = 8\ninput x: [D]\ninput y: [H]\noutput s = x + y\n"), ["E0301"]);
    assert_eq!(codes("dim L = 9007199254740992\ninput x: [L, L]\noutput s = sum(x)\n"), ["E0319"]);
    assert_eq!(codes("dim L = 9007199254740992, K = L * L * L\ninput x: [K]\noutput s = sum(x)\n"), ["E0319"]);
    assert_eq!(codes("dim L = 1e30\ninput x: [L]\noutput s = sum(x)\n"), ["E0319"]);
}

#[test]
fn reductions_take_axes_by_name_number_and_list() {
    let text = "dim N, D = 3\ninput x: [N, D]
output all_ = sum(x)
output byname = sum(x, axis = N)
output last = mean(x, axis = -1)
output both = max(x, axis = [N, D])
output arg = argmax(x)
output argn = argmin(x, axis = 0)
output spread = var(x, axis = N)
output lse = logsumexp(x)
output p = prod(x, axis = D)
output any_ = any(x > 5, axis = N)
output count = sum(x > 2)
output share = mean(x > 2, axis = D)
";
    let case = program(text).dim("N", 2).port("x", &[1.0, 5.0, 2.0, 4.0, 3.0, 6.0]);
    case.close("all_", &[21.0]);
    case.close("byname", &[5.0, 8.0, 8.0]);
    case.close("last", &[8.0 / 3.0, 13.0 / 3.0]);
    case.close("both", &[6.0]);
    case.close("arg", &[1.0, 2.0]);
    case.close("argn", &[0.0, 1.0, 0.0]);
    case.close("spread", &[2.25, 1.0, 4.0]);
    let e = |v: &[f64]| v.iter().map(|x| x.exp()).sum::<f64>().ln();
    case.close("lse", &[e(&[1.0, 5.0, 2.0, 4.0, 3.0, 6.0])]);
    case.close("p", &[10.0, 72.0]);
    case.close("any_", &[0.0, 0.0, 1.0]);
    case.close("count", &[4.0]);
    case.close("share", &[1.0 / 3.0, 1.0]);
    assert_eq!(case.shape("arg"), "[N]");
}

#[test]
fn indexing_takes_elements_slices_and_labels() {
    let text = "dim N, D = 4, A = 3, M\ninput x: [N, D]\ninput E: [A, D]\ninput t: index(A)[M]\ninput u: index(A)
output a = x[0]
output b = x[-1, 2]
output c = x[:, 1..3]
output d = x[.., 0]
output e = x[0, ..2] + x[1, 2..]
output f = E[t]
output g = x[:, -2..]
output h = E[u, 1]
output i = E[:, 2][u]
output j = (x @ x')[0, 1]
output k = E'[1, t]
";
    let case = program(text)
        .dim("N", 2)
        .dim("M", 2)
        .port("x", &[0.0, 1.0, 2.0, 3.0, 10.0, 11.0, 12.0, 13.0])
        .port("E", &(0..12).map(f64::from).collect::<Vec<_>>())
        .port("t", &[2.0, 0.0])
        .port("u", &[1.0]);
    case.close("a", &[0.0, 1.0, 2.0, 3.0]);
    case.close("b", &[12.0]);
    case.close("c", &[1.0, 2.0, 11.0, 12.0]);
    case.close("d", &[0.0, 10.0]);
    case.close("e", &[12.0, 14.0]);
    case.close("f", &[8.0, 9.0, 10.0, 11.0, 0.0, 1.0, 2.0, 3.0]);
    case.close("g", &[2.0, 3.0, 12.0, 13.0]);
    case.close("h", &[5.0]);
    case.close("i", &[6.0]);
    case.close("j", &[74.0]);
    case.close("k", &[9.0, 1.0]);
    assert_eq!((case.shape("c"), case.shape("f")), ("[N, 2]".into(), "[M, D]".into()));
}

#[test]
fn a_gather_of_a_square_matrix_keeps_its_axes_apart() {
    let text =
        "dim N\ninput A: [N, N]\ninput t: index(N)[N]\noutput r = A[t]\noutput c = A[:, t]\noutput s = A[t][t]\n";
    let case = program(text).dim("N", 2).port("A", &[1.0, 2.0, 3.0, 4.0]).port("t", &[1.0, 1.0]);
    case.close("r", &[3.0, 4.0, 3.0, 4.0]);
    case.close("c", &[2.0, 2.0, 4.0, 4.0]);
    case.close("s", &[3.0, 4.0, 3.0, 4.0]);
}

#[test]
fn arrays_are_built_joined_and_reshaped() {
    check("[[1, 2], [3, 4]]", &[1.0, 2.0, 3.0, 4.0]);
    check("zeros([2, 2]) + ones([2])", &[1.0; 4]);
    check("eye(2) + 0 * ones([2, 2])", &[1.0, 0.0, 0.0, 1.0]);
    check("concat([1, 2], [3], [4, 5])", &[1.0, 2.0, 3.0, 4.0, 5.0]);
    check("concat([[1], [2]], [[3, 4], [5, 6]], axis = 1)", &[1.0, 3.0, 4.0, 2.0, 5.0, 6.0]);
    check("stack([1, 2], [3, 4], axis = 1)", &[1.0, 3.0, 2.0, 4.0]);
    check("stack([1, 2], [3, 4], axis = -1)", &[1.0, 3.0, 2.0, 4.0]);
    check("stack([1, 2], [3, 4])", &[1.0, 2.0, 3.0, 4.0]);
    check("reshape([[1, 2, 3], [4, 5, 6]], [3, 2])[1]", &[3.0, 4.0]);
    check("size([1, 2, 3]) + size([[1, 2]], axis = -1)", &[5.0]);
    check("real(mod(7, 4)) + div(7, 4)", &[4.0]);
    let case = program("dim N, C = 3\ninput x: [N, 2 * C]\noutput a = reshape(x, [N, 2, C])\noutput b = reshape(a, [2 * N, C])\noutput c = reshape(b', [C * 2 * N])\n")
        .dim("N", 2)
        .port("x", &(0..12).map(f64::from).collect::<Vec<_>>());
    case.close("a", &(0..12).map(f64::from).collect::<Vec<_>>());
    case.close("b", &(0..12).map(f64::from).collect::<Vec<_>>());
    case.close("c", &[0.0, 3.0, 6.0, 9.0, 1.0, 4.0, 7.0, 10.0, 2.0, 5.0, 8.0, 11.0]);
    let text = "dim N, C = 3\ninput y: index(C)[N]\noutput h = one_hot(y)\noutput k = stack(y, y)\noutput g = concat(y == 1, y == 2)\n";
    let case = program(text).dim("N", 2).port("y", &[2.0, 0.0]);
    case.close("h", &[0.0, 0.0, 1.0, 1.0, 0.0, 0.0]);
    case.close("k", &[2.0, 0.0, 2.0, 0.0]);
    case.close("g", &[0.0, 0.0, 1.0, 0.0]);
}

#[test]
fn labels_compare_and_shift_but_do_not_add_up() {
    let text = "dim N, C = 4\ntarget y: index(C)[N]\ninput T: [C + 1]\noutput e = y == 2\noutput n = real(y) + 0.5\noutput s = T[y + 1]\noutput m = real(mod(y, 2))\n";
    let case = program(text).dim("N", 3).port("y", &[0.0, 2.0, 3.0]).port("T", &[0.0, 10.0, 20.0, 30.0, 40.0]);
    case.close("e", &[0.0, 1.0, 0.0]);
    case.close("n", &[0.5, 2.5, 3.5]);
    case.close("s", &[10.0, 30.0, 40.0]);
    case.close("m", &[0.0, 0.0, 1.0]);
    // Positions that come from bound indices are numbers where a number is wanted, and positions still.
    check("0.5 * ([i in 3] => i + 1)", &[0.5, 1.0, 1.5]);
    check("[7, 8, 9][[i in 2] => 2 - i]", &[9.0, 8.0]);
    let text = "dim N, C = 4\ntarget y: index(C)[N]\ninput p: [N]\nloss mean((y - p)^2)\n";
    assert_eq!(messages(text), ["E0312 `y` holds labels, not numbers"]);
}
