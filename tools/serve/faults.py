"""Clients that misbehave beside clients that do not, on a real `infer serve`.

    cargo build --release -p infer
    python3 tools/serve/faults.py [--model FILE] [--seconds S] [--clients N] [--infer FILE]

1. For S seconds N well-behaved clients compare each answer with the library's,
   while others hang up, send bodies that are too large or too slow, files that
   are no pictures, decompression bombs, tensors of wrong shapes and lengths. In
   the meantime the model's file is replaced by garbage, by half a model and by a
   good one, with SIGHUP after each.
2. All stop, and the counts of /metrics are compared with the clients'.
3. The well-behaved clients begin again, some clients stop in the middle of a
   request, and SIGHUP and SIGTERM come.

Prints what each kind of client saw. Ends with 1 if an answer was wrong, lost or
unexpected, a count is off, memory grew, or the service did not end with 0.
"""

import argparse
import json
import shutil
import signal
import sys
import tempfile
import threading
import time
import urllib.request
from pathlib import Path

from clients.group import Group
from clients.misbehaving import CLASSIFY, OVERLOADED, Misbehaviour, connect, head, status
from clients.well_behaved import CLOSED, UNREACHABLE, Client, Expected
from counts import wrong_counts
from model_file import ModelFile
from service import DIGITS, INFER, metrics, start, total

WELL_BEHAVED = "well-behaved"
MAX_BODY_MIB = 1
TIMEOUT_S = 4
# A client in the middle of its header is waited for this long.
GRACE_S = 6
# The allocator keeps pieces of bodies and pictures for the next ones.
GROWTH_MIB = 64
MIB = 2**20
# Of a client that misbehaves: the others are to be heard.
PAUSE_S = 0.01


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path, default=DIGITS)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--infer", type=Path, default=INFER)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        shutil.copy(args.model, path)
        process, address = start(
            args.infer, path, "--device", "cpu", "--queue", "4", "--max-body", str(MAX_BODY_MIB),
            "--max-pixels", "1", "--timeout", str(TIMEOUT_S), "--grace", str(GRACE_S),
        )
        try:
            expected = Expected(args.infer, path, input_size(address))
            problems = run(args, process, address, path, expected)
        finally:
            process.kill()
    for problem in dict.fromkeys(problems):
        print(f"error: {problem}", file=sys.stderr)
    print(f"{len(problems)} problem(s)")
    return 1 if problems else 0


def input_size(address):
    """Height and width of the model's input."""
    with urllib.request.urlopen(f"http://{address}/v2/models/model") as response:
        return json.load(response)["inputs"][0]["shape"][1:3]


def run(args, process, address, path, expected):
    """The three parts; gives what was wrong."""
    memory = Memory(address)
    group = Group()
    misbehaviour = Misbehaviour(address, expected.size, MAX_BODY_MIB * MIB, TIMEOUT_S)
    names = {expected.classes[0]}
    for number in range(args.clients):
        well_behaved(group, Client(address, expected, number), names)
    for kind, once, right in misbehaviour.kinds():
        misbehaving(group, kind, once, right)

    file = ModelFile(path, process, address)
    time.sleep(args.seconds / 4)
    for bad in (b"garbage", file.good[: len(file.good) // 2]):
        file.replace(bad, "error")
        time.sleep(args.seconds / 4)
    names.add(expected.classes[1])
    file.replace(file.renamed, "ok")
    names.discard(expected.classes[0])
    time.sleep(args.seconds / 4)
    group.end()

    print_table(group)
    problems = group.problems + wrong_counts(address, group, 2 * TIMEOUT_S)
    problems += memory.end()
    return problems + end_under_load(args, process, address, expected, names)


def well_behaved(group, client, names, ending=threading.Event()):
    """Runs a client; `names` are those that class 0 may have now. Once it is `ending`
    the service may close a connection instead of answering, and then be gone."""

    def once():
        before = set(names)
        outcome, problem, name = client.ask()
        if ending.is_set() and outcome in (CLOSED, UNREACHABLE):
            if outcome == UNREACHABLE:
                group.stop.set()
            return outcome, None
        if outcome not in (200, OVERLOADED):
            problem = problem or "unexpected"
        if name is not None and name not in before | names:
            problem = f"class 0 is named {name}, not {' or '.join(before | names)}"
        return outcome, problem

    group.run(WELL_BEHAVED, once)


def misbehaving(group, kind, once, right):
    """Runs a client whose answers are to be among the `right` ones."""

    def paced():
        outcome = once()
        time.sleep(PAUSE_S)
        return outcome, None if outcome in right else f"expected {sorted(map(str, right))}"

    group.run(kind, paced)


def print_table(group):
    outcomes = sorted({outcome for seen in group.seen.values() for outcome in seen}, key=str)
    print(f"{'client':26}" + "".join(f"{outcome!s:>9}" for outcome in outcomes))
    for kind, seen in group.seen.items():
        print(f"{kind:26}" + "".join(f"{seen[outcome] or '':>9}" for outcome in outcomes))


class Memory:
    """Looks at a service's resident memory, on a thread."""

    def __init__(self, address):
        self.address = address
        self.done = threading.Event()
        self.mib = [self.now()]
        self.thread = threading.Thread(target=self.look, daemon=True)
        self.thread.start()

    def now(self):
        return total(metrics(self.address), "process_resident_memory_bytes") / MIB

    def look(self):
        while not self.done.wait(0.5):
            self.mib.append(self.now())

    def end(self):
        self.done.set()
        self.thread.join()
        first, last = self.mib[0], self.now()
        print(f"resident memory: {first:.0f} MiB, at most {max(self.mib):.0f}, at the end {last:.0f}")
        return [f"memory grew from {first} to {last} MiB"] if last > first + GROWTH_MIB else []


def end_under_load(args, process, address, expected, names):
    """SIGHUP and SIGTERM while clients ask; gives what was wrong."""
    group, ending = Group(), threading.Event()
    for number in range(args.clients):
        well_behaved(group, Client(address, expected, number), names, ending)
    stuck = [connect(address) for _ in range(2)]
    # One in the middle of its header, which the end of the grace cuts off. The other's
    # body never comes: it gets its 408.
    stuck[0].sendall(head(CLASSIFY, content_length=9)[:-10])
    stuck[1].sendall(head(CLASSIFY, content_length=9))
    time.sleep(1)
    ending.set()
    process.send_signal(signal.SIGHUP)
    process.send_signal(signal.SIGTERM)
    begin = time.monotonic()
    try:
        code = process.wait(timeout=10 * GRACE_S)
    finally:
        group.end()
    seconds = time.monotonic() - begin
    late = status(stuck[1])
    for connection in stuck:
        connection.close()
    answers = dict(group.seen[WELL_BEHAVED])
    print(f"SIGTERM: {answers}, {late} for the missing body, exit code {code} after {seconds:.1f} s")
    problems = group.problems
    if code != 0:
        problems.append(f"SIGTERM ended the service with {code}")
    if late != 408:
        problems.append(f"the body that did not come was answered with {late}")
    return problems


if __name__ == "__main__":
    sys.exit(main())
