//! Built-in functions that the language cannot say itself: they make or change shapes, or ask for a type.
//!
//! Reads values and dims. Must not know scopes of names.

use super::call::Matched;
use super::scope::Lowerer;
use super::value::{Array, AxisChoice, AxisPick, Evaluated, Reported, Slot, Sort, Value};
use crate::diag::catalog::shapes as error;
use crate::graph::{Axis, AxisMap, Block, ExtentId, NodeId, Poly};
use crate::span::Span;
use crate::syntax::ast::{ArgumentValue, CallArgument, Expr};

macro_rules! natives {
    ($($(#[doc = $doc:literal])* $variant:ident = $name:literal ($($parameter:literal $optional:literal),*);)*) => {
        /// A built-in function that is not written in the language.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub(super) enum Native { $($(#[doc = $doc])* $variant),* }

        impl Native {
            /// All of them.
            pub(super) const ALL: &[Native] = &[$(Native::$variant),*];

            /// What users call it.
            pub(super) fn name(self) -> &'static str {
                match self { $(Native::$variant => $name),* }
            }

            /// Its parameters, and whether they may be left out.
            fn parameters(self) -> &'static [(&'static str, bool)] {
                match self { $(Native::$variant => &[$(($parameter, $optional)),*]),* }
            }
        }
    };
}

