"""Independent answers for the programs in examples/: writes examples.json.

    pip install -r requirements.txt
    python examples.py            # rewrites examples.json
    python examples.py --check    # recomputes, compares with examples.json, writes nothing

Two kinds of numbers, all in double precision:

`optimum`   where training on all rows must end: the loss and the parameters. From the normal equations (linear),
            scikit-learn's Newton solver (logistic, softmax), SciPy's Levenberg-Marquardt and the published estimates
            (curve). The digits network has many minima, so it has none here; see digits_seeds.py.
`gradient`  loss and derivatives by JAX on the first 32 rows at parameters that a test can compute for itself:
            element i (row-major, from 0) of the k-th parameter (in the order of declaration, from 0) is
            base + 0.1 * sin(1 + 10 * k + i), where base is 0 but for curve (a: 2, k: 1).
            Columns are standardised with the statistics of all rows (standard deviation with divisor N).
            Of each derivative: its sum, its sum of squares, its product with sin(0), sin(1), … (which sees an element in
            the wrong place), and its first, last and largest element.
"""

import argparse
import json
import pathlib
import sys

import jax
import jax.numpy as jnp
import numpy as np
from scipy.optimize import curve_fit
from sklearn.linear_model import LogisticRegression

jax.config.update("jax_enable_x64", True)

FOLDER = pathlib.Path(__file__).parent
DATA = FOLDER.parent.parent / "examples" / "data"
ROWS = 32


def table(name):
    return np.loadtxt(DATA / name, delimiter=",", skiprows=1)


def standardize(a):
    return (a - a.mean(axis=0)) / a.std(axis=0)


def diabetes():
    t = table("diabetes.csv")
    return standardize(t[:, :10]), standardize(t[:, 10])


def breast_cancer():
    t = table("breast_cancer.csv")
    return standardize(t[:, :30]), t[:, 30].astype(int)


def digits():
    t = table("digits.csv")
    return t[:, :64], t[:, 64].astype(int)


def point(shapes, bases=None):
    """The parameters of `gradient`, see the top of this file."""
    bases = bases or [0.0] * len(shapes)
    values = []
    for k, (shape, base) in enumerate(zip(shapes, bases)):
        i = np.arange(int(np.prod(shape)))
        values.append(jnp.asarray((base + 0.1 * np.sin(1 + 10 * k + i)).reshape(shape)))
    return values


def summary(array):
    flat = np.asarray(array, dtype=float).ravel()
    places = sorted({0, int(np.argmax(np.abs(flat))), len(flat) - 1})
    return {
        "shape": list(np.shape(array)),
        "sum": float(flat.sum()),
        "sum_of_squares": float((flat**2).sum()),
        "product_with_sines": float(flat @ np.sin(np.arange(len(flat)))),
        "elements": {str(i): float(flat[i]) for i in places},
    }


def gradient(loss, names, shapes, bases=None):
    parameters = point(shapes, bases)
    value, derivatives = jax.value_and_grad(lambda p: loss(*p))(parameters)
    return {"rows": ROWS, "loss": float(value), "parameters": {n: summary(d) for n, d in zip(names, derivatives)}}


def linear():
    x, y = diabetes()
    design = np.column_stack([x, np.ones(len(x))])
    # Householder QR and the normal equations must agree.
    solution = np.linalg.lstsq(design, y, rcond=None)[0]
    assert np.allclose(solution, np.linalg.solve(design.T @ design, design.T @ y), atol=1e-12)
    loss = float(np.mean((y - design @ solution) ** 2))
    xs, ys = x[:ROWS], y[:ROWS]
    return {
        "optimum": {
            "source": "normal equations (numpy.linalg.lstsq)",
            "loss": loss,
            "R2": 1 - loss,
            "w": solution[:10].tolist(),
            "b": 0.0,
        },
        "gradient": gradient(lambda w, b: jnp.mean((ys - (xs @ w + b)) ** 2), ["w", "b"], [(10,), ()]),
    }


def two_layer_linear():
    optimum = dict(linear()["optimum"])
    optimum["source"] += "; w is the product W1 w2, the layers themselves are not unique"
    x, y = diabetes()
    xs, ys = x[:ROWS], y[:ROWS]
    return {
        "optimum": optimum,
        "gradient": gradient(
            lambda W1, w2, b: jnp.mean((ys - (xs @ W1 @ w2 + b)) ** 2), ["W1", "w2", "b"], [(10, 8), (8,), ()]
        ),
    }


