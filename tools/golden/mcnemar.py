"""Golden p-values of McNemar's test, made by statsmodels.

    python3 -m venv venv && venv/bin/pip install statsmodels==0.15.0
    venv/bin/python tools/golden/mcnemar.py

Writes crates/metrics/tests/golden/mcnemar.json, a list of
[only_first, only_second, exact, statistic, p_value].
"""

import json
import pathlib

from statsmodels.stats.contingency_tables import mcnemar

OUT = pathlib.Path(__file__).parents[2] / "crates/metrics/tests/golden/mcnemar.json"
COUNTS = [
    (0, 0), (0, 1), (1, 0), (3, 3), (1, 6), (5, 15), (0, 24), (12, 12), (10, 14),
    (25, 0), (12, 13), (5, 25), (30, 30), (40, 61), (100, 150), (0, 500),
    (250, 300), (1234, 1300), (900, 100),
]  # fmt: skip

rows = []
for first, second in COUNTS:
    exact = first + second < 25
    result = mcnemar([[1000, first], [second, 77]], exact=exact, correction=True)
    rows.append([first, second, exact, float(result.statistic), float(result.pvalue)])
OUT.write_text("[\n" + ",\n".join(json.dumps(row) for row in rows) + "\n]\n")
