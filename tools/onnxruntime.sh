#!/usr/bin/env bash
# Fetches the ONNX Runtime shared library that `infer` loads, from the official
# PyPI wheel, into .onnxruntime/ in the project root (git ignores it).
#
#   tools/onnxruntime.sh          the CPU build
#   tools/onnxruntime.sh --gpu    the CUDA build (larger; runs on the CPU too)
#
# A second run finds the library there and does nothing. Needs Python 3 with pip.
set -euo pipefail

# 1.28.0 on purpose: the official Linux builds from 1.29 on upload telemetry.
version=1.28.0
cpu_sha256=a166b78ee04f3a37fa1ef82034b6a3ce96d9684e582d4d30b296de83e9998bb5
gpu_sha256=774d4c307317f7a0fefc33930820b7ac2a62be2c595e6a1e63e318555f7176b8

fail() {
  echo "error: $1" >&2
  echo "hint: $2" >&2
  exit 1
}

package=onnxruntime
sha256=$cpu_sha256
case "${1-}" in
  "") ;;
  --gpu) package=onnxruntime-gpu sha256=$gpu_sha256 ;;
  -h | --help) sed -n '2,8s/^# \{0,1\}//p' "$0"; exit 0 ;;
  *) echo "error: unknown argument '$1'" >&2; echo "hint: usage: $0 [--gpu]" >&2; exit 2 ;;
esac

root=$(cd "$(dirname "$0")/.." && pwd)
target=$root/.onnxruntime
stamp=$target/WHEEL
library=libonnxruntime.so.$version

# The CUDA build contains the CPU provider, so it satisfies both requests.
if [ -f "$target/$library" ] && [ -f "$stamp" ]; then
  installed=$(cat "$stamp")
  if [ "$installed" = "$package==$version" ] || [ "$installed" = "onnxruntime-gpu==$version" ]; then
    echo "ONNX Runtime $version is there: .onnxruntime/$library ($installed)"
    exit 0
  fi
fi

elsewhere="install ONNX Runtime 1.24 or newer yourself and set ORT_DYLIB_PATH to its shared library"
platform="$(uname -s) $(uname -m)"
[ "$platform" = "Linux x86_64" ] || fail "no ONNX Runtime wheel is pinned for $platform, only for Linux x86_64" "$elsewhere"
command -v python3 >/dev/null || fail "python3 was not found" "install Python 3 with pip; or $elsewhere"
python3 -m pip --version >/dev/null 2>&1 || fail "Python's pip was not found" "install pip for python3; or $elsewhere"

# Beside the target, so that the last step is a rename on one file system.
work=$(mktemp -d "$root/.onnxruntime.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

echo "Fetching $package $version with pip ..."
printf '%s==%s --hash=sha256:%s\n' "$package" "$version" "$sha256" >"$work/requirements.txt"
python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary=:all: \
  --implementation cp --python-version 3.11 --abi cp311 --platform manylinux_2_28_x86_64 \
  --require-hashes --requirement "$work/requirements.txt" --dest "$work" ||
  fail "pip could not download $package $version" "check the network and pip's index settings, then run $0 again; or $elsewhere"

python3 -m zipfile -e "$work"/*.whl "$work/wheel"
[ -f "$work/wheel/onnxruntime/capi/$library" ] || fail "the $package $version wheel holds no $library" "$elsewhere"

mkdir "$work/new"
mv "$work/wheel/onnxruntime/capi/$library" "$work/new/"
for file in "$work"/wheel/onnxruntime/capi/libonnxruntime_providers_*.so \
  "$work"/wheel/onnxruntime/{LICENSE,ThirdPartyNotices.txt,Privacy.md}; do
  if [ -f "$file" ]; then mv "$file" "$work/new/"; fi
done
echo "$package==$version" >"$work/new/WHEEL"
chmod 755 "$work/new"

if [ -e "$target" ]; then mv "$target" "$work/old"; fi
mv "$work/new" "$target"
echo "ONNX Runtime $version is ready: .onnxruntime/$library ($package==$version)"
