//! The printer: random trees come back from their text, and known texts are printed without needless brackets.

use nnc::span::{FileId, Span};
use nnc::syntax::ast::*;
use nnc::syntax::{parse, parse_expr, print, print_expr, strip_expr_spans, strip_spans};
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};

/// Random trees, of the forms that texts can give.
struct Trees {
    random: ChaCha8Rng,
    /// Inside `data` or `train`.
    settings: bool,
    /// Inside a layer.
    layer: bool,
}

fn span() -> Span {
    Span::default()
}

fn boxed(kind: ExprKind) -> Box<Expr> {
    Box::new(expr(kind))
}

fn expr(kind: ExprKind) -> Expr {
    Expr { kind, span: span() }
}

impl Trees {
    fn below(&mut self, n: usize) -> usize {
        (self.random.next_u32() as usize) % n
    }

    fn chance(&mut self, one_in: usize) -> bool {
        self.below(one_in) == 0
    }

    fn some<T>(&mut self, one_in: usize, make: impl FnOnce(&mut Self) -> T) -> Option<T> {
        if self.chance(one_in) { Some(make(self)) } else { None }
    }

    fn many<T>(&mut self, least: usize, most: usize, mut make: impl FnMut(&mut Self) -> T) -> Vec<T> {
        let count = least + self.below(most - least + 1);
        (0..count).map(|_| make(self)).collect()
    }

    fn word(&mut self) -> String {
        const WORDS: &[&str] =
            &["x", "y", "W₁", "λ", "größe", "sum", "input_", "_", "notx", "e", "iff", "in0", "f", "g", "N", "D", "ﬁt"];
        // Names are in normal form C, which leaves the ligature as it is.
        WORDS[self.below(WORDS.len())].to_string()
    }

    fn name(&mut self) -> Name {
        Name { text: self.word(), span: span() }
    }

    fn expr(&mut self, depth: usize) -> Expr {
        if depth == 0 {
            return self.leaf();
        }
        let d = depth - 1;
        let kind = match self.below(20) {
            0 | 1 => return self.leaf(),
            2 => ExprKind::Field(self.base(d), self.name()),
            3 | 4 => {
                let base = self.base(d);
                let mut arguments = self.many(0, 2, |t| CallArgument { name: None, value: t.argument_value(d) });
                arguments
                    .extend(self.many(0, 1, |t| CallArgument { name: Some(t.name()), value: t.argument_value(d) }));
                ExprKind::Call { function: base, arguments }
            }
            5 | 6 => {
                let base = self.base(d);
                let items = self.many(1, 3, |t| t.item(d));
                let filter = self.some(4, |t| Box::new(t.expr(d)));
                ExprKind::Index { base, items, filter }
            }
            7 => ExprKind::Transpose(self.base(d)),
            8 | 9 => ExprKind::Negate(Box::new(self.expr(d))),
            10 => ExprKind::Not(Box::new(self.expr(d))),
            11 => {
                let first = Box::new(self.expr(d));
                let rest = self.many(1, 2, |t| (t.compare_op(), span(), t.expr(d)));
                ExprKind::Compare { first, rest }
            }
            12 => ExprKind::If {
                condition: Box::new(self.expr(d)),
                then: Box::new(self.expr(d)),
                otherwise: Box::new(self.expr(d)),
            },
            13 => ExprKind::Comprehension { binders: self.many(1, 3, |t| t.binder(d)), body: Box::new(self.expr(d)) },
            14 => ExprKind::Array(self.many(0, 3, |t| t.expr(d))),
            15 => ExprKind::Tuple(self.many(2, 3, |t| t.expr(d))),
            16 => ExprKind::Block { lines: self.many(0, 2, |t| t.line(d)), value: Box::new(self.expr(d)) },
            17 => ExprKind::Repeat(Box::new(self.repeat(d))),
            _ => ExprKind::Binary {
                op: self.binary_op(),
                op_span: span(),
                left: Box::new(self.expr(d)),
                right: Box::new(self.expr(d)),
            },
        };
        expr(kind)
    }

