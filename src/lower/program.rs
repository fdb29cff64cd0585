//! The files of a program and what they define: names, imports, and the files of `std` that are embedded in nnc.
//!
//! Reads the tree. Must not know what a definition is worth.

use crate::diag::{Diagnostic, catalog::names as error};
use crate::span::{FileId, SourceMap, Span};
use crate::syntax::ast::{
    Ast, Binder, ConstDeclaration, Declaration, Derivative, DimDeclaration, Expr, Function, ImportName, Layer, Let,
    Name, Pattern, Statement, StatementKind, Update,
};
use crate::syntax::parse;
use rustc_hash::{FxHashMap, FxHashSet};

/// Index of a file of the program.
pub(super) type ModuleId = usize;

/// Index of something that is worked out as one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct ItemId(pub usize);

/// One file.
#[derive(Debug)]
pub(super) struct Module {
    /// Its text.
    pub file: FileId,
    /// `lib.optics`; empty for the main file.
    pub path: String,
    /// Embedded in nnc: problems are shown at the call, not in it.
    pub is_std: bool,
    /// Its statements.
    pub ast: Ast,
}

/// A file of `std`. Prelude files are visible everywhere without import.
struct StdFile {
    path: &'static str,
    text: &'static str,
    /// What it brings into scope everywhere; the file is read when a program mentions one of these.
    prelude: &'static [&'static str],
}

const STD: &[StdFile] = &[
    StdFile {
        path: "std.losses",
        text: include_str!("../../std/losses.nn"),
        prelude: &["cross_entropy", "binary_cross_entropy", "mse", "mae", "huber", "hinge"],
    },
    StdFile { path: "std.softmax", text: include_str!("../../std/softmax.nn"), prelude: &["softmax", "log_softmax"] },
    StdFile {
        path: "std.linear",
        text: include_str!("../../std/linear.nn"),
        prelude: &[
            "dot", "outer", "cross", "trace", "tril", "triu", "norm", "std", "slogdet", "eigh", "qr", "svd", "pinv",
            "lstsq",
        ],
    },
    StdFile {
        path: "std.shapes",
        text: include_str!("../../std/shapes.nn"),
        prelude: &["flip", "roll", "repeat", "linspace", "set", "diag", "cumsum", "cumprod"],
    },
    StdFile {
        path: "std.activations",
        text: include_str!("../../std/activations.nn"),
        prelude: &[
            "leaky_relu",
            "elu",
            "selu",
            "celu",
            "mish",
            "softsign",
            "relu6",
            "hard_tanh",
            "hard_sigmoid",
            "hard_swish",
            "glu",
            "softmin",
        ],
    },
    StdFile {
        path: "std.segments",
        text: include_str!("../../std/segments.nn"),
        prelude: &[
            "segment_sum",
            "segment_mean",
            "segment_prod",
            "segment_max",
            "segment_min",
            "segment_logsumexp",
            "segment_softmax",
        ],
    },
    StdFile { path: "std.layers", text: include_str!("../../std/layers.nn"), prelude: &[] },
    StdFile { path: "std.metrics", text: include_str!("../../std/metrics.nn"), prelude: &[] },
    StdFile { path: "std.dist", text: include_str!("../../std/dist.nn"), prelude: &[] },
];

/// All names that `std` brings into scope everywhere.
pub(super) fn prelude_names() -> impl Iterator<Item = &'static str> {
    STD.iter().flat_map(|f| f.prelude.iter().copied())
}

/// The file of `std` that has a function or layer of this name and must be imported: its path.
pub(super) fn std_file_with(name: &str) -> Option<&'static str> {
    let defines = |line: &str| {
        let rest = line.strip_prefix("fn ").or_else(|| line.strip_prefix("layer "));
        rest.and_then(|rest| rest.strip_prefix(name)).is_some_and(|rest| rest.starts_with('('))
    };
    let file = STD.iter().find(|f| f.prelude.is_empty() && f.text.lines().any(defines));
    file.map(|f| f.path)
}

