"""Golden values of `metrics::label_issues`, from cleanlab.

    pip install cleanlab==2.9.0 numpy==2.4.6
    python3 tools/golden/label_issues.py > crates/metrics/tests/golden/label_issues.json
"""

import json

import numpy as np
from cleanlab.filter import find_label_issues

cases = []
for seed, images, classes, noise in ((0, 60, 3, 0.4), (1, 120, 5, 0.2), (2, 40, 2, 0.5)):
    rng = np.random.default_rng(seed)
    true = rng.integers(0, classes, images)
    labels = np.where(rng.random(images) < noise, rng.integers(0, classes, images), true)
    logits = rng.normal(0, 1, (images, classes))
    logits[np.arange(images), true] += 2
    probabilities = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    # As many digits as the test reads.
    probabilities = np.round(probabilities, 5).astype("float32")
    issues = find_label_issues(
        labels,
        probabilities,
        filter_by="low_self_confidence",
        return_indices_ranked_by="self_confidence",
        n_jobs=1,
    )
    cases.append(
        {
            "classes": classes,
            "labels": labels.tolist(),
            "probabilities": [round(float(p), 5) for p in probabilities.ravel()],
            "issues": issues.tolist(),
        }
    )
print(json.dumps(cases))
