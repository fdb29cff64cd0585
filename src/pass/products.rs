//! The order of products of three and more matrices: `W2 @ W1 @ x` from the right, a chain by its cheapest brackets.
//!
//! A sum of products one of whose factors is such a sum, needed nowhere else, is one sum over the factors of both. It is
//! split again so that the number of multiplications is least: over all brackets for few factors, by the
//! cheapest way to multiply each subset, and the cheapest pair first for many. Where sizes are open the order of the text stays unless another one
//! is cheaper for small and for large sizes.
//!
//! Reads the graph. Must not know how products are computed.

use super::rewrite::rebuild;
use crate::graph::{Axis, AxisSet, Graph, NodeId, Op};
use crate::prim::{Prim, Reduction};
use rustc_hash::FxHashMap;

/// All brackets are tried up to this many factors.
const FEW: usize = 8;

/// Chains longer than this are taken apart in pieces.
const MOST: usize = 24;

/// What open dims are taken to be; the order is chosen for the second one.
const OPEN: [i64; 3] = [8, 1000, 1_000_000];

/// A sum of products: factors, and the axes that are summed over.
struct Chain {
    factors: Vec<NodeId>,
    bound: AxisSet,
    /// The multiplications as it is written, for each of [`OPEN`].
    written: [f64; 3],
}

/// How a set of factors is multiplied: one factor, or two sets.
#[derive(Clone, Debug)]
enum Order {
    Factor(usize),
    Pair(Box<Order>, Box<Order>),
}

/// Brings products of three and more factors into the cheapest order.
pub fn order_products(graph: &mut Graph, roots: &[NodeId]) -> Vec<NodeId> {
    let mut users: FxHashMap<NodeId, u32> = FxHashMap::default();
    for n in graph.reachable(roots) {
        for a in graph.args(n) {
            *users.entry(*a).or_default() += 1;
        }
    }
    roots.iter().for_each(|r| *users.entry(*r).or_default() += 1);
    // Inner sums are rebuilt before the outer ones that take them apart, and keep the number of users they had.
    rebuild(graph, roots, |g, old, n| {
        if let (Some(count), true) = (users.get(&old).copied(), n != old) {
            *users.entry(n).or_default() += count;
        }
        let new = reordered(g, n, &users).unwrap_or(n);
        if new != n
            && let Some(count) = users.get(&n).copied()
        {
            users.insert(new, count);
        }
        new
    })
}

fn reordered(g: &mut Graph, n: NodeId, users: &FxHashMap<NodeId, u32>) -> Option<NodeId> {
    if !matches!(g.op(n), Op::Reduce(Reduction::Sum, _)) {
        return None;
    }
    let chain = chain(g, n, users)?;
    let out: AxisSet = g.axes(n).clone();
    let order = match chain.factors.len() {
        0..=1 => return None,
        count if count <= FEW => best_of_all(g, &chain, &out),
        // Sets of factors are the bits of a number.
        count if count > 32 => return None,
        _ => nearest_pairs(g, &chain, &out),
    };
    let found = OPEN.map(|size| multiplications(g, &order, &chain, &out, size).0);
    let better = found.iter().zip(&chain.written).all(|(new, old)| new <= old) && found[1] < 0.99 * chain.written[1];
    better.then(|| build(g, &order, &chain, &out).0)
}

/// The factors of a sum and of those of them that are sums of products used here alone.
fn chain(g: &mut Graph, n: NodeId, users: &FxHashMap<NodeId, u32>) -> Option<Chain> {
    let Op::Reduce(Reduction::Sum, bound) = g.op(n).clone() else { return None };
    let body = g.args(n)[0];
    let mut chain = Chain { factors: vec![], bound, written: [0.0; 3] };
    let factors = plain_factors(g, body)?;
    count(g, &mut chain, body);
    let mut waiting: Vec<NodeId> = factors;
    while let Some(f) = waiting.pop() {
        let parts =
            if chain.factors.len() + waiting.len() < MOST { inner(g, f, n, &chain, &waiting, users) } else { None };
        match parts {
            Some((axes, body, more)) => {
                count(g, &mut chain, body);
                chain.bound = chain.bound.union(&axes.into_iter().collect());
                waiting.extend(more);
            }
            None => chain.factors.push(f),
        }
    }
    // As they stood in the text.
    chain.factors.reverse();
    Some(chain)
}

