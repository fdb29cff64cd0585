"""Batch norm in training, by JAX in f64: loss, gradients and running statistics of three steps of gradient descent.

    python states.py > states.json
"""
import json

import jax
import jax.numpy as jnp
import numpy as np

jax.config.update("jax_enable_x64", True)
random = np.random.default_rng(3)
N, D, RATE, STEPS = 6, 8, 0.05, 3
x, y = random.normal(size=(N, D)) * 2 + 1, random.normal(size=N)
params = {"bn.g": np.ones(D), "bn.b": random.normal(size=D), "w": random.normal(size=D)}
m, v = np.zeros(D), np.ones(D)


def loss(params):
    mean, variance = x.mean(axis=0), x.var(axis=0)
    normal = params["bn.g"] * (x - mean) / jnp.sqrt(variance + 1e-5) + params["bn.b"]
    return jnp.mean((y - normal @ params["w"]) ** 2)


def listed(tree):
    return jax.tree.map(lambda a: np.asarray(a).ravel().tolist(), tree)


start, steps = listed(params), []
for _ in range(STEPS):
    value, gradient = jax.value_and_grad(loss)(params)
    m, v = 0.9 * m + 0.1 * x.mean(axis=0), 0.9 * v + 0.1 * x.var(axis=0)
    steps.append({"loss": float(value), "gradient": listed(gradient), "m": m.tolist(), "v": v.tolist()})
    params = jax.tree.map(lambda p, g: p - RATE * g, params, gradient)
used = params["bn.g"] * (x - m) / jnp.sqrt(v + 1e-5) + params["bn.b"]
evaluated = float(jnp.mean((y - used @ params["w"]) ** 2))
print(json.dumps({"x": x.ravel().tolist(), "y": y.tolist(), "rate": RATE, "start": start, "steps": steps,
                  "end": listed(params), "evaluated": evaluated}))
