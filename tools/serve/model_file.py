"""A model's file that is replaced while a service runs."""

import re
import signal
import time

from service import metrics, total

PATIENCE_S = 60


class ModelFile:
    """Puts other files in a model's place, and has a service read them."""

    def __init__(self, path, process, address):
        self.path, self.process, self.address = path, process, address
        self.good = path.read_bytes()
        # The same model with the names of its first two classes exchanged.
        names = rb'("classes": \[\s*")([^"]*)(",\s*")([^"]*)"'
        self.renamed = re.sub(names, rb'\1\4\3\2"', self.good, count=1)
        assert self.renamed != self.good, "no classes were found in the model"

    def replace(self, content, result):
        """Replaces the file with a rename and sends SIGHUP; waits until it was read, with
        `result` (ok or error)."""
        before = self.loads(result)
        new = self.path.with_suffix(".new")
        new.write_bytes(content)
        new.rename(self.path)
        self.process.send_signal(signal.SIGHUP)
        end = time.monotonic() + PATIENCE_S
        while self.loads(result) == before:
            assert time.monotonic() < end, f"the model was not read again: {result}"
            time.sleep(0.05)

    def loads(self, result):
        series = metrics(self.address)
        return total(series, "infer_model_loads_total", f'result="{result}"')
