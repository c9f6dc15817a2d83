#!/usr/bin/env bash
# Puts Python packages into a folder of their own that git ignores, with pip
# alone (the venv module is a package of its own on some systems):
#
#   tools/python_env.sh            what the tests compare against: .venv/packages
#   tools/python_env.sh serve      Triton's client, FastAPI, Playwright: .venv-serve/packages
#   tools/python_env.sh bench      OpenCV and onnxruntime (200 MB): .venv-bench/packages
#   tools/python_env.sh bench-gpu  the same for CUDA: .venv-bench-gpu/packages
#   tools/python_env.sh labels     cleanlab, Pillow (500 MB): .venv-labels/packages
#   tools/python_env.sh torch      PyTorch and timm (5 GB): .venv-torch/packages
#
# Does nothing when these versions are there.
set -euo pipefail
cd "$(dirname "$0")/.."
source tools/lib.sh

case "${1-}" in
"") folder=.venv packages="onnx==1.23.2 onnxruntime==1.28.0 numpy" ;;
serve) folder=.venv-serve packages="tritonclient[http]==2.73.0 fastapi==0.165.0 uvicorn[standard]==0.54.0 pillow==13.0.0 onnxruntime==1.28.0 playwright==1.65.2 numpy" ;;
bench-gpu) folder=.venv-bench-gpu packages="opencv-python-headless==5.0.0.93 onnxruntime-gpu==1.28.0 numpy" ;;
bench) folder=.venv-bench packages="opencv-python-headless==5.0.0.93 onnxruntime==1.28.0 numpy" ;;
labels) folder=.venv-labels packages="cleanlab==2.9.0 scikit-learn==1.9.1 safetensors==0.8.0 pillow==13.0.0 numpy" ;;
torch) folder=.venv-torch packages="torch==2.15.0 timm==1.0.31 safetensors==0.8.0 numpy" ;;
*)
    echo "error: unknown argument '$1'" >&2
    echo "hint: usage: $0 [serve|bench|bench-gpu|labels|torch]" >&2
    exit 2
    ;;
esac
if [[ -f $folder/versions && $(<"$folder/versions") == "$packages" ]]; then
    echo "Python packages are there: $folder/packages" >&2
    exit 0
fi
need python3
rm -rf "$folder"
mkdir "$folder"
# shellcheck disable=SC2086 # a list of words
if ! python3 -m pip install --quiet --disable-pip-version-check --root-user-action ignore --target "$folder/packages" $packages; then
    rm -rf "$folder"
    echo "error: pip could not install $packages" >&2
    echo "hint: python3 needs pip, the network and a version that these packages have wheels for" >&2
    exit 1
fi
echo "$packages" >"$folder/versions"
