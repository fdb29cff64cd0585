"""Prints `values.csv`: kernels at hard f64 arguments, correctly rounded.

Columns: kernel, argument, second argument (empty for one-argument kernels), value. Numbers are the shortest decimals
that read back as the same f64. Values come from mpmath at far more digits than f64 has.

Needs Python 3 and mpmath. Run: python3 values.py > values.csv
"""

import random
import struct

from mpmath import mp, mpf

random.seed(1)

# Enough for the difference between a huge angle and the nearest multiple of pi.
mp.prec = 1400

LARGEST = float.fromhex("0x1.fffffffffffffp+1023")
SMALLEST_NORMAL = float.fromhex("0x1p-1022")
SMALLEST = float.fromhex("0x1p-1074")


def rounded(value):
    """The nearest f64, ties to even, subnormal numbers and overflow included."""
    if value == 0:
        return 0.0
    _, exponent = mp.frexp(value)
    lowest = max(exponent - 53, -1074)
    with mp.workprec(3000):
        digits = int(mp.nint(value * mpf(2) ** -lowest))
    if digits == 0:
        return 0.0 if value > 0 else -0.0
    try:
        return float(digits) * 2.0**lowest if lowest > -1000 else float(digits) * 2.0**-537 * 2.0 ** (lowest + 537)
    except OverflowError:
        return float("inf") if digits > 0 else float("-inf")


def neighbours(x, count=1):
    """A number and those next to it."""
    bits = struct.unpack("<q", struct.pack("<d", x))[0]
    return [struct.unpack("<d", struct.pack("<q", bits + i))[0] for i in range(-count, count + 1)]


def sigmoid(x):
    return 1 / (1 + mp.exp(-x))


def softplus(x):
    return mp.log1p(mp.exp(x)) if x < 40 else x + mp.log1p(mp.exp(-x))


def cbrt(x):
    return mp.sign(x) * mp.cbrt(abs(x))


def signed(xs):
    return [s * x for x in xs for s in (1.0, -1.0)]


def uniform(low, high, count):
    return [random.uniform(low, high) for _ in range(count)]


def spread(low, high, count):
    """Random numbers whose exponents are evenly distributed."""
    return [random.uniform(1, 2) * 2.0 ** random.randint(low, high) for _ in range(count)]


TINY = [
    SMALLEST,
    3 * SMALLEST,
    SMALLEST_NORMAL / 3,
    SMALLEST_NORMAL,
    1e-300,
    1e-200,
    1e-100,
    1e-30,
    1e-20,
    2.0**-54,
    1e-16,
]
ANGLES = (
    [x for k in range(1, 24) for x in neighbours(float(k * mp.pi / 4), 0)]
    + [float(k * mp.pi / 2) for k in (1e3, 1e5, 12345678, 2**27 + 1, 1e9, 1e12, 1e15)]
    # The f64 nearest to a multiple of pi / 2, of all finite ones.
    + [float.fromhex("0x1.6ac5b262ca1ffp+849")]
    + [2.0**30, 2.0**30 + 0.5, 1e9, 1e10, 1e15, 1e22, 1e100, 1e300, LARGEST]
)
LOGS = (
    TINY
    + [LARGEST, 1e300, 1e100, 1e10, 1.0]
    + [1 + s * 2.0**-e for e in (52, 51, 40, 30, 20, 10, 5, 4, 3, 2) for s in (1, -1)]
    + [x for v in (mp.sqrt(2), 1 / mp.sqrt(2), mp.e, 2, 10, 0.5) for x in neighbours(float(v))]
    + [10.0**k for k in range(-22, 23)]
    + [2.0**k for k in (-1074, -1050, -1022, -500, -1, 1, 500, 1023)]
)

