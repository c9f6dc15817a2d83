#!/usr/bin/env bash
# Trains on workers of two hosts, which are network namespaces of this machine, and
# cuts one of them off in the middle: the losses are those of one device, the run
# ends with a line that names the host, and goes on once it is back.
#
#   tools/workers_across_network.sh target/release/trainer
#
# The program is built with `--features remote`. Needs root, ip (iproute2), Python 3,
# ONNX Runtime (tools/onnxruntime.sh) and weights (`trainer weights fetch npm`).
# Takes three minutes on two cores.
set -euo pipefail
cd "$(dirname "$0")/.."
source tools/lib.sh

need ip python3
trainer=$(realpath "${1:?usage: $0 TRAINER}")
folder=$(mktemp -d)
names=(trainer-a trainer-b)
hosts=(10.99.7.1 10.99.7.2)

clean_up() {
    kill $(jobs -p) 2>/dev/null || true
    wait
    for name in "${names[@]}"; do
        ip netns delete "$name" 2>/dev/null || true
    done
    rm -rf "$folder"
}
trap clean_up EXIT

step "Two hosts with a cable between them"
for name in "${names[@]}"; do
    ip netns add "$name"
    ip -n "$name" link set lo up
done
ip link add eth0 netns trainer-a type veth peer name eth0 netns trainer-b
for i in 0 1; do
    ip -n "${names[i]}" address add "${hosts[i]}/24" dev eth0
    ip -n "${names[i]}" link set eth0 up
done

export TRAINER_TOKEN=across-the-network
# Each ends with its run.
start_workers() {
    for name in "${names[@]}"; do
        ip netns exec "$name" "$trainer" worker --listen 0.0.0.0 --device cpu >/dev/null 2>"$folder/$name.log" &
    done
}

# Nothing that depends on how a batch is cut: frozen batch norms, no dropout.
recipe=(--dataset digits --image-size 32 --batch-size 16 --train-limit 160 --val-limit 50 --optimizer sgd
    --learning-rate 0.0001 --dropout 0 --stochastic-depth 0 --freeze-batch-norm true --schedule constant --quiet)
fit() {
    ip netns exec trainer-a "$trainer" fit "$@"
}
across=(--workers "$(IFS=,; echo "${hosts[*]}")")

step "One device, then one of each host"
fit --out "$folder/one" --device cpu "${recipe[@]}" --epochs 3
start_workers
fit --out "$folder/two" "${across[@]}" "${recipe[@]}" --epochs 3
python3 - "$folder/one/history.json" "$folder/two/history.json" <<'PY'
import json, sys
one, two = (json.load(open(path))["epochs"] for path in sys.argv[1:])
for a, b in zip(one, two, strict=True):
    for key in ("train_loss", "val_loss"):
        apart = abs(a[key] - b[key]) / a[key]
        print(f"epoch {a['epoch']} {key}: {a[key]:.6f} and {b[key]:.6f}, {apart:.1e} apart")
        assert apart < 1e-2
PY

step "The second host is cut off in the middle of a run"
start_workers
ip netns exec trainer-a "$trainer" fit --out "$folder/cut" "${across[@]}" "${recipe[@]}" --epochs 500 2>"$folder/cut.log" &
run=$!
until [[ -f $folder/cut/history.json ]]; do sleep 0.2; done
ip -n trainer-b link set eth0 down
began=$SECONDS
code=0
wait "$run" || code=$?
grep -E '^(error|hint):' "$folder/cut.log"
echo "exit code $code after $((SECONDS - began)) s"
[[ $code == 1 ]]
grep -q "^error: worker ${hosts[1]}:29500 is gone" "$folder/cut.log"

step "It is back, and the run goes on"
ip -n trainer-b link set eth0 up
start_workers
done_before=$(python3 -c 'import json, sys; print(len(json.load(open(sys.argv[1]))["epochs"]))' "$folder/cut/history.json")
ip netns exec trainer-a "$trainer" fit --resume "$folder/cut" "${across[@]}" --quiet 2>"$folder/resumed.log" &
run=$!
until python3 -c 'import json, sys; sys.exit(len(json.load(open(sys.argv[1]))["epochs"]) < int(sys.argv[2]) + 2)' \
    "$folder/cut/history.json" "$done_before"; do
    kill -0 "$run"
    sleep 0.2
done
kill -TERM "$run"
code=0
wait "$run" || code=$?
tail -n 4 "$folder/resumed.log"
[[ $code == 130 ]]
echo "all is well"
