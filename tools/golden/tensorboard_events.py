"""Golden event files, written and read back by TensorBoard itself.

    python3 -m venv venv && venv/bin/pip install tensorboard==2.21.0 setuptools==65.5.0
    venv/bin/python tools/golden/tensorboard_events.py

Writes crates/tensorboard/tests/fixtures/{new,resumed}.tfevents, then reads both
as one run, the way TensorBoard does, and fails unless it sees every scalar once:
what the second process did again is the second process'.
"""

import pathlib
import tempfile

from tensorboard.backend.event_processing.plugin_event_accumulator import EventAccumulator
from tensorboard.compat.proto.event_pb2 import Event, SessionLog
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.plugins.text.summary_v2 import text_pb
from tensorboard.summary.writer.record_writer import RecordWriter
from tensorboard.util import tensor_util

OUT = pathlib.Path(__file__).parents[2] / "crates/tensorboard/tests/fixtures"
NEW_TIME = 1_700_000_000.0
RESUMED_TIME = 1_700_000_600.25


def scalar(tag, value):
    return Summary(value=[Summary.Value(tag=tag, simple_value=value)])


def events(first_step, time, summaries):
    """A process' events; the first two say that it starts at `first_step`."""
    yield Event(wall_time=time, file_version="brain.Event:2")
    yield Event(wall_time=time, step=first_step, session_log=SessionLog(status=SessionLog.START))
    for step, summary in summaries:
        yield Event(wall_time=time + step, step=step, summary=summary)


NEW = [
    (0, text_pb("recipe", "    epochs = 2\n    optimizer = \"adamw\"")),
    (50, scalar("loss/train", 4.5)),
    (100, scalar("loss/train", 3.25)),
    (100, scalar("loss/val", 0.0)),
    (100, scalar("learning_rate", 1e-3)),
    (150, scalar("loss/train", float("nan"))),
    # Lost when the process is killed, and done again from step 101 on.
    (200, scalar("loss/train", 2.0)),
    (200, scalar("loss/val", 2.0)),
]
RESUMED = [
    (150, scalar("loss/train", 2.5)),
    (200, scalar("loss/train", 1.5)),
    (200, scalar("loss/val", 1.75)),
    (2**40, scalar("épreuve/ü", -1e-30)),
]
FILES = [("new", events(0, NEW_TIME, NEW)), ("resumed", events(101, RESUMED_TIME, RESUMED))]
EXPECTED = {
    "loss/train": [(50, 4.5), (100, 3.25), (150, 2.5), (200, 1.5)],
    "loss/val": [(100, 0.0), (200, 1.75)],
}

for name, content in FILES:
    with open(OUT / f"{name}.tfevents", "wb") as file:
        writer = RecordWriter(file)
        for event in content:
            writer.write(event.SerializeToString())

with tempfile.TemporaryDirectory() as folder:
    run = pathlib.Path(folder)
    for seconds, (name, _) in zip([1_700_000_000, 1_700_000_600], FILES):
        content = (OUT / f"{name}.tfevents").read_bytes()
        # The first process was killed while it wrote an event.
        cut = content + content[-40:-20] if name == "new" else content
        (run / f"events.out.tfevents.{seconds:010}.host").write_bytes(cut)
    accumulator = EventAccumulator(folder)
    accumulator.Reload()
    for tag, expected in EXPECTED.items():
        found = [
            (event.step, tensor_util.make_ndarray(event.tensor_proto).item())
            for event in accumulator.Tensors(tag)
        ]
        assert found == expected, f"{tag}: {found}, expected {expected}"
        assert accumulator.SummaryMetadata(tag).plugin_data.plugin_name == "scalars"
    [text] = accumulator.Tensors("recipe")
    assert text.tensor_proto.string_val[0].startswith(b"    epochs = 2")
    assert accumulator.SummaryMetadata("recipe").plugin_data.plugin_name == "text"
