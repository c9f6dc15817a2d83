"""Tries settings of the baseline on pictures that no row of the table is tested on.

    python3 tools/bench_photos/tune.py --out tuning.jsonl
    python3 tools/bench_photos/tune.py --out tuning.jsonl --try learning_rate=1e-3 crop_min=0.08

Cuts flowers at 30 a class and hymenoptera at all from the pools with a seed that the
benchmark does not use; what they are tested on is held out from the pools too. Prints
one line of Markdown for each setting that the file has, to be copied to tuning.md.
"""

import argparse
import json
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1] / "bench_training"))

import photo_sets
from command import ROOT, pytorch, run_command
from failure import Failure

SEED = 100
# Row, and pictures of each class that are held out to compare settings on.
SETS = {"flowers-30": 60, "hymenoptera-all": 40}


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--flowers", type=Path, default=photo_sets.SHARED / "flowers")
    parser.add_argument("--hymenoptera", type=Path, default=photo_sets.SHARED / "hymenoptera")
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--work", type=Path, default=ROOT / "target/bench_photos/tuning")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--python", type=Path)
    parser.add_argument("--threads", type=int, default=1, help="of each process (1)")
    parser.add_argument("--jobs", type=int, default=2, help="processes at a time (2)")
    parser.add_argument("--try", nargs="*", dest="settings", metavar="NAME=VALUE")
    return parser.parse_args()


def main() -> int:
    arguments = parse_arguments()
    arguments.out.touch()
    try:
        if arguments.settings is not None:
            with ThreadPoolExecutor(arguments.jobs) as pool:
                for line in pool.map(lambda row: attempt(row, arguments), SETS):
                    with arguments.out.open("a") as file:
                        file.write(line + "\n")
    except Failure as failure:
        print(f"error: {failure}\nhint: {failure.hint}", file=sys.stderr)
        return 1
    print(markdown([json.loads(line) for line in arguments.out.read_text().splitlines()]))
    return 0


def attempt(name: str, arguments: argparse.Namespace) -> str:
    """Trains once; gives a line of JSON."""
    row = photo_sets.ROWS[name]
    photos = photo_sets.read(row.photos, getattr(arguments, row.photos))
    splits = photos.without_test(SETS[name], SEED).cut(row, SEED)
    folder = photo_sets.write(splits, arguments.work / "-".join([name, *arguments.settings]))
    interpreter, environment = pytorch(arguments.python)
    command = [interpreter, str(Path(__file__).with_name("pytorch")), str(folder)]
    command += [str(arguments.weights), "--seed", str(SEED), "--workers", "0"]
    command += ["--threads", str(arguments.threads)]
    command += ["--set", *arguments.settings] if arguments.settings else []
    result = json.loads(run_command(command, environment))
    return json.dumps({"row": name, "settings": arguments.settings} | result)


def markdown(lines: list[dict]) -> str:
    header = ["settings"] + [f"{name} {what}" for name in SETS for what in ("val", "held out")]
    rows = [header, ["---"] * len(header)]
    for settings in dict.fromkeys(" ".join(line["settings"]) for line in lines):
        row = [settings or "as they are"]
        for name in SETS:
            found = [
                line
                for line in lines
                if line["row"] == name and " ".join(line["settings"]) == settings
            ]
            best = max((epoch["top1"] for line in found for epoch in line["history"]), default=0)
            row += [f"{best:.1%}", f"{found[-1]['top1']:.1%}" if found else ""]
        rows.append(row)
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


if __name__ == "__main__":
    sys.exit(main())
