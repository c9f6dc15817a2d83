#!/usr/bin/env bash
# Puts the Python packages that the tests compare against into .venv/packages,
# with pip alone (the venv module is a package of its own on some systems).
# Does nothing when these versions are there.
set -euo pipefail
cd "$(dirname "$0")/.."

packages="onnx==1.23.2 onnxruntime==1.28.0 numpy"
if [[ -f .venv/versions && $(<.venv/versions) == "$packages" ]]; then
    echo "Python packages are there: .venv/packages" >&2
    exit 0
fi
rm -rf .venv
mkdir .venv
# shellcheck disable=SC2086 # a list of words
python3 -m pip install --quiet --disable-pip-version-check --root-user-action ignore --target .venv/packages $packages
echo "$packages" >.venv/versions