fn count(g: &Graph, chain: &mut Chain, body: NodeId) {
    for (sum, size) in chain.written.iter_mut().zip(OPEN) {
        *sum += size_of(g, g.axes(body), size);
    }
}

/// The bound axes (like no others of the chain), body and factors of a factor that is a sum of products needed here alone.
fn inner(
    g: &mut Graph,
    f: NodeId,
    whole: NodeId,
    chain: &Chain,
    waiting: &[NodeId],
    users: &FxHashMap<NodeId, u32>,
) -> Option<(Vec<Axis>, NodeId, Vec<NodeId>)> {
    let base = if let Op::At(_) = g.op(f) { g.args(f)[0] } else { f };
    let once = |n: NodeId| users.get(&n).is_some_and(|count| *count == 1);
    if !once(f) || !once(base) || !matches!(g.op(base), Op::Reduce(Reduction::Sum, _)) {
        return None;
    }
    // What a loop around does not change is computed once before it.
    if g.node(f).states != g.node(whole).states {
        return None;
    }
    // A view that reads several elements at one place, or none, is no renaming.
    if let Op::At(vars) = g.op(f).clone() {
        let places: Vec<NodeId> = g.args(f)[1..].to_vec();
        let to: AxisSet = places
            .iter()
            .filter_map(|p| match g.op(*p) {
                Op::Axis(axis) => Some(*axis),
                _ => None,
            })
            .collect();
        if to.len() != vars.len() {
            return None;
        }
    }
    let (_, axes, body) = g.as_reduction(f)?;
    let taken =
        waiting.iter().chain(&chain.factors).fold(chain.bound.union(g.axes(whole)), |set, n| set.union(g.axes(*n)));
    let fresh = g.fresh(&axes, &taken.union(g.axes(body)));
    let map = g.renaming(axes.iter().copied().zip(fresh.iter().copied()));
    let body = g.at(body, &map);
    let more = plain_factors(g, body)?;
    (more.len() > 1).then_some((fresh, body, more))
}

/// The factors of a product without masks and denominators.
fn plain_factors(g: &Graph, body: NodeId) -> Option<Vec<NodeId>> {
    if g.is_mask(body) {
        return None;
    }
    let factors = match g.as_prim(body) {
        Some((Prim::Mul, args)) => args.to_vec(),
        _ => vec![body],
    };
    let plain = |f: &NodeId| !matches!(g.as_prim(*f), Some((Prim::Div, _))) && !g.is_mask(*f);
    factors.iter().all(plain).then_some(factors)
}

fn size_of(g: &Graph, axes: &AxisSet, open: i64) -> f64 {
    axes.iter().fold(1.0, |size, a| {
        let value = g.extent(a).evaluate(&|d| g.extents.dim(d).value.unwrap_or(open));
        size * value.map_or(open as f64, |v| v.max(1) as f64)
    })
}

/// The axes that a product of some factors must keep: those of the result and of other factors.
fn kept(g: &Graph, chain: &Chain, out: &AxisSet, inside: u32) -> AxisSet {
    let others = chain.factors.iter().enumerate().filter(|(i, _)| inside & (1 << i) == 0);
    others.fold(out.clone(), |set, (_, f)| set.union(g.axes(*f)))
}

fn axes_of(g: &Graph, chain: &Chain, out: &AxisSet, inside: u32) -> AxisSet {
    let own = chain.factors.iter().enumerate().filter(|(i, _)| inside & (1 << i) != 0);
    let all = own.fold(AxisSet::new(), |set, (_, f)| set.union(g.axes(*f)));
    all.intersection(&kept(g, chain, out, inside))
}

