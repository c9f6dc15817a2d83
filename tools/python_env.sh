#!/usr/bin/env bash
# Makes .venv with the Python packages that the tests compare against. Does
# nothing when it is there with these versions.
set -euo pipefail
cd "$(dirname "$0")/.."

packages="onnx==1.23.2 onnxruntime==1.28.0 numpy"
if [[ -f .venv/packages && $(<.venv/packages) == "$packages" ]]; then
    echo "python packages: already there" >&2
    exit 0
fi
rm -rf .venv
python3 -m venv .venv
# shellcheck disable=SC2086 # a list of words
.venv/bin/pip install --quiet --disable-pip-version-check $packages
echo "$packages" >.venv/packages
