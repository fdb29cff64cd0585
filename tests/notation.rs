//! Terms written back as programs.

mod common;
use common::Bench;
use nnc::graph::{NodeId, Program, ProgramPort, Role, Value, ValueRole};
use nnc::notation::{Result as Term, source};
use nnc::pass;
use nnc::prim::Reduction;
use nnc::span::Span;
use nnc::syntax::print;

/// A name, its term and the order of its axes.
type Named = (String, NodeId, Vec<nnc::graph::Axis>);

/// The loss of a perceptron, its params, and the lets `h` and `p`.
fn mlp(b: &mut Bench) -> (NodeId, Vec<NodeId>, Vec<Named>) {
    let (n, d, h, c) = (b.dim("N", 4), b.dim("D", 3), b.dim("H", 5), b.dim("C", 3));
    let x = b.real("x", &[n, d], -1.0, 1.0);
    let y = b.labels("y", &[n], c);
    let (w1, b1) = (b.real("W1", &[d, h], -1.0, 1.0), b.real("b1", &[h], -1.0, 1.0));
    let (w2, b2) = (b.real("W2", &[h, c], -1.0, 1.0), b.real("b2", &[c], -1.0, 1.0));
    let (an, ad, ah, ac) = (b.axes(&[n])[0], b.axes(&[d])[0], b.axes(&[h])[0], b.axes(&[c])[0]);
    let xw = b.g.mul(&[x, w1]);
    let xw = b.sum(&[ad], xw);
    let pre = b.g.add(&[xw, b1]);
    let hidden = b.call("relu", &[pre]);
    let hw = b.g.mul(&[hidden, w2]);
    let hw = b.sum(&[ah], hw);
    let z = b.g.add(&[hw, b2]);
    let e = b.call("exp", &[z]);
    let s = b.sum(&[ac], e);
    let p = b.g.div(e, s);
    let logp = b.call("log", &[p]);
    let map = [(ac, y)].into_iter().collect();
    let picked = b.g.at(logp, &map);
    let total = b.g.reduce(Reduction::Sum, &[an], picked);
    let size = b.size(n);
    let mean = b.g.div(total, size);
    let loss = b.g.neg(mean);
    (loss, vec![w1, b1, w2, b2], vec![("h".into(), hidden, vec![an, ah]), ("p".into(), p, vec![an, ac])])
}

#[test]
fn gradient_of_mlp() {
    let mut b = Bench::default();
    let (loss, params, lets) = mlp(&mut b);
    let mut roots = vec![loss];
    roots.extend(lets.iter().map(|l| l.1));
    let roots = pass::normalize(&mut b.g, &roots);
    let grads = pass::gradient(&mut b.g, roots[0], &params);
    let grads = pass::normalize(&mut b.g, &grads);
    let results: Vec<Term> = params
        .iter()
        .zip(grads)
        .map(|(p, g)| Term {
            name: format!("d{}", b.g.port_info(b.port_of(*p)).name),
            node: g,
            axes: b.declared_axes(*p),
            title: None,
        })
        .collect();
    let ports = b.g.ports().map(|(id, p)| ProgramPort {
        id,
        role: if p.name == "x" {
            Role::Input
        } else if p.name == "y" {
            Role::Target
        } else {
            Role::Param
        },
        initial: None,
        constraint: None,
        family: 0,
        span: Span::default(),
    });
    let program = Program {
        ports: ports.collect(),
        values: lets
            .iter()
            .zip(&roots[1..])
            .map(|((name, _, axes), node)| Value {
                name: name.clone(),
                role: ValueRole::Let,
                node: *node,
                axes: axes.clone(),
                span: Span::default(),
            })
            .collect(),
        graph: b.g,
        ..Program::default()
    };
    // As a person would write it.
    let expected = "\
dim N, D, H, C
input x: [N, D]
target y: index(C)[N]
param W1: [D, H]
param b1: [H]
param W2: [H, C]
param b2: [C]

let t1 = x @ W1 + b1
let h = relu(t1)
let p = softmax(h @ W2 + b2)
let t2 = p - one_hot(y)
let t3 = if t1 > 0 then t2 @ W2' else 0

output dW1 = x' @ t3 / N
output db1 = sum(t3, axis = N) / N
output dW2 = h' @ t2 / N
output db2 = sum(t2, axis = N) / N
";
    assert_eq!(print(&source(&program, &results)), expected);
}
