#!/usr/bin/env bash
# Who embeds `infer` in a service of their own is not to build an async runtime,
# a web server, a command-line parser or plots with it.
set -euo pipefail
cd "$(dirname "$0")/.."

tree=$(cargo tree --locked -p infer --no-default-features --edges normal --prefix none --format '{p}')
if unwanted=$(grep -E '^(axum|clap|hyper|plotters|tokio) ' <<<"$tree"); then
    echo "error: infer without features depends on" $unwanted >&2
    echo "hint: make it optional, behind the feature cli, report or serve" >&2
    exit 1
fi
cargo check --release --locked --quiet -p infer --no-default-features
cargo check --release --locked --quiet -p infer --no-default-features --features report
cargo check --release --locked --quiet -p infer --no-default-features --features cli
cargo check --release --locked --quiet -p infer --no-default-features --features serve