    fn leaf(&mut self) -> Expr {
        expr(match self.below(8) {
            0 => ExprKind::Bool(self.chance(2)),
            1 => ExprKind::Number { value: f64::from(self.random.next_u32()), is_integer: true },
            2 => {
                // Any finite number that is not negative.
                let value = f64::from_bits(self.random.next_u64() >> 1);
                ExprKind::Number { value: if value.is_finite() { value } else { 0.5 }, is_integer: false }
            }
            3 => ExprKind::Number { value: self.below(10) as f64, is_integer: false },
            4 if self.settings => {
                const TEXTS: &[&str] =
                    &["", "a.csv", "quo\"te", "back\\slash", "line\nend\ttab", "// no comment", "(["];
                ExprKind::Text(TEXTS[self.below(TEXTS.len())].to_string())
            }
            _ => ExprKind::Name(self.word()),
        })
    }

    /// Something that may be called or indexed: no literal.
    fn base(&mut self, depth: usize) -> Box<Expr> {
        loop {
            let base = self.expr(depth);
            if !matches!(base.kind, ExprKind::Number { .. } | ExprKind::Bool(_) | ExprKind::Text(_)) {
                return Box::new(base);
            }
        }
    }

    fn binary_op(&mut self) -> BinaryOp {
        use BinaryOp::*;
        [Add, Subtract, Multiply, Divide, Power, MatrixMultiply, And, Or][self.below(8)]
    }

    fn compare_op(&mut self) -> CompareOp {
        use CompareOp::*;
        [Equal, NotEqual, Less, LessEqual, Greater, GreaterEqual][self.below(6)]
    }

    fn argument_value(&mut self, depth: usize) -> ArgumentValue {
        if self.settings && self.chance(4) {
            return ArgumentValue::Range(self.range(depth));
        }
        ArgumentValue::Expr(self.expr(depth))
    }

    /// At least one side is given: `..` alone means all other axes.
    fn range(&mut self, depth: usize) -> Range {
        let start = self.some(2, |t| Box::new(t.expr(depth)));
        let end = if start.is_none() || self.chance(2) { Some(Box::new(self.expr(depth))) } else { None };
        Range { start, end, span: span() }
    }

    fn item(&mut self, depth: usize) -> IndexItem {
        match self.below(8) {
            0 => IndexItem::All(span()),
            1 => IndexItem::Rest(span()),
            2 => IndexItem::Range(self.range(depth)),
            3 => {
                let range = Some(self.binder_range(depth));
                IndexItem::Binder(Binder::Index { name: self.name(), range })
            }
            _ => IndexItem::Expr(self.expr(depth)),
        }
    }

    fn binder(&mut self, depth: usize) -> Binder {
        if self.chance(6) {
            return Binder::Rest(span());
        }
        Binder::Index { name: self.name(), range: self.some(2, |t| t.binder_range(depth)) }
    }

    fn binder_range(&mut self, depth: usize) -> BinderRange {
        if self.chance(2) {
            return BinderRange::Extent(self.expr(depth));
        }
        BinderRange::Between(self.expr(depth), self.expr(depth))
    }

    fn repeat(&mut self, depth: usize) -> Repeat {
        let form = [RepeatForm::Fold, RepeatForm::Scan, RepeatForm::Iterate][self.below(3)];
        let range = Some(self.binder_range(depth));
        let binder = Binder::Index { name: self.name(), range };
        let states: Vec<(Name, Expr)> = ["h", "c₂"][..1 + self.below(2)]
            .iter()
            .map(|text| (Name { text: text.to_string(), span: span() }, self.expr(depth)))
            .collect();
        let mut options = vec![];
        for option in form.options() {
            options.extend(self.some(2, |t| (Name { text: option.to_string(), span: span() }, t.expr(depth))));
        }
        let parts: Vec<Expr> = states.iter().map(|_| self.expr(depth)).collect();
        // One value for each state; a single one must be no tuple.
        let body = match <[Expr; 1]>::try_from(parts) {
            Ok([one]) => expr(ExprKind::Negate(Box::new(one))),
            Err(parts) => expr(ExprKind::Tuple(parts)),
        };
        let binder = (form != RepeatForm::Iterate).then_some(binder);
        Repeat { form, form_span: span(), binder, states, options, body }
    }

    fn line(&mut self, depth: usize) -> Line {
        if self.layer && self.chance(3) {
            return Line::Update(self.update(depth));
        }
        Line::Let(self.binding(depth))
    }

    fn update(&mut self, depth: usize) -> Update {
        Update { name: self.name(), value: self.expr(depth), span: span() }
    }

