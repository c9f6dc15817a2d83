"""Golden values for crates/metrics, made by scikit-learn.

    python3 -m venv venv && venv/bin/pip install scikit-learn==1.9.1
    venv/bin/python tools/golden/classification_report.py

Writes crates/metrics/tests/golden/{README.md,<case>.json,<case>.txt}; the
same versions write the same files.
"""

import json
import pathlib
import warnings

import numpy as np
import scipy
import sklearn
from scipy.optimize import minimize_scalar
from scipy.special import softmax
from sklearn.metrics import (
    balanced_accuracy_score,
    brier_score_loss,
    classification_report,
    confusion_matrix,
    log_loss,
    top_k_accuracy_score,
)

OUT = pathlib.Path(__file__).parents[2] / "crates/metrics/tests/golden"


def ece(labels, probabilities, bins=15):
    """Expected calibration error: equation 3 of Guo, Pleiss, Sun and Weinberger
    2017, "On calibration of modern neural networks", with the bins ((m-1)/M, m/M]
    of its section 2."""
    confidence = probabilities.max(axis=1)
    correct = probabilities.argmax(axis=1) == labels
    bin_of = np.digitize(confidence, np.arange(bins + 1) / bins, right=True)
    gaps = [
        (bin_of == m).mean() * abs(correct[bin_of == m].mean() - confidence[bin_of == m].mean())
        for m in range(1, bins + 1)
        if (bin_of == m).any()
    ]
    return float(sum(gaps))


def calibration(labels, logits, temperature):
    """Brier score, calibration error and loss of the logits divided by a temperature."""
    classes = range(logits.shape[1])
    probabilities = softmax(logits.astype(np.float64) / temperature, axis=1)
    one_hot = np.eye(len(classes))[labels]
    brier = brier_score_loss(labels, probabilities, labels=classes, scale_by_half=False)
    assert abs(brier - ((probabilities - one_hot) ** 2).sum(axis=1).mean()) < 1e-12
    return {
        "temperature": temperature,
        "brier": brier,
        "ece": ece(labels, probabilities),
        "loss": -np.log(probabilities[np.arange(len(labels)), labels]).mean(),
    }


def fit_temperature(labels, logits):
    """The temperature with the lowest loss."""
    found = minimize_scalar(
        lambda log_t: calibration(labels, logits, np.exp(log_t))["loss"],
        bounds=(np.log(0.01), np.log(100.0)),
        options={"xatol": 1e-12},
    )
    return float(np.exp(found.x))


def balanced_accuracy(labels, predictions):
    """Mean recall; predictions of a class without images are only wrong."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "y_pred contains classes not in y_true")
        return float(balanced_accuracy_score(labels, predictions))


def write(name, names, labels, logits):
    """Writes one case; the predictions are the logits' argmax."""
    classes = range(len(names))
    logits = logits.astype(np.float32)
    for row in logits:  # sklearn lets the higher index win a tie, we the lower
        assert len(set(row.tolist())) == len(row)
    predictions = logits.argmax(axis=1)
    options = dict(labels=classes, target_names=names, zero_division=0)
    numbers = classification_report(labels, predictions, output_dict=True, **options)
    text = classification_report(labels, predictions, digits=4, **options)
    case = {
        "names": names,
        "labels": labels.tolist(),
        "predictions": predictions.tolist(),
        # float32 in the fewest digits that give the same float32 back
        "logits": [[float(str(x)) for x in row] for row in logits],
        "report": numbers,
        "balanced_accuracy": balanced_accuracy(labels, predictions),
        "confusion": confusion_matrix(labels, predictions, labels=classes).tolist(),
        "log_loss": log_loss(
            labels, softmax(logits.astype(np.float64), axis=1), labels=classes
        ),
        "top5": top_k_accuracy_score(labels, logits, k=5, labels=classes),
        "calibration": calibration(labels, logits, 1.0),
        "scaled": calibration(labels, logits, fit_temperature(labels, logits)),
    }
    (OUT / f"{name}.json").write_text(json.dumps(case, ensure_ascii=False) + "\n")
    (OUT / f"{name}.txt").write_text(text)
    print(f"{name}: accuracy {numbers['accuracy']:.4f} top-5 {case['top5']:.4f}")


def draw(rng, labels, classes, lift):
    """Normal logits, the label's raised by `lift`; few decimals keep the files small."""
    logits = rng.normal(size=(len(labels), classes)) * 2
    logits[np.arange(len(labels)), labels] += lift
    # Distinct within a row: the class index is the second and third decimal.
    return logits.round(1) + np.arange(classes) * 1e-3


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(20240607)

    # Ten balanced classes with short names: the width comes from "weighted avg".
    labels = rng.integers(10, size=400)
    names = [str(digit) for digit in range(10)]
    write("ten", names, labels, draw(rng, labels, 10, 3.0))

    # A hundred unbalanced classes with long names: the width comes from them.
    share = rng.pareto(1.0, size=100) + 0.05
    labels = np.concatenate(
        [np.arange(100), rng.choice(100, size=300, p=share / share.sum())]
    )
    names = [f"class {i:02} " + "äß字x"[i % 4] * (i % 31) for i in range(100)]
    write("hundred", names, labels, draw(rng, labels, 100, 4.0))

    # Class 1 is never predicted, 4 has no images, 6 has neither.
    labels = rng.choice([0, 1, 2, 3, 5, 7], size=96)
    logits = draw(rng, labels, 8, 2.0)
    logits[:, [1, 6]] -= 20.0  # not 40: log_loss clips probabilities at 2.2e-16
    names = ["a", "never predicted", "c", "d", "without images", "f", "neither", "h"]
    write("undefined", names, labels, logits)

    (OUT / "README.md").write_text(
        "# Golden values for the metrics\n\n"
        f"Made by scikit-learn {sklearn.__version__}, SciPy {scipy.__version__} and "
        f"NumPy {np.__version__} with\n\n"
        "```\npython3 tools/golden/classification_report.py\n```\n\n"
        "(set-up in that file). Each case has a `.json` file (class names, labels,\n"
        "predictions, float32 logits, the numbers of `classification_report`,\n"
        "`balanced_accuracy_score`, `confusion_matrix`, `log_loss` and\n"
        "`top_k_accuracy_score(k=5)`; under\n"
        "`calibration` those of `brier_score_loss(scale_by_half=False)` and of the\n"
        "expected calibration error as Guo et al. 2017 define it; under `scaled` the\n"
        "same at the temperature that `scipy.optimize.minimize_scalar` finds) and a\n"
        "`.txt` file, the text of `classification_report(labels, predictions,\n"
        "labels=range(n), target_names=names, digits=4, zero_division=0)`.\n\n"
        "| case | what it holds |\n|---|---|\n"
        "| `ten` | 10 classes, 400 images |\n"
        "| `hundred` | 100 unbalanced classes, 400 images, long and non-ASCII names |\n"
        "| `undefined` | a class never predicted, one without images, one with neither |\n"
    )


if __name__ == "__main__":
    main()
