//! The pages of E01.

use super::super::CodeEntry;

/// The pages of this family.
pub const ENTRIES: &[CodeEntry] = &[
    CodeEntry {
        code: "E0101",
        title: "A statement starts with a keyword",
        explanation: r#"Every statement at the top level of a file begins with a keyword that says what it is: `dim`, `input`, `target`,
`param`, `let`, `fn`, `output`, `loss`, `metric`, `data`, `train`, `const`, `precision` or `import`.

A name for a value is defined by `let`, a function by `fn`. The keyword makes the order of statements free, and lets
nnc tell a definition from a misspelt port. There is no assignment: a name has one value in the whole file."#,
        example: r#"input x
y = 2 * x
output y
"#,
        fixed: Some(
            r#"input x
let y = 2 * x
output y
"#,
        ),
    },
    CodeEntry {
        code: "E0102",
        title: "A line begins with an operator",
        explanation: r#"A statement ends at the end of its line. It goes on if the line ends with an operator, a comma, `=`, `=>`, `then` or
`else`, if a bracket `(` or `[` is open, or if the next line begins with `then` or `else`.

So a long sum is broken after its operator, not before it, or it stands in brackets."#,
        example: r#"input a
input b
let y = a
  + b
output y
"#,
        fixed: Some(
            r#"input a
input b
let y = a +
  b
output y
"#,
        ),
    },
    CodeEntry {
        code: "E0103",
        title: "An operator of another language",
        explanation: r#"nnc has few operators, and words where a sign would not be read as on paper:

| elsewhere | nnc |
|---|---|
| `a % b` | `mod(a, b)` |
| `a ** b` | `a^b` |
| `c ? a : b` | `if c then a else b` |
| `a && b`, `a \|\| b`, `!a` | `a and b`, `a or b`, `not a` |
| `x += 1` | `let x2 = x + 1`: a name has one value |
| `a .* b` | `a * b`; the matrix product is `a @ b` |
| `# text` | `// text` |"#,
        example: r#"input x
let y = x ** 2
output y
"#,
        fixed: Some(
            r#"input x
let y = x^2
output y
"#,
        ),
    },
    CodeEntry {
        code: "E0104",
        title: "An `if` without `then` or `else`",
        explanation: r#"`if` is an expression with a value, so it needs a value for both cases: `if x > 0 then x else 0`. Several cases are
written with `else if`.

When the condition is an array the choice is made for each element. To let elements count for nothing, choose the
neutral value: 0 in a sum, `-inf` before a softmax."#,
        example: r#"input x
let y = if x > 0 then x
output y
"#,
        fixed: Some(
            r#"input x
let y = if x > 0 then x else 0
output y
"#,
        ),
    },
    CodeEntry {
        code: "E0105",
        title: "A slice with a colon",
        explanation: r#"A slice is written with two dots and leaves out its end: `x[0..3]` holds the elements 0, 1 and 2. Either side may be
missing: `x[1..]`, `x[..3]`. A colon alone takes a whole axis, `x[:, 0]`, and two dots alone take all axes that are not
named, `x[.., 0]`.

There are no steps: every second element is `[i in 3] => x[2*i]`."#,
        example: r#"input x: [5]
output y = x[0:3]
"#,
        fixed: Some(
            r#"input x: [5]
output y = x[0..3]
"#,
        ),
    },
    CodeEntry {
        code: "E0106",
        title: "A missing comma",
        explanation: r#"The entries of shapes, arrays, indices, arguments and lists of names are separated by commas: `[4, 8]`, `f(a, b)`,
`x[i, j]`. Spaces do not separate, because `[a -b]` would then mean two things.

In a block of `data` or `train` a line end separates as well as a comma does."#,
        example: r#"param w: [4 8] = 0.1
output w
"#,
        fixed: Some(
            r#"param w: [4, 8] = 0.1
output w
"#,
        ),
    },
    CodeEntry {
        code: "E0107",
        title: "A keyword as a name",
        explanation: r#"These words are reserved: `import as precision dim const input target param state update let fn layer derivative output
loss metric data train if then else and or not in where fold scan iterate true false`.

They are fine after a dot and before the `=` of an argument or entry (`train { loss = fit }`). Names of built-in
functions are not reserved: a `fn` of yours may be called `norm`."#,
        example: r#"let loss = 3
output r = loss
"#,
        fixed: Some(
            r#"let cost = 3
output r = cost
"#,
        ),
    },
    CodeEntry {
        code: "E0108",
        title: "A bracket without its partner",
        explanation: r#"Every `(`, `[` and `{` needs its `)`, `]` and `}`, and they close in reverse order. Within `(` and `[` line ends mean
nothing, so a bracket that is not closed would swallow the lines after it. A line that begins with the keyword of a
statement cannot be inside, so nnc stops looking there: the missing bracket is somewhere between the two places shown.

When a bracket is closed by one of another kind, both are shown: either one of them is the wrong kind, or a bracket
between them was never closed."#,
        example: r#"input x
let y = (x + 1
output y
"#,
        fixed: Some(
            r#"input x
let y = (x + 1)
output y
"#,
        ),
    },
    CodeEntry {
        code: "E0109",
        title: "A closing bracket too many",
        explanation: r#"This bracket closes nothing: all brackets that the statement opened before it are closed already.

Delete it, or open a bracket where the group should begin. A statement ends at its line end unless a bracket is open,
so the opening bracket must stand in the same statement."#,
        example: r#"input x
let y = x + 1)
output y
"#,
        fixed: Some(
            r#"input x
let y = x + 1
output y
"#,
        ),
    },
    CodeEntry {
        code: "E0110",
        title: "Too deep or too large",
        explanation: r#"Brackets, `if` and `=>` may stand 256 within each other, an expression may be 1000 operations deep (a sum of 1000 terms,
written out, is that deep), and a file may have 4 GiB. A hundred problems are shown of one file.

No file written by hand comes near these limits. They make nnc end with a message instead of exhausting the stack. Give
parts of the expression names with `let`, or write a long sum over an index: `sum[i](w[i] * x[i])`."#,
        example: "",
        fixed: None,
    },
    CodeEntry {
        code: "E0111",
        title: "Not a number",
        explanation: r#"Numbers are written `12`, `1_000`, `1.5` and `1e-3`. A dot needs digits on both sides, so that `0..64` is a range and
`2.` is not half of one. A product is written with `*`: `2 * x`, because `2x` would look like a name.

All literals are reals, rounded to the nearest number of the file's precision. Numbers that are too large for it, or so
small that they would become 0, are refused. Infinity is `inf`."#,
        example: r#"input x
output y = 2. * x
"#,
        fixed: Some(
            r#"input x
output y = 2.0 * x
"#,
        ),
    },
    CodeEntry {
        code: "E0112",
        title: "A text that is not well formed",
        explanation: r#"Texts stand in double quotes, end on the line where they begin, and know the escapes `\"`, `\\`, `\n` and `\t`. A
backslash itself is written twice; in file names use `/`, which works on every system.

The single quote transposes a matrix: `A'`."#,
        example: r#"dim N
input x: [N]
output y = 2 * x
data { file = "a.csv, x = column("a") }
"#,
        fixed: Some(
            r#"dim N
input x: [N]
output y = 2 * x
data { file = "a.csv", x = column("a") }
"#,
        ),
    },
    CodeEntry {
        code: "E0113",
        title: "A character that means nothing",
        explanation: r#"Outside comments and texts a file holds names, numbers, brackets and the signs of the language. Names may use letters of
every script (`λ`, `θ₁`, `größe`).

Signs of typesetting look like operators and are not: `−` for `-`, `×` and `·` for `*`, `≤` for `<=`, `²` for `^2`, curly
quotes, spaces that do not break. They come with text that was copied from a page. Control characters other than tab and
line end are refused everywhere."#,
        example: r#"input x
output y = 2 × x
"#,
        fixed: Some(
            r#"input x
output y = 2 * x
"#,
        ),
    },
    CodeEntry {
        code: "E0114",
        title: "Not UTF-8",
        explanation: r#"A `.nn` file is text in UTF-8, with or without a byte order mark. The message shows the first byte that cannot be read
and the line it stands in.

The usual cause is a letter with an accent in a comment, saved by an editor in an older encoding, or a file in UTF-16.
Choose UTF-8 when saving."#,
        example: "",
        fixed: None,
    },
    CodeEntry {
        code: "E0115",
        title: "Something else is expected here",
        explanation: r#"At this place nnc can use one kind of thing only, a value, a name, a type or a sign, and found another.

An operator needs a value on each side, a comma another entry after it (but for a comma before a closing bracket), a `:`
a type, a dot a name. `=>` follows indices in square brackets: `[i, j] => a[i] * b[j]`."#,
        example: r#"input a
output y = 2 + * a
"#,
        fixed: Some(
            r#"input a
output y = 2 * a
"#,
        ),
    },
    CodeEntry {
        code: "E0117",
        title: "A text as a value",
        explanation: r#"Texts name files and columns. They are arguments in `data`, `train` and `load(…)`, and no values: nothing is computed
with them, so no `let`, `output` or array can hold one.

A column of words becomes an array of labels by `category("name")` in a `data` block."#,
        example: r#"input x
output y = if x > 0 then "up" else "down"
"#,
        fixed: Some(
            r#"input x
output y = if x > 0 then 1 else 0
"#,
        ),
    },
    CodeEntry {
        code: "E0118",
        title: "`=` and `==`",
        explanation: r#"`=` defines: it stands once in a `let`, in an entry, after the name of an argument. `==` compares, and its value is a
condition.

nnc has no assignment, so `=` within an expression could only be a comparison that lost a sign, and `==` after the name
of a `let` only a definition with one too many."#,
        example: r#"input x
output y = if x = 0 then 1 else x
"#,
        fixed: Some(
            r#"input x
output y = if x == 0 then 1 else x
"#,
        ),
    },
    CodeEntry {
        code: "E0119",
        title: "An operand that needs brackets",
        explanation: r#"Some forms reach further to the right than an operator before them would let them, so they cannot be its right operand
without brackets: `if … then … else …` and `[i] => …` reach as far as they can, `not` binds looser than comparisons, and
the sign of `-x` looser than `@`.

Tightest first: calls and indices, `^` (its right side may have a sign), `@`, unary `-`, `*` and `/`, `+` and `-`,
comparisons, `not`, `and`, `or`."#,
        example: r#"input x
output y = 1 + if x > 0 then x else 0
"#,
        fixed: Some(
            r#"input x
output y = 1 + (if x > 0 then x else 0)
"#,
        ),
    },
    CodeEntry {
        code: "E0120",
        title: "A named argument before one without a name",
        explanation: r#"Arguments without a name belong to their places, those with a name may come in any order. So that places can be counted,
the named ones come last: `huber(y, f, delta = 2)`.

Any argument of a `fn` may be given by name, also one without a default. Built-in functions name theirs in the reference:
`sum(x, axis = 0)`, `normal(std = 0.1)`."#,
        example: r#"fn scaled(x, factor = 1) = factor * x
input x
output y = scaled(factor = 2, x)
"#,
        fixed: Some(
            r#"fn scaled(x, factor = 1) = factor * x
input x
output y = scaled(x, factor = 2)
"#,
        ),
    },
    CodeEntry {
        code: "E0121",
        title: "A declaration in the wrong form",
        explanation: r#"Each statement has one form:

    input x: [N, D]            param w: [D] = 0.1         param a in (0, 1) = 0.5
    target y: index(C)[N]      let h: [N] = x @ w         fn f(x, scale = 1) = scale * x
    output p = softmax(z)      metric accuracy = mean(argmax(p) == y)
    data { file = "a.csv" }    precision f64

A type follows a colon, a value follows `=`. Outputs that are computed and metrics have names, because hosts and reports
ask for them by name. Entries of `data` and `train` and named arguments are written with `=`."#,
        example: r#"dim N
input x [N]
output y = 2 * x
"#,
        fixed: Some(
            r#"dim N
input x: [N]
output y = 2 * x
"#,
        ),
    },
    CodeEntry {
        code: "E0122",
        title: "A range as a value",
        explanation: r#"`a..b` names the indices from `a` up to, but without, `b`. It is not an array: it stands in slices (`x[1..3]`), after `in`
(`sum[i in 1..T](…)`), and in `data` (`columns(0..64)`, `rows = 0..1000`).

The numbers 0, 1, 2 as an array are `[i in 3] => i`; evenly spaced numbers are `linspace(0, 1, 5)`."#,
        example: r#"output x = 0..3
"#,
        fixed: Some(
            r#"output x = [i in 3] => i
"#,
        ),
    },
    CodeEntry {
        code: "E0123",
        title: "A missing operator",
        explanation: r#"Two values stand side by side with nothing between them. A product is always written with `*`: `2 * x`, `(a + b) * c`. A
function is called with brackets: `sin(x)`, not `sin x`.

In a block there is no `return`: its last line is its value."#,
        example: r#"input x
output y = 2 x
"#,
        fixed: Some(
            r#"input x
output y = 2 * x
"#,
        ),
    },
    CodeEntry {
        code: "E0124",
        title: "Two statements on one line",
        explanation: r#"A statement ends at its line end, and each line holds one. `;` does not separate statements. Only `dim` and `const` take
several names, separated by commas: `dim N, D = 64`.

Entries of `data` and `train` may share a line: `train { epochs = 30, batch = 32 }`."#,
        example: r#"input x
let a = 2 * x let b = 3 * a
output b
"#,
        fixed: Some(
            r#"input x
let a = 2 * x
let b = 3 * a
output b
"#,
        ),
    },
    CodeEntry {
        code: "E0125",
        title: "A block in the wrong form",
        explanation: r#"A block holds `let` lines and ends with a line that is its value:

    fn centred(x) = {
      let m = mean(x)
      x - m
    }

It is an expression and may stand wherever one may. Every line before the last defines a name; `input`, `param`,
`output` and the other statements stand at the top level of the file."#,
        example: r#"input x
output y = {
  let a = 2 * x
}
"#,
        fixed: Some(
            r#"input x
output y = {
  let a = 2 * x
  a + 1
}
"#,
        ),
    },
];
