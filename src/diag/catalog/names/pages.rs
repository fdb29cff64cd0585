//! The pages of E02.

use super::super::CodeEntry;

/// The pages of this family.
pub const ENTRIES: &[CodeEntry] = &[
    CodeEntry {
        code: "E0201",
        title: "A name defined twice",
        explanation: r#"Dims, consts, ports, values, functions and imported names of a file share one space, and each name has one meaning in
the whole file. There is no assignment: a second `let x` does not change the first.

Give the new value a name of its own."#,
        example: r#"input x
let y = 2 * x
let y = y + 1
output y
"#,
        fixed: Some(
            r#"input x
let y = 2 * x
let z = y + 1
output z
"#,
        ),
    },
    CodeEntry {
        code: "E0202",
        title: "An unknown name",
        explanation: r#"The name is not a dim, const, port, value or argument that is visible here, and not a constant of nnc (`pi`, `inf`).
Names are compared letter by letter, with case, in Unicode's normal form C.

Statements of a file may stand in any order; the `let`s of a block count from top to bottom. A name in front of a dot
is an imported file, as in `dist.normal` after `import std.dist`."#,
        example: r#"input width
output y = 2 * widht
"#,
        fixed: Some(
            r#"input width
output y = 2 * width
"#,
        ),
    },
    CodeEntry {
        code: "E0203",
        title: "An unknown function",
        explanation: r#"What is called is neither a `fn` of this file, nor imported, nor built into nnc. `nnc` knows the elementwise functions,
the reductions, the losses and the shape functions without import; layers and densities are imported from `std`."#,
        example: r#"input x
output h = rleu(x)
"#,
        fixed: Some(
            r#"input x
output h = relu(x)
"#,
        ),
    },
    CodeEntry {
        code: "E0204",
        title: "A dim that is not declared",
        explanation: r#"Each name in a shape is a dim, declared once with `dim`: open (`dim N`, known when data arrive), with a size
(`dim D = 64`), or as an expression of other dims. Declaring dims lets nnc tell `[N, D]` from `[N, H]` even if both are
64. Only in the signature of a `fn` may a dim be new: it then stands for whatever each call brings."#,
        example: r#"dim N
input x: [N, Q]
output s = sum(x)
"#,
        fixed: Some(
            r#"dim N, Q
input x: [N, Q]
output s = sum(x)
"#,
        ),
    },
    CodeEntry {
        code: "E0205",
        title: "Definitions in a circle",
        explanation: r#"Statements may stand in any order, so nnc works out each definition after those it reads. Here they read each other,
or one reads itself, and none can be first.

A name hides a built-in function everywhere in its file, so `let sqrt = sqrt(x)` is such a circle too: choose another
name."#,
        example: r#"let a = b + 1
let b = a
output a
"#,
        fixed: Some(
            r#"let a = b + 1
let b = 2
output a
"#,
        ),
    },
    CodeEntry {
        code: "E0206",
        title: "An array that reads its own elements",
        explanation: r#"`let s[t] = …` defines all elements at once, so none of them can read another one of the same array. A quantity that
depends on the step before is a loop over the steps. Often it has a closed form: a running sum is `cumsum(x)`, a weighted
one `sum[k where k <= t](0.9^(t - k) * x[k])`."#,
        example: r#"dim T
input x: [T]
let s[t] = 0.9 * s[t - 1] + x[t]
output s
"#,
        fixed: Some(
            r#"dim T
input x: [T]
let s[t in T] = sum[k where k <= t](0.9^(t - k) * x[k])
output s
"#,
        ),
    },
    CodeEntry {
        code: "E0207",
        title: "An index with the name of something else",
        explanation: r#"An index may not have the name of anything that is visible where it is bound: a param, a `let`, a dim, an argument, an
outer index. Otherwise a formula such as `k * x[k]` would silently mean something else than the reader thinks."#,
        example: r#"dim N
input x: [N]
param k
let y[k] = 2 * x[k]
output y
loss k^2
"#,
        fixed: Some(
            r#"dim N
input x: [N]
param k
let y[n] = k * x[n]
output y
loss sum(y)
"#,
        ),
    },
    CodeEntry {
        code: "E0208",
        title: "Calls without end",
        explanation: r#"A `fn` is built anew for each kind of arguments, so a `fn` that calls itself must stop at compile time: by an `if` whose
condition uses only sizes, `true`, `false` and numbers known at compile time. The branch that is not taken is then not
built. Calls may nest 100 deep."#,
        example: r#"fn f(x) = x * f(x - 1)
input x
output y = f(x)
"#,
        fixed: Some(
            r#"fn f(x, k) = if k == 0 then 1 else x * f(x - 1, k - 1)
input x
output y = f(x, 3)
"#,
        ),
    },
    CodeEntry {
        code: "E0209",
        title: "A name that an imported file does not have",
        explanation: r#"The list of an import names what the file defines: its functions, consts, dims and values. Names that the file itself
imports are not passed on."#,
        example: r#"import std.layers (dens)
output y = dens([1], [[2]], [3])
"#,
        fixed: Some(
            r#"import std.layers (dense)
output y = dense([1], [[2]], [3])
"#,
        ),
    },
    CodeEntry {
        code: "E0210",
        title: "A file that cannot be read",
        explanation: r#"`import lib.optics` reads the file `lib/optics.nn` beside the main file, and `import std.dist` a file that is built into
nnc. This file does not exist or cannot be read."#,
        example: r#"import std.layer (dense)
output y = dense([1], [[2]], [3])
"#,
        fixed: Some(
            r#"import std.layers (dense)
output y = dense([1], [[2]], [3])
"#,
        ),
    },
    CodeEntry {
        code: "E0211",
        title: "Files that import each other",
        explanation: r#"A file may not import, directly or by way of others, a file that imports it. Such files are one piece split in two:
move what both need into a third file that both import."#,
        example: r#"import optics (snell)
output y = snell(1)
"#,
        fixed: None,
    },
    CodeEntry {
        code: "E0212",
        title: "A statement that an imported file cannot hold",
        explanation: r#"An imported file is a library: it holds `import`, `dim`, `const`, `let`, `fn`, `derivative` and `layer`. Ports, losses, `data` and `train` belong
to the main file, so that one look at it shows what the model reads and fits. Give a `fn` what it needs as arguments."#,
        example: r#"import optics (snell)
output y = snell(1)
"#,
        fixed: None,
    },
    CodeEntry {
        code: "E0213",
        title: "Not a function, or not a value",
        explanation: r#"Only functions can be called, and functions are not values: they can be called, or passed by name to another `fn`.
A reduction has a bracket with indices or a plain call: `sum[i](x[i])` or `sum(x)`. Juxtaposition is not a product:
write `a * (b + c)`. Initialisers such as `he_normal()` stand only after the `=` of a param."#,
        example: r#"input a
input b
output y = a(b + 1)
"#,
        fixed: Some(
            r#"input a
input b
output y = a * (b + 1)
"#,
        ),
    },
    CodeEntry {
        code: "E0214",
        title: "The wrong number of arguments",
        explanation: r#"A call gives each argument without a default exactly one value, by position or by name. The help line shows the
arguments in order."#,
        example: r#"input x
output y = atan2(x)
"#,
        fixed: Some(
            r#"input x
output y = atan2(x, 1)
"#,
        ),
    },
    CodeEntry {
        code: "E0215",
        title: "An argument that does not exist or is given twice",
        explanation: r#"Named arguments are matched by their names, the others by position. This name is not one of the function's arguments, or
its argument already has a value."#,
        example: r#"input x
output y = huber(x, 0, detla = 2)
"#,
        fixed: Some(
            r#"input x
output y = huber(x, 0, delta = 2)
"#,
        ),
    },
    CodeEntry {
        code: "E0216",
        title: "Not available in this version",
        explanation: r#"The language has this, and this version of nnc does not yet. It is refused rather than ignored or approximated, so a
model never means something else than its file says."#,
        example: r#"param s: positive = 1
loss (s - 2)^2
"#,
        fixed: Some(
            r#"param s = 1
loss (s - 2)^2
"#,
        ),
    },
    CodeEntry {
        code: "E0217",
        title: "Stated twice",
        explanation: r#"A file has one `precision`, and at most one `loss` without a name: it is what training minimises. Several terms are
added in one loss; several losses that are trained or reported separately have names, `loss fit = …`."#,
        example: r#"param a = 1
loss (a - 1)^2
loss a^2
"#,
        fixed: Some(
            r#"param a = 1
loss (a - 1)^2 + a^2
"#,
        ),
    },
];