/// Over all ways to split all sets of factors.
fn best_of_all(g: &Graph, chain: &Chain, out: &AxisSet) -> Order {
    let count = chain.factors.len();
    let mut best: Vec<Option<(f64, Order)>> = vec![None; 1 << count];
    let axes: Vec<AxisSet> = (0..1u32 << count).map(|set| axes_of(g, chain, out, set)).collect();
    for set in 1..1u32 << count {
        if set.count_ones() == 1 {
            let i = set.trailing_zeros() as usize;
            let own = g.axes(chain.factors[i]);
            let sum = if *own == axes[set as usize] { 0.0 } else { size_of(g, own, OPEN[1]) };
            best[set as usize] = Some((sum, Order::Factor(i)));
            continue;
        }
        let lowest = set & set.wrapping_neg();
        let mut part = (set - 1) & set;
        while part > 0 {
            if part & lowest != 0 {
                let rest = set & !part;
                let own = size_of(g, &axes[part as usize].union(&axes[rest as usize]), OPEN[1]);
                if let (Some((a, left)), Some((b, right))) = (&best[part as usize], &best[rest as usize])
                    && best[set as usize].as_ref().is_none_or(|(cost, _)| a + b + own < *cost)
                {
                    let order = Order::Pair(Box::new(left.clone()), Box::new(right.clone()));
                    best[set as usize] = Some((a + b + own, order));
                }
            }
            part = (part - 1) & set;
        }
    }
    best.pop().flatten().map_or(Order::Factor(0), |b| b.1)
}

/// The cheapest pair first, again and again.
fn nearest_pairs(g: &Graph, chain: &Chain, out: &AxisSet) -> Order {
    let mut parts: Vec<(u32, Order)> = (0..chain.factors.len()).map(|i| (1 << i, Order::Factor(i))).collect();
    while parts.len() > 1 {
        let mut best = (f64::INFINITY, 0, 1);
        for i in 0..parts.len() {
            for j in i + 1..parts.len() {
                let [a, b] = [parts[i].0, parts[j].0].map(|set| axes_of(g, chain, out, set));
                let cost = size_of(g, &a.union(&b), OPEN[1]);
                if cost < best.0 {
                    best = (cost, i, j);
                }
            }
        }
        let (_, i, j) = best;
        let right = parts.swap_remove(j);
        let left = std::mem::replace(&mut parts[i], (0, Order::Factor(0)));
        parts[i] = (left.0 | right.0, Order::Pair(Box::new(left.1), Box::new(right.1)));
    }
    parts.pop().map_or(Order::Factor(0), |p| p.1)
}

/// What an order costs for this size of open dims, and its set of factors.
fn multiplications(g: &Graph, order: &Order, chain: &Chain, out: &AxisSet, open: i64) -> (f64, u32) {
    match order {
        Order::Factor(i) => {
            let (set, own) = (1 << i, g.axes(chain.factors[*i]));
            let sum = if *own == axes_of(g, chain, out, set) { 0.0 } else { size_of(g, own, open) };
            (sum, set)
        }
        Order::Pair(left, right) => {
            let (a, first) = multiplications(g, left, chain, out, open);
            let (b, second) = multiplications(g, right, chain, out, open);
            let axes = axes_of(g, chain, out, first).union(&axes_of(g, chain, out, second));
            (a + b + size_of(g, &axes, open), first | second)
        }
    }
}

fn build(g: &mut Graph, order: &Order, chain: &Chain, out: &AxisSet) -> (NodeId, u32) {
    let (term, set) = match order {
        Order::Factor(i) => (chain.factors[*i], 1 << i),
        Order::Pair(left, right) => {
            let (a, first) = build(g, left, chain, out);
            let (b, second) = build(g, right, chain, out);
            (g.mul(&[a, b]), first | second)
        }
    };
    let kept = kept(g, chain, out, set);
    let summed: Vec<Axis> = g.axes(term).iter().filter(|a| chain.bound.contains(*a) && !kept.contains(*a)).collect();
    (g.reduce(Reduction::Sum, &summed, term), set)
}
