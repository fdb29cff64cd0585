//! The untyped tree of a program: what was written, with a span on every node.
//!
//! Reads spans. Must not know what a name means: calls are names, not primitives.

use crate::span::Span;

/// A name with its place. The text is in Unicode normal form C.
#[derive(Clone, Debug, PartialEq)]
pub struct Name {
    /// The name as compared.
    pub text: String,
    /// Where it stands.
    pub span: Span,
}

/// A whole file.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Ast {
    /// Statements in source order.
    pub statements: Vec<Statement>,
    /// Comments in source order, with their `//`; those in [`Statement::doc`] are not among them.
    pub comments: Vec<Comment>,
}

/// A comment; kept for printing and for `// nnc: allow(CODE)`.
#[derive(Clone, Debug, PartialEq)]
pub struct Comment {
    /// The text with its slashes, without the line end.
    pub text: String,
    /// Where it stands.
    pub span: Span,
}

/// A top-level statement, or a line of a layer.
#[derive(Clone, Debug, PartialEq)]
pub struct Statement {
    /// The form.
    pub kind: StatementKind,
    /// From keyword to end.
    pub span: Span,
    /// The `///` lines before it, joined by newlines, without slashes.
    pub doc: Option<String>,
}

/// The forms of statements.
#[derive(Clone, Debug, PartialEq)]
pub enum StatementKind {
    /// `import std.layers (dense, relu as r)`; without a list the last part of the path becomes a prefix.
    Import {
        /// The dotted path.
        path: Vec<Name>,
        /// The imported names, if listed.
        names: Option<Vec<ImportName>>,
    },
    /// `precision f64`
    Precision(Name),
    /// `dim N, D = 64`: one entry per name.
    Dim(Vec<DimDeclaration>),
    /// `const g = 9.81, A[i] = …`
    Const(Vec<ConstDeclaration>),
    /// `input x: [N, D] = 0`
    Input(Declaration),
    /// `target y: index(C)[N]`
    Target(Declaration),
    /// `param W: [D, H] = he_normal()`
    Param(Declaration),
    /// `state m: [D] = zeros()`
    State(Declaration),
    /// `update m = …`
    Update(Update),
    /// `let h = …`
    Let(Let),
    /// `fn f(x, delta = 1) -> [N] = …`
    Fn(Function),
    /// `layer Dense(I, O) { … }`
    Layer(Layer),
    /// `derivative f(x, ct) = …`
    Derivative(Derivative),
    /// `output p`, `output r = y - p`
    Output {
        /// What hosts call it.
        name: Name,
        /// `[n]` in `output u[n] = …`
        binders: Option<Vec<Binder>>,
        /// Without a value the name refers to a visible one.
        value: Option<Expr>,
    },
    /// `loss mean(…)`, `loss fit = …`
    Loss {
        /// For named losses.
        name: Option<Name>,
        /// A scalar.
        value: Expr,
    },
    /// `metric accuracy = …`
    Metric {
        /// Its name in reports.
        name: Name,
        /// A scalar.
        value: Expr,
    },
    /// `data { … }`
    Data(Block),
    /// `train { … }`
    Train(Block),
}

/// `name as alias` in an import list.
#[derive(Clone, Debug, PartialEq)]
pub struct ImportName {
    /// The name in the imported file.
    pub name: Name,
    /// The name here, if another.
    pub alias: Option<Name>,
}

/// `N` or `D = 64` in a `dim` statement.
#[derive(Clone, Debug, PartialEq)]
pub struct DimDeclaration {
    /// The dim's name.
    pub name: Name,
    /// Its value; open without one.
    pub value: Option<Expr>,
}

/// `g = 9.81` in a `const` statement.
#[derive(Clone, Debug, PartialEq)]
pub struct ConstDeclaration {
    /// The constant's name.
    pub name: Name,
    /// `[i]` in `const A[i] = …`
    pub binders: Option<Vec<Binder>>,
    /// Its value.
    pub value: Expr,
}

