//! The text of a plan: what `nnc show --stage plan` prints and tests compare.
//!
//! Reads plans. Must not change them.

use super::cost::Cost;
use super::kernel::{BufferId, Element, Expr, ExprId, Item, Kernel, Matrix};
use super::{Address, Border, Place, Plan};
use crate::graph::{Axis, Block, Poly, Precision};
use crate::prim::{Inst, Prim, ROWS};
use std::fmt::{Display, Formatter, Result};

impl Display for Plan {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        writeln!(f, "precision {}", if self.precision == Precision::F32 { "f32" } else { "f64" })?;
        for (_, port) in &self.ports {
            writeln!(f, "port {}", self.border(port))?;
        }
        for result in &self.results {
            writeln!(f, "result {}", self.border(result))?;
        }
        for buffer in &self.buffers {
            if let Place::Workspace { first, last } = buffer.place {
                let axes: Vec<String> = buffer.axes.iter().map(|a| self.size(*a)).collect();
                let kind = element(buffer.element);
                writeln!(f, "workspace {}[{}] {kind}, kernels {first} to {last}", buffer.name, axes.join(", "))?;
            }
        }
        for (i, kernel) in self.kernels.iter().enumerate() {
            for r in self.repeats.iter().filter(|r| r.first as usize == i) {
                let turns = self.extents.show(self.extents.poly(r.extent));
                let done = r.done.map_or(String::new(), |d| format!(" until {}", self.buffer(d).name));
                let name = &self.buffer(r.counter).name;
                writeln!(f, "for {name} in 0..{turns}{done}: kernels {} to {}", r.first, r.end - 1)?;
            }
            let Cost { flops, bytes } = self.cost(kernel);
            let (flops, bytes) = (self.extents.show(&flops), self.extents.show(&bytes));
            writeln!(f, "kernel {i}: {}; {flops} flops, {bytes} bytes", kernel.name)?;
            self.items(f, kernel, &kernel.body, 1)?;
        }
        Ok(())
    }
}

fn element(element: Element) -> &'static str {
    match element {
        Element::Real => "real",
        Element::Index => "index",
        Element::Bool => "bool",
    }
}

impl Plan {
    fn border(&self, border: &Border) -> String {
        let shape: Vec<String> = border.shape.iter().map(|e| self.extents.show(self.extents.poly(*e))).collect();
        format!("{}[{}] {}", border.name, shape.join(", "), element(border.element))
    }

    fn size(&self, axis: Axis) -> String {
        self.extents.show(self.extents.poly(axis.extent))
    }

    fn var(&self, axis: Axis) -> String {
        let size = self.size(axis).to_lowercase().replace(' ', "");
        let letter = if size.starts_with(|c: char| c.is_ascii_alphabetic()) { "" } else { "i" };
        match crate::graph::core_name(axis) {
            Some(name) => format!("{letter}{size}.{name}"),
            None => format!("{letter}{size}{}", "'".repeat(axis.ordinal.into())),
        }
    }

    fn items(&self, f: &mut Formatter<'_>, k: &Kernel, items: &[Item], depth: usize) -> Result {
        let pad = "  ".repeat(depth);
        for item in items {
            match item {
                Item::Let(e) => writeln!(f, "{pad}e{} = {}", e.0, self.definition(k, *e))?,
                Item::Loop(l) => {
                    let axis = k.vars[l.var.0 as usize];
                    let by = if l.vector { " by vectors" } else { "" };
                    writeln!(f, "{pad}for {} in 0..{}{by}", self.var(axis), self.size(axis))?;
                    self.items(f, k, &l.body, depth + 1)?;
                }
                Item::Strips { var, body, .. } => {
                    let axis = k.vars[var.0 as usize];
                    writeln!(f, "{pad}strips of {} in 0..{}", self.var(axis), self.size(axis))?;
                    self.items(f, k, body, depth + 1)?;
                }
                Item::Store { buffer, at, value, combine, .. } => {
                    let how = combine.map_or(String::new(), |r| format!("{} ", r.row().name));
                    writeln!(f, "{pad}{} {how}= {}", self.element_name(k, *buffer, at), self.operand(k, *value))?;
                }
                Item::Start(t) => {
                    let name = k.totals[t.0 as usize].reduction.row().name;
                    writeln!(f, "{pad}total{} = {name} of none", t.0)?;
                }
                Item::Update(t, e) => {
                    let name = k.totals[t.0 as usize].reduction.row().name;
                    writeln!(f, "{pad}total{} {name} = {}", t.0, self.operand(k, *e))?;
                }
                Item::Spill(s, e) => writeln!(f, "{pad}strip{} = {}", s.0, self.operand(k, *e))?,
                Item::Fetch(s, e) => writeln!(f, "{pad}e{} = strip{}", e.0, s.0)?,
                Item::Bulk(s, e, args) => {
                    let args: Vec<String> = args.iter().map(|a| format!("strip{}", a.0)).collect();
                    let Expr::Call(call, _) = k.expr(*e) else { continue };
                    writeln!(f, "{pad}strip{} = {}({})", s.0, k.calls[*call as usize].name(), args.join(", "))?;
                }
                Item::Product(p) => {
                    let sizes = [&p.m, &p.n, &p.k].map(|s| self.extents.show(s));
                    let add = if p.add { "+=" } else { "=" };
                    let [dst, a, b] = [&p.dst, &p.a, &p.b].map(|m| self.matrix(k, m));
                    writeln!(f, "{pad}{dst} {add} {a} @ {b}  ({} x {} x {})", sizes[0], sizes[1], sizes[2])?;
                }
                Item::Block(call) => {
                    let [n, m] = [&call.n, &call.m].map(|s| self.extents.show(s));
                    let dst = &self.buffer(call.dst).name;
                    let matrix = call.matrix.map_or(dst, |m| &self.buffer(m).name);
                    let size = match call.block {
                        Block::ArgSort => n,
                        block if block.is_system() => format!("{n} x {n}, {m} columns"),
                        _ => format!("{n} x {m}"),
                    };
                    writeln!(f, "{pad}{dst} = {}({matrix})  ({size})", call.block.name())?;
                }
            }
        }
        Ok(())
    }

