"""Losses and gradients of the larger examples by JAX in f64: writes networks.json.

    python networks.py

Inputs are small random arrays, stored with the answers. Element i (row-major) of the k-th param, in the order in which the
model lists them, is base + 0.1 * sin(1 + 10 * k + i); base is that of `BASES`, else 0, and constrained params have the values
given in `VALUES`. Of each derivative: its sum, its sum of squares, its product with sin(0), sin(1), …, first and last element.
"""

import json
import pathlib

import jax
import jax.numpy as jnp
import numpy as np

jax.config.update("jax_enable_x64", True)
random = np.random.default_rng(5)
CASES = {}


def case(name, inputs, shapes, loss, bases=None, values=None):
    params = {}
    for k, (param, shape) in enumerate(shapes.items()):
        i = np.arange(int(np.prod(shape)))
        params[param] = jnp.asarray(((bases or {}).get(param, 0.0) + 0.1 * np.sin(1 + 10 * k + i)).reshape(shape))
    for param, value in (values or {}).items():
        params[param] = jnp.asarray(value, dtype=float)
    value, slopes = jax.value_and_grad(lambda p: loss(p, inputs))(params)
    CASES[name] = {
        "inputs": {k: np.asarray(v).ravel().tolist() for k, v in inputs.items()},
        "given": {k: np.asarray(v, float).ravel().tolist() for k, v in (values or {}).items()},
        "bases": bases or {},
        "loss": float(value),
        "gradients": {k: summary(v) for k, v in slopes.items()},
    }


def summary(array):
    flat = np.asarray(array, dtype=float).ravel()
    return {
        "sum": float(flat.sum()),
        "sum_of_squares": float((flat**2).sum()),
        "product_with_sines": float(flat @ np.sin(np.arange(len(flat)))),
        "ends": [float(flat[0]), float(flat[-1])],
    }


def cross_entropy(z, y):
    return -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(z), y[..., None], axis=-1))


def cnn(p, d):
    def conv(x, k, b):
        x = jnp.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
        return jax.lax.conv_general_dilated(x, k, (1, 1), "VALID") + b[:, None, None]

    def pool(x):
        n, c, h, w = x.shape
        return x.reshape(n, c, h // 2, 2, w // 2, 2).max(axis=(3, 5))

    h = pool(jax.nn.relu(conv(d["x"], p["k1"], p["b1"])))
    h = pool(jax.nn.relu(conv(h, p["k2"], p["b2"])))
    return cross_entropy(h.reshape(len(h), -1) @ p["W"] + p["b"], d["y"])


case(
    "cnn",
    {"x": random.normal(size=(5, 1, 8, 8)), "y": random.integers(0, 10, 5)},
    {"k1": (16, 1, 3, 3), "b1": (16,), "k2": (32, 16, 3, 3), "b2": (32,), "W": (128, 10), "b": (10,)},
    cnn,
)


def logistic(z, y):
    return jnp.logaddexp(0.0, z) - y * z


case(
    "lasso",
    {"x": random.normal(size=(7, 30)), "y": random.integers(0, 2, 7)},
    {"w": (30,), "b": ()},
    lambda p, d: jnp.mean(logistic(d["x"] @ p["w"] + p["b"], d["y"]))
    + 1e-3 * jnp.sum(jnp.abs(p["w"]))
    + 1e-2 * jnp.sum(p["w"] ** 2),
)


def mixture(p, d):
    def density(x, w, m, L):
        z = jax.scipy.linalg.solve_triangular(jnp.tril(L), x - m, lower=True)
        return jnp.log(w) - jnp.sum(jnp.log(jnp.diag(L)) + z**2 / 2) - 2 * jnp.log(2 * jnp.pi)

    each = jax.vmap(jax.vmap(density, (None, 0, 0, 0)), (0, None, None, None))
    return -jnp.mean(jax.nn.logsumexp(each(d["x"], p["w"], p["μ"], p["L"]), axis=1))


factors = [np.tril(0.2 * random.normal(size=(4, 4)), -1) + np.diag(1 + random.random(4)) for _ in range(3)]
case(
    "mixture",
    {"x": random.normal(size=(6, 4))},
    {"w": (3,), "μ": (3, 4), "L": (3, 4, 4)},
    mixture,
    values={"w": [0.2, 0.5, 0.3], "L": factors},
)


def matrix(p, d):
    z = jnp.sum(p["U"][d["woman"]] * p["V"][d["event"]], axis=1) + p["a"][d["woman"]] + p["b"][d["event"]]
    size = sum(jnp.mean(p[k] ** 2) for k in "UVab")
    return jnp.mean(logistic(z, d["attended"])) + 0.1 * size


case(
    "factors",
    {"woman": random.integers(0, 18, 40), "event": random.integers(0, 14, 40), "attended": random.integers(0, 2, 40)},
    {"U": (18, 2), "V": (14, 2), "a": (18,), "b": (14,)},
    matrix,
)


def pinn(p, d):
    u = lambda x: jnp.sum(p["w2"] * jnp.tanh(p["w1"] * x + p["b1"]))
    x = (jnp.arange(64) + 0.5) / 64
    second = jax.vmap(jax.grad(jax.grad(u)))(x)
    return jnp.mean((second + jnp.pi**2 * jnp.sin(jnp.pi * x)) ** 2) + 10 * (u(0.0) ** 2 + u(1.0) ** 2)


case("pinn", {}, {"w1": (20,), "b1": (20,), "w2": (20,)}, pinn)


def predator(p, d):
    def rate(y):
        both = y[0] * y[1]
        return jnp.array([p["α"] * y[0] - p["β"] * both, p["δ"] * both - p["γ"] * y[1]])

    def step(y):
        h = 0.1
        k1 = rate(y)
        k2 = rate(y + h / 2 * k1)
        k3 = rate(y + h / 2 * k2)
        k4 = rate(y + h * k3)
        return y + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)

    y, path = p["y0"], []
    for _ in range(len(d["y"])):
        path.append(y)
        for _ in range(10):
            y = step(y)
    return jnp.sum((jnp.log(d["y"]) - jnp.log(jnp.stack(path))) ** 2)


