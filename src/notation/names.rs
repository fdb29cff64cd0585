//! Names that are free: for outputs, lets and indices.

use crate::graph::{Axis, Extents, Program};
use rustc_hash::{FxHashMap, FxHashSet};

/// The names in use.
pub(super) struct Names {
    taken: FxHashSet<String>,
    axes: FxHashMap<Axis, String>,
    counter: usize,
}

impl Names {
    /// All names of a program are taken.
    pub(super) fn new(program: &Program) -> Names {
        let mut taken: FxHashSet<String> = program.values.iter().map(|v| v.name.clone()).collect();
        taken.extend(program.graph.ports().map(|(_, p)| p.name.clone()));
        taken.extend(program.graph.extents.dims().iter().map(|d| d.name.clone()));
        Names { taken, axes: FxHashMap::default(), counter: 0 }
    }

    /// The name itself, or with `_` behind it if it is taken.
    pub(super) fn fresh(&mut self, wanted: &str) -> String {
        let mut name = wanted.replace('.', "_");
        while !self.taken.insert(name.clone()) {
            name.push('_');
        }
        name
    }

    /// `t1`, `t2`, …
    pub(super) fn fresh_numbered(&mut self, prefix: &str) -> String {
        loop {
            self.counter += 1;
            let name = format!("{prefix}{}", self.counter);
            if self.taken.insert(name.clone()) {
                return name;
            }
        }
    }

    /// The index name of an axis: the dim in lower case, numbered if there are several.
    pub(super) fn axis(&mut self, extents: &Extents, axis: Axis) -> String {
        if let Some(name) = self.axes.get(&axis) {
            return name.clone();
        }
        let name = match extents.poly(axis.extent).as_dim() {
            Some(dim) => self.numbered(&extents.dim(dim).name.to_lowercase()),
            None => {
                let free = ["i", "j", "k", "l"].into_iter().find(|l| !self.taken.contains(*l));
                self.numbered(free.unwrap_or("i"))
            }
        };
        self.axes.insert(axis, name.clone());
        name
    }

    /// The name itself if it is free, else with the first number from 2 that makes it so.
    fn numbered(&mut self, base: &str) -> String {
        let mut name = base.to_string();
        let mut number = 1;
        while !self.taken.insert(name.clone()) {
            number += 1;
            name = format!("{base}{number}");
        }
        name
    }
}
