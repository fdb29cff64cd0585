"""Prints the polynomial coefficients in `src/kernel/precision.rs`.

Each polynomial is the best one in the sense of Chebyshev (Remez exchange) for the error that matters: the target
minus the polynomial, times a weight that turns it into a relative error of the function. Then the coefficients are
rounded one at a time, lowest power first, and the others are fitted again after each.

Needs Python 3 and mpmath. Run: python3 coefficients.py
"""

import struct
import sys

from mpmath import mp, mpf

mp.dps = 50


def remez(target, weight, low, high, powers):
    """Coefficients c minimising max |weight(x) (target(x) - sum c[i] x**powers[i])|, and that maximum."""
    size = len(powers) + 1
    middle, half = (low + high) / 2, (high - low) / 2
    points = [middle - half * mp.cos(mp.pi * (2 * i + 1) / (2 * size)) for i in range(size)]
    grid = [middle - half * mp.cos(mp.pi * i / 600) for i in range(601)]
    values = [(x, target(x), weight(x)) for x in grid]
    # Evaluating a mpf power for each term is slow: powers go up by `step` from the first.
    first, step = powers[0], (powers[1] - powers[0] if len(powers) > 1 else 1)

    def evaluate(c, x):
        total, xs = mpf(0), x**step
        for coefficient in reversed(c):
            total = total * xs + coefficient
        return total * x**first

    for _ in range(12):
        rows, right = mp.matrix(size, size), mp.matrix(size, 1)
        for i, x in enumerate(points):
            for j, power in enumerate(powers):
                rows[i, j] = x**power
            rows[i, size - 1] = (-1) ** i / weight(x)
            right[i] = target(x)
        solution = mp.lu_solve(rows, right)
        c = [solution[j] for j in range(size - 1)]
        errors = [(x, w * (t - evaluate(c, x))) for x, t, w in values]
        # One point of largest error in each run of equal sign.
        runs = []
        for x, e in errors:
            if runs and (runs[-1][1] > 0) == (e > 0):
                if abs(e) > abs(runs[-1][1]):
                    runs[-1] = (x, e)
            else:
                runs.append((x, e))
        while len(runs) > size:
            runs.pop(0 if abs(runs[0][1]) < abs(runs[-1][1]) else -1)
        worst = max(abs(e) for _, e in errors)
        if len(runs) < size or worst <= abs(solution[size - 1]) * mpf("1.001"):
            return c, worst
        points = [x for x, _ in runs]
    return c, worst


def rounded(value, single):
    """The nearest number of the precision."""
    return mpf(struct.unpack("f", struct.pack("f", float(value)))[0]) if single else mpf(float(value))


def round_in_turn(exact, single, target, weight, low, high, powers):
    """Rounds the lowest coefficient, fits the others again (weighted least squares at Chebyshev points), and so on."""
    nodes = [(low + high) / 2 - (high - low) / 2 * mp.cos(mp.pi * (2 * i + 1) / 160) for i in range(80)]
    fixed, rest, powers = [], list(exact), list(powers)
    goal = [(weight(x), target(x)) for x in nodes]
    while rest:
        fixed.append(rounded(rest[0], single))
        later = powers[len(fixed) :]
        if not later:
            return fixed
        rows = mp.matrix(len(nodes), len(later))
        right = mp.matrix(len(nodes), 1)
        for i, (x, (w, t)) in enumerate(zip(nodes, goal)):
            right[i] = w * (t - sum(c * x**p for c, p in zip(fixed, powers)))
            for j, p in enumerate(later):
                rows[i, j] = w * x**p
        rest = list(mp.lu_solve(rows, right))


def shortest(value, single):
    """The shortest decimal that reads back as the same number."""
    return next(text for digits in range(1, 18) if rounded(text := f"{float(value):.{digits}g}", single) == value)


