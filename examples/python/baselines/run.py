#!/usr/bin/env python3
"""Measures Python's own ways between a sensor and a reader, and keeps what it measured
as pipefit keeps its runs.

    python3 examples/python/baselines/run.py [--quick] [--only py-queue,py-mp-pipe]

Exit codes: 0 done; 1 the results cannot be kept; 2 usage; 65 a cell is invalid; 130 and
143 interrupted or terminated (what was measured is saved and marked partial).
"""

import argparse
import datetime
import os
import signal
import sys
import time
from multiprocessing import resource_tracker

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.dirname(HERE)]

import lines
import machine
import record
import schedule
import ways
from store import RESULTS_VAR, Store
from trial import Fault, Plan

CAPACITY = 1 << 20

#: A trial that misses its rate is measured again, up to so many times in all.
TRIES = 3

SCENARIOS = ("stream", "max")


class Terminated(BaseException):
    """SIGTERM came."""


def terminate(*_):
    raise Terminated


def attempt(way, plan):
    """One trial. Gives it, or None, and the fault that it has, or None."""
    everywhere = os.sched_getaffinity(0)
    try:
        trial = way.measure(plan)
        return trial, record.fault(plan, trial)
    except Fault as fault:
        return None, (fault.cause, fault.reason)
    except Exception as wrong:  # A cell may fail in any way; the others go on.
        return None, ("refused", "%s: %s" % (type(wrong).__name__, wrong))
    finally:
        os.sched_setaffinity(0, everywhere)


def fill(cell, way, plan):
    """Measures a cell."""
    before = machine.census()
    for _ in range(TRIES):
        cell["tries"] += 1
        trial, fault = attempt(way, plan)
        if not fault or fault[0] != "missed-rate":
            break
    left = machine.residue(before)
    if way.shares_thread:
        cell["notes"].append("both halves share a thread: cpu_ns_sensor and cpu_ns_viewer are "
                             "of the same one")
    if trial:
        cell.update(
            repeats=1,
            granted_bytes=trial.granted,
            metrics=record.metrics(plan, trial),
            ledger=trial.reader.ledger(trial.sending.offered),
            residue=left,
        )
        if trial.granted is not None and trial.granted * 2 < plan.capacity:
            cell["notes"].append("queue of %s granted where %s was asked" % (
                schedule.show_size(trial.granted), schedule.show_size(plan.capacity)))
    note = machine.residue_note(left)
    if note:
        cell["notes"].append(note)
    if fault:
        cell["cause"], cell["reason"] = fault
    else:
        cell["status"] = "valid"


def plan_cells(options, cpus):
    """Every cell that was asked for, with its plan."""
    for scenario in SCENARIOS:
        for size in options.size:
            for rate in options.rate if scenario == "stream" else [None]:
                for way in options.only:
                    plan = Plan(size, rate, options.duration, options.warmup, CAPACITY, cpus)
                    yield record.blank(scenario, way, plan), way, plan


def measure(options, cpus):
    """Measures all cells. Gives them, and the exit code of an interruption, or 0."""
    done, code = [], 0
    cells = list(plan_cells(options, cpus))
    for n, (cell, way, plan) in enumerate(cells, 1):
        sys.stderr.write("[%d/%d] %s\n" % (n, len(cells), cell["id"]))
        try:
            fill(cell, way, plan)
        except (KeyboardInterrupt, Terminated) as end:
            code = 143 if isinstance(end, Terminated) else 130
            cell.update(cause="interrupted", reason="interrupted")
        done.append(cell)
        if code:
            break
    return done, code


# ---- what is printed ------------------------------------------------------


def show_time(nanos):
    if nanos is None:
        return "n too small"
    for scale, unit in ((1, "ns"), (1e3, "µs"), (1e6, "ms"), (1e9, "s")):
        if nanos / scale < 999.5 or unit == "s":
            value = nanos / scale
            return "%.*f%s" % (0 if scale == 1 or value >= 99.95 else 1, value, unit)


def show_count(value):
    return "-" if value is None else "{:,.0f}".format(value)


