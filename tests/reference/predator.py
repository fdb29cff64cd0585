"""The rates of predator and prey by SciPy's least_squares, on the problem of examples/predator.nn: writes predator.json.

    python predator.py
"""

import json
import pathlib

import numpy as np
from scipy.optimize import least_squares

folder = pathlib.Path(__file__).parent
y = np.loadtxt(folder.parent.parent / "examples/data/lynx_hare.csv", delimiter=",", skiprows=1)[:, 1:]


def residuals(logs):
    a, b, c, d, hare, lynx = np.exp(logs)
    rate = lambda s: np.array([a * s[0] - b * s[0] * s[1], d * s[0] * s[1] - c * s[1]])
    s, path = np.array([hare, lynx]), []
    for _ in y:
        path.append(s)
        for _ in range(10):
            h = 0.1
            k1 = rate(s)
            k2 = rate(s + h / 2 * k1)
            k3 = rate(s + h / 2 * k2)
            k4 = rate(s + h * k3)
            s = s + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    return (np.log(y) - np.log(np.array(path))).ravel()


found = least_squares(residuals, np.log([0.5, 0.025, 0.8, 0.025, 30, 4]), xtol=1e-14, ftol=1e-14, gtol=1e-14)
out = {"loss": float(2 * found.cost)} | dict(zip("αβγδ", np.exp(found.x[:4]).tolist()))
(folder / "predator.json").write_text(json.dumps(out, ensure_ascii=False) + "\n")
