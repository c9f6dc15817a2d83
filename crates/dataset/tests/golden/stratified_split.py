#!/usr/bin/env python3
"""Known answers for `stratified_split`, from an implementation of its own.

    python3 crates/dataset/tests/golden/stratified_split.py

prints the values in the tests of src/stratified.rs and src/digits.rs. Python 3
only. ChaCha20 is checked against RFC 8439, section 2.3.2, first.
"""

import fractions
import gzip
import hashlib
import math
import pathlib
import struct

DIGITS = pathlib.Path(__file__).resolve().parents[2] / "assets/digits.csv.gz"


def block(key, counter_and_nonce):
    """One 64-byte block of ChaCha20."""
    start = struct.unpack("<4I", b"expand 32-byte k")
    start += struct.unpack("<8I", key) + struct.unpack("<4I", counter_and_nonce)
    x = list(start)

    def quarter(a, b, c, d):
        for p, q, r, bits in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
            x[p] = (x[p] + x[q]) & 0xFFFFFFFF
            x[r] ^= x[p]
            x[r] = ((x[r] << bits) | (x[r] >> (32 - bits))) & 0xFFFFFFFF

    for _ in range(10):
        for i in range(4):
            quarter(i, 4 + i, 8 + i, 12 + i)
        for i in range(4):
            quarter(i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4)
    return struct.pack("<16I", *((a + b) & 0xFFFFFFFF for a, b in zip(x, start)))


def words(seed):
    """64-bit words: 64-bit counter from 0, 64-bit nonce 0."""
    key = seed.to_bytes(32, "little")
    counter = 0
    while True:
        yield from struct.unpack("<8Q", block(key, struct.pack("<QQ", counter, 0)))
        counter += 1


def split(labels, classes, fraction, seed):
    """Ascending indices of the validation part. `fraction` is exact here."""
    stream = words(seed)

    def draw(bound):
        while True:
            word = next(stream)
            if word < 2**64 // bound * bound:
                return word % bound

    members = [[i for i, l in enumerate(labels) if l == c] for c in range(classes)]
    quotas = [len(m) * fraction for m in members]
    shares = [math.floor(q) for q in quotas]
    missing = round(len(labels) * fraction) - sum(shares)
    order = sorted(range(classes), key=lambda c: (shares[c] - quotas[c], c))
    for c in order[:missing]:
        shares[c] += 1
    val = []
    for m, share in zip(members, shares):
        for i in range(len(m) - 1, 0, -1):
            j = draw(i + 1)
            m[i], m[j] = m[j], m[i]
        val += m[:share]
    return sorted(val)


def main():
    rfc = block(bytes(range(32)), bytes.fromhex("01000000000000090000004a00000000"))
    assert rfc[:16].hex() == "10f1e7e4d13b5915500fdd1fa32071c4", rfc.hex()

    labels = [(i * i + i // 3) % 3 for i in range(40)]
    for seed in (0, 42, 2**64 - 1):
        print("seed", seed, split(labels, 3, fractions.Fraction(1, 4), seed))

    rows = gzip.open(DIGITS, "rt").read().split()
    labels = [int(row.rsplit(",", 1)[1]) for row in rows]
    test = split(labels, 10, fractions.Fraction(1, 5), 1998)
    text = ",".join(map(str, test))
    print("digits", len(test), test[:4], hashlib.sha256(text.encode()).hexdigest())


if __name__ == "__main__":
    main()