case(
    "predator",
    {"y": 20 + 30 * random.random((5, 2))},
    {"α": (), "β": (), "γ": (), "δ": (), "y0": (2,)},
    predator,
    values={"α": 0.5, "β": 0.025, "γ": 0.8, "δ": 0.03, "y0": [30, 4]},
)

# The derivative of a square root, whatever the steps that found it.
case("root", {}, {"a": ()}, lambda p, d: (jnp.sqrt(p["a"]) - 3) ** 2, values={"a": 5.0})


def lstm(x, Wx, Wh, b):
    n, steps, _ = x.shape
    size = Wh.shape[0]
    h, c, out = jnp.zeros((n, size)), jnp.zeros((n, size)), []
    for t in range(steps):
        i, f, g, o = jnp.split(x[:, t] @ Wx + h @ Wh + b, 4, axis=1)
        c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
        h = jax.nn.sigmoid(o) * jnp.tanh(c)
        out.append(h)
    return jnp.stack(out, axis=1)


def sunspots(p, d):
    h = lstm(d["past"][:, :, None], p["cell.Wx"], p["cell.Wh"], p["cell.b"])
    return jnp.mean((d["past"] + h @ p["w"] + p["b"] - d["next"]) ** 2)


case(
    "sunspots",
    {"past": random.random((3, 20)), "next": random.random((3, 20))},
    {"cell.Wx": (1, 64), "cell.Wh": (16, 64), "cell.b": (64,), "w": (16,), "b": ()},
    sunspots,
)


def norm(x, g, b):
    m, v = x.mean(-1, keepdims=True), x.var(-1, keepdims=True)
    return g * (x - m) / jnp.sqrt(v + 1e-5) + b


def sonnets(p, d):
    x = p["E"][d["tok"]] + p["P"]
    n = norm(x, p["n1.g"], p["n1.b"])
    q, k, v = (jnp.einsum("ntd,adc->natc", n, p[f"attention.{w}"]) for w in ("Wq", "Wk", "Wv"))
    s = jnp.einsum("natc,nasc->nats", q, k) / jnp.sqrt(12.0)
    s = jnp.where(jnp.tril(jnp.ones((32, 32), bool)), s, -jnp.inf)
    h = x + jnp.einsum("natc,acd->ntd", jax.nn.softmax(s) @ v, p["attention.Wo"])
    u = norm(h, p["n2.g"], p["n2.b"]) @ p["up.W"] + p["up.b"]
    g = h + jax.nn.gelu(u, approximate=GELU) @ p["down.W"] + p["down.b"]
    return cross_entropy(norm(g, p["last.g"], p["last.b"]) @ p["E"].T, d["next"])


GELU = False
case(
    "sonnets",
    {"tok": random.integers(0, 7, (2, 32)), "next": random.integers(0, 7, (2, 32))},
    {
        "E": (7, 48), "P": (32, 48), "n1.g": (48,), "n1.b": (48,), "n2.g": (48,), "n2.b": (48,),
        "attention.Wq": (4, 48, 12), "attention.Wk": (4, 48, 12), "attention.Wv": (4, 48, 12), "attention.Wo": (4, 12, 48),
        "up.W": (48, 192), "up.b": (192,), "down.W": (192, 48), "down.b": (48,), "last.g": (48,), "last.b": (48,),
    },
    sonnets,
    bases={"n1.g": 1.0, "n2.g": 1.0, "last.g": 1.0},
)


def karate(p, d):
    n = len(d["y"])
    A = jnp.eye(n).at[d["dst"], d["src"]].add(1.0)
    degree = A.sum(1)
    A = A / jnp.sqrt(degree[:, None] * degree[None, :])
    h = jnp.tanh(A @ (p["node"] @ p["first.W"]) + p["first.b"])
    z = A @ (h @ p["second.W"]) + p["second.b"]
    each = -jnp.take_along_axis(jax.nn.log_softmax(z), d["y"][:, None], axis=1)[:, 0]
    return jnp.sum(jnp.where(d["seen"], each, 0)) / d["seen"].sum()


src = np.array([0, 1, 1, 2, 3, 4, 2, 0, 5, 4])
dst = np.array([1, 0, 2, 1, 4, 3, 0, 2, 4, 5])
case(
    "karate",
    {"src": src, "dst": dst, "seen": np.array([1, 0, 0, 0, 1, 0], bool), "y": np.array([0, 0, 1, 0, 1, 1])},
    {"node": (6, 16), "first.W": (16, 16), "first.b": (16,), "second.W": (16, 2), "second.b": (2,)},
    karate,
)

out = pathlib.Path(__file__).with_suffix(".json")
out.write_text(json.dumps(CASES, ensure_ascii=False, indent=0) + "\n")
