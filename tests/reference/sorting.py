"""Order of values by NumPy (stable), derivatives by JAX, both in f64.

    python sorting.py > sorting.json
"""
import json

import jax
import jax.numpy as jnp
import numpy as np

jax.config.update("jax_enable_x64", True)
random = np.random.default_rng(7)
B, N, D, K = 2, 5, 4, 3
x = np.round(random.normal(size=(B, N, D)), 1)
# Ties, also of -0 and 0, which a stable order keeps in place.
x[0, :, 1], x[1, 2], x[0, 3] = 0.5, [1.0, -1.0, 1.0, -1.0], [0.0, -0.0, -1.0, 0.0]
a = random.normal(size=(B, N, D))
c = random.normal(size=(B, K, D))


def top(x, k, axis):
    order = jnp.argsort(-x, axis=axis, stable=True)
    places = jnp.take(order, jnp.arange(k), axis=axis)
    return jnp.take_along_axis(x, places, axis=axis), places


def results(x):
    best, places = top(x, K, 1)
    last, last_places = top(x, 2, 2)
    return {
        "s": jnp.sort(x, axis=2, stable=True),
        "t": jnp.sort(x, axis=1, stable=True),
        "o": jnp.argsort(x, axis=2, stable=True),
        "p": jnp.argsort(x, axis=1, stable=True),
        "best": best,
        "places": places,
        "last": last,
        "last_places": last_places,
    }


def loss(x):
    r = results(x)
    return jnp.sum(a * r["s"] ** 2) + jnp.sum(jnp.sin(a * r["t"])) + jnp.sum(c * r["best"] ** 3) + jnp.sum(r["last"])


def flat(array):
    return np.asarray(array).ravel().tolist()


values = {name: flat(value) for name, value in results(jnp.asarray(x)).items()}
print(
    json.dumps(
        {
            "sizes": {"B": B, "N": N, "D": D, "K": K},
            "x": flat(x),
            "a": flat(a),
            "c": flat(c),
            "values": values,
            "loss": float(loss(jnp.asarray(x))),
            "gradient": flat(jax.grad(loss)(jnp.asarray(x))),
        },
        indent=1,
    )
)