/// Something that is worked out as one: an entry of a `dim` or `const`, or another statement.
#[derive(Debug)]
pub(super) struct Item<'a> {
    /// The file it stands in.
    pub module: ModuleId,
    /// What it is.
    pub kind: ItemKind<'a>,
    /// Its name, or that of its statement.
    pub span: Span,
}

/// The forms of items.
#[derive(Debug)]
pub(super) enum ItemKind<'a> {
    Dim(&'a DimDeclaration),
    Const(&'a ConstDeclaration),
    Input(&'a Declaration),
    Target(&'a Declaration),
    Param(&'a Declaration),
    State(&'a Declaration),
    /// Has no name of its own.
    Update(&'a Update),
    Let(&'a Let),
    Fn(&'a Function),
    Layer(&'a Layer),
    /// `value` is absent in `output p`.
    Output {
        name: &'a Name,
        binders: Option<&'a [Binder]>,
        value: Option<&'a Expr>,
    },
    Loss {
        name: Option<&'a Name>,
        value: &'a Expr,
    },
    Metric {
        name: &'a Name,
        value: &'a Expr,
    },
}

impl ItemKind<'_> {
    /// How messages call it.
    pub(super) fn noun(&self) -> &'static str {
        match self {
            ItemKind::Dim(_) => "dim",
            ItemKind::Const(_) => "const",
            ItemKind::Input(_) => "input",
            ItemKind::Target(_) => "target",
            ItemKind::Param(_) => "param",
            ItemKind::State(_) => "state",
            ItemKind::Update(_) => "update",
            ItemKind::Let(_) => "let",
            ItemKind::Fn(_) => "fn",
            ItemKind::Layer(_) => "layer",
            ItemKind::Output { .. } => "output",
            ItemKind::Loss { .. } => "loss",
            ItemKind::Metric { .. } => "metric",
        }
    }
}

/// What a name of a file stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Entity {
    /// An item, or one part of a `let (a, b) = …`.
    Item(ItemId, Option<usize>),
    /// `dist` after `import std.dist`.
    Prefix(ModuleId),
}

/// A name of a file, where it was introduced.
#[derive(Clone, Copy, Debug)]
pub(super) struct Binding {
    pub entity: Entity,
    pub span: Span,
    /// Whether the name was imported.
    pub imported: bool,
}

/// The names of all files.
#[derive(Debug, Default)]
pub(super) struct Names<'a> {
    pub items: Vec<Item<'a>>,
    /// By file.
    pub names: Vec<FxHashMap<&'a str, Binding>>,
    /// By file: names that an import should have brought.
    pub missing: Vec<FxHashSet<&'a str>>,
    /// What `std` brings into scope everywhere.
    pub prelude: FxHashMap<&'a str, ItemId>,
    /// Derivatives that files give for their functions.
    pub rules: FxHashMap<ItemId, &'a Derivative>,
}

/// A loader of imported files: `lib/optics.nn` → its text, or why it cannot be read.
pub type Loader<'l> = &'l dyn Fn(&str) -> Result<String, String>;

/// Reads the main file and everything it imports.
pub(super) fn load(
    sources: &mut SourceMap,
    main: FileId,
    loader: Loader,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<Module> {
    let mut modules: Vec<Module> = vec![];
    let mut known: FxHashMap<String, ModuleId> = FxHashMap::default();
    // (path, file name or none for std and main, place of the import)
    let mut waiting: Vec<(String, Option<Span>)> = vec![(String::new(), None)];
    while let Some((path, at)) = waiting.pop() {
        if known.contains_key(&path) {
            continue;
        }
        let std_file = STD.iter().find(|f| f.path == path);
        let file = match (std_file, at) {
            (Some(std_file), _) => sources.add(format!("{}.nn", path.replace('.', "/")), std_file.text),
            (None, Some(at)) => {
                let name = format!("{}.nn", path.replace('.', "/"));
                let loaded = if path.starts_with("std.") || path == "std" {
                    Err(error::no_std_file(at, &path, STD.iter().map(|f| f.path)))
                } else {
                    let own_name = |f: &&StdFile| f.path.strip_prefix("std.") == Some(&path);
                    let near = STD.iter().find(own_name).map(|f| f.path);
                    loader(&name).map_err(|why| error::cannot_import(at, &name, &why, near))
                };
                match loaded {
                    Ok(text) => sources.add(name, text),
                    Err(problem) => {
                        diagnostics.push(problem);
                        continue;
                    }
                }
            }
            (None, None) => main,
        };
        let parsed = parse(file, &sources.file(file).text.clone());
        diagnostics.extend(parsed.diagnostics);
        let mut wanted: FxHashSet<&str> = FxHashSet::default();
        for statement in &parsed.ast.statements {
            if let StatementKind::Import { path, .. } = &statement.kind {
                waiting.push((dotted(path), Some(statement.span)));
            }
            super::free_names::mentioned(statement, &mut |name| {
                wanted.insert(name);
            });
        }
        for std_file in STD.iter().filter(|f| f.prelude.iter().any(|n| wanted.contains(n))) {
            waiting.push((std_file.path.to_string(), None));
        }
        known.insert(path.clone(), modules.len());
        modules.push(Module { file, path, is_std: std_file.is_some(), ast: parsed.ast });
    }
    modules
}

fn dotted(path: &[Name]) -> String {
    path.iter().map(|n| n.text.as_str()).collect::<Vec<_>>().join(".")
}

/// Collects the names of all files; reports names defined twice, bad imports and import circles.
pub(super) fn collect<'a>(modules: &'a [Module], diagnostics: &mut Vec<Diagnostic>) -> Names<'a> {
    let mut all = Names { names: modules.iter().map(|_| FxHashMap::default()).collect(), ..Names::default() };
    all.missing = vec![FxHashSet::default(); modules.len()];
    for (module, m) in modules.iter().enumerate() {
        for statement in &m.ast.statements {
            define(&mut all, module, m, statement, diagnostics);
        }
    }
    for (module, m) in modules.iter().enumerate() {
        for statement in &m.ast.statements {
            if let StatementKind::Derivative(rule) = &statement.kind {
                add_rule(&mut all, module, rule, diagnostics);
            }
        }
    }
    for (module, m) in modules.iter().enumerate() {
        for statement in &m.ast.statements {
            if let StatementKind::Import { path, names } = &statement.kind {
                import(&mut all, modules, module, path, names.as_deref(), statement.span, diagnostics);
            }
        }
    }
    report_import_circle(modules, diagnostics);
    for std_file in STD {
        let Some(module) = modules.iter().position(|m| m.is_std && m.path == std_file.path) else { continue };
        for name in std_file.prelude {
            if let Some(Binding { entity: Entity::Item(item, None), .. }) = all.names[module].get(name) {
                all.prelude.insert(name, *item);
            }
        }
    }
    all
}

/// `derivative f(x, ct) = …` belongs to the `fn f` of the same file.
fn add_rule<'a>(all: &mut Names<'a>, module: ModuleId, rule: &'a Derivative, diagnostics: &mut Vec<Diagnostic>) {
    use crate::diag::catalog::derivatives as error;
    let name = &rule.function;
    let found = all.names[module].get(name.text.as_str()).and_then(|b| match b.entity {
        Entity::Item(item, None) if !b.imported => match all.items[item.0].kind {
            ItemKind::Fn(f) => Some((item, f)),
            _ => None,
        },
        _ => None,
    });
    let Some((item, f)) = found else {
        let is_fn = |i: &&Item<'a>| i.module == module && matches!(i.kind, ItemKind::Fn(_));
        let has: Vec<&str> = all
            .items
            .iter()
            .filter(is_fn)
            .filter_map(|i| match i.kind {
                ItemKind::Fn(f) => Some(f.title()),
                _ => None,
            })
            .collect();
        diagnostics.push(error::no_such_function(name.span, &name.text, &has));
        return;
    };
    if rule.arguments.len() != f.arguments.len() + 1 {
        let names: Vec<&str> = f.arguments.iter().map(|a| a.name.text.as_str()).collect();
        let function = f.name.as_ref().map_or(all.items[item.0].span, |n| n.span);
        diagnostics.push(error::rule_arguments(name.span, &name.text, function, &names, rule.arguments.len()));
    } else if let Some(first) = all.rules.insert(item, rule) {
        diagnostics.push(error::second_rule(name.span, &name.text, first.function.span));
    }
}

fn define<'a>(
    all: &mut Names<'a>,
    module: ModuleId,
    m: &Module,
    statement: &'a Statement,
    diagnostics: &mut Vec<Diagnostic>,
) {
    if let StatementKind::Layer(layer) = &statement.kind {
        check_layer(layer, diagnostics);
    }
    let mut add = |kind: ItemKind<'a>, names: &[&'a Name], span: Span| {
        let item = ItemId(all.items.len());
        all.items.push(Item { module, kind, span });
        for (i, name) in names.iter().enumerate() {
            let position = (names.len() > 1).then_some(i);
            let binding = Binding { entity: Entity::Item(item, position), span: name.span, imported: false };
            bind(&mut all.names[module], name, binding, diagnostics);
        }
    };
    let importable = matches!(
        statement.kind,
        StatementKind::Import { .. }
            | StatementKind::Dim(_)
            | StatementKind::Const(_)
            | StatementKind::Let(_)
            | StatementKind::Fn(_)
            | StatementKind::Derivative(_)
            | StatementKind::Layer(_)
            | StatementKind::Precision(_)
    );
    if !importable && !m.path.is_empty() {
        diagnostics.push(error::not_in_library(statement.span, &m.path));
        return;
    }
    match &statement.kind {
        StatementKind::Dim(list) => list.iter().for_each(|d| add(ItemKind::Dim(d), &[&d.name], d.name.span)),
        StatementKind::Const(list) => list.iter().for_each(|c| add(ItemKind::Const(c), &[&c.name], c.name.span)),
        StatementKind::Input(d) => add(ItemKind::Input(d), &[&d.name], d.name.span),
        StatementKind::Target(d) => add(ItemKind::Target(d), &[&d.name], d.name.span),
        StatementKind::Param(d) => add(ItemKind::Param(d), &[&d.name], d.name.span),
        // A `fn` without a name stands in a layer only.
        StatementKind::Fn(f) => f.name.iter().for_each(|name| add(ItemKind::Fn(f), &[name], name.span)),
        StatementKind::Let(l) => match &l.pattern {
            Pattern::Name(n) => add(ItemKind::Let(l), &[n], n.span),
            Pattern::Tuple(names) => {
                let names: Vec<&Name> = names.iter().collect();
                add(ItemKind::Let(l), &names, l.span)
            }
        },
        StatementKind::Output { name, binders, value } => {
            let kind = ItemKind::Output { name, binders: binders.as_deref(), value: value.as_ref() };
            // `output p` shows a value that has its name already.
            let names: &[&Name] = if value.is_some() { &[name] } else { &[] };
            add(kind, names, name.span)
        }
        StatementKind::Loss { name, value } => {
            let names: Vec<&Name> = name.iter().collect();
            add(ItemKind::Loss { name: name.as_ref(), value }, &names, statement.span)
        }
        StatementKind::Metric { name, value } => add(ItemKind::Metric { name, value }, &[name], name.span),
        StatementKind::State(d) => add(ItemKind::State(d), &[&d.name], d.name.span),
        StatementKind::Update(u) => add(ItemKind::Update(u), &[], u.span),
        StatementKind::Layer(layer) => add(ItemKind::Layer(layer), &[&layer.name], layer.name.span),
        StatementKind::Import { .. }
        | StatementKind::Precision(_)
        | StatementKind::Data(_)
        | StatementKind::Derivative(_)
        | StatementKind::Train(_) => {}
    }
}

/// Reports names that a layer defines twice; an argument and a member of one name would hide each other too.
fn check_layer(layer: &Layer, diagnostics: &mut Vec<Diagnostic>) {
    let mut seen: FxHashMap<&str, Span> = FxHashMap::default();
    let mut nameless: Option<Span> = None;
    let arguments = layer.parameters.iter().map(|p| &p.name);
    for name in arguments.chain(super::layers::member_names(layer)) {
        match seen.get(name.text.as_str()) {
            Some(first) => diagnostics.push(error::defined_twice(name.span, &name.text, *first)),
            None => {
                seen.insert(&name.text, name.span);
            }
        }
    }
    for statement in &layer.body {
        if matches!(&statement.kind, StatementKind::Fn(f) if f.name.is_none())
            && let Some(first) = nameless.replace(statement.span)
        {
            diagnostics.push(error::defined_twice(statement.span, "fn", first));
        }
    }
}

fn bind<'a>(
    names: &mut FxHashMap<&'a str, Binding>,
    name: &'a Name,
    binding: Binding,
    diagnostics: &mut Vec<Diagnostic>,
) {
    if name.text == "_" {
        return;
    }
    if let Some(first) = names.get(name.text.as_str()) {
        if first.entity != binding.entity {
            diagnostics.push(error::defined_twice(name.span, &name.text, first.span));
        }
        return;
    }
    names.insert(&name.text, binding);
}

