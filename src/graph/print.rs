//! The stable text form of a graph, in index notation: what tests and `nnc show --stage graph` print.
//!
//! Reads the graph. Axes print as the lower-case name of their extent with primes for ordinals.

use super::{Axis, Graph, NodeId, Op};
use crate::prim::Prim;
use rustc_hash::FxHashMap;
use std::fmt::Write;

/// Deeper terms get a line of their own.
const NESTED: usize = 50;

/// A term of more nodes, shared ones counted each time, is not printed on one line.
const LONGEST: usize = 500;

impl Graph {
    /// One line per node that is used more than once or is structural, then the roots.
    pub fn show(&self, roots: &[(String, NodeId)]) -> String {
        let ids: Vec<NodeId> = roots.iter().map(|r| r.1).collect();
        let order = self.reachable(&ids);
        let mut uses: FxHashMap<NodeId, usize> = FxHashMap::default();
        for n in &order {
            for a in self.args(*n) {
                *uses.entry(*a).or_default() += 1;
            }
        }
        let mut names: FxHashMap<NodeId, String> = FxHashMap::default();
        let mut out = String::new();
        // How many levels of a node are printed in place: long chains are cut, so that depth costs no stack.
        let mut nested: FxHashMap<NodeId, usize> = FxHashMap::default();
        for n in &order {
            let levels = 1 + self.args(*n).iter().map(|a| nested[a]).max().unwrap_or(0);
            let is_leaf = matches!(
                self.op(*n),
                Op::Const(_) | Op::Bool(_) | Op::Axis(_) | Op::Port(_) | Op::Linear { .. } | Op::At(_)
            );
            let shared = uses.get(n).copied().unwrap_or(0) > 1;
            let named = !is_leaf && (shared || levels > NESTED || matches!(self.op(*n), Op::Reduce(..) | Op::Scan(_)));
            nested.insert(*n, if named { 0 } else { levels });
            if named {
                let name = format!("t{}", names.len());
                let _ =
                    writeln!(out, "{name}{} = {}", self.show_axes(self.axes(*n).as_slice()), self.term(*n, 0, &names));
                names.insert(*n, name);
            }
        }
        for (name, n) in roots {
            let _ = writeln!(out, "{name} = {}", self.term(*n, 0, &names));
        }
        out
    }

    /// One term in full, on one line; as [`Graph::show`] if that would be long.
    pub fn show_term(&self, n: NodeId) -> String {
        let mut sizes: FxHashMap<NodeId, usize> = FxHashMap::default();
        for m in self.reachable(&[n]) {
            let below = self.args(m).iter().fold(1usize, |sum, a| sum.saturating_add(sizes[a]));
            sizes.insert(m, below);
        }
        if sizes[&n] > LONGEST { self.show(&[("term".into(), n)]) } else { self.term(n, 0, &FxHashMap::default()) }
    }

    /// The operation of a term, with names for the terms below it.
    pub fn show_with(&self, n: NodeId, names: &FxHashMap<NodeId, String>) -> String {
        if matches!(self.op(n), Op::Scan(_)) {
            return "loop".into();
        }
        let below = self.reachable_until(&[n], |m| m != n && names.contains_key(&m));
        match below.len() > LONGEST {
            true => "…".into(),
            false => self.bare_term(n, 0, names),
        }
    }

    /// The name an axis prints with.
    pub fn show_axis(&self, axis: Axis) -> String {
        let extent = self.extents.show(self.extent(axis)).to_lowercase().replace(' ', "");
        let name =
            if extent.starts_with(|c: char| c.is_ascii_digit() || c == '-') { format!("i{extent}") } else { extent };
        match super::core_name(axis) {
            Some(part) => format!("{name}.{part}"),
            None => format!("{name}{}", "'".repeat(axis.ordinal as usize)),
        }
    }

    fn show_axes(&self, axes: &[Axis]) -> String {
        if axes.is_empty() {
            return String::new();
        }
        let names: Vec<String> = axes.iter().map(|a| self.show_axis(*a)).collect();
        format!("[{}]", names.join(", "))
    }

    fn term(&self, n: NodeId, level: u8, names: &FxHashMap<NodeId, String>) -> String {
        if let Some(name) = names.get(&n) {
            if let Op::Scan(_) = self.op(n) {
                return name.clone();
            }
            return format!("{name}{}", self.show_axes(self.axes(n).as_slice()));
        }
        self.bare_term(n, level, names)
    }

