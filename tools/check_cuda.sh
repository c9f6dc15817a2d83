#!/usr/bin/env bash
# Type-checks the trainer for the GPUs whose backend brings an LLVM along, on a
# machine that has nothing but crate registries: no LLVM, no CUDA, no GPU.
#
#   tools/check_cuda.sh              CUDA
#   tools/check_cuda.sh rocm         ROCm, or any list of features
#
# cubecl writes PTX and AMD code objects with LLVM 23.1, which a build script
# (tracel-llvm-bundler) downloads as a release archive into
# ~/.local/share/tracel, and another (cubecl-llvm) compiles C++ against. Types
# need neither: both scripts do nothing where DOCS_RS is set, as on docs.rs,
# which has no network. What comes out of this cannot be linked, so it has a
# target folder of its own.
set -euo pipefail
cd "$(dirname "$0")/.."
source tools/lib.sh

need cargo
for feature in "${@:-cuda}"; do
    step "The trainer with feature $feature"
    DOCS_RS=1 CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-target}/types-only \
        cargo clippy --locked --package trainer --all-targets --features "$feature" -- -D warnings
done
