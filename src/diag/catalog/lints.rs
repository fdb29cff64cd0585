//! W1: lints, which are warnings. See [the catalog](super) for how to add one.

use super::{CodeEntry, shown};
use crate::diag::{Diagnostic, Label, Severity};
use crate::span::Span;

/// The pages of this family.
pub const ENTRIES: &[CodeEntry] = &[
    CodeEntry {
        code: "W1001",
        title: "A param that no loss reads",
        explanation: "The loss does not depend on this param, so it keeps its start whatever the data say. Usually a\n\
            term was forgotten, or the wrong name was used in a formula.\n\n\
            Remove the param, use it, or silence the warning with `// nnc: allow(W1001)`.",
        example: "param a = 1\nparam b = 1\nloss (a - 3)^2\n",
        fixed: Some("param a = 1\nparam b = 1\nloss (a * b - 3)^2\n"),
    },
    CodeEntry {
        code: "W1002",
        title: "An input or target that nothing reads",
        explanation: "No definition of the file reads this input or target. Data would be loaded for nothing; usually\n\
            a formula uses another name than was meant.\n\n\
            Remove it, use it, or silence the warning with `// nnc: allow(W1002)`.",
        example: "input x\ninput z\noutput y = 2 * x\n",
        fixed: Some("input x\noutput y = 2 * x\n"),
    },
    CodeEntry {
        code: "W1003",
        title: "A `let` that nothing reads",
        explanation: "The value is defined and no output, loss, metric or other definition reads it. It costs nothing\n\
            when the model runs, because only what is asked for is computed, but it may be a slip.\n\n\
            Remove it, name it `_`, or silence the warning with `// nnc: allow(W1003)`.",
        example: "input x\nlet h = 3 * x\noutput y = 2 * x\n",
        fixed: Some("input x\nlet h = 3 * x\noutput y = 2 * h\n"),
    },
    CodeEntry {
        code: "W1004",
        title: "A dim that no shape uses",
        explanation: "No shape, range or formula of the file mentions this dim. An open dim that nothing uses would\n\
            never get a size.\n\n\
            Remove it, use it, or silence the warning with `// nnc: allow(W1004)`.",
        example: "dim N, M\ninput x: [N]\noutput y = sum(x)\n",
        fixed: Some("dim N\ninput x: [N]\noutput y = sum(x)\n"),
    },
    CodeEntry {
        code: "W1005",
        title: "A name that hides another",
        explanation: "A definition at top level with the name of a built-in function hides the built-in in the whole\n\
            file, and a `let` in a block hides what had its name outside. Both are allowed, so that a new built-in\n\
            never breaks a program, but a reader may take one for the other.\n\n\
            Choose another name, or silence the warning with `// nnc: allow(W1005)`.",
        example: "input x\nlet h = { let x = 2 * x\n  x + 1 }\noutput h\n",
        fixed: Some("input x\nlet h = { let z = 2 * x\n  z + 1 }\noutput h\n"),
    },
    CodeEntry {
        code: "W1006",
        title: "Real numbers compared with `==`",
        explanation: "Real numbers are rounded, so two ways to compute one quantity rarely give the same number, and\n\
            `==` is true by accident only. The derivative of a comparison is 0.\n\n\
            Compare the distance with a tolerance. Where exact equality is meant, as for a flag that is 0 or 1,\n\
            make it a `bool` or `index(2)` input, or silence the warning with `// nnc: allow(W1006)`.",
        example: "input x\noutput y = if x == 0.1 then 1 else 0\n",
        fixed: Some("input x\noutput y = if abs(x - 0.1) < 1e-6 then 1 else 0\n"),
    },
    CodeEntry {
        code: "W1007",
        title: "Softmax of a single number",
        explanation: "Softmax makes numbers along an axis positive with sum 1. Along an axis of size 1 the result is\n\
            always 1, whatever the argument, and no derivative passes through it.\n\n\
            For two classes use `sigmoid`, or an axis of size 2; or name another axis with `axis =`.",
        example: "dim N\ninput z: [N, 1]\noutput p = softmax(z)\n",
        fixed: Some("dim N\ninput z: [N, 1]\noutput p = sigmoid(z)\n"),
    },
    CodeEntry {
        code: "W1008",
        title: "Sigmoid or softmax applied twice",
        explanation: "The argument is the result of the same function already. A second one squeezes probabilities\n\
            into a narrow range, and the model learns slowly or not at all. Often the loss is given probabilities\n\
            where the formula applies the function once more.\n\n\
            Apply it once: `cross_entropy` and `binary_cross_entropy` take probabilities.",
        example: "input z\noutput p = sigmoid(sigmoid(z))\n",
        fixed: Some("input z\noutput p = sigmoid(z)\n"),
    },
    CodeEntry {
        code: "W1009",
        title: "An index that is never used",
        explanation: "The body does not mention the index, so it is the same for every value: a sum is a product with a\n\
            number, a mean changes nothing, an array repeats one value. Often the body should read `x[i]`, and reads\n\
            `x`.\n\n\
            Use the index, name it `_` if that is meant, or silence the warning with `// nnc: allow(W1009)`.",
        example: "dim N\ninput x: [N]\noutput y = sum[i in N](x[0])\n",
        fixed: Some("dim N\ninput x: [N]\noutput y = sum[i in N](x[i])\n"),
    },
    CodeEntry {
        code: "W1010",
        title: "A loss that depends on no param",
        explanation: "No param has any influence on the loss, so there is nothing to learn from it: its derivative by\n\
            every param is 0. Usually the formula reads data where a prediction was meant.\n\n\
            A loss that a host differentiates by inputs is fine: silence the warning with `// nnc: allow(W1010)`.",
        example: "dim N\ninput x: [N]\ntarget y: [N]\nparam a = 1\noutput f = a * x\nloss mean((y - x)^2)\n",
        fixed: Some("dim N\ninput x: [N]\ntarget y: [N]\nparam a = 1\noutput f = a * x\nloss mean((y - f)^2)\n"),
    },
    CodeEntry {
        code: "W1011",
        title: "A product of labels and numbers",
        explanation: "Labels name classes: their numbers say which, not how much, and another order of the classes would\n\
            give another result. `real(y)` makes a number of a label on request, and here it is multiplied.\n\n\
            With `one_hot(y)` each class has a factor of its own, and `W[y]` chooses the row of a class. Where\n\
            the number is a quantity, such as a rating, silence the warning with `// nnc: allow(W1011)`.",
        example: "dim N, C = 3\ninput y: index(C)[N]\nparam w = 1\noutput f = w * real(y)\n",
        fixed: Some("dim N, C = 3\ninput y: index(C)[N]\nparam w: [C] = 1\noutput f = w[y]\n"),
    },
    CodeEntry {
        code: "W1012",
        title: "A matrix product beside `*` or `/`",
        explanation: "`@` binds tighter than `*` and `/`: `g * W @ x` is `g * (W @ x)`, as on paper. In NumPy and its\n\
            relatives both bind alike and group from the left, so that the same text means `(g * W) @ x` there.\n\n\
            Brackets say which is meant, and end the warning. There is none if the factor is one number, because\n\
            then both are the same.",
        example: "dim N\ninput x: [N]\nparam g: [N]\nparam W: [N, N] = he_normal()\noutput y = g * W @ x\n",
        fixed: Some("dim N\ninput x: [N]\nparam g: [N]\nparam W: [N, N] = he_normal()\noutput y = g * (W @ x)\n"),
    },
    CodeEntry {
        code: "W1013",
        title: "A fixed point whose state only counts",
        explanation: "`iterate` looks for states that a turn no longer changes, and its derivative is that of such a point: it\n\
            solves x = f(x) for small changes. A counter, or another sum that grows with every turn, has no such point, and\n\
            the equation has no solution, so that a derivative through this `iterate` is wrong or infinite.\n\n\
            Count turns with `fold(t in T, …, until = …)`, whose derivative is that of the turns taken. Where no derivative\n\
            is wanted, silence the warning with `// nnc: allow(W1013)`.",
        example: "input a\nlet (r, n) = iterate(r = a, n = 0, until = abs(r^2 - a) < 1e-4) => ((r + a / r) / 2, n + 1)\noutput r\noutput n\n",
        fixed: Some(
            "input a\nlet (r, n) = fold(_ in 50, r = a, n = 0, until = abs(r^2 - a) < 1e-4) => ((r + a / r) / 2, n + 1)\noutput r\noutput n\n",
        ),
    },
    CodeEntry {
        code: "W1051",
        title: "a constant column is scaled",
        explanation: "`standardize` divides by the standard deviation of the training rows and `minmax` by their range. A\n\
            column that is the same in all of them has neither. nnc makes it 0 in every row instead of 0 / 0, so it does no\n\
            harm, but it tells the model nothing: leave it out, or look whether the file is what it should be.",
        example: "dim N\ninput x: [N]\noutput x\ndata { file = \"constant.csv\", x = standardize(column(0)) }\n",
        fixed: None,
    },
    CodeEntry {
        code: "W1052",
        title: "a header of numbers",
        explanation: "The first line of a data file is taken for the names of its columns, and here all names are numbers.\n\
            Perhaps the file has no header, and its first row is lost: then write `header = false` and choose columns by\n\
            number.",
        example: "dim N\ninput x: [N]\noutput x\ndata { file = \"numbers.csv\", x = column(0) }\n",
        fixed: None,
    },
    CodeEntry {
        code: "W1053",
        title: "no row has label 0",
        explanation: "Labels count from 0. When a model leaves the number of classes open, nnc takes the largest label plus\n\
            one, so labels 1 to 10 make 11 classes, the first of which never occurs. If the labels of the file begin at\n\
            1, move them: `column(\"label\") - 1`.",
        example: "dim N, C\ntarget y: index(C)[N]\noutput y\ndata { file = \"from_one.csv\", y = column(0) }\n",
        fixed: None,
    },
    CodeEntry {
        code: "W1060",
        title: "A state that nothing updates",
        explanation: "A `state` keeps a value between training steps, and `update m = …` says what it becomes. Without an update it\n\
            is what it starts as, for ever: a `const` says so, and is worked out at compile time.",
        example: "dim N\ninput x: [N]\nstate m = 0.5\noutput y = x - m\n",
        fixed: Some("dim N\ninput x: [N]\nconst m = 0.5\noutput y = x - m\n"),
    },
    CodeEntry {
        code: "W1061",
        title: "A draw in every turn of `iterate`",
        explanation: "`iterate` looks for a state that a turn no longer changes, and its derivative is that of such a fixed point.\n\
            Random numbers that are drawn anew in every turn leave none: the loop goes on to `max`, and the derivative is\n\
            that of the last turn alone. Draw once, before the loop, or write a `fold`, whose derivative is that of its\n\
            turns.",
        example: "param a = 1\nlet z = iterate(z = 0) => 0.5 * z + a + random_normal([1])[0]\nloss z^2\n",
        fixed: Some(
            "param a = 1\nlet e = random_normal([1])[0]\nlet z = iterate(z = 0) => 0.5 * z + a + e\nloss z^2\n",
        ),
    },
];

