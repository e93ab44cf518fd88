"""What a trial is: its plan, what comes of it, and the limit of its waits."""

import os
import signal
import struct
import time
from collections import namedtuple

import schedule

#: seq, due and sent: what stands before a message's payload.
HEAD = struct.Struct("<QQQ")

#: Flat out, one message in so many is stamped: asking the clock is not free.
STAMP_EVERY = 64

#: From "both are ready" to the first message that is due.
LEAD_NS = 20_000_000

#: How long a send may wait for room, and how long the reader may get nothing.
PATIENCE_S = 15

#: How long what was sent may still take to arrive when its sender is dead.
GRACE_S = 1.0

#: How long a child may take to start, to report, and to end.
READY_S, REPORT_S, EXIT_S = 10, 20, 2

#: What a trial came to. `granted` is the capacity that was got, None where unknown.
Trial = namedtuple("Trial", "reader sending granted start_ns stop_ns")


class Plan:
    """What is to be measured. Goes to the sensor's process as it is."""

    def __init__(self, size, millis, duration, warmup, capacity, cpus):
        self.size = size
        #: Events in a thousand seconds; None: flat out.
        self.millis = millis
        self.duration = duration
        self.warmup = warmup
        #: Bytes that a queue is asked to hold.
        self.capacity = capacity
        #: The reader's CPU and the sensor's; None: wherever the system puts them.
        self.cpus = cpus

    @property
    def wire(self):
        """The length of a message."""
        return HEAD.size + self.size

    @property
    def slots(self):
        """How many messages a queue of this capacity holds."""
        return max(1, self.capacity // self.wire)

    @property
    def stamp_every(self):
        return STAMP_EVERY if self.millis is None else 1

    @property
    def limit_s(self):
        """How long the reading may take in all."""
        return (self.warmup + self.duration) / 1e9 * 2 + PATIENCE_S


def finish(reader, sending, start_ns, over, granted):
    """Everything is closed: the trial is over. `over` is when the reading was."""
    return Trial(reader, sending, granted, start_ns, time.monotonic_ns() - over)


def prepare_thread(plan, which):
    """Keeps the calling thread on its CPU, 0 the reader's or 1 the sensor's."""
    if plan.cpus:
        wanted = {plan.cpus[which]}
        os.sched_setaffinity(0, wanted)
        if os.sched_getaffinity(0) != wanted:
            raise Fault("refused", "CPU %d was not granted" % plan.cpus[which])
    schedule.sharpen_sleep()


class Fault(Exception):
    """Why a trial may not be used: a word for programs, and a reason for people."""

    def __init__(self, cause, reason):
        super().__init__(reason)
        self.cause, self.reason = cause, reason


class Limit:
    """While this is entered, nothing that the main thread waits for takes longer than
    `seconds`; where a child ends early, it takes `GRACE_S` at most from then on. A wait
    that is cut short ends in a Fault.

    A signal is the one thing that ends every wait of Python's own: on a lock, on a
    pipe, on another process.
    """

    def __init__(self, seconds):
        self._seconds = seconds
        self._child_died = False

    def __enter__(self):
        self._before = [
            (signal.SIGALRM, signal.signal(signal.SIGALRM, self._too_long)),
            (signal.SIGCHLD, signal.signal(signal.SIGCHLD, self._child_ended)),
        ]
        signal.setitimer(signal.ITIMER_REAL, self._seconds)
        return self

    def _child_ended(self, *_):
        # The signal comes for a child that was only stopped, too. Nothing is reaped here.
        looks = os.WEXITED | os.WNOHANG | os.WNOWAIT
        if not self._child_died and os.waitid(os.P_ALL, 0, looks):
            self._child_died = True
            # What it sent before may still be on its way, and complete.
            signal.setitimer(signal.ITIMER_REAL, GRACE_S)

    def _too_long(self, *_):
        if self._child_died:
            raise Fault("child-died", "a child process ended before its time")
        raise Fault("silent", "the reader waited in vain: over %.0f s" % self._seconds)

    def __exit__(self, *_):
        signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in self._before:
            signal.signal(number, handler)
