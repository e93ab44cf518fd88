#!/usr/bin/env python3
"""The sensor that everybody writes first. It exists to be caught.

It has two faults. To a pipe, Python's standard output is buffered in blocks: the lines
lie in a buffer of 8 KiB and come out in lumps, stale. And it sleeps 1 / rate after each
line, so that what the line itself took adds up and the rate drifts below what was asked.

Remedies for the first: `print(..., flush=True)`, or PYTHONUNBUFFERED=1 in the
environment, or `python3 -u`. For the second: an absolute schedule, as in sensor.py.
"""

import argparse
import math
import os
import sys
import time

import schedule


def main():
    parser = argparse.ArgumentParser(description="Prints seq, time and value, line by line.")
    parser.add_argument("--rate", type=schedule.parse_rate, default="1kHz")
    parser.add_argument("--duration", type=schedule.parse_span, default="10s")
    options = parser.parse_args()
    if options.rate is None:
        parser.error("a loop that sleeps needs a rate")
    rate = options.rate / 1e3

    end = time.monotonic_ns() + options.duration
    seq = 0
    while time.monotonic_ns() < end:
        value = math.sin(seq / 100)
        print(seq, time.monotonic_ns(), value)  # No flush: this is the fault.
        seq += 1
        time.sleep(1 / rate)
    sys.stdout.flush()


if __name__ == "__main__":
    try:
        main()
    except BrokenPipeError:
        # The reader went away. What is still buffered has nowhere to go.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    except KeyboardInterrupt:
        sys.exit(130)