/// A param that no loss reads.
pub fn param_without_loss(at: Span, name: &str) -> Diagnostic {
    Diagnostic::new("W1001", format!("no loss reads param `{}`", shown(name)), at, "it will keep its start")
        .help("use it or remove it")
}

/// An input or target that nothing reads.
pub fn unused_input(at: Span, noun: &str, name: &str) -> Diagnostic {
    Diagnostic::new("W1002", format!("nothing reads {noun} `{}`", shown(name)), at, "").help("use it or remove it")
}

/// A `let` that nothing reads.
pub fn unused_let(at: Span, name: &str) -> Diagnostic {
    Diagnostic::new("W1003", format!("nothing reads `{}`", shown(name)), at, "")
        .help("use it, remove it, or name it `_`")
}

/// A dim that nothing mentions.
pub fn unused_dim(at: Span, name: &str) -> Diagnostic {
    Diagnostic::new("W1004", format!("nothing uses dim `{}`", shown(name)), at, "").help("use it or remove it")
}

/// A local name that hides an outer one.
pub fn shadows(at: Span, name: &str, noun: &str, other: Span) -> Diagnostic {
    let name = shown(name);
    Diagnostic::new("W1005", format!("this `{name}` hides {noun} `{name}`"), at, "")
        .label(other, format!("{noun} `{name}`"))
        .help("choose another name")
}

