"""Values and derivatives of the layers of `std.layers`, by JAX in f64 from their definitions in the papers. The loss is the
sum of the sines of the result.

    python std_layers.py > std_layers.json
"""
import json

import jax
import jax.numpy as jnp
import numpy as np

jax.config.update("jax_enable_x64", True)
r = np.random.default_rng(11)
cases = {}


def case(name, inputs, params, model):
    inputs = {k: jnp.asarray(v) for k, v in inputs.items()}
    params = {k: jnp.asarray(v) for k, v in params.items()}
    flat = lambda v: np.asarray(v).ravel().tolist()
    loss = lambda p: jnp.sum(jnp.sin(model(inputs, p)))
    cases[name] = {
        "inputs": {k: flat(v) for k, v in {**inputs, **params}.items()},
        "y": flat(model(inputs, params)),
        "loss": float(loss(params)),
        "gradients": {k: flat(v) for k, v in jax.grad(loss)(params).items()},
    }


def n(*shape):
    return r.normal(size=shape)


def conv(x, k, stride, padding):
    sizes = x.ndim - 2
    return jax.lax.conv_general_dilated(x, k, (stride,) * sizes, [(padding, padding)] * sizes)


case("Dense", {"x": n(2, 5, 3)}, {"l.W": n(3, 4), "l.b": n(4)}, lambda i, p: i["x"] @ p["l.W"] + p["l.b"])
case("DenseNoBias", {"x": n(2, 3)}, {"l.W": n(3, 4)}, lambda i, p: i["x"] @ p["l.W"])
case("Embedding", {"i": r.integers(0, 6, (2, 5))}, {"l.E": n(6, 3)}, lambda i, p: p["l.E"][i["i"]])
case(
    "Conv1d",
    {"x": n(2, 3, 9)},
    {"l.k": n(4, 3, 3), "l.b": n(4)},
    lambda i, p: conv(i["x"], p["l.k"], 2, 1) + p["l.b"][None, :, None],
)
case(
    "Conv2d",
    {"x": n(2, 3, 7, 6)},
    {"l.k": n(4, 3, 3, 3), "l.b": n(4)},
    lambda i, p: conv(i["x"], p["l.k"], 2, 1) + p["l.b"][None, :, None, None],
)
case("Conv2dNoBias", {"x": n(2, 3, 5, 4)}, {"l.k": n(2, 3, 3, 3)}, lambda i, p: conv(i["x"], p["l.k"], 1, 0))


def normed(x):
    return (x - x.mean(-1, keepdims=True)) / jnp.sqrt(x.var(-1, keepdims=True) + 1e-5)


case("LayerNorm", {"x": n(2, 4, 5)}, {"l.g": n(5), "l.b": n(5)}, lambda i, p: p["l.g"] * normed(i["x"]) + p["l.b"])
sig = jax.nn.sigmoid
T, H = 4, 3


def recurrent(step, count):
    def model(i, p):
        states, out = (jnp.zeros((2, H)),) * count, []
        for t in range(T):
            states = step(i["x"][:, t], states, p)
            out.append(states[0])
        return jnp.stack(out, axis=1)

    return model


def lstm(x, s, p):
    i, f, g, o = jnp.split(x @ p["l.Wx"] + s[0] @ p["l.Wh"] + p["l.b"], 4, axis=-1)
    c = sig(f) * s[1] + sig(i) * jnp.tanh(g)
    return sig(o) * jnp.tanh(c), c


def gru(x, s, p):
    rx, zx, nx = jnp.split(x @ p["l.Wx"] + p["l.bx"], 3, axis=-1)
    rh, zh, nh = jnp.split(s[0] @ p["l.Wh"] + p["l.bh"], 3, axis=-1)
    z = sig(zx + zh)
    return ((1 - z) * jnp.tanh(nx + sig(rx + rh) * nh) + z * s[0],)


def rnn(x, s, p):
    return (jnp.tanh(x @ p["l.Wx"] + s[0] @ p["l.Wh"] + p["l.b"]),)


def weights(gates, biases):
    return {"l.Wx": n(2, gates * H), "l.Wh": n(H, gates * H), **{f"l.{b}": n(gates * H) for b in biases}}


case("RNN", {"x": n(2, T, 2)}, weights(1, ["b"]), recurrent(rnn, 1))
case("LSTM", {"x": n(2, T, 2)}, weights(4, ["b"]), recurrent(lstm, 2))
case("GRU", {"x": n(2, T, 2)}, weights(3, ["bx", "bh"]), recurrent(gru, 1))


def heads(causal):
    def model(i, p):
        q, k, v = (jnp.einsum("ntd,adc->natc", i["x"], p[f"l.W{w}"]) for w in "qkv")
        s = jnp.einsum("natc,nasc->nats", q, k) / np.sqrt(q.shape[-1])
        if causal:
            s = jnp.where(np.tril(np.ones(s.shape[-2:], bool)), s, -jnp.inf)
        return jnp.einsum("nats,nasc,acd->ntd", jax.nn.softmax(s), v, p["l.Wo"])

    return model


def attention():
    return {**{f"l.W{w}": n(2, 4, 2) for w in "qkv"}, "l.Wo": n(2, 2, 4)}


case("MultiHeadAttention", {"x": n(2, 5, 4)}, attention(), heads(False))
case("CausalAttention", {"x": n(2, 5, 4)}, attention(), heads(True))
graph = {"x": n(5, 3), "src": [0, 1, 2, 0, 3, 1, 1], "dst": [1, 0, 0, 2, 1, 3, 0]}


def gcn(i, p):
    a = np.eye(5)
    np.add.at(a, (np.asarray(i["dst"]), np.asarray(i["src"])), 1)
    d = a.sum(1)
    return (a / np.sqrt(np.outer(d, d))) @ i["x"] @ p["l.W"] + p["l.b"]


def gat(i, p):
    h = jnp.einsum("ic,ack->iak", i["x"], p["l.W"])
    src, dst = i["src"], i["dst"]
    z = jax.nn.leaky_relu(jnp.sum(h[src] * p["l.s"] + h[dst] * p["l.d"], -1), 0.2)
    e = jnp.exp(z - z.max())
    w = e / jax.ops.segment_sum(e, dst, 5)[dst]
    return jax.ops.segment_sum(w[:, :, None] * h[src], dst, 5).reshape(5, -1)


case("GCN", graph, {"l.W": n(3, 4), "l.b": n(4)}, gcn)
case("GAT", graph, {"l.W": n(2, 3, 2), "l.s": n(2, 2), "l.d": n(2, 2)}, gat)
case("MaxPool", {"x": n(1, 2, 5, 4)}, {"w": n(2)}, lambda i, p: p["w"][None, :, None, None] * jax.lax.reduce_window(i["x"], -jnp.inf, jax.lax.max, (1, 1, 2, 2), (1, 1, 2, 2), "VALID"))
case("AvgPool", {"x": n(1, 2, 7)}, {"w": n(2)}, lambda i, p: p["w"][None, :, None] * jax.lax.reduce_window(i["x"], 0.0, jax.lax.add, (1, 1, 3), (1, 1, 3), "VALID") / 3)
print(json.dumps(cases))
