"""Writes the example tables of this folder.

    pip install scikit-learn==1.9.1 networkx==3.6.1
    python make.py            # rewrites the files
    python make.py --check    # compares them with what would be written, writes nothing

Digits, diabetes, breast cancer and iris are the copies that scikit-learn ships, the karate club and the southern women
those of networkx, so nothing is downloaded. Puromycin, lynx and hare, and the sunspots are short enough to stand here. Numbers are written with as few digits as give back the same double.
"""

import argparse
import hashlib
import pathlib
import sys

import networkx
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_iris

FOLDER = pathlib.Path(__file__).parent

# The treated half of R's `Puromycin`: concentration in ppm, rate in counts/min^2.
PUROMYCIN_CONC = [0.02, 0.02, 0.06, 0.06, 0.11, 0.11, 0.22, 0.22, 0.56, 0.56, 1.10, 1.10]
PUROMYCIN_RATE = [76, 47, 97, 107, 123, 139, 159, 152, 191, 201, 207, 200]

# Pelts in thousands, 1900 to 1920.
HARE = [30, 47.2, 70.2, 77.4, 36.3, 20.6, 18.1, 21.4, 22, 25.4, 27.1,
        40.3, 57, 76.6, 52.3, 19.5, 11.2, 7.6, 14.6, 16.2, 24.7]
LYNX = [4, 6.1, 9.8, 35.2, 59.4, 41.7, 19, 13, 8.3, 9.1, 7.4,
        8, 12.3, 19.5, 45.7, 51.1, 29.7, 15.8, 9.7, 10.1, 8.6]

# Yearly means of the relative sunspot number, 1700 to 1979.
SUNSPOTS = [
    5, 11, 16, 23, 36, 58, 29, 20, 10, 8, 3, 0, 0, 2, 11, 27, 47, 63, 60, 39, 28, 26, 22, 11, 21, 40, 78, 122, 103, 73,
    47, 35, 11, 5, 16, 34, 70, 81, 111, 101, 73, 40, 20, 16, 5, 11, 22, 40, 60, 80.9, 83.4, 47.7, 47.8, 30.7, 12.2,
    9.6, 10.2, 32.4, 47.6, 54, 62.9, 85.9, 61.2, 45.1, 36.4, 20.9, 11.4, 37.8, 69.8, 106.1, 100.8, 81.6, 66.5, 34.8,
    30.6, 7, 19.8, 92.5, 154.4, 125.9, 84.8, 68.1, 38.5, 22.8, 10.2, 24.1, 82.9, 132, 130.9, 118.1, 89.9, 66.6, 60,
    46.9, 41, 21.3, 16, 6.4, 4.1, 6.8, 14.5, 34, 45, 43.1, 47.5, 42.2, 28.1, 10.1, 8.1, 2.5, 0, 1.4, 5, 12.2, 13.9,
    35.4, 45.8, 41.1, 30.1, 23.9, 15.6, 6.6, 4, 1.8, 8.5, 16.6, 36.3, 49.6, 64.2, 67, 70.9, 47.8, 27.5, 8.5, 13.2,
    56.9, 121.5, 138.3, 103.2, 85.7, 64.6, 36.7, 24.2, 10.7, 15, 40.1, 61.5, 98.5, 124.7, 96.3, 66.6, 64.5, 54.1, 39,
    20.6, 6.7, 4.3, 22.7, 54.8, 93.8, 95.8, 77.2, 59.1, 44, 47, 30.5, 16.3, 7.3, 37.6, 74, 139, 111.2, 101.6, 66.2,
    44.7, 17, 11.3, 12.4, 3.4, 6, 32.3, 54.3, 59.7, 63.7, 63.5, 52.2, 25.4, 13.1, 6.8, 6.3, 7.1, 35.6, 73, 85.1, 78,
    64, 41.8, 26.2, 26.7, 12.1, 9.5, 2.7, 5, 24.4, 42, 63.5, 53.8, 62, 48.5, 43.9, 18.6, 5.7, 3.6, 1.4, 9.6, 47.4,
    57.1, 103.9, 80.6, 63.6, 37.6, 26.1, 14.2, 5.8, 16.7, 44.3, 63.9, 69, 77.8, 64.9, 35.7, 21.2, 11.1, 5.7, 8.7, 36.1,
    79.7, 114.4, 109.6, 88.8, 67.8, 47.5, 30.6, 16.3, 9.6, 33.2, 92.6, 151.6, 136.3, 134.7, 83.9, 69.4, 31.5, 13.9,
    4.4, 38, 141.7, 190.2, 184.8, 159, 112.3, 53.9, 37.5, 27.9, 10.2, 15.1, 47, 93.8, 105.9, 105.5, 104.5, 66.6, 68.9,
    38, 34.5, 15.5, 12.6, 27.5, 92.5, 155.4,
]

