"""When things are due, how to wait for it, and how rates, spans and sizes are written.

Event n is due at start + n / rate, in integers, whatever happened to the events before
it. Nothing that runs late ever moves the schedule.
"""

import re
import threading
import time

#: A thousand seconds in nanoseconds: rates count per thousand seconds, so that they are
#: whole numbers.
KILO_SECOND = 1_000_000_000_000

#: How long before a due time sleeping ends and asking the clock begins. A sleep
#: overshoots by tens of microseconds on most machines.
SPIN_STRETCH = 90_000

_UNITS = {
    "rate": {"": 1e3, "hz": 1e3, "khz": 1e6, "mhz": 1e9},
    "span": {"ns": 1, "us": 1e3, "µs": 1e3, "ms": 1e6, "s": 1e9, "m": 60e9},
    "size": {"": 1, "b": 1, "kib": 1 << 10, "mib": 1 << 20},
}


def _parse(what, text, least, most):
    found = re.fullmatch(r"\s*([0-9]+(?:\.[0-9]+)?)\s*([A-Za-zµ]*)\s*", text)
    scale = found and _UNITS[what].get(found.group(2).lower())
    if not scale:
        raise ValueError("'%s' is not a %s: write it like %s" % (text, what, _LIKE[what]))
    value = round(float(found.group(1)) * scale)
    if not least <= value <= most:
        raise ValueError("a %s of '%s' is out of range" % (what, text))
    return value


_LIKE = {"rate": "10kHz", "span": "10s or 200ms", "size": "64 or 4KiB"}


def parse_rate(text):
    """A rate in events per thousand seconds; `max`, which is no rate, is None."""
    return None if text.strip() == "max" else _parse("rate", text, 1, 10**12)


def parse_span(text):
    """A span of time in nanoseconds."""
    return _parse("span", text, 0, 10**15)


def parse_size(text):
    """A size in bytes."""
    return _parse("size", text, 0, 1 << 30)


def show_rate(millis):
    """Exact: 10kHz, 60Hz, 0.5Hz."""
    for scale, unit in ((10**9, "MHz"), (10**6, "kHz"), (10**3, "Hz")):
        if millis % scale == 0:
            return "%d%s" % (millis // scale, unit)
    return "%sHz" % (millis / 1e3)


def show_size(size):
    """Exact: 64B, 4KiB, 1MiB, 1000B."""
    for scale, unit in ((1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")):
        if size and size % scale == 0:
            return "%d%s" % (size // scale, unit)
    return "%dB" % size


def due(start, millis, n):
    """When event n is due: in closed form, so that no error adds up."""
    return start + n * KILO_SECOND // millis


def events_in(millis, nanos):
    """How many events fall into a span, rounded down."""
    return millis * nanos // KILO_SECOND


def wait_until(at, clock=time.monotonic_ns, sleep=time.sleep):
    """Sleeps for most of the time, then asks the clock again and again. Gives the time
    at which it woke: `at` or later.

    The last stretch gives the interpreter's lock away with every question. Spinning with
    the lock would keep the other threads of this process from running.
    """
    while True:
        now = clock()
        left = at - now
        if left <= 0:
            return now
        sleep((left - SPIN_STRETCH) / 1e9 if left > SPIN_STRETCH else 0)


def sharpen_sleep():
    """Asks the kernel not to round this thread's sleeps up (the default slack is 50 µs).
    Best effort: without it, waits are less exact."""
    try:
        with open("/proc/%d/timerslack_ns" % threading.get_native_id(), "w") as slack:
            slack.write("1")
    except OSError:
        pass