/// A definition that hides a built-in.
pub fn hides_built_in(at: Span, name: &str) -> Diagnostic {
    let name = shown(name);
    Diagnostic::new("W1005", format!("this `{name}` hides the built-in `{name}` in the whole file"), at, "")
        .help("choose another name")
}

/// `x == 0.1`
pub fn reals_compared(at: Span, operator: &str) -> Diagnostic {
    Diagnostic::new("W1006", format!("`{operator}` of real numbers, which are rounded"), at, "")
        .help("compare the distance: `abs(a - b) < 1e-6`")
}

/// Softmax over an axis of size 1.
pub fn softmax_of_one(at: Span, shape: &str) -> Diagnostic {
    Diagnostic::new("W1007", format!("softmax over an axis of size 1 is always 1; the argument is {shape}"), at, "")
        .help("use `sigmoid` for one score per row, or name another axis with `axis =`")
}

/// `sigmoid(sigmoid(x))`
pub fn applied_twice(at: Span, name: &str) -> Diagnostic {
    Diagnostic::new("W1008", format!("`{name}` of a result of `{name}`"), at, "applied twice").help("apply it once")
}

/// An index that no body reads.
pub fn unused_index(at: Span, name: &str) -> Diagnostic {
    let name = shown(name);
    Diagnostic::new("W1009", format!("nothing reads index `{name}`"), at, "")
        .help(format!("use it, as in `x[{name}]`, or name it `_`"))
}