/// An input, target, param or state.
#[derive(Clone, Debug, PartialEq)]
pub struct Declaration {
    /// The port's name.
    pub name: Name,
    /// Its type; a real scalar without one.
    pub ty: Option<TypeExpr>,
    /// `in (0, 1)`
    pub interval: Option<(Expr, Expr)>,
    /// The default or initial value.
    pub value: Option<Expr>,
}

/// A `let`, at top level or in a block.
#[derive(Clone, Debug, PartialEq)]
pub struct Let {
    /// What is bound.
    pub pattern: Pattern,
    /// `: [N, H]`, checked.
    pub ty: Option<TypeExpr>,
    /// `[n, k]` in `let y[n, k] = …`
    pub binders: Option<Vec<Binder>>,
    /// The value.
    pub value: Expr,
    /// From `let` to end.
    pub span: Span,
}

/// `update m = …`: the value of a state after the training step.
#[derive(Clone, Debug, PartialEq)]
pub struct Update {
    /// The state's name.
    pub name: Name,
    /// Its new value.
    pub value: Expr,
    /// From `update` to end.
    pub span: Span,
}

/// The left side of a `let`.
#[derive(Clone, Debug, PartialEq)]
pub enum Pattern {
    /// `x`
    Name(Name),
    /// `(a, b)`
    Tuple(Vec<Name>),
}

/// A user function.
#[derive(Clone, Debug, PartialEq)]
pub struct Function {
    /// Its name; absent only in a layer, where this `fn` is what a call of the layer does.
    pub name: Option<Name>,
    /// Its arguments, in order.
    pub arguments: Vec<Argument>,
    /// `-> [N, H]`, checked.
    pub result: Option<ResultType>,
    /// Its value.
    pub body: Expr,
}

impl Function {
    /// How messages call it.
    pub fn title(&self) -> &str {
        self.name.as_ref().map_or("fn", |name| name.text.as_str())
    }
}

/// The type of what a function returns.
#[derive(Clone, Debug, PartialEq)]
pub enum ResultType {
    /// `-> [N, H]`
    One(TypeExpr),
    /// `-> ([N], [N])`, two or more.
    Tuple(Vec<TypeExpr>, Span),
}

impl ResultType {
    /// The one type, or those of the parts.
    pub fn types(&self) -> &[TypeExpr] {
        match self {
            ResultType::One(ty) => std::slice::from_ref(ty),
            ResultType::Tuple(parts, _) => parts,
        }
    }
}

/// `layer Dense(I, O, bias = true) { … }`
#[derive(Clone, Debug, PartialEq)]
pub struct Layer {
    /// Its name.
    pub name: Name,
    /// What must be known when it is made, in order.
    pub parameters: Vec<Argument>,
    /// `param`, `state`, `let` and `fn`, in source order.
    pub body: Vec<Statement>,
}

/// `derivative f(x, ct) = …`: the user's own reverse rule for `fn f(x)`.
#[derive(Clone, Debug, PartialEq)]
pub struct Derivative {
    /// The function.
    pub function: Name,
    /// Names for its arguments, and last for the cotangent of its result.
    pub arguments: Vec<Name>,
    /// The cotangent of the argument, or a tuple of all.
    pub value: Expr,
}

/// One argument of a user function, or parameter of a layer.
#[derive(Clone, Debug, PartialEq)]
pub struct Argument {
    /// Its name.
    pub name: Name,
    /// Any type without one.
    pub ty: Option<TypeExpr>,
    /// `delta = 1`
    pub default: Option<Expr>,
}

/// `[N, D]`, `index(C)[N]`, `real`, `bool[N]`, `positive[K]`.
#[derive(Clone, Debug, PartialEq)]
pub struct TypeExpr {
    /// `real` if absent.
    pub kind: Option<KindExpr>,
    /// A scalar if absent.
    pub shape: Option<Vec<ShapeItem>>,
    /// The whole type.
    pub span: Span,
}

/// `index(C)`, `positive`
#[derive(Clone, Debug, PartialEq)]
pub struct KindExpr {
    /// The kind's name.
    pub name: Name,
    /// `C` in `index(C)`.
    pub argument: Option<Expr>,
}

