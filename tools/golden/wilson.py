"""Golden intervals of shares, made by SciPy.

    python3 -m venv venv && venv/bin/pip install scipy==1.17.1
    venv/bin/python tools/golden/wilson.py

Writes crates/metrics/tests/golden/wilson.json, a list of
[hits, images, low, high] at a level of 95 %.
"""

import json
import pathlib

from scipy.stats import binomtest

OUT = pathlib.Path(__file__).parents[2] / "crates/metrics/tests/golden/wilson.json"
COUNTS = [(0, 1), (1, 1), (0, 4), (3, 4), (46, 48), (48, 48), (129, 200), (2337, 2500), (1, 60000)]

rows = []
for hits, images in COUNTS:
    interval = binomtest(hits, images).proportion_ci(confidence_level=0.95, method="wilson")
    rows.append([hits, images, float(interval.low), float(interval.high)])
OUT.write_text("[\n" + ",\n".join(json.dumps(row) for row in rows) + "\n]\n")