/// A loss without params.
pub fn loss_without_param(at: Span) -> Diagnostic {
    Diagnostic::new("W1010", "this loss depends on no param", at, "nothing can be learned from it")
        .help("let it read what the params predict")
}

/// `real(y) * w`, with the place of the operator.
pub fn label_product(at: Span, operator: &str, label: Span) -> Diagnostic {
    let message = format!("`{operator}` of a label and numbers: labels say which class, not how much");
    Diagnostic::new("W1011", message, at, "")
        .label(label, "a label as a number")
        .help("`one_hot(y)` or `w[y]` give each class a factor of its own")
}

/// `g * W @ x`: what is read, and what NumPy reads.
pub fn matrix_product_first(at: Span, operator: &str, read: &str, elsewhere: &str) -> Diagnostic {
    let message = format!("`@` binds tighter than `{operator}`: this is `{}`", shown(read));
    Diagnostic::new("W1012", message, at, "")
        .note(format!("in NumPy it would be `{}`", shown(elsewhere)))
        .help("put brackets around what you mean")
}

/// `iterate(…, n = 0) => (…, n + 1)`
pub fn state_counts(at: Span, name: &str) -> Diagnostic {
    let name = shown(name);
    Diagnostic::new("W1013", format!("state `{name}` of `iterate` has no fixed point"), at, "changes in every turn")
        .note("a derivative through this `iterate` is that of a fixed point, which does not exist")
        .help("count turns with `fold(t in T, …, until = …)`")
}

/// A state without an `update`.
pub fn state_without_update(at: Span, name: &str) -> Diagnostic {
    let name = shown(name);
    Diagnostic::new("W1060", format!("nothing updates state `{name}`"), at, "stays what it starts as")
        .help(format!("add `update {name} = …`, or make it a `const`"))
}

/// `iterate(…) => … + random_normal(…)`
pub fn draw_in_iterate(at: Span) -> Diagnostic {
    Diagnostic::new("W1061", "this is drawn anew in every turn of `iterate`", at, "never twice the same")
        .note("a derivative through this `iterate` is that of a fixed point, which does not exist")
        .help("draw once, before the loop, or use `fold`")
}

/// `standardize` or `minmax` of columns that are constant in the training rows, out of `all`.
pub fn constant_columns(at: Span, function: &str, columns: &[String], all: usize) -> Diagnostic {
    let mut names: Vec<String> = columns.iter().take(5).map(|name| format!("`{}`", shown(name))).collect();
    if columns.len() > names.len() {
        names.push("…".into());
    }
    let message = match columns {
        [_] => format!("column {} is constant in the training rows, so `{function}` makes it 0", names.join("")),
        _ => format!(
            "{} of {all} columns are constant in the training rows, so `{function}` makes them 0: {}",
            columns.len(),
            names.join(", ")
        ),
    };
    Diagnostic::new("W1051", message, at, "")
}

/// Labels of which none is 0, for a port that takes the number of classes from them.
pub fn no_label_zero(at: Span, port: &str) -> Diagnostic {
    Diagnostic::new("W1053", format!("no row of `{}` has label 0", shown(port)), at, "labels count from 0")
        .help("if the labels of the file begin at 1, subtract 1")
}

/// A first line that looks like data; without a place if the caller gave the file.
pub fn header_of_numbers(at: Option<Span>, file: &str) -> Diagnostic {
    let labels = at.map(|span| Label { span, text: String::new() }).into_iter().collect();
    Diagnostic {
        code: "W1052",
        severity: Severity::Warning,
        message: format!("the first line of {file} looks like data, but it is taken for the names of columns"),
        labels,
        notes: vec![],
        help: Some("if the file has no header, write `header = false`".into()),
        suggestion: None,
    }
}