# Kernel: its function, and its arguments.
ONE = {
    "exp": (
        mp.exp,
        signed(TINY)
        + neighbours(709.782712893384)
        + neighbours(-708.3964185322641)
        + neighbours(-745.1332191019411)
        + [-740.0, -720.5, -709.0, 709.0]
        + uniform(-745, 709.7, 80)
        + uniform(-1, 1, 80)
        + [k * 0.34657359027997264 for k in range(-9, 10)],
    ),
    "exp2": (
        lambda x: mpf(2) ** x,
        signed(TINY)
        + [1023.9999999999999, -1022.0, -1022.5, -1073.5, -1074.0, -1074.9, 1023.0, 0.5, -0.5, 1.5]
        + uniform(-1074, 1024, 80)
        + uniform(-1, 1, 80)
        + [float(k) for k in range(-20, 21)],
    ),
    "expm1": (
        mp.expm1,
        signed(TINY)
        + neighbours(709.782712893384)
        + [-37.0, -38.0, -36.7, -50.0, -700.0, -1e300]
        + uniform(-40, 709.7, 60)
        + uniform(-1, 1, 80)
        + signed(spread(-60, 0, 30))
        + [k * 0.34657359027997264 for k in range(-9, 10) if k],
    ),
    "log": (mp.log, LOGS + spread(-1070, 1020, 60) + uniform(0.5, 2, 80)),
    "log2": (lambda x: mp.log(x) / mp.log(2), LOGS + spread(-1070, 1020, 60) + uniform(0.5, 2, 80)),
    "log10": (lambda x: mp.log(x) / mp.log(10), LOGS + spread(-1070, 1020, 60) + uniform(0.5, 2, 80)),
    "log1p": (
        mp.log1p,
        signed(TINY)
        + [-0.9999999999999999, -0.999, LARGEST, 1e300, 1e100, 1e18, 1e15]
        + [x for v in (mp.sqrt(2) - 1, 1 / mp.sqrt(2) - 1, 1, 3) for x in neighbours(float(v))]
        + uniform(-1, 3, 100)
        + signed(spread(-60, -1, 30))
        + spread(0, 1000, 30),
    ),
    "sin": (mp.sin, signed(TINY) + ANGLES + uniform(-10, 10, 80) + uniform(-1e9, 1e9, 40) + spread(30, 1000, 20)),
    "cos": (mp.cos, signed(TINY) + ANGLES + uniform(-10, 10, 80) + uniform(-1e9, 1e9, 40) + spread(30, 1000, 20)),
    "tan": (mp.tan, signed(TINY) + ANGLES + uniform(-10, 10, 80) + uniform(-1e9, 1e9, 40) + spread(30, 1000, 20)),
    "asin": (
        mp.asin,
        signed(TINY)
        + signed([1.0, 0.9999999999999999, 0.5, 0.7071067811865476, 0.999, 0.975])
        + uniform(-1, 1, 150)
        + spread(-40, -1, 20),
    ),
    "acos": (
        mp.acos,
        signed(TINY)
        + signed([1.0, 0.9999999999999999, 0.5, 0.7071067811865476, 0.999, 0.975])
        + uniform(-1, 1, 150)
        + spread(-40, -1, 20),
    ),
    "atan": (
        mp.atan,
        signed(TINY)
        + signed([1.0, 0.4375, 0.6875, 1.1875, 2.4375, 1e10, 1e17, LARGEST])
        + uniform(-5, 5, 100)
        + spread(-60, 60, 60),
    ),
    "sinh": (
        mp.sinh,
        signed(TINY)
        + signed(neighbours(710.4758600739439))
        + signed(neighbours(1.0))
        + uniform(-710, 710, 60)
        + uniform(-2, 2, 80)
        + uniform(-30, 30, 40),
    ),
    "tanh": (
        mp.tanh,
        signed(TINY)
        + signed([18.0, 19.0, 19.5, 22.0, 700.0, 1e300])
        + uniform(-20, 20, 60)
        + uniform(-1, 1, 100)
        + signed(spread(-60, -1, 20)),
    ),
    "sigmoid": (
        sigmoid,
        signed(TINY)
        + [-700.0, -708.3964185322641, -709.0, -720.0, -740.0, -745.0, -745.2, -746.0, 36.0, 37.0, 40.0, 1000.0]
        + uniform(-745, 40, 60)
        + uniform(-2, 2, 100)
        + uniform(-40, 40, 40),
    ),
    "softplus": (
        softplus,
        signed(TINY)
        + [-100.0, 100.0, -700.0, -708.4, -720.0, -740.0, -745.0, -745.2, -746.0, 36.0, 37.0, 1e300]
        + uniform(-745, 40, 60)
        + uniform(-2, 2, 100)
        + uniform(-40, 40, 40),
    ),
    "erf": (
        mp.erf,
        signed(TINY)
        + signed(neighbours(1.0))
        + [5.8, 5.9, 5.95, 6.0, 7.0, 1e300]
        + uniform(-6, 6, 80)
        + uniform(-1, 1, 80)
        + spread(-60, -1, 20),
    ),
    "erfc": (
        mp.erfc,
        signed(TINY)
        + neighbours(0.8)
        + neighbours(2.0)
        + [-6.0, -5.0, -1.0, 26.0, 26.5, 26.55, 27.0, 27.2, 27.22, 27.3, 28.0]
        + uniform(-6, 27.2, 80)
        + uniform(-1, 3, 100),
    ),
    "cbrt": (
        cbrt,
        signed(TINY)
        + signed([1.0, 8.0, 27.0, 1000.0, LARGEST, 1e300])
        + uniform(-10, 10, 60)
        + signed(spread(-1070, 1020, 60)),
    ),
}


