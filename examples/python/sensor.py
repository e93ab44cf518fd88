#!/usr/bin/env python3
"""A sensor: writes pipefit frames to its standard output, on an absolute schedule.

    sensor.py --rate 10kHz --size 64 --duration 10s > frames.bin

Every frame is due at start + n / rate, is stamped with `due` and `sent`, and goes out in
one write(2). A frame that is late is sent at once: none is left out, and the schedule
does not slip. With `--rate max` a frame is due the moment it is made. The last frame is
the trailer, with the counts.

Exit codes: 0 done, and also where the reader went away (the usual end of a sensor in a
pipeline: nobody is left to complain to); 1 the output failed in another way; 2 usage;
130 interrupted. Whoever is ended by a signal sends no trailer.
"""

import argparse
import errno
import gc
import os
import select
import signal
import sys
import time

import frame
import schedule

#: Names the run's tag where no flag does.
RUN_VAR = "PIPEFIT_RUN"

#: How long an output that was made non-blocking may have no room.
PATIENCE_MS = 15_000

STDOUT = 1


def write_rest(data, written):
    """Writes what one write(2) left over. The output may be non-blocking: whoever started
    us shares it."""
    rest = memoryview(data)[written:]
    while rest:
        try:
            rest = rest[os.write(STDOUT, rest) :]
        except BlockingIOError:
            room = select.poll()
            room.register(STDOUT, select.POLLOUT)
            if not room.poll(PATIENCE_MS):
                raise TimeoutError(errno.ETIMEDOUT, "the output had no room for 15 s") from None


def write(data):
    """Writes a frame: in one piece, if the system takes it."""
    try:
        written = os.write(STDOUT, data)
    except BlockingIOError:
        written = 0
    if written < len(data):
        write_rest(data, written)


class Counts:
    """What a sensor did."""

    def __init__(self):
        self.offered = 0
        self.began = self.ended = 0
        self.latest = 0


def send_paced(writer, counts, start, millis, frames):
    """Sends on schedule. A frame is prepared before it is due."""
    clock, sleep = time.monotonic_ns, time.sleep
    kilo_second, stretch = schedule.KILO_SECOND, schedule.SPIN_STRETCH
    prepare, stamp, latest = writer.prepare, writer.stamp, 0
    for n in range(frames):
        due = start + n * kilo_second // millis
        prepare(n, due)
        now = clock()
        while now < due:
            # This process has no other thread: the last stretch may keep the processor.
            if due - now > stretch:
                sleep((due - now - stretch) / 1e9)
            now = clock()
        write(stamp(now))
        counts.offered = n + 1
        if now - due > latest:
            counts.latest = latest = now - due
    counts.ended = clock()


def send_flat_out(writer, counts, start, frames, until):
    """Sends as fast as the output takes. A frame is due the moment it is made."""
    clock, prepare, stamp = time.monotonic_ns, writer.prepare, writer.stamp
    n, now = 0, start
    while n < frames and now < until:
        prepare(n, now)
        write(stamp(clock()))
        n += 1
        counts.offered = n
        now = clock()
    counts.ended = now


def send_all(options, counts):
    """Warm-up, measured frames, trailer."""
    writer = frame.Writer(options.producer, options.run, options.size)
    warm = frame.Writer(options.producer, options.run, options.size, frame.WARMUP)
    millis = options.rate
    counted = options.messages is not None
    start = time.monotonic_ns()
    if millis is None:
        frames = options.messages if counted else sys.maxsize
        until = sys.maxsize if counted else options.duration
        if options.warmup:
            send_flat_out(warm, Counts(), start, sys.maxsize, start + options.warmup)
        start = counts.began = time.monotonic_ns()
        send_flat_out(writer, counts, start, frames, start + until)
    else:
        frames = options.messages if counted else schedule.events_in(millis, options.duration)
        before = schedule.events_in(millis, options.warmup)
        send_paced(warm, Counts(), start, millis, before)
        # The measured frames follow the warm-up's without a break.
        start = counts.began = schedule.due(start, millis, before)
        send_paced(writer, counts, start, millis, frames)
    write(frame.trailer(options.producer, options.run, counts.offered, 0))


def tell(counts, millis, out):
    """Says how it went. On a schedule, the last frame has its period, too."""
    period = schedule.KILO_SECOND // millis if millis else 0
    took = max(counts.ended - counts.began + period, 1)
    rate = counts.offered * 1e9 / took
    out.write("sent %d frames in %.3f s: %.0f a second" % (counts.offered, took / 1e9, rate))
    if millis:
        out.write("; the latest was sent %.1f µs after it was due" % (counts.latest / 1e3))
    out.write("\n")


def number(bits):
    """Reads a number of so many bits, decimal or 0x…."""

    def read(text):
        value = int(text, 0)
        if not 0 <= value < 1 << bits:
            raise ValueError(text)
        return value

    read.__name__ = "%d-bit number" % bits
    return read


def quantity(parse):
    """An argument's parser that says what is wrong in words."""

    def read(text):
        try:
            return parse(text)
        except ValueError as wrong:
            raise argparse.ArgumentTypeError(str(wrong)) from None

    return read


def read_options(argv):
    parser = argparse.ArgumentParser(description="Writes pipefit frames to standard output.")
    parser.add_argument("--rate", type=quantity(schedule.parse_rate), default="10kHz",
                        help="frames a second, or max (default 10kHz)")
    parser.add_argument("--size", type=quantity(schedule.parse_size), default="64",
                        help="payload in bytes (default 64)")
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--duration", type=quantity(schedule.parse_span), default="10s",
                        help="how long to send (default 10s)")
    length.add_argument("--messages", type=number(62), help="how many frames to send instead")
    parser.add_argument("--warmup", type=quantity(schedule.parse_span), default="0s",
                        help="send warm-up frames, which nobody counts, for so long (default 0s)")
    parser.add_argument("--producer", type=number(32), default=1, help="its name on every frame")
    parser.add_argument("--run", type=number(32), default=os.environ.get(RUN_VAR) or "1",
                        help="the run's tag on every frame (default $%s, else 1)" % RUN_VAR)
    parser.add_argument("--verbose", action="store_true", help="say on stderr how it went")
    return parser.parse_args(argv)


def main(argv):
    options = read_options(argv)
    schedule.sharpen_sleep()
    gc.collect()
    gc.disable()  # Nothing here goes in circles; a collection would only be a pause.
    counts = Counts()
    try:
        send_all(options, counts)
    except BrokenPipeError:
        return 0
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # It often comes twice.
        return 130
    except OSError as wrong:
        sys.stderr.write("sensor.py: cannot write to standard output: %s\n" % wrong)
        return 1
    if options.verbose:
        tell(counts, options.rate, sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