/// One entry of a shape.
#[derive(Clone, Debug, PartialEq)]
pub enum ShapeItem {
    /// A dim expression.
    Dim(Expr),
    /// `..`
    Rest(Span),
}

/// `data { … }` or `train { … }`, possibly named.
#[derive(Clone, Debug, PartialEq)]
pub struct Block {
    /// `edges` in `data edges { … }`
    pub name: Option<Name>,
    /// `key = value`
    pub entries: Vec<Entry>,
}

/// One entry of a `data` or `train` block.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// A setting, port or open dim.
    pub key: Name,
    /// Written `input key = …`: a port, even if a setting has that name.
    pub port: bool,
    /// Its value; a range only in `rows = 0..1000`.
    pub value: ArgumentValue,
}

/// An expression with its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Expr {
    /// The form.
    pub kind: ExprKind,
    /// Where it stands, without surrounding brackets.
    pub span: Span,
}

/// The forms of expressions.
#[derive(Clone, Debug, PartialEq)]
pub enum ExprKind {
    /// A number; integers are kept apart by `is_integer` for dims, axes and indices.
    Number {
        /// The value, correctly rounded.
        value: f64,
        /// Written without dot and exponent.
        is_integer: bool,
    },
    /// `"…"` with escapes resolved.
    Text(String),
    /// `true`, `false`
    Bool(bool),
    /// A name.
    Name(String),
    /// `a.b`
    Field(Box<Expr>, Name),
    /// `f(x, delta = 2)`
    Call {
        /// What is called: a name, a field, or `sum[i]`.
        function: Box<Expr>,
        /// Positional arguments; a slice only in `columns(0..64)`.
        arguments: Vec<CallArgument>,
    },
    /// `x[0, :, 1..3]`, `sum[i in N where c]`
    Index {
        /// What is indexed, or the name of a reduction.
        base: Box<Expr>,
        /// The entries.
        items: Vec<IndexItem>,
        /// The filter of a reduction.
        filter: Option<Box<Expr>>,
    },
    /// `A'`
    Transpose(Box<Expr>),
    /// Unary minus.
    Negate(Box<Expr>),
    /// `not a`
    Not(Box<Expr>),
    /// Arithmetic and logic.
    Binary {
        /// The operator.
        op: BinaryOp,
        /// Where the operator stands.
        op_span: Span,
        /// Left operand.
        left: Box<Expr>,
        /// Right operand.
        right: Box<Expr>,
    },
    /// `0 < x < 1`: `rest.len() >= 1`.
    Compare {
        /// The leftmost operand.
        first: Box<Expr>,
        /// Operators with their right operands.
        rest: Vec<(CompareOp, Span, Expr)>,
    },
    /// `if c then a else b`
    If {
        /// The condition.
        condition: Box<Expr>,
        /// Where it holds.
        then: Box<Expr>,
        /// Elsewhere.
        otherwise: Box<Expr>,
    },
    /// `[i, j in N] => body`
    Comprehension {
        /// The new axes, in order.
        binders: Vec<Binder>,
        /// One element.
        body: Box<Expr>,
    },
    /// `[1, 2, 3]`
    Array(Vec<Expr>),
    /// `(a, b)`, two or more.
    Tuple(Vec<Expr>),
    /// `fold(t in T, h = h0) => body`
    Repeat(Box<Repeat>),
    /// `{ let a = … ⏎ value }`
    Block {
        /// In order.
        lines: Vec<Line>,
        /// The result.
        value: Box<Expr>,
    },
    /// Stands where an expression could not be parsed; its error is already reported.
    Error,
}

/// A line of a block before its value.
#[derive(Clone, Debug, PartialEq)]
pub enum Line {
    /// `let a = …`
    Let(Let),
    /// `update m = …`, only in a layer.
    Update(Update),
}