def row(cell):
    metrics, books = cell["metrics"], cell.get("ledger", {})
    times = []
    for metric, names in (("response_ns", ("p50", "p99", "p999")), ("transit_ns", ("p50", "p99")),
                          ("slip_ns", ("p99",))):
        spread = metrics.get(metric)
        times += [show_time(spread.get(name)) if spread else "-" for name in names]
    rate = metrics.get("throughput_hz" if cell["rate_hz"] is None else "achieved_hz")
    mark = {"valid": "✓", "invalid": "✗"}[cell["status"]]
    return [mark + " " + cell["id"], show_count(books.get("shown"))] + times + [
        show_count(rate), show_count(books.get("lost"))]


def table(cells):
    head = ["cell", "n", "response p50", "p99", "p99.9", "transit p50", "p99", "slip p99",
            "rate/s", "lost"]
    rows = [["  " + head[0]] + head[1:]] + [row(cell) for cell in cells]
    widths = [max(len(line[i]) for line in rows) for i in range(len(head))]
    for line in rows:
        yield "  ".join(
            text.ljust(width) if i == 0 else text.rjust(width)
            for i, (text, width) in enumerate(zip(line, widths))
        )
    for cell in cells:
        if cell["reason"]:
            yield "%s: %s (%s)" % (cell["id"], cell["reason"], cell["cause"])


# ---- the command line -----------------------------------------------------


def listed(parse):
    def read(text):
        try:
            return [parse(part) for part in text.split(",")]
        except ValueError as wrong:
            raise argparse.ArgumentTypeError(str(wrong)) from None

    return read


def paced(text):
    millis = schedule.parse_rate(text)
    if millis is None:
        raise ValueError("max is a scenario here, not a rate")
    return millis


def named(text):
    for way in ways.ALL:
        if way.name == text.strip():
            return way
    raise ValueError("'%s' is none of %s" % (text, ", ".join(way.name for way in ways.ALL)))


def span(text):
    return listed(schedule.parse_span)(text)[0]


def read_options(argv):
    parser = argparse.ArgumentParser(description="Measures Python's own ways.")
    parser.add_argument("--quick", action="store_true",
                        help="short trials: enough to see that it works")
    parser.add_argument("--size", type=listed(schedule.parse_size), default="64,1000",
                        help="payloads in bytes (default 64,1000)")
    parser.add_argument("--rate", type=listed(paced), default="1kHz",
                        help="rates of stream (default 1kHz)")
    parser.add_argument("--duration", type=span, help="of a trial (default 2s; quick: 200ms)")
    parser.add_argument("--warmup", type=span, help="before it (default 200ms; quick: 50ms)")
    parser.add_argument("--results", help="where to keep the run (default $%s, else results/python)"
                        % RESULTS_VAR)
    parser.add_argument("--only", type=listed(named), default=ways.ALL, metavar="NAME,...",
                        help="only these ways")
    options = parser.parse_args(argv)
    if options.duration is None:
        options.duration = 200_000_000 if options.quick else 2_000_000_000
    if options.warmup is None:
        options.warmup = 50_000_000 if options.quick else 200_000_000
    return options


def main(argv):
    options = read_options(argv)
    started = datetime.datetime.now(datetime.timezone.utc)
    store = Store(options.results)
    try:
        store.check()
    except OSError as wrong:
        sys.stderr.write("run.py: the run cannot be kept: %s\n" % wrong)
        return 1
    signal.signal(signal.SIGTERM, terminate)
    # It would start with the first shared memory, and look like something left behind.
    resource_tracker.ensure_running()
    schedule.sharpen_sleep()

    host = machine.Machine()
    cpus = sorted(os.sched_getaffinity(0))[:2]
    cpus = cpus if len(cpus) == 2 else None
    began = time.monotonic_ns()
    cells, code = measure(options, cpus)
    measuring = time.monotonic_ns() - began
    kept = {
        "started": started.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "command": [os.path.basename(sys.executable), *sys.argv],
        "version": machine.pipefit_version(),
        "build": machine.build(),
        "host": host.record(cpus),
        "partial": code != 0,
        "measuring_ns": measuring,
        "cells": cells,
    }
    try:
        path = store.keep(kept, started)
    except OSError as wrong:
        sys.stderr.write("run.py: the run is not kept: %s\n" % wrong)
        return 1
    print("\n".join(table(cells)))
    print("\n" + path)
    if code == 0 and any(cell["status"] == "invalid" for cell in cells):
        return 65
    return code


if __name__ == "__main__":
    if sys.argv[1:] == ["--stdout-child"]:
        lines.stdout_child()
    else:
        sys.exit(main(sys.argv[1:]))