def fit(name, single, target, weight, low, high, powers):
    """Prints the rounded coefficients of one polynomial and the size of its largest error as a power of 2."""
    low, high = mpf(low), mpf(high)
    exact, best = remez(target, weight, low, high, powers)
    fixed = round_in_turn(exact, single, target, weight, low, high, powers)
    grid = [low + (high - low) * i / 997 for i in range(998)]
    worst = max(abs(weight(x) * (target(x) - sum(a * x**p for a, p in zip(fixed, powers)))) for x in grid)
    kind = "f32" if single else "f64"
    print(f"{name} {kind}: error 2^{float(mp.log(best, 2)):.1f}, rounded 2^{float(mp.log(worst, 2)):.1f}")
    for c in fixed:
        print(f"    {shortest(c, single)},")


def series(function, x, terms):
    """`function` away from 0, the Taylor sum `terms` near 0 where `function` cancels."""
    return sum(t * x**i for i, t in enumerate(terms)) if abs(x) < mpf(10) ** -4 else function(x)


def exp_all():
    # e^r = 1 + r + r^2 p(r), relative to e^r - 1 so that it also serves expm1.
    limit = mp.log(2) / 2 * mpf("1.001")
    target = lambda r: series(lambda r: (mp.exp(r) - 1 - r) / r**2, r, [1 / mp.factorial(i + 2) for i in range(14)])
    weight = lambda r: series(lambda r: r**2 / (mp.exp(r) - 1), r, [0, 1])
    fit("exp", True, target, lambda r: abs(weight(r)) + mpf(10) ** -12, -limit, limit, range(5))
    fit("exp", False, target, lambda r: abs(weight(r)) + mpf(10) ** -12, -limit, limit, range(11))


def log_all():
    low, high = mp.sqrt(mpf(1) / 2) - 1, mp.sqrt(2) - 1
    # log(1 + f) = f - f^2 / 2 + f^3 p(f).
    target = lambda f: series(
        lambda f: (mp.log1p(f) - f + f**2 / 2) / f**3, f, [mpf((-1) ** i) / (i + 3) for i in range(16)]
    )
    weight = lambda f: series(lambda f: f**3 / mp.log1p(f), f, [0, 0, 1])
    fit("log", True, target, lambda f: abs(weight(f)) + mpf(10) ** -12, low, high, range(8))
    # With s = f / (2 + f): log(1 + f) = 2 s + s^3 p(s^2); fitted in z = s^2.
    top = (high / (2 + high)) ** 2
    target = lambda z: series(
        lambda z: (2 * mp.atanh(mp.sqrt(z)) - 2 * mp.sqrt(z)) / mp.sqrt(z) ** 3,
        z,
        [mpf(2) / (2 * i + 3) for i in range(16)],
    )
    fit("log", False, target, lambda z: z / 2 + mpf(10) ** -12, 0, top, range(7))
    # With more digits: 2 s + s^3 (2/3 + s^2 p(s^2)).
    rest = lambda z: series(lambda z: (target(z) - mpf(2) / 3) / z, z, [mpf(2) / (2 * i + 5) for i in range(16)])
    fit("log in pow", False, rest, lambda z: z**2 / 2 + mpf(10) ** -12, 0, top, range(7))


def sin_all():
    # sin(r) = r + r^3 p(r^2); fitted in z = r^2.
    top = (mp.pi / 2 * mpf("1.001")) ** 2
    target = lambda z: series(
        lambda z: (mp.sin(mp.sqrt(z)) - mp.sqrt(z)) / mp.sqrt(z) ** 3,
        z,
        [mpf((-1) ** (i + 1)) / mp.factorial(2 * i + 3) for i in range(10)],
    )
    weight = lambda z: series(lambda z: mp.sqrt(z) ** 3 / mp.sin(mp.sqrt(z)), z, [0, 1]) + mpf(10) ** -12
    fit("sin", True, target, weight, 0, top, range(5))
    fit("sin", False, target, weight, 0, top, range(8))


