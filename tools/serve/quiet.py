"""Measuring on a machine that others use too."""

import time

# Share of the processors that others may take beside a measurement.
QUIET = 0.1
PATIENCE_S = 30


def busy(seconds=1.0):
    """The share of the processors' time that was used during these seconds."""

    def times():
        with open("/proc/stat") as file:
            fields = [int(field) for field in file.readline().split()[1:]]
        return sum(fields), fields[3] + fields[4]

    total, idle = times()
    time.sleep(seconds)
    later_total, later_idle = times()
    return 1 - (later_idle - idle) / max(1, later_total - total)


def wait_for_quiet():
    """Waits until the machine idles, for half a minute at most."""
    end = time.monotonic() + PATIENCE_S
    while busy() > QUIET and time.monotonic() < end:
        pass


def quiet_rounds(measure, rounds):
    """`rounds` results of `measure()` with an idle machine before and after.

    Gives the results and the number of those among them that were disturbed all
    the same: of twice as many tries as rounds the last are taken.
    """
    calm, disturbed = [], []
    for _ in range(2 * rounds):
        wait_for_quiet()
        result = measure()
        (calm if busy() <= QUIET else disturbed).append(result)
        if len(calm) == rounds:
            return calm, 0
    missing = rounds - len(calm)
    return calm + disturbed[-missing:], missing