    /// A term, whatever its own name is.
    fn bare_term(&self, n: NodeId, level: u8, names: &FxHashMap<NodeId, String>) -> String {
        let sub = |n: NodeId, level: u8| self.term(n, level, names);
        let wrap = |text: String, own: u8| if own < level { format!("({text})") } else { text };
        let args = self.args(n);
        match self.op(n) {
            Op::Const(bits) => format!("{}", f64::from_bits(*bits)),
            Op::Bool(b) => b.to_string(),
            Op::Axis(axis) => self.show_axis(*axis),
            Op::Linear { coefficients, constant } => {
                let mut parts: Vec<String> = vec![];
                for (a, c) in args.iter().zip(coefficients) {
                    let c = self.extents.poly(*c);
                    parts.push(match c.as_constant() {
                        Some(1) => sub(*a, 2),
                        _ => format!("{} * {}", self.extents.show(c), sub(*a, 2)),
                    });
                }
                let constant = self.extents.poly(*constant);
                if constant.as_constant() != Some(0) || parts.is_empty() {
                    parts.push(self.extents.show(constant));
                }
                wrap(parts.join(" + "), if parts.len() > 1 { 1 } else { 3 })
            }
            Op::Quotient(by) => format!("div({}, {})", sub(args[0], 0), self.extents.show(self.extents.poly(*by))),
            Op::Remainder(by) => format!("mod({}, {})", sub(args[0], 0), self.extents.show(self.extents.poly(*by))),
            Op::Port(port) => {
                let port = self.port_info(*port);
                format!("{}{}", port.name, self.show_axes(&port.axes))
            }
            Op::At(vars) => {
                let base = args[0];
                let place = |axis: Axis| match vars.iter().position(|v| v == axis) {
                    Some(i) => sub(args[i + 1], 0),
                    None => self.show_axis(axis),
                };
                let order: Vec<Axis> = match self.op(base) {
                    Op::Port(port) => self.port_info(*port).axes.clone(),
                    _ => self.axes(base).iter().collect(),
                };
                let places: Vec<String> = order.into_iter().map(place).collect();
                let base = match (self.op(base), names.get(&base)) {
                    (_, Some(name)) => name.clone(),
                    (Op::Port(port), _) => self.port_info(*port).name.clone(),
                    _ => format!("({})", sub(base, 0)),
                };
                format!("{base}[{}]", places.join(", "))
            }
            Op::State { level, slot, axes, .. } => format!("s{level}.{slot}{}", self.show_axes(axes.as_slice())),
            Op::Scan(form) => {
                let (first, next) = args.split_at(form.slots.len());
                let list = |terms: &[NodeId]| terms.iter().map(|a| sub(*a, 0)).collect::<Vec<_>>().join(", ");
                let (level, turn) = (form.level, self.show_axis(form.turn));
                format!("scan({turn}, s{level} = ({})) => ({})", list(first), list(next))
            }
            Op::Block(block, _) => {
                format!("{}({})", block.name(), args.iter().map(|a| sub(*a, 0)).collect::<Vec<_>>().join(", "))
            }
            Op::Custom { .. } => {
                format!("custom({})", args.iter().map(|a| sub(*a, 0)).collect::<Vec<_>>().join(", "))
            }
            Op::Out { slot, turn } => format!("{}.{slot}[{}]", sub(args[0], 5), self.show_axis(*turn)),
            Op::Reduce(reduction, bound) => {
                let axes: Vec<String> = bound.iter().map(|a| self.show_axis(a)).collect();
                format!("{}[{}]({})", reduction.row().name, axes.join(", "), sub(args[0], 0))
            }
            Op::Prim(prim, bits) => match prim {
                Prim::Add => {
                    wrap(args.iter().map(|a| sub(*a, 1)).collect::<Vec<_>>().join(" + ").replace("+ -", "- "), 1)
                }
                Prim::Mul | Prim::IndexMul => wrap(args.iter().map(|a| sub(*a, 2)).collect::<Vec<_>>().join(" * "), 2),
                Prim::Div => wrap(format!("{} / {}", sub(args[0], 2), sub(args[1], 3)), 2),
                Prim::PowConst => wrap(format!("{}^{}", sub(args[0], 4), f64::from_bits(*bits)), 3),
                Prim::Select => {
                    wrap(format!("if {} then {} else {}", sub(args[0], 1), sub(args[1], 1), sub(args[2], 1)), 0)
                }
                Prim::IndexToReal => sub(args[0], level),
                Prim::IndexIsZero => wrap(format!("{} == 0", sub(args[0], 1)), 0),
                Prim::IndexIsNonNegative => wrap(format!("{} >= 0", sub(args[0], 1)), 0),
                Prim::Less => wrap(format!("{} < {}", sub(args[0], 1), sub(args[1], 1)), 0),
                Prim::LessEqual => wrap(format!("{} <= {}", sub(args[0], 1), sub(args[1], 1)), 0),
                Prim::Equal => wrap(format!("{} == {}", sub(args[0], 1), sub(args[1], 1)), 0),
                _ => {
                    let list: Vec<String> = args.iter().map(|a| sub(*a, 0)).collect();
                    format!("{}({})", prim.row().name, list.join(", "))
                }
            },
        }
    }
}