natives! {
    /// `zeros([N, H])`
    Zeros = "zeros" ("shape" false);
    /// `ones([N, H])`
    Ones = "ones" ("shape" false);
    /// `eye(K)`: 1 on the diagonal, 0 elsewhere.
    Eye = "eye" ("n" false);
    /// `one_hot(y)`: a last axis over the labels, 1 at the label. `one_hot(i, C)` says how many labels there are.
    OneHot = "one_hot" ("y" false, "classes" true);
    /// `size(x, axis = 0)`: the dim of an axis.
    Size = "size" ("x" false, "axis" true);
    /// `reshape(x, [N, 4 * G])`: the same elements in row-major order.
    Reshape = "reshape" ("x" false, "shape" false);
    /// `concat(a, b, axis = 0)`: arrays one after the other.
    Concat = "concat" ();
    /// `stack(a, b, axis = 0)`: arrays of one shape on a new axis.
    Stack = "stack" ();
    /// `move_axis(x, from, to)`: one axis at another position, the others in order.
    MoveAxis = "move_axis" ("x" false, "from" false, "axis" false);
    /// `real(y)`: labels as numbers, conditions as 1 and 0.
    Real = "real" ("x" false);
    /// `mod(i, n)`: the remainder of an index by a size.
    Mod = "mod" ("i" false, "n" false);
    /// `div(i, n)`: the quotient of an index by a size, rounded down.
    Div = "div" ("i" false, "n" false);
    /// `cholesky(A)`: the lower triangular L with L @ L' = A; reads the lower triangle. NaN if A is not positive definite.
    Cholesky = "cholesky" ("A" false);
    /// `solve(A, b)`: x with A @ x = b, by elimination with pivots; infinite or NaN if A is singular.
    Solve = "solve" ("A" false, "b" false);
    /// `solve_lower(L, b)`: x with L @ x = b; reads the lower triangle.
    SolveLower = "solve_lower" ("L" false, "b" false);
    /// `solve_upper(U, b)`: x with U @ x = b; reads the upper triangle.
    SolveUpper = "solve_upper" ("U" false, "b" false);
    /// `inv(A)`: the inverse. `solve(A, b)` is cheaper and more exact than `inv(A) @ b`.
    Inv = "inv" ("A" false);
    /// `det(A)`: the determinant, by elimination with pivots.
    Det = "det" ("A" false);
    /// `logdet(A)`: the logarithm of the magnitude of the determinant.
    LogDet = "logdet" ("A" false);
    /// `det_sign(A)`: the sign of the determinant, -1, 0 or 1; its derivative is 0.
    DetSign = "det_sign" ("A" false);
    /// `adjugate(A)`: the transposed matrix of the cofactors; `det(A) * inv(A)` where that exists. The derivative of `det`.
    Adjugate = "adjugate" ("A" false);
    /// `adjugate_derivative(A, E)`: how `adjugate(A)` changes along E.
    AdjugateDerivative = "adjugate_derivative" ("A" false, "E" false);
    /// `orthonormal(A)`: the first part of `qr(A)`.
    Orthonormal = "orthonormal" ("A" false);
    /// `eigvalsh(A)`: the eigenvalues of the symmetric matrix (A + A') / 2 in ascending order.
    Eigenvalues = "eigvalsh" ("A" false);
    /// `eigenvectors(A)`: the second part of `eigh(A)`, eigenvectors as columns.
    Eigenvectors = "eigenvectors" ("A" false);
    /// `svdvals(A)`: the singular values in descending order; A has at least as many rows as columns.
    SingularValues = "svdvals" ("A" false);
    /// `right_vectors(A)`: the last part of `svd(A)`, right singular vectors as columns.
    RightVectors = "right_vectors" ("A" false);
    /// `expm(A)`: the exponential of a matrix.
    Exponential = "expm" ("A" false);
    /// `argsort(x)`: where the elements of an axis stand in ascending order, as labels; equal ones stay in order, NaN is last.
    ArgSort = "argsort" ("x" false, "axis" true);
    /// `sort(x)`: the elements of an axis in ascending order. The derivative of an element goes to where it came from.
    Sort = "sort" ("x" false, "axis" true);
    /// `top_k(x, 3)`: the largest elements of an axis, the largest first, and their places on it, as a tuple.
    TopK = "top_k" ("x" false, "k" false, "axis" true);
    /// `is_label(y)`: whether y holds labels; decided at compile time.
    IsLabel = "is_label" ("y" false);
    /// `is_vector(x)`: whether x has one axis; decided at compile time.
    IsVector = "is_vector" ("x" false);
    /// `zeros_like(x)`: zeros in the shape of x.
    ZerosLike = "zeros_like" ("x" false);
    /// `pad(x, 1, axis = [2, 3])`: values before and after the elements of some axes.
    Pad = "pad" ("x" false, "before" false, "after" true, "axis" true, "value" true);
    /// `unpack_lower(v)`: the lower triangle of a matrix from its rows in one vector.
    UnpackLower = "unpack_lower" ("v" false, "n" true);
    /// `pack_lower(L)`: the rows of a lower triangle in one vector.
    PackLower = "pack_lower" ("L" false);
    /// `random_normal([N, Z])`: draws from the normal distribution with mean 0 and standard deviation 1.
    RandomNormal = "random_normal" ("shape" false);
    /// `random_uniform([N], 0, 1)`: draws from the numbers between two ends, the upper one left out.
    RandomUniform = "random_uniform" ("shape" false, "low" true, "high" true);
    /// `dropout(x, 0.1)`: in training each element is 0 with this probability, and `x / 0.9` otherwise; else `x`.
    Dropout = "dropout" ("x" false, "rate" false);
    /// `split(x, 4)`: equal parts, or parts of given sizes, as a tuple.
    Split = "split" ("x" false, "parts" false, "axis" true);
}

impl Native {
    /// The function of a name.
    pub(super) fn named(name: &str) -> Option<Native> {
        Native::ALL.iter().copied().find(|n| n.name() == name)
    }
}

