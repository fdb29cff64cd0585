"""Writes the example data sets of this folder.

    pip install scikit-learn==1.9.1
    python make.py            # rewrites the files
    python make.py --check    # compares them with what would be written, writes nothing

Digits, diabetes and breast cancer are the copies that scikit-learn ships, so nothing is downloaded.
Puromycin is short enough to stand here. Numbers are written with as few digits as give back the same double.
"""

import argparse
import hashlib
import pathlib
import sys

from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits

FOLDER = pathlib.Path(__file__).parent

# The treated half of R's `Puromycin`: concentration in ppm, rate in counts/min^2.
PUROMYCIN_CONC = [0.02, 0.02, 0.06, 0.06, 0.11, 0.11, 0.22, 0.22, 0.56, 0.56, 1.10, 1.10]
PUROMYCIN_RATE = [76, 47, 97, 107, 123, 139, 159, 152, 191, 201, 207, 200]

# scikit-learn's short names of the ten diabetes variables, and what they stand for.
DIABETES_NAMES = {
    "age": "age",
    "sex": "sex",
    "bmi": "body_mass_index",
    "bp": "blood_pressure",
    "s1": "total_cholesterol",
    "s2": "ldl",
    "s3": "hdl",
    "s4": "cholesterol_hdl_ratio",
    "s5": "log_triglycerides",
    "s6": "glucose",
}


def number(value):
    """The shortest decimal that reads back as `value`; whole numbers without a point."""
    value = float(value)
    return str(int(value)) if value.is_integer() else repr(value)


def text(header, rows):
    """A CSV text with Unix line ends."""
    lines = [",".join(header)] + [",".join(number(v) for v in row) for row in rows]
    return "\n".join(lines) + "\n"


def digits():
    data = load_digits()
    header = [f"p{i}" for i in range(64)] + ["digit"]
    return text(header, [[*image, label] for image, label in zip(data.data, data.target)])


def diabetes():
    data = load_diabetes(scaled=False)
    header = [DIABETES_NAMES[name] for name in data.feature_names] + ["progression"]
    return text(header, [[*row, y] for row, y in zip(data.data, data.target)])


def breast_cancer():
    data = load_breast_cancer()
    assert list(data.target_names) == ["malignant", "benign"]
    header = [name.replace(" ", "_") for name in data.feature_names] + ["malignant"]
    # scikit-learn counts benign as 1. A test result is called positive when the disease is found, so here malignant is 1.
    return text(header, [[*row, 1 - y] for row, y in zip(data.data, data.target)])


def puromycin():
    return text(["conc", "rate"], zip(PUROMYCIN_CONC, PUROMYCIN_RATE))


FILES = {
    "digits.csv": digits,
    "diabetes.csv": diabetes,
    "breast_cancer.csv": breast_cancer,
    "puromycin.csv": puromycin,
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare with the files here instead of writing them")
    arguments = parser.parse_args()
    different = []
    for name, make in FILES.items():
        content = make().encode()
        path = FOLDER / name
        if arguments.check:
            if not path.exists() or path.read_bytes() != content:
                different.append(name)
        else:
            path.write_bytes(content)
        print(f"{hashlib.sha256(content).hexdigest()}  {name}")
    if different:
        sys.exit(f"not as this script writes them: {', '.join(different)}")


if __name__ == "__main__":
    main()
