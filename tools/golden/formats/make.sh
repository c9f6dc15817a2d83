#!/usr/bin/env bash
# Writes the fixture that later versions must read or refuse by name: a finished run with
# its model, a run that was killed and can be resumed, and the two shards of an evaluation.
#
#   tools/golden/formats/make.sh PROGRAMS LIKE.safetensors OUT.tar.gz
#
# PROGRAMS is the folder of the `trainer` and `infer` that write, LIKE an EfficientNet-B0.
# Constant weights and frozen layers, so that 80 MB pack to less than one.
set -euo pipefail
programs=$(realpath "$1") like=$(realpath "$2") out=$(realpath "$3")
here=$(realpath "$(dirname "$0")")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 "$here/constant_weights.py" "$like" constant.safetensors
fit() {
    "$programs/trainer" fit --quiet --dataset digits --weights constant.safetensors \
        --weights-family tensorflow --image-size 32 --train-limit 100 --val-limit 50 \
        --batch-size 20 --freeze 9 --learning-rate 0.1 --augment '[]' "$@"
}
mkdir formats
fit --epochs 2 --out formats/finished
fit --epochs 6 --state-interval 0 --out formats/killed &
until grep -q 'epoch 3/6' formats/killed/train.log 2>/dev/null; do sleep 0.02; done
pkill -KILL -P $! || kill -KILL $!
wait || true
for part in 1 2; do
    "$programs/infer" eval --quiet --model formats/finished/model.onnx --no-temperature \
        --shard $part/2 --shard-out formats/$part.shard
done
"$programs/infer" eval --quiet --model formats/finished/model.onnx --no-temperature \
    --json > formats/eval.json
# What this version makes of the killed run.
cp -r formats/killed resumed
"$programs/trainer" fit --quiet --resume resumed
cp resumed/history.csv formats/resumed.csv
# Where they were made is nobody's business.
sed -i 's|"data_dir": ".*"|"data_dir": "/srv/data"|' formats/*/run.json
rm -f formats/*/*.png formats/*/*.svg formats/*/events.* formats/*/train.log
tar --sort=name --owner=0 --group=0 --mtime=@0 -c formats | gzip -9n > "$out"
