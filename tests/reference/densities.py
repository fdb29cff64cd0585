"""Log densities by SciPy and their derivatives by JAX, in f64: writes densities.json.

    python densities.py
"""

import json
import pathlib

import jax
import jax.numpy as jnp
import numpy as np
from scipy import stats

jax.config.update("jax_enable_x64", True)
X = np.array([0.2, 0.7, 1.3, 2.9])
L = np.array([[1.2, 0, 0], [0.3, 0.8, 0], [-0.4, 0.5, 1.5]])
M = np.array([0.1, -0.2, 0.3])
V = np.array([0.5, 0.4, -1.0])
log2pi = np.log(2 * np.pi)


def slope(f, at=X):
    return np.asarray(jax.grad(lambda x: jnp.sum(f(x)))(jnp.asarray(at))).tolist()


vector = lambda x: -jnp.sum(jnp.linalg.solve(L, x - M) ** 2) / 2 - jnp.sum(jnp.log(jnp.diag(L))) - 1.5 * log2pi
out = {
    "bernoulli_logits": [stats.bernoulli.logpmf([1, 0, 1, 0], 1 / (1 + np.exp(-X))).tolist(),
                         slope(lambda z: jnp.where(jnp.array([1, 0, 1, 0]) == 1, jax.nn.log_sigmoid(z), jax.nn.log_sigmoid(-z)))],
    "uniform": [stats.uniform.logpdf(X, 0, 4).tolist(), [0.0] * 4],
    "lognormal": [stats.lognorm.logpdf(X, 0.8, scale=np.exp(0.3)).tolist(),
                  slope(lambda x: -(((jnp.log(x) - 0.3) / 0.8) ** 2) / 2 - jnp.log(x))],
    "logistic": [stats.logistic.logpdf(X, 0.5, 2).tolist(), slope(lambda x: jax.scipy.stats.logistic.logpdf(x, 0.5, 2))],
    "weibull": [stats.weibull_min.logpdf(X, 1.7, scale=1.2).tolist(),
                slope(lambda x: 0.7 * jnp.log(x) - (x / 1.2) ** 1.7)],
    "normal_vector": [[float(stats.multivariate_normal.logpdf(V, M, L @ L.T))], slope(vector, V)],
}
pathlib.Path(__file__).with_suffix(".json").write_text(json.dumps(out) + "\n")
