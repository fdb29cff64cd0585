//! The pages of E03.

use super::super::CodeEntry;

/// The pages of this family.
pub const ENTRIES: &[CodeEntry] = &[
    CodeEntry {
        code: "E0301",
        title: "Shapes that do not combine",
        explanation: r#"Elementwise operators and functions take equal shapes, a number, or a shape that is the end of the other: `[N, H] + [H]`.
Nothing else is repeated silently. In particular `[N] - [N, 1]` is not an `[N, N]` array of all differences, which is
almost always an accident. Dims are compared by name: `[N, D]` and `[N, H]` do not mix even if both are 64.

Everything else is said with indices, which leave no doubt: `[i, j] => a[i] - b[j]`, `[n, d] => x[n, d] - m[n]`."#,
        example: r#"dim N
input y: [N]
input f: [N, 1]
output r = y - f
"#,
        fixed: Some(
            r#"dim N
input y: [N]
input f: [N, 1]
output r = y - f[:, 0]
"#,
        ),
    },
    CodeEntry {
        code: "E0302",
        title: "A matrix product that does not fit",
        explanation: r#"`a @ b` sums over the last axis of `a` and the last but one axis of `b` (the only axis of a vector), so both must be the
same dim. Leading axes go along in step. `A'` swaps the last two axes of A; a product with a number is written `*`."#,
        example: r#"dim N, D = 3, H = 4, C = 2
input x: [N, D]
input W: [H, C]
output y = x @ W
"#,
        fixed: Some(
            r#"dim N, D = 3, C = 2
input x: [N, D]
input W: [D, C]
output y = x @ W
"#,
        ),
    },
    CodeEntry {
        code: "E0303",
        title: "A transpose of a vector",
        explanation: r#"`A'` swaps the last two axes, so A has at least two. A vector has no orientation in nnc: `u @ v` is the dot product,
`outer(u, v)` the matrix of products, and `A @ u` and `u @ A` both work."#,
        example: r#"dim D = 3
input u: [D]
output s = u' @ u
"#,
        fixed: Some(
            r#"dim D = 3
input u: [D]
output s = u @ u
"#,
        ),
    },
    CodeEntry {
        code: "E0304",
        title: "An axis that does not exist",
        explanation: r#"`axis =` names an axis by its dim (`axis = N`, if the dim occurs once), by its number from the front (`0`) or from the end
(`-1`), or lists several for a reduction. `argmax` and `argmin` go over one axis, the last one if none is named."#,
        example: r#"dim N, D = 3
input x: [N, D]
output s = sum(x, axis = 2)
"#,
        fixed: Some(
            r#"dim N, D = 3
input x: [N, D]
output s = sum(x, axis = 1)
"#,
        ),
    },
    CodeEntry {
        code: "E0305",
        title: "Arrays that cannot be put together",
        explanation: r#"`[a, b]` stacks values of one shape on a new first axis; `concat(a, b, axis = 0)` puts arrays one after the other that are
equal in all other axes. Long tables belong in a file that `data` reads."#,
        example: r#"input x
output y = [[1, 2], x]
"#,
        fixed: Some(
            r#"input x
output y = [[1, 2], [x, 0]]
"#,
        ),
    },
    CodeEntry {
        code: "E0306",
        title: "A reshape that changes the number of elements",
        explanation: r#"`reshape(x, [A, B])` keeps all elements in row-major order, so the number of elements before and after must be the same
for every size of the open dims: it is compared as a formula."#,
        example: r#"dim N
input x: [N, 6]
output y = reshape(x, [N, 2, 4])
"#,
        fixed: Some(
            r#"dim N
input x: [N, 6]
output y = reshape(x, [N, 2, 3])
"#,
        ),
    },
    CodeEntry {
        code: "E0307",
        title: "Several values where one is wanted",
        explanation: r#"A tuple `(a, b)` is only ever the result of a `fn`, to be taken apart by `let (a, b) = …` into as many names as it has parts.
The same form takes apart an array along a first axis of known size. An array is written `[a, b]`."#,
        example: r#"fn both(x) = (x, 2 * x)
input x
let (a, b, c) = both(x)
output s = a + b + c
"#,
        fixed: Some(
            r#"fn both(x) = (x, 2 * x)
input x
let (a, b) = both(x)
output s = a + b
"#,
        ),
    },
    CodeEntry {
        code: "E0308",
        title: "A loss or metric that is not one number",
        explanation: r#"Training makes one number small, so a loss is a scalar, and so is a metric. Errors per row are summarised first: `mean`
keeps the size of the loss independent of the number of rows, `sum` does not."#,
        example: r#"dim N
input x: [N]
param a = 1
loss (x - a)^2
"#,
        fixed: Some(
            r#"dim N
input x: [N]
param a = 1
loss mean((x - a)^2)
"#,
        ),
    },
    CodeEntry {
        code: "E0309",
        title: "A value with another shape than declared",
        explanation: r#"A type after a `let`, on an argument or after `->` is checked. Dims are compared by name or as formulas; a plain number
fits any dim of that value. In the signature of a `fn`, `..` stands for any leading axes, and a dim that the file does not
declare is new in each call: used twice, it must be the same size twice."#,
        example: r#"dim N, D = 3
input x: [N, D]
let s: [N] = sum(x, axis = N)
output s
"#,
        fixed: Some(
            r#"dim N, D = 3
input x: [N, D]
let s: [N] = sum(x, axis = D)
output s
"#,
        ),
    },
    CodeEntry {
        code: "E0310",
        title: "A param without a start",
        explanation: r#"A param with two or more axes usually connects units that are interchangeable. If all start at zero they all get the same
gradient and stay equal for ever, so nnc does not choose zeros silently. `he_normal()` suits relu, `glorot_uniform()` most
other activations; `zeros()` can be said where it is right."#,
        example: r#"dim D = 3, H = 4
param W: [D, H]
loss sum(W^2)
"#,
        fixed: Some(
            r#"dim D = 3, H = 4
param W: [D, H] = glorot_uniform()
loss sum(W^2)
"#,
        ),
    },
    CodeEntry {
        code: "E0311",
        title: "A start that does not fit",
        explanation: r#"The start of a param (and the default of an input) is one number for all elements, an array of the declared shape, or an
initialiser: `zeros ones normal(std) uniform(low, high) glorot_uniform glorot_normal he_uniform he_normal`. It is worked
out when the model is compiled, so it uses numbers, consts and dims of known size only."#,
        example: r#"dim K = 3
param a: [K] = [1, 2]
loss sum(a^2)
"#,
        fixed: Some(
            r#"dim K = 3
param a: [K] = [1, 2, 3]
loss sum(a^2)
"#,
        ),
    },
    CodeEntry {
        code: "E0312",
        title: "Labels used as numbers",
        explanation: r#"An `index(C)` input holds labels: names of classes that happen to be written as 0, 1, 2. Their sums and differences mean
nothing, and a squared error on them is a common mistake. `y == 3` compares labels, `E[y]` reads by them, `one_hot(y)` makes
them 0/1 columns. If the label really is a quantity, `real(y)` says so."#,
        example: r#"dim N, C = 3
target y: index(C)[N]
input p: [N]
loss mean((y - p)^2)
"#,
        fixed: Some(
            r#"dim N, C = 3
target y: index(C)[N]
input p: [N]
loss mean((real(y) - p)^2)
"#,
        ),
    },
    CodeEntry {
        code: "E0313",
        title: "A condition used as a number",
        explanation: r#"A condition is true or false, and does not multiply: with `0 * inf` a product would let the element that is masked out
spoil the sum and its derivative. `if c then x else 0` never looks at x where c is false. `sum` and `mean` of conditions
count, and `real(c)` is 1 or 0."#,
        example: r#"input x
output y = (x > 0) * x
"#,
        fixed: Some(
            r#"input x
output y = if x > 0 then x else 0
"#,
        ),
    },
    CodeEntry {
        code: "E0314",
        title: "A number where a condition is needed",
        explanation: r#"`if`, `and`, `or`, `not`, `where`, `any` and `all` take conditions. Numbers are not true or false by themselves: compare
them, `x > 0` or `x != 0`."#,
        example: r#"input x
output y = if x then 1 else 0
"#,
        fixed: Some(
            r#"input x
output y = if x > 0 then 1 else 0
"#,
        ),
    },
    CodeEntry {
        code: "E0315",
        title: "Kinds that do not fit together",
        explanation: r#"A value holds numbers, conditions or labels. Both branches of an `if` hold the same kind, conditions are only compared with
conditions, and a declared type is kept: `index(C)` and `index(V)` are different labels."#,
        example: r#"input x
output y = if x > 0 then 1 else false
"#,
        fixed: Some(
            r#"input x
output y = if x > 0 then 1 else 0
"#,
        ),
    },
    CodeEntry {
        code: "E0316",
        title: "A type that does not exist or does not fit",
        explanation: r#"A type is a kind, `real`, `bool` or `index(C)` with the number of labels, followed by a shape. A shape alone is real, a kind
alone a scalar. Params are real, because they are fitted by following derivatives."#,
        example: r#"dim N
input x: float[N]
output s = sum(x)
"#,
        fixed: Some(
            r#"dim N
input x: real[N]
output s = sum(x)
"#,
        ),
    },
    CodeEntry {
        code: "E0317",
        title: "A function of labels or indices",
        explanation: r#"`one_hot` makes columns of labels and must know how many labels there are. `mod` and `div` are arithmetic of indices and dims,
which are whole numbers."#,
        example: r#"input x
output y = mod(x, 2)
"#,
        fixed: Some(
            r#"input x
output y = x - 2 * floor(x / 2)
"#,
        ),
    },
    CodeEntry {
        code: "E0318",
        title: "Something that is not a value",
        explanation: r#"Texts and ranges are not values: texts are arguments in `data` and `train`, ranges stand in the brackets of a slice or of an
index. An argument called `axis` holds the choice of axes that the caller made, and can only be passed on."#,
        example: r#"fn f(x, axis = 0) = x + axis
input x
output y = f(x)
"#,
        fixed: Some(
            r#"fn f(x, shift = 0) = x + shift
input x
output y = f(x)
"#,
        ),
    },
    CodeEntry {
        code: "E0319",
        title: "A size that is impossible",
        explanation: r#"Sizes are whole numbers. A dim is at least 1; a stated range may be empty but not negative. Sizes, and the number of elements
of any array, go up to 2^53, so that they are exact as real numbers too."#,
        example: r#"dim N = 0
input x: [N]
output s = sum(x)
"#,
        fixed: Some(
            r#"dim N = 1
input x: [N]
output s = sum(x)
"#,
        ),
    },
    CodeEntry {
        code: "E0320",
        title: "Not a size",
        explanation: r#"Shapes are fixed when the model is compiled, up to open dims, so a size is made of whole numbers and dims: with `+ - * /`,
`div(D, 2)` and `size(x, axis = 0)`. It cannot depend on the values of inputs or params."#,
        example: r#"dim N
input x: [N]
input k
output y = zeros([k]) + sum(x)
"#,
        fixed: Some(
            r#"dim N, K = 2
input x: [N]
output y = zeros([K]) + sum(x)
"#,
        ),
    },
    CodeEntry {
        code: "E0321",
        title: "A division of sizes that is not exact",
        explanation: r#"`/` between sizes is exact: with `D = 64`, `D / 3` is an error instead of a silent 21. `div(D, 3)` rounds down. The quotient of
an open dim is not known to be whole, so declare the parts and write the product: `dim K, A = 4` and `D = K * A`."#,
        example: r#"dim D = 64, K = D / 3
input x: [K]
output s = sum(x)
"#,
        fixed: Some(
            r#"dim D = 64, K = div(D, 3)
input x: [K]
output s = sum(x)
"#,
        ),
    },
    CodeEntry {
        code: "E0322",
        title: "Open dims that are too small",
        explanation: r#"The model reads a fixed place of an axis, or has a size such as `T - 3`, and the sizes of the open dims that came with the data
or the call make that impossible: the place does not exist, or the size is negative."#,
        example: r#"// with T = 3
dim T
input x: [T]
output y = x[5]
"#,
        fixed: Some(
            r#"// with T = 6
dim T
input x: [T]
output y = x[5]
"#,
        ),
    },
    CodeEntry {
        code: "E0323",
        title: "An index with two ranges",
        explanation: r#"Without a stated range, an index runs over the axis it indexes. Here it indexes two axes that are not the same dim. If both are
meant to be the same, declare them with one dim; if not, use two indices, or state a range that fits both."#,
        example: r#"dim N, M
input a: [N]
input b: [M]
let s[i] = a[i] * b[i]
output s
"#,
        fixed: Some(
            r#"dim N
input a: [N]
input b: [N]
let s[i] = a[i] * b[i]
output s
"#,
        ),
    },
    CodeEntry {
        code: "E0324",
        title: "An index without a range",
        explanation: r#"The range of an index is found from its uses: `x[i]` gives the axis of x, `x[i + u]` the largest range that stays inside, and
`dst[e] == i` the labels of dst. Here no use says how far the index goes, so it must be stated."#,
        example: r#"dim N = 3
output A = [i, j] => if i == j then 1 else 0
"#,
        fixed: Some(
            r#"dim N = 3
output A = [i in N, j in N] => if i == j then 1 else 0
"#,
        ),
    },
    CodeEntry {
        code: "E0325",
        title: "An index or slice that leaves its axis",
        explanation: r#"Every read is proven to stay inside when the model is compiled, so a compiled function never checks and never reads beside an
array. Indices begin at 0 and ranges leave out their end. A stated range that is shorter helps, and so does an enclosing `if` or
`where` on the index: `if t > 0 then x[t - 1] else 0`. Only literals count from the end: `x[-1]`."#,
        example: r#"dim T
input x: [T]
let d[t] = x[t + 1] - x[t]
output d
"#,
        fixed: Some(
            r#"dim T
input x: [T]
let d[t in T - 1] = x[t + 1] - x[t]
output d
"#,
        ),
    },
    CodeEntry {
        code: "E0326",
        title: "More indices than axes",
        explanation: r#"`x[a, b]` has at most one entry per axis; fewer entries give the rest of the array, `..` stands once for all axes not named. In a
comprehension `[.., i] => …` all reads with `..` have the same leading axes."#,
        example: r#"dim N
input x: [N]
output y = x[0, 0]
"#,
        fixed: Some(
            r#"dim N
input x: [N]
output y = x[0]
"#,
        ),
    },
    CodeEntry {
        code: "E0327",
        title: "Two index arrays in one bracket",
        explanation: r#"`E[tok]` with an array of labels reads one row per label. With two arrays in one bracket it would be unclear whether they go in step
or in all combinations, so it is said with indices: `[n] => A[i[n], j[n]]` or `[n, m] => A[i[n], j[m]]`."#,
        example: r#"dim N, A = 3
input i: index(A)[N]
input M: [A, A]
output y = M[i, i]
"#,
        fixed: Some(
            r#"dim N, A = 3
input i: index(A)[N]
input M: [A, A]
output y = [n] => M[i[n], i[n]]
"#,
        ),
    },
    CodeEntry {
        code: "E0328",
        title: "Something that cannot be an index",
        explanation: r#"An index is a whole number, a bound index, a label, or arithmetic of them that stays whole: `+`, `-`, a product with a whole number,
`div`, `mod`, `if`. Real numbers are not rounded silently."#,
        example: r#"dim N
input x: [N]
input t
output y = x[t]
"#,
        fixed: Some(
            r#"dim N
input x: [N]
input t: index(N)
output y = x[t]
"#,
        ),
    },
    CodeEntry {
        code: "E0329",
        title: "Index notation in the wrong form",
        explanation: r#"`sum[i in N, j where c](body)`: the bracket of a reduction lists the names of indices, each with its range if it is stated, and may
end with one condition. The body is one expression. In front of `=>` the bracket lists the new axes, `..` first."#,
        example: r#"dim N
input x: [N]
output s = sum[i](x[i], 2)
"#,
        fixed: Some(
            r#"dim N
input x: [N]
output s = sum[i](2 * x[i])
"#,
        ),
    },
    CodeEntry {
        code: "E0330",
        title: "A range that an axis cannot have",
        explanation: r#"The axes of a comprehension begin at 0 and have one length, because they become the axes of an array. A reduction has no such
limits: `sum[i in 1..N, j in 0..i](A[i, j])` is the sum below the diagonal, and the ends of `j` may depend on `i`."#,
        example: r#"dim N
input x: [N]
let d[t in 1..N] = x[t]
output d
"#,
        fixed: Some(
            r#"dim N
input x: [N]
let d[t in N - 1] = x[t + 1]
output d
"#,
        ),
    },
];
