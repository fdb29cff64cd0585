"""Prints `values.csv`: the left sides of the rounded rewrite rules at ordinary and hard arguments, to all digits of an f64.

Columns: rule, arguments, value. An argument is `name=number`, or `name=number number number` for what a reduction runs
over. The left sides are read from the table; their meaning (what `exp` or `sum[r]` is) stands here and nowhere else:
mpmath at 800 digits, so neither overflow nor cancellation. Arguments at which the left side has no value are left out.

Needs Python 3 and mpmath. Run: python3 values.py > values.csv
"""

import itertools
import pathlib
import random
import re

from mpmath import mp, mpf

mp.dps = 800
random.seed(1)

TABLE = pathlib.Path(__file__).parents[3] / "src" / "prim" / "table.rs"
NUMBERS = [0.0, 1e-300, 1e-17, 1e-9, 0.3, 1.0, 2.5, 20.0, 40.0, 750.0, 1500.0]
HARD = NUMBERS + [-x for x in NUMBERS[1:]]
WORDS = {"if", "then", "else", "not", "and", "or", "r"}


def sigmoid(x):
    return 1 / (1 + mp.exp(-x))


MEANING = {
    "exp": mp.exp,
    "log": mp.log,
    "log1p": lambda x: mp.log(1 + x),
    "expm1": lambda x: mp.exp(x) - 1,
    "sqrt": mp.sqrt,
    "cos": mp.cos,
    "erf": mp.erf,
    "sigmoid": sigmoid,
    "sum": lambda f: sum((f(i) for i in range(3)), mpf(0)),
    "prod": lambda f: f(0) * f(1) * f(2),
}


def python(text):
    """The expression as Python: variables are indexed by i, reductions are functions of i."""
    text = re.sub(r"(sum|prod)\[r\]\(", r"\1(lambda i: ", text)
    text = text.replace("^", "**")
    part = r"(\w+\([^()]*\)|\w+)"
    text = re.sub(f"if {part} then {part} else {part}", r"(\2 if \1 else \3)", text)
    return re.sub(r"\b([a-z])\b(?!\()", lambda m: m[0] if m[1] == "i" else f"{m[1]}(i)", text)


def variables(text):
    names = re.findall(r"\b([a-z])\b", re.sub(r"\[r\]", "", text))
    return list(dict.fromkeys(n for n in names if n not in WORDS))


def rounded(value):
    """The nearest f64."""
    if mp.isinf(value):
        return float(value)
    _, exponent = mp.frexp(value)
    lowest = max(exponent - 53, -1074)
    digits = int(mp.nint(value * mpf(2) ** -lowest))
    try:
        return float(digits) * 2.0**lowest if lowest > -1000 else float(digits) * 2.0**-537 * 2.0 ** (lowest + 537)
    except OverflowError:
        return float("inf") if digits > 0 else float("-inf")


def points(names, reduces, truth, positive):
    """Arguments: all pairs of hard numbers, then random ordinary ones."""
    single = [[x] for x in HARD] if len(names) == 1 else []
    pairs = itertools.product(HARD, repeat=2) if len(names) > 1 else []
    for base in itertools.chain(single, pairs, [[None]] * 40):
        point = {}
        for k, name in enumerate(names):
            value = random.uniform(-4, 4) if base[0] is None else base[k % len(base)]
            if name == truth:
                point[name] = [float(random.randrange(2)) for _ in range(3 if reduces else 1)]
            elif reduces:
                other = random.choice([value, random.choice(HARD)]) if base[0] is not None else random.uniform(-4, 4)
                point[name] = [value, other, random.uniform(-2, 2)]
            else:
                point[name] = [value]
            if name in positive:
                point[name] = [abs(x) or 1.0 for x in point[name]]
        yield point


def short(x):
    return repr(x).removesuffix(".0")


def main():
    print("rule,arguments,value")
    rules = re.findall(r'rule\(\s*"([a-z0-9-]+)",\s*"([^"]*)",\s*Law::Rounded', TABLE.read_text())
    for name, text in rules:
        text = re.sub(r"\\\s+", "", text)
        left = text.split("=>")[0].strip()
        right = text.split("=>")[1]
        names = variables(left)
        positive = re.findall(r"positive\((\w)\)", right)
        truth = next(iter(re.findall(r"\bif ([a-z]) then", left)), None)
        code = compile(python(left), left, "eval")
        rows = []
        for point in points(names, "[r]" in left, truth, positive):
            scope = dict(MEANING, i=0)
            for v in names:
                scope[v] = lambda i, xs=point[v]: mpf(xs[i % len(xs)])
            try:
                value = eval(code, scope)
            except (ZeroDivisionError, ValueError, OverflowError):
                value = mp.nan
            if name.startswith("x-log") and point["x"] == [0.0]:
                value = mpf(0)  # The convention 0 log 0 = 0, whatever stands inside the logarithm.
            if not isinstance(value, mp.mpf) or mp.isnan(value):
                continue
            arguments = ";".join(f"{v}={' '.join(short(x) for x in point[v])}" for v in names)
            rows.append(f"{name},{arguments},{short(rounded(value))}")
        if len(rows) > 60:
            rows = random.sample(rows, 60)
        print("\n".join(sorted(rows)))


if __name__ == "__main__":
    main()