impl<'a> Lowerer<'a> {
    /// A call of a built-in function.
    pub(super) fn call_native(&mut self, native: Native, arguments: &'a [CallArgument], span: Span) -> Evaluated {
        if let Native::Concat | Native::Stack = native {
            return self.joined(native, arguments, span).map(Value::Array);
        }
        let matched = self.match_arguments(native.name(), native.parameters(), arguments, span)?;
        let first = matched.first().copied().flatten();
        let second = matched.get(1).copied().flatten();
        let Some(x) = first else { return Err(Reported) };
        match native {
            Native::Zeros => self.filled(x, 0.0),
            Native::Ones => self.filled(x, 1.0),
            Native::Eye => self.eye(x),
            Native::OneHot => self.one_hot(x, second, span),
            Native::Size => self.size_of_axis(x, second, span),
            Native::Reshape => match second {
                Some(shape) => self.reshape(x, shape, span),
                None => Err(Reported),
            },
            Native::MoveAxis => self.move_axis(&matched, span),
            Native::Real => self.as_real(x),
            Native::Mod | Native::Div => match second {
                Some(n) => self.divided(native, x, n, span),
                None => Err(Reported),
            },
            Native::Cholesky => self.of_matrix(Block::Cholesky, x),
            Native::Inv => self.inverse(x),
            Native::Det => self.of_matrix(Block::Det, x),
            Native::DetSign => self.of_matrix(Block::DetSign, x),
            Native::LogDet => self.of_matrix(Block::LogDet, x),
            Native::Adjugate => self.of_matrix(Block::Adjugate, x),
            Native::Orthonormal => self.of_matrix(Block::Orthonormal, x),
            Native::Eigenvalues => self.of_matrix(Block::Eigenvalues, x),
            Native::Eigenvectors => self.of_matrix(Block::Eigenvectors, x),
            Native::SingularValues => self.of_matrix(Block::SingularValues, x),
            Native::RightVectors => self.of_matrix(Block::RightVectors, x),
            Native::Exponential => self.of_matrix(Block::Exponential, x),
            Native::AdjugateDerivative => match second {
                Some(e) => self.adjugate_derivative(x, e),
                None => Err(Reported),
            },
            Native::Solve | Native::SolveLower | Native::SolveUpper => {
                let Some(b) = second else { return Err(Reported) };
                let block = match native {
                    Native::SolveLower => Block::SolveLower,
                    Native::SolveUpper => Block::SolveUpper,
                    _ => Block::Solve,
                };
                self.system(block, x, b)
            }
            Native::IsLabel => {
                let array = self.array(x)?;
                let node = self.graph.bool(array.is_label());
                Ok(Value::Array(Array::truth(node, vec![])))
            }
            Native::IsVector => {
                let array = self.array(x)?;
                let node = self.graph.bool(array.axes.len() == 1);
                Ok(Value::Array(Array::truth(node, vec![])))
            }
            Native::ZerosLike => {
                let array = self.array(x)?;
                let zero = self.graph.constant(0.0);
                Ok(Value::Array(Array::real(zero, array.axes)))
            }
            Native::Pad => self.pad(&matched, span),
            Native::RandomNormal | Native::RandomUniform => self.random(native, &matched, span),
            Native::Dropout => self.dropout(&matched, span),
            Native::ArgSort => self.argsort(x, second, span),
            Native::Sort => self.sorted(x, second, span),
            Native::TopK => self.top_k(&matched, span),
            Native::Split => self.split(&matched, span),
            Native::UnpackLower => self.unpack_lower(x, second, span),
            Native::PackLower => self.pack_lower(x, span),
            Native::Concat | Native::Stack => Err(Reported),
        }
    }

    fn filled(&mut self, shape: &'a Expr, value: f64) -> Evaluated {
        let axes = self.shape_argument(shape)?;
        let node = self.graph.constant(value);
        Ok(Value::Array(Array::real(node, axes)))
    }

    fn eye(&mut self, n: &'a Expr) -> Evaluated {
        let slots = self.shape_argument(n)?;
        let [row] = slots.as_slice() else {
            return self.fail(error::one_size(self.place(n.span), "eye"));
        };
        let column = Slot { axis: self.fresh_axis(row.axis.extent, &[row.axis]), from: row.from };
        let (i, j) = (self.graph.axis(row.axis), self.graph.axis(column.axis));
        let same = self.graph.index_equal(i, j);
        let (one, zero) = (self.graph.constant(1.0), self.graph.constant(0.0));
        let node = self.graph.select(same, one, zero);
        Ok(Value::Array(Array::real(node, vec![*row, column])))
    }

    fn one_hot(&mut self, y: &'a Expr, classes: Option<&'a Expr>, span: Span) -> Evaluated {
        let labels = self.array(y)?;
        if !labels.is_index() {
            return self.fail(error::not_labels(self.place(y.span), "one_hot"));
        }
        let size = match (&labels.kind, classes) {
            (_, Some(e)) => self.dim(e)?,
            (Sort::Index { size: Some(size), .. }, None) => size.clone(),
            _ => return self.fail(error::label_count_unknown(self.place(span))),
        };
        let extent = self.graph.extents.intern(size);
        let axis = self.fresh_axis(extent, &labels.axis_list());
        let index = self.graph.axis(axis);
        let same = self.graph.index_equal(labels.node, index);
        let (one, zero) = (self.graph.constant(1.0), self.graph.constant(0.0));
        let node = self.graph.select(same, one, zero);
        let mut axes = labels.axes;
        axes.push(Slot { axis, from: y.span });
        Ok(Value::Array(Array::real(node, axes)))
    }

