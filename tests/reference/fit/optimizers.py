"""Traces of the optimisers on one small problem, from the update formulas as published.

Loss: f(a, b) = a^2 / 2 + 5 b^2, gradient (a, 10 b), start (1, -2).

momentum  torch.optim.SGD (momentum = beta, no dampening):  v <- beta v + g;  x <- x - lr v
adam      Kingma and Ba 2015, algorithm 1:  m <- b1 m + (1 - b1) g;  v <- b2 v + (1 - b2) g^2;
          x <- x - lr (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + eps)

Run: python3 optimizers.py. Needs mpmath (50 digits, so that the printed values are exact to 17).
"""

from mpmath import mp, mpf, sqrt

mp.dps = 50


def gradient(x):
    return [x[0], 10 * x[1]]


def descent(x, lr):
    return [xi - lr * gi for xi, gi in zip(x, gradient(x))]


def show(name, step, x):
    print(f"{name} {step}: {mp.nstr(x[0], 17)}, {mp.nstr(x[1], 17)}")


x = [mpf(1), mpf(-2)]
for t in range(1, 4):
    x = descent(x, mpf("0.0625"))
    show("descent 0.0625", t, x)

x, v = [mpf(1), mpf(-2)], [mpf(0), mpf(0)]
for t in range(1, 5):
    g = gradient(x)
    v = [mpf("0.9") * vi + gi for vi, gi in zip(v, g)]
    x = [xi - mpf("0.01") * vi for xi, vi in zip(x, v)]
    show("momentum 0.01, 0.9", t, x)

x, m, v = [mpf(1), mpf(-2)], [mpf(0)] * 2, [mpf(0)] * 2
b1, b2, eps, lr = mpf("0.9"), mpf("0.999"), mpf("1e-8"), mpf("0.1")
for t in range(1, 11):
    g = gradient(x)
    m = [b1 * mi + (1 - b1) * gi for mi, gi in zip(m, g)]
    v = [b2 * vi + (1 - b2) * gi**2 for vi, gi in zip(v, g)]
    mh = [mi / (1 - b1**t) for mi in m]
    vh = [vi / (1 - b2**t) for vi in v]
    x = [xi - lr * a / (sqrt(b) + eps) for xi, a, b in zip(x, mh, vh)]
    if t in (1, 2, 3, 10):
        show("adam 0.1", t, x)
