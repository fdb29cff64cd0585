//! The elementwise rows. Everything nnc knows about a primitive stands in its row, and nowhere else.
//!
//! Adding a primitive is adding a row: see `docs/adding-a-primitive.md`.

use super::{Eval, Inst, Law, Lower, Phase, ResultKind, Row, RuleText, Sign, Vjp};
use crate::kernel;

macro_rules! primitives {
    ($($(#[doc = $doc:literal])* $variant:ident = { $($field:tt)* })*) => {
        /// An elementwise primitive; its row is in [`ROWS`].
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Prim { $($(#[doc = $doc])* $variant),* }

        /// All rows, in the order of the variants.
        pub static ROWS: &[Row] = &[$(Row {
            prim: Prim::$variant,
            doc: concat!($($doc, "\n"),*),
            $($field)*
            ..ROW
        }),*];
    };
}

/// What most rows share: a callable smooth function of one real argument.
const ROW: Row = Row {
    prim: Prim::Add,
    name: "",
    args: &["x"],
    attribute: None,
    doc: "",
    result: ResultKind::Real,
    symmetric: false,
    eval: Eval::Many(|_| f64::NAN),
    vjp: &[],
    singular: false,
    sign: Sign::Any,
    rules: &[],
    lower: Lower::Inst(Inst::Add),
    domain: &[(-4.0, 4.0)],
    callable: true,
};

const STEP: Vjp = Vjp::Zero("piecewise constant");
const ANY: (f64, f64) = (-4.0, 4.0);
const POSITIVE: (f64, f64) = (0.1, 8.0);

const fn truth(b: bool) -> f64 {
    if b { 1.0 } else { 0.0 }
}

fn sigmoid(x: f64) -> f64 {
    let e = (-x.abs()).exp();
    if x < 0.0 { e / (1.0 + e) } else { 1.0 / (1.0 + e) }
}

const fn rule(name: &'static str, text: &'static str, law: Law, phase: Phase) -> RuleText {
    RuleText { name, text, law, phase }
}

primitives! {
    // ---- arithmetic -------------------------------------------------------------------------------------------
    /// Sum of its arguments. Operator `+`; `a - b` is `a + (-1) * b`.
    Add = {
        name: "add", args: &[], callable: false,
        eval: Eval::Many(|v| v.iter().sum()),
        vjp: &[Vjp::Text("ct")],
        rules: &[
            rule("exp-minus-one", "exp(a) - 1 => expm1(a)", Law::Rounded, Phase::Stable),
            rule("one-minus-exp", "1 - exp(a) => -expm1(a)", Law::Rounded, Phase::Stable),
            rule("one-minus-sigmoid", "1 - sigmoid(a) => sigmoid(-a)", Law::Rounded, Phase::Stable),
            rule("one-minus-cos", "1 - cos(a) => 2 * sin(a / 2)^2", Law::Rounded, Phase::Stable),
            rule("one-minus-erf", "1 - erf(a) => erfc(a)", Law::Rounded, Phase::Stable),
            rule("root-minus-one", "sqrt(1 + a) - 1 => a / (sqrt(1 + a) + 1)", Law::Rounded, Phase::Stable),
            rule("one-minus-root", "1 - sqrt(1 + a) => -a / (sqrt(1 + a) + 1)", Law::Rounded, Phase::Stable),
        ],
        lower: Lower::Inst(Inst::Add),
    }
    /// Product of its arguments. Operator `*`. Exact zeros of a mask are not multiplied: see `if`.
    Mul = {
        name: "mul", args: &[], callable: false,
        eval: Eval::Many(|v| v.iter().product()),
        vjp: &[Vjp::Text("ct * others")],
        rules: &[
            rule("x-log-x", "x * log(x) => xlogy(x, x)", Law::Rounded, Phase::Stable),
            rule("x-log-x-over", "x * log(x / y) => xlogy(x, x / y)", Law::Rounded, Phase::Stable),
            rule("x-log-difference", "x * (log(x) - log(y)) => xlogy(x, x) - xlogy(x, y)", Law::Rounded, Phase::Stable),
        ],
        lower: Lower::Inst(Inst::Mul),
    }
    /// Quotient. Operator `/`. Follows IEEE 754: 1/0 is inf, 0/0 is NaN.
    Div = {
        name: "div", args: &["x", "y"], callable: false,
        eval: Eval::Two(|x, y| x / y),
        vjp: &[Vjp::Text("ct / y"), Vjp::Text("-ct * out / y")],
        singular: true,
        rules: &[
            rule("softmax", "exp(a) / sum[r](exp(b)) => exp(a - logsumexp[r](b))", Law::Rounded, Phase::Stable),
            rule(
                "masked-softmax",
                "exp(a) / sum[r](if c then exp(b) else 0) => exp(a - logsumexp[r](if c then b else -inf))",
                Law::Rounded,
                Phase::Stable,
            ),
            // Before the general form, which would leave exp(a) * sigmoid(-a): inf * 0 for large a.
            rule("sigmoid-of-exp", "exp(a) / (1 + exp(a)) => sigmoid(a)", Law::Rounded, Phase::Stable),
            rule("sigmoid-of-two", "exp(a) / (exp(a) + exp(b)) => sigmoid(a - b)", Law::Rounded, Phase::Stable),
            rule("tanh", "(exp(a) - exp(-a)) / (exp(a) + exp(-a)) => tanh(a)", Law::Rounded, Phase::Stable),
            rule("tanh-half", "expm1(a) / (1 + exp(a)) => tanh(a / 2)", Law::Rounded, Phase::Stable),
            rule("sigmoid", "1 / (1 + exp(a)) => sigmoid(-a)", Law::Rounded, Phase::Stable),
        ],
        lower: Lower::Inst(Inst::Div),
        domain: &[ANY, (0.5, 4.0)],
    }
    /// `x^k` for a constant k. No logarithm is involved, so it is right for x < 0 and x = 0.
    /// `x^0` is 1 everywhere; a fractional power of a negative number is NaN.
    PowConst = {
        name: "pow", attribute: Some("k"), callable: false,
        eval: Eval::Attribute(|k, x| if x < 0.0 && k.fract() != 0.0 { f64::NAN } else { x.powf(k) }),
        vjp: &[Vjp::Text("ct * k * pow[k - 1](x)")],
        singular: true,
        lower: Lower::Inst(Inst::PowConst),
        domain: &[POSITIVE],
    }
    /// `x^y` for an exponent that is not constant, as in C99. The derivative by y is 0 where x = 0.
    Power = {
        name: "power", args: &["x", "y"], callable: false,
        eval: Eval::Two(f64::powf),
        vjp: &[
            Vjp::Text("if y == 0 then 0 else ct * y * x^(y - 1)"),
            Vjp::Text("if x == 0 then 0 else ct * out * log(x)"),
        ],
        singular: true,
        lower: Lower::Kernel(kernel::POW),
        domain: &[POSITIVE, ANY],
    }

    // ---- comparisons, logic, choice ---------------------------------------------------------------------------
    /// `x < y`; false if either is NaN.
    Less = {
        name: "less", args: &["x", "y"], callable: false, result: ResultKind::Bool,
        eval: Eval::Two(|x, y| truth(x < y)), vjp: &[STEP, STEP],
        lower: Lower::Inst(Inst::Less), domain: &[ANY, ANY],
    }
    /// `x <= y`; false if either is NaN.
    LessEqual = {
        name: "less_equal", args: &["x", "y"], callable: false, result: ResultKind::Bool,
        eval: Eval::Two(|x, y| truth(x <= y)), vjp: &[STEP, STEP],
        lower: Lower::Inst(Inst::LessEqual), domain: &[ANY, ANY],
    }
    /// `x == y`; false if either is NaN.
    Equal = {
        name: "equal", args: &["x", "y"], symmetric: true, callable: false, result: ResultKind::Bool,
        eval: Eval::Two(|x, y| truth(x == y)), vjp: &[STEP, STEP],
        lower: Lower::Inst(Inst::Equal), domain: &[ANY, ANY],
    }
    /// `x != y`; true if either is NaN.
    NotEqual = {
        name: "not_equal", args: &["x", "y"], symmetric: true, callable: false, result: ResultKind::Bool,
        eval: Eval::Two(|x, y| truth(x != y)), vjp: &[STEP, STEP],
        lower: Lower::Inst(Inst::NotEqual), domain: &[ANY, ANY],
    }
    /// Both conditions hold.
    And = {
        name: "and", args: &["a", "b"], callable: false, result: ResultKind::Bool,
        eval: Eval::Two(|a, b| truth(a != 0.0 && b != 0.0)), vjp: &[STEP, STEP],
        lower: Lower::Inst(Inst::And), domain: &[ANY, ANY],
    }
    /// At least one condition holds.
    Or = {
        name: "or", args: &["a", "b"], callable: false, result: ResultKind::Bool,
        eval: Eval::Two(|a, b| truth(a != 0.0 || b != 0.0)), vjp: &[STEP, STEP],
        lower: Lower::Inst(Inst::Or), domain: &[ANY, ANY],
    }
    /// The condition does not hold.
    Not = {
        name: "not", args: &["a"], callable: false, result: ResultKind::Bool,
        eval: Eval::One(|a| truth(a == 0.0)), vjp: &[STEP],
        lower: Lower::Inst(Inst::Not),
    }
    /// `if c then a else b`. The branch that is not taken has no influence on value or derivative, at any order,
    /// even where it is infinite or NaN.
    Select = {
        name: "select", args: &["c", "a", "b"], callable: false, result: ResultKind::Argument,
        eval: Eval::Three(|c, a, b| if c != 0.0 { a } else { b }),
        vjp: &[STEP, Vjp::Text("if c then ct else 0"), Vjp::Text("if c then 0 else ct")],
        lower: Lower::Inst(Inst::Select), domain: &[ANY, ANY, ANY],
        rules: &[
            // A NaN makes both comparisons false, so only the forms that choose x for it are relu.
            rule("if-relu", "if not (x <= 0) then x else 0 => relu(x)", Law::Exact, Phase::Canon),
            rule("if-relu-open", "if not (x < 0) then x else 0 => relu(x)", Law::Exact, Phase::Canon),
            // The same values, and at 0 the derivative of relu.
            rule("if-positive", "if x >= 0 then x else 0 => if x > 0 then x else 0", Law::Exact, Phase::Canon),
        ],
    }

    // ---- indices ----------------------------------------------------------------------------------------------
    /// An index as a number.
    IndexToReal = {
        name: "real", args: &["i"],
        eval: Eval::One(|i| i), vjp: &[STEP], callable: false,
        lower: Lower::Inst(Inst::IndexToReal),
    }
    /// Whether an index expression is 0; `i == j` is `i - j` being 0.
    IndexIsZero = {
        name: "is_zero", args: &["i"], callable: false, result: ResultKind::Bool,
        eval: Eval::One(|i| truth(i == 0.0)), vjp: &[STEP],
        lower: Lower::Inst(Inst::IndexIsZero),
    }
    /// Whether an index expression is 0 or more; `i <= j` is `j - i` being so.
    IndexIsNonNegative = {
        name: "is_non_negative", args: &["i"], callable: false, result: ResultKind::Bool,
        eval: Eval::One(|i| truth(i >= 0.0)), vjp: &[STEP],
        lower: Lower::Inst(Inst::IndexIsNonNegative),
    }

    /// The product of two index expressions that are no known sizes.
    IndexMul = {
        name: "index_product", args: &["i", "j"], symmetric: true, callable: false, result: ResultKind::Argument,
        eval: Eval::Two(|i, j| i * j), vjp: &[STEP, STEP], domain: &[ANY, ANY],
        lower: Lower::Inst(Inst::IndexMul),
    }

    // ---- order and rounding -----------------------------------------------------------------------------------
    /// Larger of two; NaN if either is. At a tie each side gets half of the derivative; `max(x, 0)` is `relu(x)`.
    ///
    /// max(2, 3) == 3
    Max = {
        name: "max", args: &["x", "y"], symmetric: true,
        eval: Eval::Two(|x, y| if x.is_nan() || y.is_nan() { f64::NAN } else { x.max(y) }),
        vjp: &[
            Vjp::Text("(if x >= y then ct else 0) * (if x == y then 0.5 else 1)"),
            Vjp::Text("(if y >= x then ct else 0) * (if x == y then 0.5 else 1)"),
        ],
        rules: &[
            rule("max-relu", "max(x, 0) => relu(x)", Law::Exact, Phase::Canon),
        ],
        lower: Lower::Inst(Inst::Max), domain: &[ANY, ANY],
    }
    /// Smaller of two; NaN if either is. At a tie each side gets half of the derivative.
    ///
    /// min(2, 3) == 2
    Min = {
        name: "min", args: &["x", "y"], symmetric: true,
        eval: Eval::Two(|x, y| if x.is_nan() || y.is_nan() { f64::NAN } else { x.min(y) }),
        vjp: &[
            Vjp::Text("(if x <= y then ct else 0) * (if x == y then 0.5 else 1)"),
            Vjp::Text("(if y <= x then ct else 0) * (if x == y then 0.5 else 1)"),
        ],
        lower: Lower::Inst(Inst::Min), domain: &[ANY, ANY],
    }
    /// Absolute value. Its derivative at 0 is 0.
    ///
    /// abs(-2) == 2
    Abs = {
        name: "abs", eval: Eval::One(f64::abs),
        vjp: &[Vjp::Text("ct * sign(x)")], sign: Sign::NonNegative,
        lower: Lower::Inst(Inst::Abs),
    }
    /// -1, 0 or 1; NaN of NaN. Its derivative is 0 everywhere.
    ///
    /// sign(-0.5) == -1
    Sign = {
        name: "sign", eval: Eval::One(|x| if x > 0.0 { 1.0 } else if x < 0.0 { -1.0 } else if x == 0.0 { 0.0 } else { x }),
        vjp: &[STEP], lower: Lower::Inst(Inst::Sign),
    }
    /// x, held constant by derivatives: its own derivative is 0.
    ///
    /// stop_gradient(3) == 3
    StopGradient = {
        name: "stop_gradient", eval: Eval::One(|x| x), vjp: &[Vjp::Zero("held constant")], lower: Lower::Expand("x"),
    }
    /// Largest integer not above x. Its derivative is 0 everywhere.
    ///
    /// floor(-1.5) == -2
    Floor = { name: "floor", eval: Eval::One(f64::floor), vjp: &[STEP], lower: Lower::Inst(Inst::Floor), }
    /// Smallest integer not below x. Its derivative is 0 everywhere.
    ///
    /// ceil(-1.5) == -1
    Ceil = { name: "ceil", eval: Eval::One(f64::ceil), vjp: &[STEP], lower: Lower::Inst(Inst::Ceil), }
    /// Nearest integer, halves to even. Its derivative is 0 everywhere.
    ///
    /// round(2.5) == 2
    Round = { name: "round", eval: Eval::One(f64::round_ties_even), vjp: &[STEP], lower: Lower::Inst(Inst::Round), }

    // ---- powers and roots -------------------------------------------------------------------------------------
    /// Square root; NaN below 0. Its derivative at 0 is inf, but that of a norm such as `sqrt(sum(x^2))` is 0.
    ///
    /// sqrt(9) == 3
    Sqrt = {
        name: "sqrt", eval: Eval::One(f64::sqrt), vjp: &[Vjp::Text("ct / (2 * out)")],
        singular: true, sign: Sign::NonNegative, lower: Lower::Inst(Inst::Sqrt), domain: &[POSITIVE],
        rules: &[rule("norm", "sqrt(a) => root_of_squares(a) where squares(a)", Law::Exact, Phase::Canon)],
    }
    /// Square root of a sum of squares: as `sqrt`, but the derivative at 0 is 0, the one of a Euclidean norm at the
    /// origin. `sqrt(sum(x^2))` becomes this by itself.
    ///
    /// root_of_squares(25) == 5
    RootOfSquares = {
        name: "root_of_squares", eval: Eval::One(f64::sqrt),
        vjp: &[Vjp::Text("if out == 0 then 0 else ct / (2 * out)")],
        singular: true, sign: Sign::NonNegative, lower: Lower::Inst(Inst::Sqrt), domain: &[POSITIVE],
    }
    /// 1 / sqrt(x); inf at 0, NaN below.
    ///
    /// rsqrt(4) == 0.5
    Rsqrt = {
        name: "rsqrt", eval: Eval::One(|x| 1.0 / x.sqrt()), vjp: &[Vjp::Text("-ct * out / (2 * x)")],
        singular: true, sign: Sign::NonNegative, lower: Lower::Expand("1 / sqrt(x)"), domain: &[POSITIVE],
    }
    /// Cube root, for any sign. Its derivative at 0 is inf.
    ///
    /// cbrt(-8) == -2
    Cbrt = {
        name: "cbrt", eval: Eval::One(f64::cbrt), vjp: &[Vjp::Text("ct / (3 * out * out)")],
        singular: true, lower: Lower::Kernel(kernel::CBRT), domain: &[POSITIVE],
    }
    /// sqrt(x^2 + y^2) without overflow. At (0, 0) the derivative is 0.
    ///
    /// hypot(3, 4) == 5
    /// hypot(3e200, 4e200) == 5e200
    Hypot = {
        name: "hypot", args: &["x", "y"], symmetric: true, eval: Eval::Two(f64::hypot),
        vjp: &[
            Vjp::Text("if out == 0 then 0 else ct * x / out"),
            Vjp::Text("if out == 0 then 0 else ct * y / out"),
        ],
        singular: true, sign: Sign::NonNegative, lower: Lower::Kernel(kernel::HYPOT), domain: &[(0.5, 4.0), ANY],
    }

    /// 1 / x, but 0 where x is within rounding of 0 beside numbers of this magnitude: where |x| is at most 64 times the distance
    /// from 1 to the next number, times |scale|. The derivative by the scale is 0.
    ///
    /// reciprocal_or_zero(4, 1) == 0.25
    /// reciprocal_or_zero(0, 0) == 0
    Reciprocal = {
        name: "reciprocal_or_zero", args: &["x", "scale"], eval: Eval::Two(kernel::reciprocal_or_zero),
        vjp: &[Vjp::Text("-ct * out * out"), STEP], lower: Lower::Kernel(kernel::RECIPROCAL),
        domain: &[(0.5, 4.0), ANY],
    }

    // ---- exponentials and logarithms --------------------------------------------------------------------------
    /// e to the x.
    ///
    /// exp(0) == 1
    /// exp(1) == 2.718281828459045
    Exp = {
        name: "exp", eval: Eval::One(f64::exp), vjp: &[Vjp::Text("ct * out")], singular: true, sign: Sign::Positive, lower: Lower::Kernel(kernel::EXP),
    }
    /// 2 to the x.
    ///
    /// exp2(10) == 1024
    Exp2 = {
        name: "exp2", eval: Eval::One(f64::exp2), vjp: &[Vjp::Text("ct * out * 0.6931471805599453")],
        singular: true, sign: Sign::Positive, lower: Lower::Kernel(kernel::EXP2),
    }
    /// exp(x) - 1, accurate near 0.
    ///
    /// expm1(1e-20) == 1e-20
    Expm1 = {
        name: "expm1", eval: Eval::One(f64::exp_m1), vjp: &[Vjp::Text("ct * exp(x)")], singular: true, lower: Lower::Kernel(kernel::EXPM1),
    }
    /// Natural logarithm; -inf at 0, NaN below.
    ///
    /// log(1) == 0
    /// log(10) == 2.302585092994046
    Log = {
        name: "log", eval: Eval::One(f64::ln), vjp: &[Vjp::Text("ct / x")], singular: true,
        rules: &[
            rule("log-exp", "log(exp(a)) => a", Law::Rounded, Phase::Stable),
            rule("log-exp-times", "log(exp(a) * b) => a + log(b)", Law::Rounded, Phase::Stable),
            rule("log-exp-over", "log(exp(a) / b) => a - log(b)", Law::Rounded, Phase::Stable),
            rule("log-exp-times-over", "log(exp(a) * b / c) => a + log(b / c)", Law::Rounded, Phase::Stable),
            rule(
                "log-over-exp",
                "log(b / (exp(a) * c)) => log(b / c) - a where optional(b), optional(c)",
                Law::Rounded,
                Phase::Stable,
            ),
            rule("log-sum-exp", "log(sum[r](exp(a))) => logsumexp[r](a)", Law::Rounded, Phase::Stable),
            rule(
                "log-sum-exp-times",
                "log(sum[r](exp(a) * b / c) * d / e) => logsumexp[r](a + log(b / c)) + log(d / e) \
                 where positive(b), positive(c), optional(b), optional(c), optional(d), optional(e)",
                Law::Rounded,
                Phase::Stable,
            ),
            rule(
                "log-over-sum-exp",
                "log(b / (sum[r](exp(a)) * c)) => log(b / c) - logsumexp[r](a) where optional(b), optional(c)",
                Law::Rounded,
                Phase::Stable,
            ),
            rule(
                "log-masked-sum-exp",
                "log(sum[r](if c then exp(a) else 0)) => logsumexp[r](if c then a else -inf)",
                Law::Rounded,
                Phase::Stable,
            ),
            rule("log-add-exp", "log(exp(a) + exp(b)) => logaddexp(a, b)", Law::Rounded, Phase::Stable),
            rule("log-prod", "log(prod[r](a)) => sum[r](log(a)) where positive(a)", Law::Rounded, Phase::Stable),
            rule("log-power", "log(a^y) => y * log(a) where positive(a)", Law::Rounded, Phase::Stable),
            rule("log-power-times", "log(a^y * b) => y * log(a) + log(b) where positive(a)", Law::Rounded, Phase::Stable),
            rule("log-if", "log(if c then sigmoid(a) else sigmoid(b)) => if c then -softplus(-a) else -softplus(-b)", Law::Rounded, Phase::Stable),
            rule("log-sigmoid", "log(sigmoid(a)) => -softplus(-a)", Law::Rounded, Phase::Stable),
            rule("log-sigmoid-times", "log(sigmoid(a) * b) => log(b) - softplus(-a)", Law::Rounded, Phase::Stable),
            rule("log-odds", "log(sigmoid(a) / sigmoid(-a)) => a", Law::Rounded, Phase::Stable),
            rule("log-sigmoid-over", "log(sigmoid(a) / b) => -softplus(-a) - log(b)", Law::Rounded, Phase::Stable),
            rule("log-over-sigmoid", "log(b / sigmoid(a)) => log(b) + softplus(-a) where optional(b)", Law::Rounded, Phase::Stable),
            rule("log-one-plus-exp", "log(1 + exp(a)) => softplus(a)", Law::Rounded, Phase::Stable),
            rule("log-one-plus", "log(1 + a) => log1p(a)", Law::Rounded, Phase::Stable),
        ],
        lower: Lower::Kernel(kernel::LOG), domain: &[POSITIVE],
    }
    /// Logarithm to base 2.
    ///
    /// log2(8) == 3
    Log2 = {
        name: "log2", eval: Eval::One(f64::log2), vjp: &[Vjp::Text("ct / (x * 0.6931471805599453)")], singular: true,
        lower: Lower::Kernel(kernel::LOG2), domain: &[POSITIVE],
    }
    /// Logarithm to base 10.
    ///
    /// log10(1000) == 3
    Log10 = {
        name: "log10", eval: Eval::One(f64::log10), vjp: &[Vjp::Text("ct / (x * 2.302585092994046)")], singular: true,
        lower: Lower::Kernel(kernel::LOG10), domain: &[POSITIVE],
    }
    /// log(1 + x), accurate near 0; -inf at -1, NaN below.
    ///
    /// log1p(1e-20) == 1e-20
    Log1p = {
        name: "log1p", eval: Eval::One(f64::ln_1p), vjp: &[Vjp::Text("ct / (1 + x)")], singular: true,
        rules: &[
            rule("log1p-exp", "log1p(exp(a)) => softplus(a)", Law::Rounded, Phase::Stable),
            rule("log1p-expm1", "log1p(expm1(a)) => a", Law::Rounded, Phase::Stable),
            rule("log1p-minus-sigmoid", "log1p(-sigmoid(a)) => -softplus(a)", Law::Rounded, Phase::Stable),
        ],
        lower: Lower::Kernel(kernel::LOG1P), domain: &[(-0.7, 4.0)],
    }
    /// log(exp(x) + exp(y)) without overflow.
    ///
    /// logaddexp(1000, 1000) == 1000.6931471805599
    Logaddexp = {
        name: "logaddexp", args: &["x", "y"], symmetric: true,
        eval: Eval::Two(|x, y| if x == y { x + std::f64::consts::LN_2 } else { x.max(y) + (-(x - y).abs()).exp().ln_1p() }),
        vjp: &[Vjp::Text("ct * sigmoid(x - y)"), Vjp::Text("ct * sigmoid(y - x)")],
        lower: Lower::Expand("if x == y then x + 0.6931471805599453 else max(x, y) + log1p(exp(-abs(x - y)))"),
        domain: &[ANY, ANY],
    }
    /// x * log(y), and 0 where x is 0.
    ///
    /// xlogy(0, 0) == 0
    /// xlogy(2, 3) == 2.1972245773362196
    Xlogy = {
        name: "xlogy", args: &["x", "y"],
        eval: Eval::Two(|x, y| if x == 0.0 { 0.0 } else { x * y.ln() }),
        vjp: &[Vjp::Text("ct * log(y)"), Vjp::Text("if x == 0 then 0 else ct * x / y")], singular: true,
        lower: Lower::Expand("if x == 0 then 0 else x * log(y)"), domain: &[(0.2, 4.0), POSITIVE],
    }

    // ---- trigonometry -----------------------------------------------------------------------------------------
    /// Sine, radians; right for huge arguments.
    ///
    /// sin(0) == 0
    /// sin(1) == 0.8414709848078965
    Sin = { name: "sin", eval: Eval::One(f64::sin), vjp: &[Vjp::Text("ct * cos(x)")], lower: Lower::Kernel(kernel::SIN), }
    /// Cosine, radians; right for huge arguments.
    ///
    /// cos(0) == 1
    /// cos(1) == 0.5403023058681398
    Cos = { name: "cos", eval: Eval::One(f64::cos), vjp: &[Vjp::Text("-ct * sin(x)")], lower: Lower::Kernel(kernel::COS), }
    /// Tangent, radians.
    ///
    /// tan(1) == 1.5574077246549023
    Tan = {
        name: "tan", eval: Eval::One(f64::tan), vjp: &[Vjp::Text("ct * (1 + out * out)")],
        lower: Lower::Kernel(kernel::TAN), domain: &[(-1.3, 1.3)],
    }
    /// Inverse sine; NaN outside [-1, 1].
    ///
    /// asin(1) == 1.5707963267948966
    Asin = {
        name: "asin", eval: Eval::One(f64::asin), vjp: &[Vjp::Text("ct / sqrt((1 - x) * (1 + x))")], singular: true,
        lower: Lower::Kernel(kernel::ASIN), domain: &[(-0.9, 0.9)],
    }
    /// Inverse cosine; NaN outside [-1, 1].
    ///
    /// acos(-1) == 3.141592653589793
    Acos = {
        name: "acos", eval: Eval::One(f64::acos), vjp: &[Vjp::Text("-ct / sqrt((1 - x) * (1 + x))")], singular: true,
        lower: Lower::Kernel(kernel::ACOS), domain: &[(-0.9, 0.9)],
    }
    /// Inverse tangent.
    ///
    /// atan(1) == 0.7853981633974483
    Atan = {
        name: "atan", eval: Eval::One(f64::atan), vjp: &[Vjp::Text("ct / (1 + x * x)")], lower: Lower::Kernel(kernel::ATAN),
    }
    /// Angle of the point (x, y), in (-π, π]: `atan2(y, x)`.
    ///
    /// atan2(1, -1) == 2.356194490192345
    Atan2 = {
        name: "atan2", args: &["y", "x"], eval: Eval::Two(f64::atan2),
        vjp: &[Vjp::Text("ct * x / (x * x + y * y)"), Vjp::Text("-ct * y / (x * x + y * y)")], singular: true,
        lower: Lower::Kernel(kernel::ATAN2), domain: &[ANY, (0.3, 4.0)],
    }
    /// Hyperbolic sine.
    ///
    /// sinh(1) == 1.1752011936438014
    Sinh = {
        name: "sinh", eval: Eval::One(f64::sinh), vjp: &[Vjp::Text("ct * (exp(x) + exp(-x)) / 2")],
        singular: true, lower: Lower::Kernel(kernel::SINH),
    }
    /// Hyperbolic tangent.
    ///
    /// tanh(1) == 0.7615941559557649
    Tanh = { name: "tanh", eval: Eval::One(f64::tanh), vjp: &[Vjp::Text("ct * (1 - out * out)")], lower: Lower::Kernel(kernel::TANH), }

    // ---- activations ------------------------------------------------------------------------------------------
    /// Logistic function 1 / (1 + exp(-x)).
    ///
    /// sigmoid(0) == 0.5
    Sigmoid = {
        name: "sigmoid",
        eval: Eval::One(sigmoid),
        vjp: &[Vjp::Text("ct * (out - out * out)")],
        sign: Sign::Positive, lower: Lower::Kernel(kernel::SIGMOID),
    }
    /// log(sigmoid(x)) without underflow.
    ///
    /// log_sigmoid(-1000) == -1000
    LogSigmoid = {
        name: "log_sigmoid", eval: Eval::One(|x| if x >= 0.0 { -(-x).exp().ln_1p() } else { x - x.exp().ln_1p() }),
        vjp: &[Vjp::Text("ct * sigmoid(-x)")], lower: Lower::Expand("-softplus(-x)"),
    }
    /// log(1 + exp(x)) without overflow.
    ///
    /// softplus(0) == 0.6931471805599453
    /// softplus(1000) == 1000
    Softplus = {
        name: "softplus", eval: Eval::One(|x| if x > 0.0 { x + (-x).exp().ln_1p() } else { x.exp().ln_1p() }),
        vjp: &[Vjp::Text("ct * sigmoid(x)")], sign: Sign::Positive, lower: Lower::Kernel(kernel::SOFTPLUS),
    }
    /// max(x, 0). Its derivative at 0 is 0. NaN of NaN.
    ///
    /// relu(-3) == 0
    /// relu(3) == 3
    Relu = {
        name: "relu", eval: Eval::One(|x| if x > 0.0 || x.is_nan() { x } else { 0.0 }),
        vjp: &[Vjp::Text("if x > 0 then ct else 0")], sign: Sign::NonNegative, lower: Lower::Inst(Inst::Relu),
    }
    /// Gaussian error linear unit x Φ(x), with the exact normal distribution function Φ (Hendrycks and Gimpel 2016).
    ///
    /// gelu(1) == 0.8413447460685429
    Gelu = {
        name: "gelu", eval: Eval::One(|x| if x == f64::NEG_INFINITY { 0.0 } else { 0.5 * x * libm::erfc(-x * std::f64::consts::FRAC_1_SQRT_2) }),
        vjp: &[Vjp::Text("ct * (erfc(-x * 0.7071067811865476) / 2 + x * exp(-x * x / 2) * 0.3989422804014327)")],
        lower: Lower::Expand("if x < -40 then 0 else 0.5 * x * erfc(-x * 0.7071067811865476)"),
    }
    /// x sigmoid(x), also called swish.
    ///
    /// silu(1) == 0.7310585786300049
    Silu = {
        name: "silu", eval: Eval::One(|x| if x < -750.0 { 0.0 } else { x * sigmoid(x) }),
        vjp: &[Vjp::Text("ct * (sigmoid(x) + x * sigmoid(x) * sigmoid(-x))")],
        lower: Lower::Expand("if x < -750 then 0 else x * sigmoid(x)"),
    }
    /// Error function 2/√π ∫₀ˣ exp(-t²) dt.
    ///
    /// erf(1) == 0.8427007929497149
    Erf = {
        name: "erf", eval: Eval::One(libm::erf), vjp: &[Vjp::Text("ct * 1.1283791670955126 * exp(-x * x)")],
        lower: Lower::Kernel(kernel::ERF), domain: &[(-2.5, 2.5)],
    }
    /// 1 - erf(x), accurate for large x.
    ///
    /// erfc(10) == 2.088487583762545e-45
    Erfc = {
        name: "erfc", eval: Eval::One(libm::erfc), vjp: &[Vjp::Text("-ct * 1.1283791670955126 * exp(-x * x)")],
        sign: Sign::Positive, lower: Lower::Kernel(kernel::ERFC), domain: &[(-2.5, 2.5)],
    }
}