    fn binding(&mut self, depth: usize) -> Let {
        let pattern =
            if self.chance(4) { Pattern::Tuple(self.many(2, 3, Self::name)) } else { Pattern::Name(self.name()) };
        let binders = self.some(3, |t| t.many(1, 2, |t| t.binder(depth)));
        let ty = if binders.is_none() { self.some(3, |t| t.ty(depth)) } else { None };
        Let { pattern, ty, binders, value: self.expr(depth), span: span() }
    }

    fn ty(&mut self, depth: usize) -> TypeExpr {
        let kind = self.some(2, |t| KindExpr { name: t.name(), argument: t.some(2, |t| t.expr(depth)) });
        let shape = if kind.is_none() || self.chance(2) {
            Some(self.many(1, 3, |t| if t.chance(5) { ShapeItem::Rest(span()) } else { ShapeItem::Dim(t.expr(depth)) }))
        } else {
            None
        };
        TypeExpr { kind, shape, span: span() }
    }

    fn declaration(&mut self, interval: bool, value: bool) -> Declaration {
        Declaration {
            name: self.name(),
            ty: self.some(2, |t| t.ty(1)),
            interval: if interval { self.some(3, |t| (t.expr(1), t.expr(1))) } else { None },
            value: if value { self.some(2, |t| t.expr(2)) } else { None },
        }
    }

    fn block(&mut self) -> Block {
        self.settings = true;
        let entries = self.many(0, 4, |t| {
            let port = t.chance(5);
            let key = if t.chance(3) { Name { text: "loss".into(), span: span() } } else { t.name() };
            Entry { key, port, value: t.argument_value(2) }
        });
        self.settings = false;
        Block { name: self.some(2, Self::name), entries }
    }

    fn argument(&mut self) -> Argument {
        Argument { name: self.name(), ty: self.some(3, |t| t.ty(1)), default: self.some(3, |t| t.expr(1)) }
    }

    fn function(&mut self) -> Function {
        let result = if self.chance(2) {
            self.some(3, |t| ResultType::Tuple(t.many(2, 3, |t| t.ty(1)), span()))
        } else {
            self.some(3, |t| ResultType::One(t.ty(1)))
        };
        let name = if self.layer && self.chance(2) { None } else { Some(self.name()) };
        Function { name, arguments: self.many(0, 3, Self::argument), result, body: self.expr(4) }
    }

    fn layer(&mut self) -> Layer {
        self.layer = true;
        let body = self.many(0, 4, |t| {
            let kind = match t.below(4) {
                0 => StatementKind::Param(t.declaration(true, true)),
                1 => StatementKind::State(t.declaration(false, true)),
                2 => StatementKind::Let(t.binding(2)),
                _ => StatementKind::Fn(t.function()),
            };
            t.documented(kind)
        });
        self.layer = false;
        Layer { name: self.name(), parameters: self.many(0, 3, Self::argument), body }
    }

    fn statement(&mut self) -> Statement {
        let kind = match self.below(18) {
            0 => StatementKind::Import {
                path: self.many(1, 3, Self::name),
                names: self.some(2, |t| t.many(1, 3, |t| ImportName { name: t.name(), alias: t.some(2, Self::name) })),
            },
            1 => StatementKind::Precision(Name { text: "f64".into(), span: span() }),
            2 => StatementKind::Dim(
                self.many(1, 3, |t| DimDeclaration { name: t.name(), value: t.some(2, |t| t.expr(1)) }),
            ),
            3 => StatementKind::Const(self.many(1, 2, |t| ConstDeclaration {
                name: t.name(),
                binders: t.some(3, |t| t.many(1, 2, |t| t.binder(1))),
                value: t.expr(2),
            })),
            4 => StatementKind::Input(self.declaration(false, true)),
            5 => StatementKind::Target(self.declaration(false, false)),
            6 => StatementKind::Param(self.declaration(true, true)),
            7 => StatementKind::Let(self.binding(3)),
            8 => StatementKind::Fn(self.function()),
            13 => StatementKind::State(self.declaration(false, true)),
            14 => StatementKind::Update(self.update(3)),
            15 => StatementKind::Layer(self.layer()),
            16 => StatementKind::Derivative(Derivative {
                function: self.name(),
                arguments: self.many(1, 3, Self::name),
                value: self.expr(3),
            }),
            9 => {
                let value = self.some(2, |t| t.expr(3));
                let binders = if value.is_some() { self.some(2, |t| t.many(1, 2, |t| t.binder(1))) } else { None };
                StatementKind::Output { name: self.name(), binders, value }
            }
            10 => StatementKind::Loss { name: self.some(2, Self::name), value: self.expr(3) },
            11 => StatementKind::Metric { name: self.name(), value: self.expr(3) },
            12 => StatementKind::Data(self.block()),
            _ => StatementKind::Train(self.block()),
        };
        self.documented(kind)
    }

