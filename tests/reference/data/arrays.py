"""Small files of arrays as NumPy writes them, and packed tables, for the tests of data files.

Run: python3 arrays.py. Needs numpy (2.4.6 made the stored files).
"""

import gzip
import pathlib

import numpy as np

FOLDER = pathlib.Path(__file__).parent

x = np.array([[1.5, 2], [3, 4], [5, -6.25]])
arrays = {
    "x": x.astype("f4"),
    "fortran": np.asfortranarray(np.arange(18.0).reshape(3, 2, 3)),
    "big": np.array([1.25, -2, 1e300], dtype=">f8"),
    "y": np.array([2, 0, 1], dtype="i8"),
    "small": np.array([-1, 127, -128], dtype="i1"),
    "unsigned": np.array([0, 65535, 3], dtype=">u2"),
    "seen": np.array([True, False, True]),
    "holes": np.array([[1, np.nan], [2, 20], [3, 40]]),
    "infinite": np.array([1, np.inf, 2]),
    "texts": np.array(["a", "b", "c"]),
    "complex": np.array([1j, 2, 3]),
    "huge": np.array([1, 2**60, 3], dtype="i8"),
    "four": np.arange(4.0),
    "single": np.array(3.0),
}
np.savez(FOLDER / "plain.npz", **arrays)
np.savez_compressed(FOLDER / "packed.npz", **arrays)
np.savez(FOLDER / "one.npz", x=arrays["x"])
np.save(FOLDER / "x.npy", x)
np.save(FOLDER / "y.npy", arrays["y"])
np.save(FOLDER / "objects.npy", np.array([1, "a", None], dtype=object), allow_pickle=True)
for name, text in {"table.csv.gz": "a,b\n1,2\n3,4\n", "text.txt.gz": "abab"}.items():
    (FOLDER / name).write_bytes(gzip.compress(text.encode(), mtime=0))