def logistic():
    x, y = breast_cancer()
    penalty = 0.01

    def loss(w, b, x=x, y=y):
        z = x @ w + b
        return jnp.mean(jnp.logaddexp(0.0, z) - y * z) + penalty * jnp.sum(w**2)

    # scikit-learn minimises C * sum(losses) + |w|^2 / 2: divided by C * N that is ours with penalty = 1 / (2 C N).
    model = LogisticRegression(C=1 / (2 * len(x) * penalty), solver="newton-cholesky", tol=1e-12, max_iter=1000).fit(x, y)
    w, b = model.coef_[0], model.intercept_[0]
    slopes = jax.grad(lambda p: loss(*p))((jnp.asarray(w), jnp.asarray(b)))
    assert max(float(jnp.max(jnp.abs(s))) for s in slopes) < 1e-12
    return {
        "optimum": {
            "source": "scikit-learn LogisticRegression(solver='newton-cholesky')",
            "loss": float(loss(w, b)),
            "accuracy": float(model.score(x, y)),
            "w": w.tolist(),
            "b": float(b),
        },
        "gradient": gradient(lambda w, b: loss(w, b, x[:ROWS], y[:ROWS]), ["w", "b"], [(30,), ()]),
    }


def cross_entropy(z, y):
    return -jnp.mean(jax.nn.log_softmax(z)[jnp.arange(len(y)), y])


def softmax():
    x, y = digits()
    x = x / 16
    penalty = 0.001

    def loss(W, b, x=x, y=y):
        return cross_entropy(x @ W + b, y) + penalty * jnp.sum(W**2)

    model = LogisticRegression(C=1 / (2 * len(x) * penalty), solver="newton-cholesky", tol=1e-12, max_iter=1000).fit(x, y)
    W, b = model.coef_.T, model.intercept_
    slopes = jax.grad(lambda p: loss(*p))((jnp.asarray(W), jnp.asarray(b)))
    assert max(float(jnp.max(jnp.abs(s))) for s in slopes) < 1e-11
    return {
        "optimum": {
            "source": "scikit-learn LogisticRegression(solver='newton-cholesky'), multinomial; b is unique up to a "
            "constant and given with sum 0",
            "loss": float(loss(W, b)),
            "accuracy": float(model.score(x, y)),
            "W": summary(W),
            "b": (b - b.mean()).tolist(),
        },
        "gradient": gradient(lambda W, b: loss(W, b, x[:ROWS], y[:ROWS]), ["W", "b"], [(64, 10), (10,)]),
    }


def digits_network():
    x, y = digits()
    x, y = x[:ROWS] / 8 - 1, y[:ROWS]

    def loss(W1, b1, W2, b2):
        return cross_entropy(jax.nn.relu(x @ W1 + b1) @ W2 + b2, y)

    # No hidden unit may sit on the kink, where a derivative would be a matter of convention.
    W1, b1, _, _ = point([(64, 128), (128,), (128, 10), (10,)])
    assert float(jnp.min(jnp.abs(x @ W1 + b1))) > 1e-6
    return {"gradient": gradient(loss, ["W1", "b1", "W2", "b2"], [(64, 128), (128,), (128, 10), (10,)])}


def curve():
    s, v = table("puromycin.csv").T
    fit, _ = curve_fit(lambda s, vmax, km: vmax * s / (km + s), s, v, p0=[200, 0.1], ftol=1e-15, xtol=1e-15)
    vmax, km = (float(p) for p in fit)
    residuals = v - vmax * s / (km + s)
    loss = lambda a, k: jnp.mean(((v - 100 * a * s / (k / 10 + s)) / 100) ** 2)
    return {
        "optimum": {
            "source": "SciPy curve_fit (Levenberg-Marquardt)",
            "published": {"source": "Bates and Watts 1988, chapter 2; the example of R's Puromycin", "Vmax": 212.7, "Km": 0.06412},
            "loss": float(np.mean((residuals / 100) ** 2)),
            "sum_of_squares": float(residuals @ residuals),
            "Vmax": vmax,
            "Km": km,
            "a": vmax / 100,
            "k": km * 10,
        },
        # All 12 rows: the file has no more.
        "gradient": gradient(loss, ["a", "k"], [(), ()], [2.0, 1.0]) | {"rows": len(s)},
    }


def differ(a, b, path=""):
    """The first place where two results differ by more than rounding, or None."""
    if isinstance(a, dict) and isinstance(b, dict) and a.keys() == b.keys():
        return next(filter(None, (differ(a[k], b[k], f"{path}.{k}") for k in a)), None)
    if isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        return next(filter(None, (differ(x, y, f"{path}[{i}]") for i, (x, y) in enumerate(zip(a, b)))), None)
    if isinstance(a, float) and isinstance(b, float):
        return None if abs(a - b) <= 1e-7 * max(1.0, abs(a)) else path
    return None if a == b else path


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare with examples.json instead of writing it")
    arguments = parser.parse_args()
    answers = {
        "linear": linear(),
        "two_layer_linear": two_layer_linear(),
        "logistic": logistic(),
        "softmax": softmax(),
        "digits": digits_network(),
        "curve": curve(),
    }
    path = FOLDER / "examples.json"
    if arguments.check:
        place = differ(json.loads(path.read_text()), answers)
        sys.exit(f"examples.json differs at {place}" if place else 0)
    path.write_text(json.dumps(answers, indent=2) + "\n")


if __name__ == "__main__":
    main()