    fn size_of_axis(&mut self, x: &'a Expr, axis: Option<&'a Expr>, span: Span) -> Evaluated {
        let array = self.array(x)?;
        let choice = match axis {
            Some(e) => self.axis_choice(e)?,
            None if array.axes.len() == 1 => AxisChoice::List(vec![AxisPick::Position(0)]),
            None => {
                let shape = self.show_shape(&array.axes);
                return self.fail(error::which_axis(self.place(span), &shape));
            }
        };
        let at = self.chosen_axis(&choice, &array.axes, axis.map_or(span, |a| a.span))?;
        let poly = self.graph.extent(array.axes[at].axis).clone();
        self.size_value(poly)
    }

    fn as_real(&mut self, x: &'a Expr) -> Evaluated {
        let array = self.array(x)?;
        let node = match array.kind {
            Sort::Real => return Ok(Value::Array(array)),
            Sort::Index { .. } => {
                let node = self.graph.real_of_index(array.node);
                let of_two = array.labels().is_some_and(|n| self.graph.extents.known(n) == Some(2));
                if array.is_label() && !of_two && !self.in_std() {
                    self.label_numbers.insert(node, x.span);
                }
                node
            }
            Sort::Bool => {
                let (one, zero) = (self.graph.constant(1.0), self.graph.constant(0.0));
                self.graph.select(array.node, one, zero)
            }
        };
        Ok(Value::Array(Array::real(node, array.axes)))
    }

    fn divided(&mut self, native: Native, i: &'a Expr, n: &'a Expr, span: Span) -> Evaluated {
        let index = self.array(i);
        let by = self.dim(n)?;
        let index = index?;
        if self.graph.extents.known(&by) == Some(0) {
            return self.fail(error::division_by_zero_size(self.place(n.span)));
        }
        if let Some(of) = &index.number {
            let quotient = self.rounded_quotient(of.clone(), by.clone(), span)?;
            return match native {
                Native::Div => self.size_value(quotient),
                _ => self.size_value(of.sub(&quotient.mul(&by))),
            };
        }
        if !index.is_index() {
            return self.fail(error::only_of_indices(self.place(i.span), native.name()));
        }
        let node = match native {
            Native::Div => self.graph.quotient(index.node, &by),
            _ => self.graph.remainder(index.node, &by),
        };
        let kind = Sort::Index { label: index.is_label(), size: None };
        Ok(Value::Array(Array { node, axes: index.axes, kind, number: None }))
    }