    fn documented(&mut self, kind: StatementKind) -> Statement {
        let doc = self.some(4, |t| ["one line", "two\nlines", "with\n\na gap", " indented"][t.below(4)].to_string());
        Statement { kind, span: span(), doc }
    }
}

#[test]
fn random_expressions_come_back() {
    for seed in 0..3000 {
        let mut trees = Trees { random: ChaCha8Rng::seed_from_u64(seed), settings: false, layer: false };
        let depth = 1 + trees.below(6);
        let tree = trees.expr(depth);
        let text = print_expr(&tree);
        let mut back = parse_expr(FileId(0), &text).unwrap_or_else(|e| panic!("seed {seed}: {text}\n{e:#?}"));
        strip_expr_spans(&mut back);
        assert_eq!(back, tree, "seed {seed}: {text}");
    }
}

#[test]
fn random_programs_come_back() {
    for seed in 0..500 {
        let mut trees = Trees { random: ChaCha8Rng::seed_from_u64(seed), settings: false, layer: false };
        let tree = Ast { statements: trees.many(0, 6, Trees::statement), comments: vec![] };
        let text = print(&tree);
        let mut back = parse(FileId(0), &text);
        assert!(back.diagnostics.is_empty(), "seed {seed}: {text}\n{:#?}", back.diagnostics);
        strip_spans(&mut back.ast);
        assert_eq!(back.ast, tree, "seed {seed}: {text}");
    }
}

#[test]
fn fixtures_come_back_with_their_comments() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/files/parse");
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let mut first = parse(FileId(0), &std::fs::read_to_string(&path).unwrap()).ast;
        let text = print(&first);
        let mut second = parse(FileId(0), &text).ast;
        assert_eq!(text, print(&second), "{}: printing is stable", path.display());
        strip_spans(&mut first);
        strip_spans(&mut second);
        assert_eq!(first, second, "{}: {text}", path.display());
    }
}

/// Texts in the printer's own style: brackets where they are needed, and only there.
#[test]
fn brackets_are_minimal() {
    for text in [
        "-x^2",
        "(-x)^2",
        "2^-x^2",
        "2^-(x @ y)",
        "(2^x)^y",
        "a - (b - c)",
        "a - b - c",
        "a * (b / c)",
        "g * W @ x",
        "A @ (B @ C)",
        "-A @ x",
        "(-A) @ x",
        "A @ (-x)",
        "0 < x < 1",
        "(0 < x) == b",
        "not a == b and c or d",
        "not (a and b)",
        "(a or b) and c",
        "1 + (if a then b else c)",
        "if a then b else if c then d else e",
        "if a then (if b then c else d) else e",
        "[i, j in N] => x[i] + y[j]",
        "sum[e in M where dst[e] == i](h[src[e], d])",
        "x[0, 1..3, ..3, 1.., :, ..]",
        "(a + b)'.c",
        "(-2)^3",
        "1e300 + 1.0 + 1e-7 + 0.1",
        "[[1, 2], [3, 4]]",
        "f(x, delta = 2)",
    ] {
        let tree = parse_expr(FileId(0), text).unwrap();
        assert_eq!(print_expr(&tree), text);
    }
}

#[test]
fn numbers_that_no_text_gives_print_as_terms() {
    let number = |value| print_expr(&Expr { kind: ExprKind::Number { value, is_integer: false }, span: span() });
    assert_eq!(number(-2.5), "-2.5");
    assert_eq!(number(f64::INFINITY), "inf");
    assert_eq!(number(f64::NEG_INFINITY), "-inf");
    let power = ExprKind::Binary {
        op: BinaryOp::Power,
        op_span: span(),
        left: boxed(ExprKind::Number { value: -2.0, is_integer: true }),
        right: boxed(ExprKind::Number { value: 3.0, is_integer: true }),
    };
    assert_eq!(print_expr(&expr(power)), "(-2)^3");
}