/// `fold(t in T, h = h0, until = …) => body`: a loop.
#[derive(Clone, Debug, PartialEq)]
pub struct Repeat {
    /// What comes out of it.
    pub form: RepeatForm,
    /// Where the word stands.
    pub form_span: Span,
    /// `t in T`; absent in `iterate`, and only there. Never [`Binder::Rest`], and always with a range.
    pub binder: Option<Binder>,
    /// The states with their start values, at least one, all of different names.
    pub states: Vec<(Name, Expr)>,
    /// `tol`, `max`, `until` and `checkpoint`, those that the form knows and each at most once.
    pub options: Vec<(Name, Expr)>,
    /// The states after the turn.
    pub body: Expr,
}

/// The forms of loops.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RepeatForm {
    /// The states after the last turn.
    Fold,
    /// The states after every turn.
    Scan,
    /// The states when they no longer change.
    Iterate,
}

/// An argument of a call.
#[derive(Clone, Debug, PartialEq)]
pub struct CallArgument {
    /// `delta` in `delta = 2`.
    pub name: Option<Name>,
    /// The value.
    pub value: ArgumentValue,
}

/// The value of an argument.
#[derive(Clone, Debug, PartialEq)]
pub enum ArgumentValue {
    /// An expression.
    Expr(Expr),
    /// `0..64`: only in calls of `data` functions.
    Range(Range),
}

/// `a..b`, `..b`, `a..`, without `b` itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Range {
    /// First index; 0 if absent.
    pub start: Option<Box<Expr>>,
    /// One past the last index; the extent if absent.
    pub end: Option<Box<Expr>>,
    /// The whole range.
    pub span: Span,
}

/// One entry between `[` and `]` after an expression.
#[derive(Clone, Debug, PartialEq)]
pub enum IndexItem {
    /// `x[i + 1]`, or a plain binder in `sum[i]`
    Expr(Expr),
    /// `1..3`
    Range(Range),
    /// `:`
    All(Span),
    /// `..`
    Rest(Span),
    /// `i in N`
    Binder(Binder),
}

/// `i`, `i in N`, `i in a..b` or `..`
#[derive(Clone, Debug, PartialEq)]
pub enum Binder {
    /// A named index.
    Index {
        /// Its name.
        name: Name,
        /// Its range, if stated.
        range: Option<BinderRange>,
    },
    /// `..`: any leading axes.
    Rest(Span),
}

/// The stated range of an index.
#[derive(Clone, Debug, PartialEq)]
pub enum BinderRange {
    /// `i in N`
    Extent(Expr),
    /// `i in a..b`
    Between(Expr, Expr),
}

/// Arithmetic and logic operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BinaryOp {
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
    /// `/`
    Divide,
    /// `^`
    Power,
    /// `@`
    MatrixMultiply,
    /// `and`
    And,
    /// `or`
    Or,
}

/// Comparison operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CompareOp {
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterEqual,
}

impl RepeatForm {
    /// The word that begins it.
    pub fn word(self) -> &'static str {
        match self {
            RepeatForm::Fold => "fold",
            RepeatForm::Scan => "scan",
            RepeatForm::Iterate => "iterate",
        }
    }

    /// The names of its options.
    pub fn options(self) -> &'static [&'static str] {
        match self {
            RepeatForm::Fold | RepeatForm::Scan => &["until", "checkpoint"],
            RepeatForm::Iterate => &["tol", "max", "until"],
        }
    }

    /// The names of all options: none may be a state, in any form.
    pub const OPTIONS: &'static [&'static str] = &["tol", "max", "until", "checkpoint"];
}

impl BinaryOp {
    /// The operator as written.
    pub fn symbol(self) -> &'static str {
        match self {
            BinaryOp::Add => "+",
            BinaryOp::Subtract => "-",
            BinaryOp::Multiply => "*",
            BinaryOp::Divide => "/",
            BinaryOp::Power => "^",
            BinaryOp::MatrixMultiply => "@",
            BinaryOp::And => "and",
            BinaryOp::Or => "or",
        }
    }
}

impl CompareOp {
    /// The operator as written.
    pub fn symbol(self) -> &'static str {
        match self {
            CompareOp::Equal => "==",
            CompareOp::NotEqual => "!=",
            CompareOp::Less => "<",
            CompareOp::LessEqual => "<=",
            CompareOp::Greater => ">",
            CompareOp::GreaterEqual => ">=",
        }
    }
}
