"""Functions of matrices: values by NumPy and SciPy, gradients and Hessian-vector products by JAX, all in f64; determinants of
singular matrices in closed form by SymPy, ill-conditioned matrices by mpmath.

    python linear.py > linear.json
"""
import json

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import scipy.linalg
import sympy

jax.config.update("jax_enable_x64", True)
random = np.random.default_rng(11)
B, M, N = 2, 5, 3
numbers = lambda x: [float(v) for v in np.asarray(x).ravel()]

A = random.normal(size=(B, N, N))
R = random.normal(size=(B, M, N))
b = random.normal(size=(B, M, 2))
# Weights, so that no symmetry hides a mistake.
c = random.normal(size=(B, N))
C = random.normal(size=(B, N, N))
D = random.normal(size=(B, M, N))
dA = random.normal(size=A.shape)
dR = random.normal(size=R.shape)


def positive_first(vectors):
    """Each column with the sign that makes the first of its largest elements positive."""
    at = jnp.argmax(jnp.abs(vectors), axis=-2, keepdims=True)
    return vectors * jnp.sign(jnp.take_along_axis(vectors, at, axis=-2))


def positive_diagonal(q, r):
    sign = jnp.sign(jnp.diagonal(r, axis1=-2, axis2=-1))
    return q * sign[..., None, :], r * sign[..., :, None]


def qr(x):
    return positive_diagonal(*jnp.linalg.qr(x))


def right_vectors(x):
    return positive_first(jnp.swapaxes(jnp.linalg.svd(x, full_matrices=False)[2], -1, -2))


def left_vectors(x):
    return x @ right_vectors(x) / jnp.linalg.svd(x, compute_uv=False)[..., None, :]


def eigenvectors(x):
    return positive_first(jnp.linalg.eigh(x)[1])


def spd(x):
    return x @ jnp.swapaxes(x, -1, -2) + jnp.eye(N)


# What is compared: a value of NumPy or SciPy, and the loss of JAX for the derivatives.
sym = (A + np.swapaxes(A, 1, 2)) / 2
w, V = np.linalg.eigh(sym)
q, r = (np.asarray(x) for x in qr(R))
u, s, vt = np.linalg.svd(R, full_matrices=False)
sign, value = np.linalg.slogdet(A)
values = {
    "eigenvalues": w,
    "vectors": positive_first(V),
    "q": q,
    "r": r,
    "s": s,
    "v": positive_first(np.swapaxes(vt, 1, 2)),
    "u": left_vectors(R),
    "sign": sign,
    "logarithm": value,
    "exponential": np.stack([scipy.linalg.expm(a) for a in A]),
    "pseudoinverse": np.linalg.pinv(R),
    "least": np.stack([np.linalg.lstsq(x, y, rcond=None)[0] for x, y in zip(R, b)]),
    "cofactors": np.linalg.det(A)[:, None, None] * np.linalg.inv(A),
}
losses = {
    "eigenvalues": lambda A, R: jnp.sum(c * jnp.sin(jnp.linalg.eigvalsh(A))),
    "vectors": lambda A, R: jnp.sum(C * eigenvectors(A) ** 2) + jnp.sum(C * eigenvectors(A)),
    "q": lambda A, R: jnp.sum(D * qr(R)[0]) + jnp.sum(D * qr(R)[0] ** 2),
    "r": lambda A, R: jnp.sum(C * qr(R)[1] ** 2),
    "s": lambda A, R: jnp.sum(c * jnp.linalg.svd(R, compute_uv=False) ** 3),
    "v": lambda A, R: jnp.sum(C * right_vectors(R)) + jnp.sum(C * right_vectors(R) ** 2),
    "u": lambda A, R: jnp.sum(D * left_vectors(R)),
    "logdet": lambda A, R: jnp.sum(c[:, 0] * jnp.linalg.slogdet(A)[1] ** 2),
    "log_of_det": lambda A, R: jnp.sum(c[:, 0] * jnp.linalg.slogdet(spd(A))[1]),
    "determinant": lambda A, R: jnp.sum(c[:, 0] * jnp.linalg.det(A) ** 2),
    "exponential": lambda A, R: jnp.sum(C * jax.vmap(jax.scipy.linalg.expm)(A)),
    "pseudoinverse": lambda A, R: jnp.sum(jnp.swapaxes(D, 1, 2) * jnp.linalg.pinv(R)),
    "least": lambda A, R: jnp.sum(jnp.einsum("bnm,bmk->bnk", jnp.linalg.pinv(R), b) ** 3),
    "adjugate": lambda A, R: jnp.sum(C * jnp.linalg.det(A)[:, None, None] * jnp.linalg.inv(A)),
    "mixed": lambda A, R: jnp.sum(
        jnp.sin(jnp.linalg.eigvalsh(jnp.swapaxes(R, 1, 2)[:, :, :3] @ R[:, :3])) * jnp.linalg.eigvalsh(A)
    ),
}
derivatives = {}
for name, loss in losses.items():
    gradient = jax.grad(loss, argnums=(0, 1))
    _, product = jax.jvp(gradient, (A, R), (dA, dR))
    derivatives[name] = {
        "loss": float(loss(A, R)),
        "gradient": {"A": numbers(gradient(A, R)[0]), "R": numbers(gradient(A, R)[1])},
        "product": {"A": numbers(product[0]), "R": numbers(product[1])},
    }

