#!/usr/bin/env bash
# Starts a training run, or goes on with it where it was: what a job that may be
# stopped and started again runs.
#
#   packaging/training/fit_or_resume.sh RUN [arguments of `trainer fit`]
#
# It trains on this machine's DEVICE and DEVICES, or on those of WORKERS (hosts of
# `trainer worker`, with commas between them).
#
# RUN is the run's folder, on a disk that outlives the job. The arguments count
# the first time only; later the run's own recipe does. A finished run is left
# alone. Exit code 130: stopped before its end, start it again.
set -euo pipefail

if [[ $# == 0 || $1 == -* ]]; then
    echo "error: no folder for the run" >&2
    echo "hint: usage: $0 RUN [arguments of trainer fit]" >&2
    exit 2
fi
run=$1
shift
trainer=${TRAINER:-trainer}
if [[ -n ${WORKERS:-} ]]; then
    devices=(--workers "$WORKERS")
else
    devices=(--device "${DEVICE:-auto}" --devices "${DEVICES:-0}")
fi

if [[ -f $run/test.json ]]; then
    echo "$run is finished" >&2
elif [[ -f $run/checkpoints/state.safetensors ]]; then
    exec "$trainer" fit --resume "$run" "${devices[@]}"
else
    exec "$trainer" fit --out "$run" "${devices[@]}" "$@"
fi
