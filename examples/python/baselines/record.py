"""From a trial to a cell of the record: figures, books, and what makes it invalid.

What the words mean stands in docs/metrics.md. What cannot be known is null or absent,
never 0.
"""

import resource
import statistics

import schedule

#: The greatest span that is kept: one hour.
CEILING_NS = 3_600_000_000_000

#: A send that takes longer is a stall.
STALL_NS = 1_000_000

#: A trial that achieves less of its rate has missed it.
RATE_KEPT = 0.995

#: The percentiles, each as a fraction, so that the rule below is exact.
QUANTILES = {
    "p50": (1, 2), "p90": (9, 10), "p95": (19, 20), "p99": (99, 100), "p999": (999, 1000),
}


def quantile(ordered, above, below):
    """The value below which the share above / below of some sorted values lies; None
    where fewer than 10 / (1 - share) values stand behind it."""
    count = len(ordered)
    if count * (below - above) < 10 * below:
        return None
    return ordered[max(0, -(-count * above // below) - 1)]


def spread(values):
    """The spread of some spans in ns."""
    ordered = sorted(value for value in values if value <= CEILING_NS)
    out = {"count": len(ordered)}
    for name, (above, below) in QUANTILES.items():
        value = quantile(ordered, above, below)
        if value is not None:
            out[name] = value
    if ordered:
        out["max"] = ordered[-1]
        out["mean"] = statistics.fmean(ordered)
    if len(values) > len(ordered):
        out["beyond"] = len(values) - len(ordered)
    return out


def differences(later, earlier):
    return [a - b for a, b in zip(later, earlier)]


def achieved(plan, sending):
    """Messages a second that the sensor kept up: from the first due time to the end of
    the last send."""
    rate = plan.millis / 1e3
    return sending.offered * 1e9 / (max(0, sending.ended - sending.began) + 1e9 / rate)


def metrics(plan, trial):
    """Every figure of a trial."""
    reader, sending = trial.reader, trial.sending
    response = spread(differences(reader.seen, reader.due))
    out = {
        "response_ns": response,
        "transit_ns": spread(differences(reader.seen, reader.sent)),
        "send_ns": spread(sending.sends),
        "start_ns": trial.start_ns,
        "stop_ns": trial.stop_ns,
        "cpu_ns_sensor": sending.cpu,
        "cpu_ns_viewer": reader.cpu,
        "rss_max_bytes": max(
            sending.rss, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        ),
    }
    repeat = {}
    throughput = reader.throughput()
    if throughput is not None:
        out["throughput_hz"] = repeat["throughput_hz"] = throughput
        out["throughput_bytes_per_s"] = throughput * plan.wire
    if plan.millis is not None:
        out["slip_ns"] = spread(differences(reader.sent, reader.due))
        out["achieved_hz"] = achieved(plan, sending)
        stalls = [took for took in sending.sends if took > STALL_NS]
        out["stalls"] = len(stalls)
        out["stall_longest_ns"] = max(stalls, default=0)
        if sending.ended > sending.began:
            out["stall_share"] = sum(stalls) / (sending.ended - sending.began)
    for name in ("p50", "p99"):
        if name in response:
            repeat["response_%s_ns" % name] = response[name]
    out["per_repeat"] = [repeat]
    return out


def fault(plan, trial):
    """Why a trial may not be used: cause and reason; None where it may."""
    reader, sending = trial.reader, trial.sending
    if sending.failed:
        return "refused", "the sensor failed: " + sending.failed
    books = reader.ledger(sending.offered)
    accounted = books["shown"] + books["lost"]
    if accounted != sending.offered or reader.offered != sending.offered:
        return "unbalanced", (
            "the ledger does not balance: %d offered, but %d accounted for and %s announced"
            % (sending.offered, accounted, reader.offered)
        )
    pairs = [(reader.seen, reader.due), (reader.seen, reader.sent), (reader.sent, reader.due)]
    negative = sum(span < 0 for pair in pairs for span in differences(*pair))
    if negative:
        return "backwards", "%d spans end before they begin: stamps are wrong" % negative
    if not sending.offered:
        return "empty", "no message fell into the measured time"
    if plan.millis is not None:
        rate, kept = plan.millis / 1e3, achieved(plan, sending)
        if kept < RATE_KEPT * rate:
            return "missed-rate", "achieved %.0f of %.0f messages a second" % (kept, rate)
    return None


def cell_id(scenario, way, plan):
    parts = [scenario, way.name, schedule.show_size(plan.size)]
    if plan.millis is not None:
        parts.append(schedule.show_rate(plan.millis))
    parts.append(way.wait)
    return "/".join(parts)


def blank(scenario, way, plan):
    """A cell that was not measured yet."""
    return {
        "id": cell_id(scenario, way, plan),
        "scenario": scenario,
        "transport": way.name,
        "size_bytes": plan.size,
        "wire_bytes": plan.wire,
        "rate_hz": None if plan.millis is None else plan.millis / 1e3,
        "wait": way.wait,
        "policy": "block",
        "producers": 1,
        "burst": 1,
        "capacity_bytes": plan.capacity,
        "granted_bytes": None,
        "stamp_every": plan.stamp_every,
        "status": "invalid",
        "reason": None,
        "notes": [way.note, MESSAGE_NOTE],
        "repeats": 0,
        "tries": 0,
        "metrics": {},
    }


MESSAGE_NOTE = (
    "Python: a message is 24 bytes of header and the payload, without a checksum; "
    "every byte of the payload is compared"
)