# det, its gradient and Hessian-vector product as polynomials, of matrices of every rank.
x = sympy.Matrix(3, 3, sympy.symbols("x:9"))
direction = [2, -1, 3, 1, 4, -2, 5, 1, -3]
determinant = x.det()
gradient = [sympy.diff(determinant, v) for v in x]
product = [sum(sympy.diff(g, v) * d for v, d in zip(x, direction)) for g in gradient]
singular = []
for matrix in (
    [1, 2, 3, 4, 5, 6, 7, 8, 9],
    [1, 2, 3, 2, 4, 6, -1, -2, -3],
    [0] * 9,
    [1, 0, 0, 0, 1, 0, 0, 0, 1],
    [2, 0, 0, 0, 2, 0, 0, 0, 0],
    [1, 2, 0, 3, 4, 1, 0, 1, 2],
):
    at = dict(zip(x, matrix))
    singular.append(
        {
            "A": matrix,
            "det": int(determinant.subs(at)),
            "gradient": [int(g.subs(at)) for g in gradient],
            "product": [int(p.subs(at)) for p in product],
        }
    )

mpmath.mp.dps = 60
# The matrix that binary arithmetic makes of it, exactly.
hilbert = mpmath.matrix(5, 5)
for i in range(5):
    for j in range(5):
        hilbert[i, j] = mpmath.mpf(1.0 / (i + j + 1))
inverse = hilbert**-1
jordan = mpmath.matrix([[-49, 24], [-64, 31]])
hard = {
    "hilbert_logdet": float(mpmath.log(mpmath.det(hilbert))),
    "hilbert_gradient": [float(inverse[j, i]) for i in range(5) for j in range(5)],
    "hilbert_eigenvalues": sorted(float(e) for e in mpmath.eigsy(hilbert, eigvals_only=True)),
    "hilbert_determinant": float(mpmath.det(hilbert)),
    # Moler and Van Loan, Nineteen dubious ways (2003), section 3.
    "moler_exponential": [float(e) for e in mpmath.expm(jordan)],
}
print(
    json.dumps(
        {
            "sizes": {"B": B, "M": M, "N": N},
            "inputs": {k: numbers(v) for k, v in dict(A=A, R=R, b=b, c=c, C=C, D=D, dA=dA, dR=dR).items()},
            "values": {k: numbers(v) for k, v in values.items()},
            "derivatives": derivatives,
            "direction": direction,
            "singular": singular,
            "hard": hard,
        },
        indent=1,
    )
)