# The 78 ties of the club as in M. Newman's list, member by member from 1: whom of those before them they met.
KARATE = {
    2: [1], 3: [1, 2], 4: [1, 2, 3], 5: [1], 6: [1], 7: [1, 5, 6], 8: [1, 2, 3, 4], 9: [1, 3], 10: [3], 11: [1, 5, 6],
    12: [1], 13: [1, 4], 14: [1, 2, 3, 4], 17: [6, 7], 18: [1, 2], 20: [1, 2], 22: [1, 2], 26: [24, 25],
    28: [3, 24, 25], 29: [3], 30: [24, 27], 31: [2, 9], 32: [1, 25, 26, 29],
    33: [3, 9, 15, 16, 19, 21, 23, 24, 30, 31, 32],
    34: [9, 10, 14, 15, 16, 19, 20, 21, 23, 24, 27, 28, 29, 30, 31, 32, 33],
}

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


def iris():
    data = load_iris()
    header = [name.removesuffix(" (cm)").replace(" ", "_") for name in data.feature_names]
    rows = [[number(value) for value in row] + [str(data.target_names[k])] for row, k in zip(data.data, data.target)]
    return "\n".join(",".join(row) for row in [header + ["species"], *rows]) + "\n"


def karate_nodes():
    club = networkx.karate_club_graph()
    sides = ["Mr. Hi", "Officer"]
    rows = [[sides.index(club.nodes[n]["club"]), int(n in (0, 33))] for n in range(34)]
    assert sum(side for side, _ in rows) == 17
    return text(["club", "labelled"], rows)


def karate_edges():
    ties = {frozenset(tie) for tie in networkx.karate_club_graph().edges}
    other = {frozenset((a - 1, b - 1)) for a, before in KARATE.items() for b in before}
    assert ties == other and len(ties) == 78
    return text(["from", "to"], sorted((a, b) for tie in ties for a in tie for b in tie if a != b))


def lynx_hare():
    return text(["year", "hare", "lynx"], zip(range(1900, 1921), HARE, LYNX, strict=True))


def sunspots():
    return text(["year", "number"], zip(range(1700, 1980), SUNSPOTS, strict=True))


def southern_women():
    graph = networkx.davis_southern_women_graph()
    women, events = graph.graph["top"], graph.graph["bottom"]
    rows = [[w, e, int(graph.has_edge(woman, event))] for w, woman in enumerate(women) for e, event in enumerate(events)]
    assert sum(attended for *_, attended in rows) == 89
    return text(["woman", "event", "attended"], rows)


FILES = {
    "digits.csv": digits,
    "diabetes.csv": diabetes,
    "breast_cancer.csv": breast_cancer,
    "puromycin.csv": puromycin,
    "iris.csv": iris,
    "karate_nodes.csv": karate_nodes,
    "karate_edges.csv": karate_edges,
    "lynx_hare.csv": lynx_hare,
    "sunspots.csv": sunspots,
    "southern_women.csv": southern_women,
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