def tan_all():
    # tan(r) = r + r^3 p(r^2); fitted in z = r^2.
    top = (mp.pi / 4 * mpf("1.001")) ** 2
    taylor = mp.taylor(lambda r: mp.tan(r), 0, 15)[3::2]
    target = lambda z: series(lambda z: (mp.tan(mp.sqrt(z)) - mp.sqrt(z)) / mp.sqrt(z) ** 3, z, taylor)
    weight = lambda z: series(lambda z: mp.sqrt(z) ** 3 / mp.tan(mp.sqrt(z)), z, [0, 1]) + mpf(10) ** -12
    fit("tan", True, target, weight, 0, top, range(7))
    fit("tan", False, target, weight, 0, top, range(15))


def sinh_all():
    # sinh(x) = x + x^3 p(x^2); fitted in z = x^2.
    target = lambda z: series(
        lambda z: (mp.sinh(mp.sqrt(z)) - mp.sqrt(z)) / mp.sqrt(z) ** 3,
        z,
        [1 / mp.factorial(2 * i + 3) for i in range(10)],
    )
    weight = lambda z: series(lambda z: mp.sqrt(z) ** 3 / mp.sinh(mp.sqrt(z)), z, [0, 1]) + mpf(10) ** -12
    fit("sinh", True, target, weight, 0, 1, range(3))
    fit("sinh", False, target, weight, 0, 1, range(7))


def split(name, value, parts):
    """Prints a constant as a sum of numbers of each precision."""
    for single in (True, False):
        rest, shown = value, []
        for _ in range(parts):
            part = rounded(rest, single)
            shown.append(shortest(part, single))
            rest -= part
        print(name, "f32:" if single else "f64:", ", ".join(shown))


def constants_all():
    split("log 2", mp.log(2), 2)
    # The first part times any exponent is exact.
    high = mp.floor(mp.log(2) * 2**42) / 2**42
    print("log 2 in pow f64:", shortest(high, False), shortest(rounded(mp.log(2) - high, False), False))
    split("2/3", mpf(2) / 3, 2)
    split("log2 e", 1 / mp.log(2), 2)
    split("log10 e", 1 / mp.log(10), 2)
    split("log10 2", mp.log(2) / mp.log(10), 2)
    split("pi", mp.pi, 3)


def erf_all():
    # Up to `split`: erf(x) = x + x p(x^2); above: erf(x) = 1 - exp(q(x - split)), up to where it rounds to 1.
    for single, split, end, small, large in [(True, mpf(1), 4, 7, 6), (False, mpf(1), 6, 12, 18)]:
        target = lambda z: series(
            lambda z: mp.erf(mp.sqrt(z)) / mp.sqrt(z) - 1,
            z,
            [mpf((-1) ** i) * 2 / mp.sqrt(mp.pi) / mp.factorial(i) / (2 * i + 1) - (i == 0) for i in range(12)],
        )
        weight = lambda z: 1 if z < mpf(10) ** -8 else mp.sqrt(z) / mp.erf(mp.sqrt(z))
        fit("erf", single, target, weight, 0, split**2, range(small))
        fit(
            "erf tail",
            single,
            lambda t: mp.log(mp.erfc(t + split)),
            lambda t: mp.erfc(t + split) / mp.erf(t + split) + mpf(10) ** -40,
            0,
            end - split,
            range(large),
        )


def erfc_all():
    # For x >= 1/2: erfc(x) = e^(-x^2) (c + t p(t)) / x with t = (x - 2) / (x + 2), up to where it rounds to 0.
    scaled = lambda x: x * mp.exp(x**2) * mp.erfc(x)
    center = scaled(mpf(2))
    split("erfc at 2", center, 2)
    slope = mp.diff(scaled, 2) * 4
    whole = lambda t: scaled(2 * (1 + t) / (1 - t))
    target = lambda t: slope if abs(t) < mpf(10) ** -12 else (whole(t) - center) / t
    weight = lambda t: abs(t) / whole(t) + mpf(10) ** -12
    for single, end, count in [(True, mpf("10.5"), 9), (False, mpf(28), 23)]:
        fit("erfc", single, target, weight, mpf(-3) / 5, (end - 2) / (end + 2), range(count))


if __name__ == "__main__":
    for name in sys.argv[1:] or ["constants", "exp", "log", "sinh", "sin", "tan", "erf", "erfc"]:
        globals()[name + "_all"]()