fn import<'a>(
    all: &mut Names<'a>,
    modules: &[Module],
    module: ModuleId,
    path: &'a [Name],
    names: Option<&'a [ImportName]>,
    span: Span,
    diagnostics: &mut Vec<Diagnostic>,
) {
    let dotted = dotted(path);
    // A file that could not be read was reported.
    let Some(source) = modules.iter().position(|m| m.path == dotted) else { return };
    let Some(names) = names else {
        if let Some(last) = path.last() {
            let binding = Binding { entity: Entity::Prefix(source), span, imported: true };
            bind(&mut all.names[module], last, binding, diagnostics);
        }
        return;
    };
    for wanted in names {
        let found = all.names[source].get(wanted.name.text.as_str()).copied().filter(|b| !b.imported);
        match found {
            Some(found) => {
                let here = wanted.alias.as_ref().unwrap_or(&wanted.name);
                let binding = Binding { entity: found.entity, span: here.span, imported: true };
                bind(&mut all.names[module], here, binding, diagnostics);
            }
            None => {
                let file = format!("{}.nn", dotted.replace('.', "/"));
                let mut has: Vec<&str> =
                    all.names[source].iter().filter(|(_, b)| !b.imported).map(|(n, _)| *n).collect();
                has.sort_unstable();
                all.missing[module].insert(&wanted.alias.as_ref().unwrap_or(&wanted.name).text);
                diagnostics.push(error::not_in_file(wanted.name.span, &file, &wanted.name.text, &has));
            }
        }
    }
}

