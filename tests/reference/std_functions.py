"""Activations and losses of std by JAX in f64, metrics by their definitions, auc by all pairs.

    python std_functions.py > std_functions.json
"""
import json

import jax
import jax.numpy as jnp
import numpy as np

jax.config.update("jax_enable_x64", True)
r = np.random.default_rng(5)
nn = jax.nn
x = r.normal(size=(3, 4)) * 4
p = np.array(nn.softmax(r.normal(size=(3, 4))))
q = np.asarray(nn.softmax(r.normal(size=(3, 4))))
p[0, 1] = 0.0
u = r.uniform(0.05, 0.95, size=(3, 4))
labels = r.integers(0, 2, (3, 4))
flat = lambda v: np.asarray(v).ravel().tolist()
functions = {
    "selu(x)": nn.selu,
    "celu(x, 2)": lambda x: nn.celu(x, 2.0),
    "mish(x)": nn.mish,
    "softsign(x)": nn.soft_sign,
    "relu6(x)": nn.relu6,
    "hard_tanh(x)": nn.hard_tanh,
    "hard_sigmoid(x)": nn.hard_sigmoid,
    "hard_swish(x)": nn.hard_swish,
    "glu(x)": nn.glu,
    "softmin(x)": lambda x: nn.softmax(-x),
    "kl(p, softmax(x))": lambda x: jnp.sum(jax.scipy.special.xlogy(p, p) - p * nn.log_softmax(x), -1),
    "focal(y, sigmoid(x), 2)": lambda x: jnp.where(
        labels == 1, -((1 - nn.sigmoid(x)) ** 2) * nn.log_sigmoid(x), -(nn.sigmoid(x) ** 2) * nn.log_sigmoid(-x)
    ),
    "poisson_nll(u, exp(x))": lambda x: jnp.exp(x) - u * x,
    "gaussian_nll(u, x, 2)": lambda x: (np.log(2) + (u - x) ** 2 / 2) / 2,
}
out = {"x": flat(x), "p": flat(p), "u": flat(u), "y": flat(labels), "cases": {}}
for name, f in functions.items():
    loss = lambda x: jnp.sum(jnp.sin(f(x)))
    out["cases"][name] = {"values": flat(f(jnp.asarray(x))), "gradient": flat(jax.grad(loss)(jnp.asarray(x)))}
y, f, s = r.integers(0, 2, 40), r.integers(0, 2, 40), np.round(r.normal(size=40), 1)
t, g = r.normal(size=40), r.normal(size=40)
one, zero = s[y == 1][:, None], s[y == 0][None]
hit = np.sum((y == 1) & (f == 1))
pr, re = hit / np.sum(f == 1), hit / np.sum(y == 1)
out["metrics"] = {
    "inputs": {"y": flat(y), "f": flat(f), "s": flat(s), "t": flat(t), "g": flat(g)},
    "values": {
        "accuracy(y, f)": [float(np.mean(y == f))],
        "precision_score(y, f)": [float(pr)],
        "recall(y, f)": [float(re)],
        "f1(y, f)": [float(2 * pr * re / (pr + re))],
        "confusion(y, f, 2)": [int(np.sum((y == i) & (f == j))) for i in range(2) for j in range(2)],
        "rmse(t, g)": [float(np.sqrt(np.mean((t - g) ** 2)))],
        "r2(t, g)": [float(1 - np.sum((t - g) ** 2) / np.sum((t - t.mean()) ** 2))],
        "auc(y, s)": [float(np.mean((one > zero) + 0.5 * (one == zero)))],
    },
}
print(json.dumps(out))
