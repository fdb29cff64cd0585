"""The random stream of draws, from its description in docs/language.md and the specification of ChaCha (D. J. Bernstein,
"ChaCha, a variant of Salsa20", 2008) alone: python3 tests/reference/draws.py writes draws.json beside it.

The cipher is first compared with the published test vector for 8 rounds, a 256-bit key of zeros and an IV of zeros
(draft-strombergson-chacha-test-vectors-01, TC1)."""

import json
import math
import pathlib
import struct

TC1 = (
    "3e00ef2f895f40d67f5bb8e81f09a5a12c840ec3ce9a7f3b181be188ef711a1e"
    "984ce172b9216f419f445367456d5619314a42a3da86b001387bfdb80e0cfe42"
)
MASK = 0xFFFFFFFF


def block(key, counter, stream):
    start = [0x61707865, 0x3320646E, 0x79622D32, 0x6B206574]
    start += struct.unpack("<8I", key)
    start += [counter & MASK, counter >> 32, stream & MASK, stream >> 32]
    x = list(start)

    def add_xor_rotate(a, b, c, by):
        x[a] = (x[a] + x[b]) & MASK
        x[c] ^= x[a]
        x[c] = (x[c] << by | x[c] >> 32 - by) & MASK

    def quarter(a, b, c, d):
        add_xor_rotate(a, b, d, 16)
        add_xor_rotate(c, d, b, 12)
        add_xor_rotate(a, b, d, 8)
        add_xor_rotate(c, d, b, 7)

    for _ in range(4):
        for i in range(4):
            quarter(i, 4 + i, 8 + i, 12 + i)
        for i in range(4):
            quarter(i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4)
    return struct.pack("<16I", *((a + b) & MASK for a, b in zip(x, start)))


assert block(bytes(32), 0, 0).hex() == TC1


def fnv1a(data):
    value = 0xCBF29CE484222325
    for byte in data:
        value = (value ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return value


def uniform(seed, name, step):
    key = (struct.pack("<Q", seed) + b"nnc draw").ljust(32, b"\0")
    stream = fnv1a(name.encode() + struct.pack("<Q", step))
    counter = 0
    while True:
        for (word,) in struct.iter_unpack("<Q", block(key, counter, stream)):
            yield (word >> 11) / 2.0**53
        counter += 1


def normal(numbers):
    while True:
        radius = math.sqrt(-2.0 * math.log(1.0 - next(numbers)))
        angle = 2.0 * math.pi * next(numbers)
        yield radius * math.cos(angle)
        yield radius * math.sin(angle)


def first(numbers, count):
    return [next(numbers) for _ in range(count)]


cases = []
for seed, step in [(0, 0), (5, 7), (2**63 + 1, 2**40)]:
    # In units of 2^-53, so that no reader of decimal numbers rounds them.
    one = [int(u * 2**53) for u in first(uniform(seed, "draw1", step), 20)]
    two = first(normal(uniform(seed, "draw2", step)), 20)
    cases.append({"seed": seed, "step": step, "uniform": one, "normal": two})
path = pathlib.Path(__file__).with_suffix(".json")
path.write_text(json.dumps({"tc1": TC1, "cases": cases}) + "\n")