    fn move_axis(&mut self, matched: &[Matched<'a>], span: Span) -> Evaluated {
        let [Some(x), Some(from), Some(to)] = matched else { return Err(Reported) };
        let mut array = self.array(x)?;
        let (from, to) = (self.axis_choice(from)?, self.axis_choice(to)?);
        let from = self.chosen_axis(&from, &array.axes, span)?;
        let to = self.chosen_axis(&to, &array.axes, span)?;
        let slot = array.axes.remove(from);
        array.axes.insert(to, slot);
        Ok(Value::Array(array))
    }

    /// The same elements in row-major order under another shape.
    fn reshape(&mut self, x: &'a Expr, shape: &'a Expr, span: Span) -> Evaluated {
        let array = self.array(x);
        let new = self.shape_argument(shape);
        let (array, mut new) = (array?, new?);
        let count = |this: &Self, slots: &[Slot]| {
            let product = slots.iter().fold(Poly::constant(1), |p, s| p.mul(this.graph.extent(s.axis)));
            this.normal(product)
        };
        let (before, after) = (count(self, &array.axes), count(self, &new));
        let (a, b) = (self.graph.extents.intern(before.clone()), self.graph.extents.intern(after.clone()));
        let values = self.graph.extents.known(&before).zip(self.graph.extents.known(&after));
        if self.same_size(a, b).is_none() && values.is_none_or(|(a, b)| a != b) {
            let (old_shape, new_shape) = (self.show_shape(&array.axes), self.show_shape(&new));
            let (before, after) = (self.graph.extents.show(&before), self.graph.extents.show(&after));
            let side = self.side(x, &array);
            return self.fail(error::reshape_counts(self.place(span), &side, &old_shape, &before, &new_shape, &after));
        }
        // Leading axes that stay the same keep their identity.
        let mut kept = 0;
        while let (Some(o), Some(n)) = (array.axes.get(kept), new.get(kept)) {
            if o.axis.extent != n.axis.extent {
                break;
            }
            kept += 1;
        }
        let mut taken: Vec<Axis> = array.axis_list();
        for (i, slot) in new.iter_mut().enumerate() {
            slot.axis = if i < kept { array.axes[i].axis } else { self.fresh_axis(slot.axis.extent, &taken) };
            taken.push(slot.axis);
        }
        let stride_of = |this: &Self, slots: &[Slot], i: usize| {
            slots[i + 1..].iter().fold(Poly::constant(1), |p, s| p.mul(this.graph.extent(s.axis)))
        };
        let mut terms = vec![];
        for i in kept..new.len() {
            let stride = stride_of(self, &new, i);
            terms.push((self.graph.axis(new[i].axis), stride));
        }
        let flat = self.graph.linear(&terms, Poly::default());
        let mut map = AxisMap::new();
        for i in kept..array.axes.len() {
            let stride = stride_of(self, &array.axes, i);
            let size = self.graph.extent(array.axes[i].axis).clone();
            let quotient = self.graph.quotient(flat, &stride);
            let place = if i == kept { quotient } else { self.graph.remainder(quotient, &size) };
            map.insert(array.axes[i].axis, place);
        }
        let node = self.graph.at(array.node, &map);
        Ok(Value::Array(Array { node, axes: new, kind: array.kind, number: None }))
    }

    /// `concat(a, b, …, axis = 0)` and `stack(a, b, …, axis = 0)`
    fn joined(&mut self, native: Native, arguments: &'a [CallArgument], span: Span) -> Evaluated<Array> {
        let mut parts: Vec<(&'a Expr, Evaluated<Array>)> = vec![];
        let mut axis: Option<&'a Expr> = None;
        for argument in arguments {
            let ArgumentValue::Expr(value) = &argument.value else {
                return self.fail(error::range_is_no_value(self.place(span)));
            };
            match &argument.name {
                None => {
                    let array = self.array(value);
                    parts.push((value, array));
                }
                Some(name) if name.text == "axis" && axis.is_none() => axis = Some(value),
                Some(name) => {
                    let at = self.place(name.span);
                    let problem =
                        crate::diag::catalog::names::unknown_argument(at, native.name(), &name.text, &["axis"]);
                    return self.fail(problem);
                }
            }
        }
        let mut exprs = vec![];
        let mut arrays = vec![];
        for (e, array) in parts {
            exprs.push(e);
            arrays.push(array?);
        }
        if arrays.is_empty() {
            return self.fail(error::nothing_to_join(self.place(span), native.name()));
        }
        let all = |test: fn(&Array) -> bool| arrays.iter().all(test);
        if !all(|a| a.kind == Sort::Bool) && !all(Array::is_index) {
            let converted: Vec<Evaluated<Array>> =
                arrays.into_iter().zip(&exprs).map(|(a, e)| self.as_number(a, e)).collect();
            arrays = converted.into_iter().collect::<Evaluated<Vec<Array>>>()?;
        }
        // Stacking makes one axis more.
        let mut shape = arrays[0].axes.clone();
        if let (Native::Stack, Some(one)) = (native, Some(self.graph.extents.intern(Poly::constant(1)))) {
            let axis = self.fresh_axis(one, &arrays[0].axis_list());
            shape.push(Slot { axis, from: span });
        }
        let at = match axis {
            None if shape.is_empty() => return self.fail(error::nothing_to_join(self.place(span), native.name())),
            None => 0,
            Some(e) => {
                let choice = self.axis_choice(e)?;
                self.chosen_axis(&choice, &shape, e.span)?
            }
        };
        if native == Native::Stack {
            let spans: Vec<Span> = exprs.iter().map(|e| e.span).collect();
            return self.stack(&arrays, &spans, at, span);
        }
        self.concat(&arrays, &exprs, at, span)
    }

    fn concat(&mut self, arrays: &[Array], exprs: &[&'a Expr], at: usize, span: Span) -> Evaluated<Array> {
        // All other axes agree.
        let mut axes = arrays[0].axes.clone();
        for (i, array) in arrays.iter().enumerate().skip(1) {
            let fits = array.axes.len() == axes.len()
                && (0..axes.len())
                    .all(|k| k == at || self.same_size(axes[k].axis.extent, array.axes[k].axis.extent).is_some());
            if !fits {
                let (a, b) = (self.side(exprs[0], &arrays[0]), self.side(exprs[i], array));
                return self.fail(error::concat_shapes(self.place(span), &a, &b, at));
            }
            for k in (0..axes.len()).filter(|k| *k != at) {
                if let Some(extent) = self.same_size(axes[k].axis.extent, array.axes[k].axis.extent)
                    && extent != axes[k].axis.extent
                {
                    axes[k] = array.axes[k];
                }
            }
        }
        let length = arrays.iter().fold(Poly::default(), |p, a| p.add(self.graph.extent(a.axes[at].axis)));
        let length = self.checked_size(length, span)?;
        let extent = self.graph.extents.intern(length);
        // Fresh names for the whole result, so that no two axes are the same.
        let mut taken: Vec<Axis> = vec![];
        for (k, slot) in axes.iter_mut().enumerate() {
            let extent = if k == at { extent } else { slot.axis.extent };
            slot.axis = self.fresh_axis(extent, &taken);
            taken.push(slot.axis);
        }
        axes[at].from = span;
        let sizes: Vec<ExtentId> = axes.iter().map(|s| s.axis.extent).collect();
        self.check_count(&sizes, span)?;
        let index = self.graph.axis(axes[at].axis);
        let mut start = Poly::default();
        let mut parts: Vec<(NodeId, NodeId)> = vec![];
        for array in arrays {
            let size = self.graph.extent(array.axes[at].axis).clone();
            let mut map = AxisMap::new();
            for (k, slot) in array.axes.iter().enumerate() {
                let place = if k == at {
                    self.graph.linear(&[(index, Poly::constant(1))], start.scale(-1))
                } else {
                    self.graph.axis(axes[k].axis)
                };
                map.insert(slot.axis, place);
            }
            let node = self.graph.at(array.node, &map);
            let (first, next) = (self.graph.index_size(start.clone()), start.add(&size));
            let last = self.graph.index_size(next.sub(&Poly::constant(1)));
            let (after, before) = (self.graph.index_at_least(index, first), self.graph.index_at_least(last, index));
            parts.push((self.graph.and(after, before), node));
            start = next;
        }
        let node = self.pieces(&parts, &arrays[0].kind);
        let kind = match &arrays[0].kind {
            Sort::Index { .. } => Sort::Index { label: arrays.iter().any(Array::is_label), size: None },
            kind => kind.clone(),
        };
        Ok(Array { node, axes, kind, number: None })
    }

    /// The term that is each part where its condition holds. One of the conditions always does.
    pub(super) fn pieces(&mut self, parts: &[(NodeId, NodeId)], kind: &Sort) -> NodeId {
        if let [(_, only)] = parts {
            return *only;
        }
        if *kind == Sort::Real {
            // A sum of masks: derivatives and sums see each part by itself.
            let zero = self.graph.constant(0.0);
            let terms: Vec<NodeId> = parts.iter().map(|(here, node)| self.graph.select(*here, *node, zero)).collect();
            return self.graph.add(&terms);
        }
        let Some(((_, last), others)) = parts.split_last() else { return self.graph.bool(false) };
        others.iter().rev().fold(*last, |rest, (here, node)| {
            if *kind == Sort::Bool {
                self.choose_truth(*here, *node, rest)
            } else {
                self.graph.select(*here, *node, rest)
            }
        })
    }

    /// `if c then a else b` of conditions.
    pub(super) fn choose_truth(&mut self, c: NodeId, a: NodeId, b: NodeId) -> NodeId {
        let not = self.graph.not(c);
        let (yes, no) = (self.graph.and(c, a), self.graph.and(not, b));
        self.graph.or(yes, no)
    }
}
