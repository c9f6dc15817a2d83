"""Golden learning-rate range tests, judged by fastai's own functions.

    python3 -m venv venv && venv/bin/pip install numpy==2.4.6
    venv/bin/pip download --no-deps fastai==2.8.12
    venv/bin/python tools/golden/range_test.py fastai-2.8.12-py3-none-any.whl

Writes crates/metrics/tests/golden/range_test.json. `valley` and `steep` are cut
out of the wheel, as the package itself brings PyTorch and spaCy; NumPy's arrays
stand in for tensors, in double precision. The few lines of `AvgSmoothLoss`,
`LRFinder` and `lr_find` around them are repeated here.
"""

import ast
import json
import math
import pathlib
import random
import sys
import zipfile

import numpy

OUT = pathlib.Path(__file__).parents[2] / "crates/metrics/tests/golden/range_test.json"
START, END, BETA = 1e-7, 10.0, 0.98


class Tensor(numpy.ndarray):
    """An array with the one method of a tensor's that NumPy's lack."""

    def log(self):
        return numpy.log(self)


def tensor(values):
    return numpy.asarray(values, dtype=numpy.float64).view(Tensor)


def from_fastai(wheel, *names):
    source = zipfile.ZipFile(wheel).read("fastai/callback/schedule.py")
    functions = [
        node
        for node in ast.parse(source).body
        if isinstance(node, ast.FunctionDef) and node.name in names
    ]
    scope = {}
    exec(compile(ast.Module(functions, []), str(wheel), "exec"), scope)
    return [scope[name] for name in names]


def run(losses, steps):
    """Learning rates and smoothed losses of `LRFinder`, as far as it goes."""
    rates, smoothed, value, best = [], [], 0.0, math.inf
    for step, loss in enumerate(losses[:steps]):
        rates.append(START * (END / START) ** (step / steps))
        value = loss + BETA * (value - loss)
        smoothed.append(value / (1 - BETA ** (step + 1)))
        if smoothed[-1] < best:
            best = smoothed[-1]
        if smoothed[-1] > 4 * best:
            break
    return rates, smoothed


def judged(rates, smoothed, steps):
    """What `lr_find` hands to its suggestions."""
    rates, smoothed = tensor(rates[steps // 10 : -5]), tensor(smoothed[steps // 10 : -5])
    nans = numpy.flatnonzero(numpy.isnan(smoothed))
    end = nans[0] if len(nans) else None
    return rates[:end], smoothed[:end]


def curve(steps, noise, diverges_at, seed, falls=1.0):
    """Losses of a made-up training: flat, falling, and up again."""
    draw = random.Random(seed)
    for step in range(steps):
        rate = START * (END / START) ** (step / steps)
        falling = 4.6 - falls * 3.2 / (1 + math.exp(-2 * (math.log10(rate) + 3)))
        rising = (rate / diverges_at) ** 2 if diverges_at else 0.0
        yield falling + rising + noise * draw.gauss(0, 1)


CASES = {
    "smooth": (100, list(curve(100, 0.0, 0.1, 1))),
    "noisy": (100, list(curve(100, 0.3, 0.1, 2))),
    "very noisy": (200, list(curve(200, 1.5, 0.5, 3))),
    "never diverges": (100, list(curve(100, 0.05, None, 4))),
    "only falls": (60, [5.0 - 0.08 * step for step in range(60)]),
    "only rises": (100, list(curve(100, 0.1, 0.01, 5, falls=0.0))),
    "few steps": (15, list(curve(15, 0.1, 0.1, 6))),
    "diverges at once": (100, [1.0 * 1.5**step for step in range(100)]),
    "nan": (100, list(curve(100, 0.1, None, 7))[:70] + [math.nan] * 30),
    "nan in the last steps": (100, list(curve(100, 0.1, None, 8))[:97] + [math.nan] * 3),
}

valley, steep = from_fastai(sys.argv[1], "valley", "steep")
rows = []
for name, (steps, losses) in CASES.items():
    rates, smoothed = run(losses, steps)
    judged_rates, judged_losses = judged(rates, smoothed, steps)
    rows.append(
        {
            "name": name,
            "steps": steps,
            "losses": [None if math.isnan(loss) else loss for loss in losses],
            "smoothed": [loss for loss in smoothed if not math.isnan(loss)],
            "rates": rates,
            "valley": valley(judged_rates, judged_losses, steps)[0] if len(judged_rates) else None,
            "steep": steep(judged_rates, judged_losses, steps)[0] if len(judged_rates) > 1 else None,
        }
    )
    print(name, len(rates), len(judged_rates), rows[-1]["valley"], rows[-1]["steep"])
OUT.write_text("[\n" + ",\n".join(json.dumps(row) for row in rows) + "\n]\n")
