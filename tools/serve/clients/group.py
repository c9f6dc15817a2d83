"""Clients on threads, and what they saw."""

import collections
import threading
import traceback


class Group:
    """Runs clients until all are told to stop."""

    def __init__(self):
        self.stop = threading.Event()
        # Of each kind of client: how often which outcome came (a status, or words).
        self.seen = collections.defaultdict(collections.Counter)
        self.problems = []
        self.threads = []

    def run(self, kind, once):
        """Calls `once()` again and again; it gives an outcome, and a problem or None."""

        def loop():
            try:
                while not self.stop.is_set():
                    outcome, problem = once()
                    self.seen[kind][outcome] += 1
                    if problem:
                        self.problems.append(f"{kind}: {outcome}: {problem}")
            except Exception:  # of any kind: the run has failed
                self.problems.append(f"{kind}: {traceback.format_exc()}")

        thread = threading.Thread(target=loop, daemon=True)
        self.threads.append(thread)
        thread.start()

    def end(self):
        """Stops all, and waits for their last answers."""
        self.stop.set()
        for thread in self.threads:
            thread.join()

    def count(self, *outcomes, kinds=None):
        """How often these outcomes came (any if none is named), to these kinds (or all)."""
        return sum(
            number
            for kind, counter in self.seen.items()
            if kinds is None or kind in kinds
            for outcome, number in counter.items()
            if not outcomes or outcome in outcomes
        )
