"""What pipefit writes, read by others: interval logs by HdrHistogram's Python port, and
percentile distributions and traces by the rules of the programs that draw them.

Each is held against the record that it was written beside. Then each is spoilt, and must be
found to be: a reader that takes anything shows nothing.

usage: read.py RUN.json LOG.hlog DISTRIBUTIONS.hgrm TRACE.json
"""

import json
import re
import sys
import tempfile

from hdrh.histogram import HdrHistogram
from hdrh.log import HistogramLogReader

PERCENTILES = {"p50": 50.0, "p90": 90.0, "p99": 99.0, "p999": 99.9}


class Wrong(Exception):
    """What was read is not what was recorded."""


def must(holds, what):
    if not holds:
        raise Wrong(what)


def close(found, wanted):
    """Equal to the three digits that a histogram keeps."""
    return abs(found - wanted) <= 0.0011 * wanted + 1


def spreads(record):
    """Every spread of every cell that has a histogram, by cell and metric."""
    for cell in record["cells"]:
        for name, spread in cell["metrics"].items():
            is_spread = isinstance(spread, dict) and "count" in spread and name.endswith("_ns")
            # Age is a share of time and has no histogram.
            if is_spread and not name.startswith("age"):
                yield (cell["id"], name.removesuffix("_ns")), spread


def around(histogram, percentile):
    """The port rounds the rank of a percentile, and pipefit takes the next whole one: where few
    samples are far apart, they may be neighbours."""
    rank = 100 / histogram.get_total_count()
    ends = max(0, percentile - rank), min(100, percentile + rank)
    return [histogram.get_value_at_percentile(end) for end in ends]


def read_log(path, record):
    reader = HistogramLogReader(path, HdrHistogram(1, 3_600_000_000_000, 3))
    found = {}
    while (histogram := reader.get_next_interval_histogram()) is not None:
        cell, _, metric = histogram.get_tag().rpartition("/")
        found[cell, metric] = histogram
    reader.close()
    compared = 0
    for key, spread in spreads(record):
        if spread["count"] == 0:
            continue
        must(key in found, f"{key} is not in the log")
        histogram = found[key]
        must(histogram.get_total_count() == spread["count"], f"{key}: {histogram.get_total_count()} samples")
        for name, percentile in PERCENTILES.items():
            if name in spread and spread[name] is not None:
                low, high = around(histogram, percentile)
                holds = low * 0.9989 - 1 <= spread[name] <= high * 1.0011 + 1
                must(holds, f"{key} {name}: {low} to {high}, and not {spread[name]}")
                compared += 1
    must(compared > 0, "nothing could be compared")
    return compared


LINE = re.compile(r"^\s*([\d.]+)\s+([\d.]+)\s+(\d+)(?:\s+([\d.]+|inf))?\s*$")


def read_distributions(path, record):
    """As HdrHistogram's plotter reads them: value, percentile, total count, 1/(1-p)."""
    blocks, name = {}, None
    with open(path, encoding="utf-8") as text:
        for line in text:
            if head := re.match(r"#\[Cell = (.*), metric = (\w+), unit = us\]", line):
                name = head.groups()
                blocks[name] = []
            elif line.strip() and not line.startswith("#") and "Percentile" not in line:
                row = LINE.match(line)
                must(row, f"not a line of a distribution: {line!r}")
                value, percentile, count = float(row[1]), float(row[2]), int(row[3])
                blocks[name].append((value, percentile, count))
    wanted = {key: spread for key, spread in spreads(record) if spread["count"]}
    must(set(wanted) <= set(blocks), f"missing: {set(wanted) - set(blocks)}")
    for key, spread in wanted.items():
        rows = blocks[key]
        must(rows == sorted(rows, key=lambda row: (row[1], row[0])), f"{key} is not in order")
        must(rows[-1][1] == 1.0 and rows[-1][2] == spread["count"], f"{key} ends with {rows[-1]}")
        must(close(rows[-1][0] * 1e3, spread["max"]), f"{key}: greatest {rows[-1][0]} us")
    return len(wanted)


def read_trace(path, record):
    """As Perfetto reads a Chrome trace: what begins must end, at or after that."""
    with open(path, encoding="utf-8") as text:
        trace = json.load(text)
    events = trace["traceEvents"] if isinstance(trace, dict) else trace
    must(events, "no events")
    open_spans, named = {}, set()
    for event in events:
        must("ph" in event and "pid" in event, f"not an event: {event}")
        if event["ph"] == "M":
            named.add(event["pid"])
            continue
        must(event["ts"] >= 0, f"before the beginning: {event}")
        if event["ph"] in "be":
            key = (event["pid"], event["cat"], event["id"], event["name"])
            if event["ph"] == "b":
                must(key not in open_spans, f"begun twice: {event}")
                open_spans[key] = event["ts"]
            else:
                must(key in open_spans and event["ts"] >= open_spans.pop(key), f"ends badly: {event}")
        elif event["ph"] == "X":
            must(event["dur"] >= 0, f"ends before it begins: {event}")
    must(not open_spans, f"never end: {list(open_spans)[:3]}")
    must({event["pid"] for event in events} <= named, "a process without a name")
    return len(events)


def spoilt(path, change):
    with open(path, encoding="utf-8") as text:
        changed = change(text.read())
    copy = tempfile.NamedTemporaryFile("w", suffix=".spoilt", encoding="utf-8", delete=False)
    with copy:
        copy.write(changed)
    return copy.name


def must_be_found(what, read, path, record, change):
    try:
        read(spoilt(path, change), record)
    except Exception:  # whichever way a reader says it
        print(f"found: {what}")
    else:
        raise Wrong(f"nobody noticed: {what}")


def main(run, log, distributions, trace):
    with open(run, encoding="utf-8") as text:
        record = json.load(text)
    print(f"{log}: {read_log(log, record)} percentiles as recorded")
    print(f"{distributions}: {read_distributions(distributions, record)} distributions as recorded")
    print(f"{trace}: {read_trace(trace, record)} events")
    damage = re.compile(r"(HISTF\w{30})\w{8}")
    must_be_found("a damaged log", read_log, log, record, lambda text: damage.sub(r"\1AAAAAAAA", text))
    must_be_found("a log without a cell", read_log, log, record, lambda text: text[: text.index("Tag=")])
    off = json.loads(json.dumps(record))
    for _, spread in spreads(off):
        spread["p50"] = 1.02 * (spread["p50"] or 0)
    must_be_found("figures that are 2 % off", read_log, log, off, lambda text: text)
    must_be_found(
        "a distribution cut short", read_distributions, distributions, record,
        lambda text: "\n".join(line for line in text.splitlines() if " 1.000000000000 " not in line),
    )
    must_be_found("a span that never ends", read_trace, trace, record, lambda text: text.replace('"ph":"e"', '"ph":"b"', 1))


if __name__ == "__main__":
    main(*sys.argv[1:])