def power(a, b):
    return mpf(a) ** mpf(b) if a > 0 or b != int(b) else (mpf(-1) if int(b) % 2 else mpf(1)) * abs(mpf(a)) ** mpf(b)


TWO = {
    "pow": (
        power,
        [
            (a, b)
            for a in (1.0000000000000002, 0.9999999999999999, 2.0, 0.5, 10.0, 1e-5, 3.0, 1.5)
            for b in (0.5, -0.5, 3.0, -2.0, 10.3, -17.7, 100.25)
        ]
        + [
            (2.0, -1074.0),
            (2.0, -1060.5),
            (2.0, 1023.9999999999999),
            (10.0, 308.25),
            (10.0, -323.3),
            (1.0000000000000002, 1e18),
            (-3.0, 5.0),
            (-3.0, 4.0),
            (-0.5, -7.0),
            (5e-324, 0.3),
            (5e-324, -0.9),
        ]
        + [(random.uniform(0, 10), random.uniform(-20, 20)) for _ in range(120)]
        + [(spread(-300, 300, 1)[0], random.uniform(-3, 3)) for _ in range(60)],
    ),
    "atan2": (
        mp.atan2,
        [
            (s * a, t * b)
            for a, b in (
                (1.0, 1.0),
                (1e-300, 1e300),
                (1e300, 1e-300),
                (3.0, 4.0),
                (5e-324, 5e-324),
                (5e-324, 1.0),
                (1.0, 5e-324),
            )
            for s in (1, -1)
            for t in (1, -1)
        ]
        + [(random.uniform(-5, 5), random.uniform(-5, 5)) for _ in range(120)],
    ),
    "hypot": (
        lambda a, b: mp.sqrt(mpf(a) ** 2 + mpf(b) ** 2),
        [
            (3.0, 4.0),
            (1e300, 1e300),
            (1e-300, 1e-300),
            (5e-324, 5e-324),
            (LARGEST, 1.0),
            (LARGEST, LARGEST / 2),
            (1e308, 1.4e308),
            (SMALLEST_NORMAL, SMALLEST_NORMAL / 2),
            (1.0, 1e-8),
            (1.0, 1e-17),
        ]
        + [(random.uniform(-5, 5), random.uniform(-5, 5)) for _ in range(120)]
        + [(a, a * random.uniform(0, 2)) for a in spread(-1060, 1020, 60)],
    ),
    "reciprocal_or_zero": (
        # 64 times the distance from 1 to the next number is 2^-46.
        lambda a, b: mpf(0) if abs(mpf(a)) <= mpf(2) ** -46 * abs(mpf(b)) else 1 / mpf(a),
        [(s * a, b) for a in (2.0**-46, 2.0**-45, 2.0**-47, 1e-14, 1e-15) for b in (1.0, -1.0, 3.0) for s in (1, -1)]
        + [(0.0, 0.0), (0.0, 5.0), (SMALLEST_NORMAL, 0.0), (LARGEST, 1.0), (LARGEST, LARGEST)]
        + [(random.uniform(-5, 5), random.uniform(-5, 5)) for _ in range(120)],
    ),
}


def main():
    print("kernel,argument,second_argument,value")
    for name, (function, arguments) in ONE.items():
        for x in sorted(set(arguments)):
            print(f"{name},{x!r},,{rounded(function(mpf(x)))!r}")
    for name, (function, arguments) in TWO.items():
        for a, b in sorted(set(arguments)):
            print(f"{name},{a!r},{b!r},{rounded(function(a, b))!r}")


if __name__ == "__main__":
    main()
