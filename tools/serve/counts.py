"""The counts of /metrics beside those of the clients."""

import time

from clients.misbehaving import CLASSIFY, HUNG_UP, INFER, Misbehaviour
from service import metrics, total

OUTCOMES = ("classified", "refused", "deadline_exceeded", "cancelled", "failed")
STATUSES = ("200", "400", "408", "413", "500", "503", "504")
CLOSED = "closed"
ROUTES = (CLASSIFY, INFER.replace("models/model", "models/{model}"))


def wrong_counts(address, group, patience):
    """Prints the service's counts, and gives those that do not fit what a group of
    clients saw that has ended. `patience`: seconds for requests that were hung up on."""
    series, is_at_rest = at_rest(address, patience)
    outcomes = {
        outcome: total(series, "infer_requests_total", f'outcome="{outcome}"')
        for outcome in (*OUTCOMES, "overloaded")
    }
    accepted = total(series, "infer_requests_accepted_total")
    overloaded = outcomes.pop("overloaded")
    http = {
        status: sum(
            total(series, "infer_http_requests_total", f'route="{route}"', f'status="{status}"')
            for route in ROUTES
        )
        for status in (*STATUSES, CLOSED)
    }
    print(f"images accepted: {accepted:.0f} = {sums(outcomes)}; refused by a full queue: {overloaded:.0f}")
    print(f"HTTP requests: {sums(http)}")

    # Who hangs up gets no answer, but the service may have made one. A request whose
    # end arrives together with the client's is not even begun (hyper drops it).
    hung_up = group.count(HUNG_UP)
    whole = group.count(kinds=Misbehaviour.HUNG_UP_ON_WHOLE_REQUESTS)
    unseen = group.count(kinds=Misbehaviour.PERHAPS_UNSEEN)
    spare = {status: http[status] - group.count(int(status)) for status in STATUSES}
    checks = {
        "requests are in flight": is_at_rest,
        "accepted is not the sum of the outcomes": accepted == sum(outcomes.values()),
        "images failed": outcomes["failed"] == 0,
        "fewer answers of a status than the clients got": min(spare.values()) >= 0,
        "answers that no client can have got": within(
            sum(spare.values()) + http[CLOSED], hung_up - unseen, hung_up
        ),
        "classified": within(outcomes["classified"] - group.count(200), 0, whole),
        "refused": outcomes["refused"] == group.count(400, kinds=Misbehaviour.NO_PICTURES),
        "overloaded": within(overloaded - group.count(503), 0, whole),
        "cancelled": within(outcomes["cancelled"], 0, whole),
        "deadline exceeded": outcomes["deadline_exceeded"] == group.count(504),
    }
    return [f"counts: {problem}" for problem, is_right in checks.items() if not is_right]


def at_rest(address, patience):
    """All series once nothing is in flight, and whether it came to that."""
    end = time.monotonic() + patience
    while True:
        series = metrics(address)
        # /metrics itself is one.
        is_at_rest = total(series, "infer_http_requests_in_flight") == 1
        is_at_rest = is_at_rest and total(series, "infer_requests_in_flight") == 0
        if is_at_rest or time.monotonic() > end:
            return series, is_at_rest
        time.sleep(0.05)


def sums(counts):
    return " + ".join(f"{number:.0f} {name}" for name, number in counts.items() if number)


def within(value, least, most):
    return least <= value <= most