    fn matrix(&self, k: &Kernel, m: &Matrix) -> String {
        let Address { terms, constant } = &m.start;
        let start: Vec<String> = terms
            .iter()
            .map(|(e, stride)| format!(" + {} * ({})", self.operand(k, *e), self.extents.show(stride)))
            .chain((constant != &Poly::default()).then(|| format!(" + {}", self.extents.show(constant))))
            .collect();
        let (row, column) = (self.extents.show(&m.row), self.extents.show(&m.column));
        format!("{}{}<{row}, {column}>", self.buffer(m.buffer).name, start.concat())
    }

    fn element_name(&self, k: &Kernel, buffer: BufferId, at: &[ExprId]) -> String {
        let at: Vec<String> = at.iter().map(|e| self.operand(k, *e)).collect();
        format!("{}[{}]", self.buffer(buffer).name, at.join(", "))
    }

    fn operand(&self, k: &Kernel, e: ExprId) -> String {
        match k.expr(e) {
            Expr::Real(bits) => format!("{}", f64::from_bits(*bits)),
            Expr::Bool(value) => value.to_string(),
            Expr::Var(v) => self.var(k.vars[v.0 as usize]),
            Expr::Linear { .. } => self.definition(k, e),
            _ => format!("e{}", e.0),
        }
    }

    fn definition(&self, k: &Kernel, e: ExprId) -> String {
        let list = |args: &[ExprId]| args.iter().map(|a| self.operand(k, *a)).collect::<Vec<_>>().join(", ");
        let size = |e: &crate::graph::ExtentId| self.extents.show(self.extents.poly(*e));
        match k.expr(e) {
            Expr::Real(_) | Expr::Bool(_) | Expr::Var(_) => self.operand(k, e),
            Expr::Linear { terms, constant } => {
                let mut parts: Vec<String> = terms
                    .iter()
                    .map(|(t, by)| match size(by).as_str() {
                        "1" => self.operand(k, *t),
                        by => format!("({by}) * {}", self.operand(k, *t)),
                    })
                    .collect();
                if size(constant) != "0" || parts.is_empty() {
                    parts.push(size(constant));
                }
                parts.join(" + ")
            }
            Expr::Quotient(i, by) => format!("({}) div ({})", self.operand(k, *i), size(by)),
            Expr::Remainder(i, by) => format!("({}) mod ({})", self.operand(k, *i), size(by)),
            Expr::Load { buffer, at, checked } => {
                let check = if checked.contains(&true) { " or 0 outside" } else { "" };
                format!("{}{check}", self.element_name(k, *buffer, at))
            }
            Expr::Inst(Inst::Add, _, args) => {
                let mut text = String::new();
                for (i, a) in args.iter().enumerate() {
                    match (k.negated(*a), i) {
                        (Some(x), _) => text += &format!(" - {}", self.operand(k, x)),
                        (None, 0) => text += &self.operand(k, *a),
                        (None, _) => text += &format!(" + {}", self.operand(k, *a)),
                    }
                }
                text.trim_start().to_string()
            }
            Expr::Inst(Inst::PowConst, bits, args) => format!("{} ^ {}", list(args), f64::from_bits(*bits)),
            Expr::Inst(inst, _, args) => format!("{}({})", name_of(*inst), list(args)),
            Expr::Call(call, args) => format!("{}({})", k.calls[*call as usize].name(), list(args)),
            Expr::Total(t) => format!("total{}", t.0),
        }
    }
}

/// The name of the primitive that becomes this instruction.
fn name_of(inst: Inst) -> &'static str {
    let is = |prim: Prim| matches!(prim.row().lower, crate::prim::Lower::Inst(i) if i == inst);
    ROWS.iter().find(|r| is(r.prim)).map_or("inst", |r| r.name)
}