/// Files that import each other in a circle: reported once, at the import that closes it.
fn report_import_circle(modules: &[Module], diagnostics: &mut Vec<Diagnostic>) {
    let imports: Vec<Vec<(ModuleId, Span)>> = modules
        .iter()
        .map(|m| {
            let paths = m.ast.statements.iter().filter_map(|s| match &s.kind {
                StatementKind::Import { path, .. } => Some((dotted(path), s.span)),
                _ => None,
            });
            paths.filter_map(|(p, at)| Some((modules.iter().position(|m| m.path == p)?, at))).collect()
        })
        .collect();
    // Depth first with a list of the way here; 0 unseen, 1 on the way, 2 done.
    let mut state = vec![0u8; modules.len()];
    for start in 0..modules.len() {
        if state[start] != 0 {
            continue;
        }
        let mut way: Vec<(ModuleId, usize)> = vec![(start, 0)];
        state[start] = 1;
        while let Some((m, next)) = way.last_mut() {
            let Some((to, at)) = imports[*m].get(*next).copied() else {
                state[*m] = 2;
                way.pop();
                continue;
            };
            *next += 1;
            match state[to] {
                0 => {
                    state[to] = 1;
                    way.push((to, 0));
                }
                1 => {
                    let from = way.iter().position(|(m, _)| *m == to).unwrap_or(0);
                    let name =
                        |m: ModuleId| if modules[m].path.is_empty() { "the main file" } else { &modules[m].path };
                    let circle: Vec<&str> = way[from..].iter().map(|(m, _)| name(*m)).chain([name(to)]).collect();
                    diagnostics.push(error::import_circle(at, &circle));
                    return;
                }
                _ => {}
            }
        }
    }
}
