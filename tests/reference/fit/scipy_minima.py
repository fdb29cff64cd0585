"""Minima that scipy.optimize finds, for the tests of L-BFGS.

rosenbrock: sum of 100 (x[i+1] - x[i]^2)^2 + (1 - x[i])^2 from (-1.2, 1, -1.2, 1, …), with the values of L-BFGS-B with 10
past steps after 5, 10 and 20 iterations, to compare how fast the method is.
logistic: mean of log(1 + exp(-s z)), z = x w + b, s = 1 or -1, plus 0.01 sum(w^2), on examples/data/breast_cancer.csv
with standardised columns; solved by Newton's method to the last digit.

Run: python3 scipy_minima.py > scipy_minima.json
"""

import json
import pathlib

import numpy as np
from scipy.optimize import minimize, rosen, rosen_der

result = {}
for n in (2, 10):
    start = np.where(np.arange(n) % 2 == 0, -1.2, 1.0)
    result[f"rosenbrock {n}"] = {
        str(k): minimize(
            rosen, start, jac=rosen_der, method="L-BFGS-B", options={"maxiter": k, "ftol": 0, "gtol": 1e-14}
        ).fun
        for k in (5, 10, 20)
    }

path = pathlib.Path(__file__).parents[3] / "examples/data/breast_cancer.csv"
table = np.loadtxt(path, delimiter=",", skiprows=1)
x, sign = table[:, :30], 2 * table[:, 30] - 1
x = (x - x.mean(axis=0)) / x.std(axis=0)
x1 = np.hstack([x, np.ones((len(x), 1))])
penalty = np.append(np.full(30, 0.01), 0.0)
theta = np.zeros(31)
for _ in range(50):
    z = sign * (x1 @ theta)
    p = 1 / (1 + np.exp(z))
    gradient = -(x1.T @ (sign * p)) / len(x) + 2 * penalty * theta
    hessian = (x1.T * (p * (1 - p))) @ x1 / len(x) + np.diag(2 * penalty)
    theta -= np.linalg.solve(hessian, gradient)
loss = np.logaddexp(0, -sign * (x1 @ theta)).mean() + (penalty * theta**2).sum()
result["logistic"] = {"loss": float(loss), "w": theta[:30].tolist(), "b": float(theta[30])}
print(json.dumps(result, indent=1))
