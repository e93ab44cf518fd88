"""The two halves of a trial: a sensor, and a reader that checks what it gets.

A message is 24 bytes of header (seq, due, sent; little-endian) and the payload. It is
plain bytes, without a checksum: one in pure Python would cost several times what is
measured here. Instead every byte of the payload is compared with what it must be.

The sensor is a generator that knows nothing of how its messages travel, or of how to
wait: it yields either a message, or the time until which to wait. So one sensor serves
threads, processes, tasks and plain loops.
"""

import resource
import time

import frame
import schedule
from trial import HEAD, STAMP_EVERY

#: The seq of the last message of a trial, whose `due` is the number of messages offered.
END = (1 << 64) - 1

#: Set in the seq of messages of the warm-up.
WARM = 1 << 63

#: Sequence numbers that may be missing at once. A larger gap is no gap but damage.
WIDEST_GAP = 1_000_000

#: Memory for payloads that are kept at hand.
POOL_BYTES = 4 << 20


class Payloads:
    """The payload of each message: the pattern of pipefit's frames. They repeat after a
    while, so that making them costs nothing while something is measured."""

    def __init__(self, size):
        pattern = frame.Pattern(1, size)
        count = max(2, min(1024, POOL_BYTES // max(size, 1)))
        self.all = [pattern.of(seq) for seq in range(count)]


# ---- the sensor -----------------------------------------------------------


class Sending:
    """What a sensor says of itself. Goes home as it is."""

    def __init__(self):
        self.offered = 0
        self.began = self.ended = 0
        #: How long sends took, in ns: of each paced message, of each stamped one else.
        self.sends = []
        self.cpu = 0
        self.rss = 0
        #: Why it ended early, if so.
        self.failed = None


def messages(plan, start, sending):
    """The sensor: yields messages, and times (whole numbers) until which to wait."""
    payloads = Payloads(plan.size).all
    if plan.millis is None:
        yield start
        for message in _flat_out(plan, payloads, plan.warmup, WARM, Sending()):
            yield message
        cpu = time.thread_time_ns()
        sending.began = time.monotonic_ns()
        for message in _flat_out(plan, payloads, plan.duration, 0, sending):
            yield message
    else:
        before = schedule.events_in(plan.millis, plan.warmup)
        frames = schedule.events_in(plan.millis, plan.duration)
        for item in _paced(plan, payloads, start, range(before), 0, WARM, Sending()):
            yield item
        cpu = time.thread_time_ns()
        sending.began = schedule.due(start, plan.millis, before)
        for item in _paced(plan, payloads, start, range(frames), before, 0, sending):
            yield item
    sending.cpu = time.thread_time_ns() - cpu
    sending.rss = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    yield HEAD.pack(END, sending.offered, 0) + payloads[0]


def _paced(plan, payloads, start, frames, offset, mark, sending):
    clock, pack, count = time.monotonic_ns, HEAD.pack, len(payloads)
    millis, kilo_second, book = plan.millis, schedule.KILO_SECOND, sending.sends.append
    for seq in frames:
        due = start + (offset + seq) * kilo_second // millis
        payload = payloads[seq % count]
        if clock() < due:
            yield due
        sent = clock()
        yield pack(mark | seq, due, sent) + payload
        ended = clock()
        book(ended - sent)
        sending.offered, sending.ended = seq + 1, ended


def _flat_out(plan, payloads, span, mark, sending):
    clock, pack, count, every = time.monotonic_ns, HEAD.pack, len(payloads), STAMP_EVERY
    until, seq = clock() + span, 0
    while True:
        due = clock()
        if due >= until:
            break
        sent = clock()
        yield pack(mark | seq, due, sent) + payloads[seq % count]
        sending.sends.append(clock() - sent)
        for seq in range(seq + 1, seq + every):
            yield pack(mark | seq, 0, 0) + payloads[seq % count]
        seq += 1
        sending.offered = seq
    sending.ended = clock()


def sense(plan, start, send, sending):
    """Runs the sensor where a send may simply take its time."""
    for item in messages(plan, start, sending):
        if type(item) is int:
            schedule.wait_until(item)
        else:
            send(item)


# ---- the reader -----------------------------------------------------------


class Reader:
    """The reader's books. `take` gets every message, as soon as it can be read."""

    def __init__(self, plan):
        self._wire = plan.wire
        self._payloads = Payloads(plan.size).all
        self._next = 0
        self._missing = set()
        self.shown = self.warm = 0
        self.duplicate = self.reordered = self.corrupt = self.torn = 0
        #: due, sent and seen of every stamped message, and how many had come by then.
        self.due, self.sent, self.seen, self.come = [], [], [], []
        #: What the last message said was offered.
        self.offered = None
        self._cpu = None
        self.cpu = 0

    def take(self, message):
        """Books a message. Says whether it was the last one."""
        seen = 0
        if len(message) == self._wire:
            seq, due, sent = HEAD.unpack_from(message)
            if sent:
                seen = time.monotonic_ns()
            payloads = self._payloads
            if seq == self._next and message.endswith(payloads[seq % len(payloads)]):
                self._next = seq + 1
                self.shown += 1
                if sent:
                    self._book(due, sent, seen)
                return False
        return self._take_other(message, seen)

    def _book(self, due, sent, seen):
        if self._cpu is None:
            self._cpu = time.thread_time_ns()
        self.due.append(due)
        self.sent.append(sent)
        self.seen.append(seen)
        self.come.append(self.shown)

    def _take_other(self, message, seen):
        """Whatever is not the next message in line."""
        if len(message) != self._wire:
            self.torn += 1
            return False
        seq, due, sent = HEAD.unpack_from(message)
        if seq == END:
            self.offered = due
            self.cpu = time.thread_time_ns() - self._cpu if self._cpu is not None else 0
            return True
        is_warm, number = seq >= WARM, seq & (WARM - 1)
        if not message.endswith(self._payloads[number % len(self._payloads)]):
            self.corrupt += 1
        elif is_warm:
            self.warm += 1
        elif number > self._next + WIDEST_GAP:
            self.corrupt += 1
        elif number < self._next and number not in self._missing:
            self.duplicate += 1
        else:
            if number < self._next:
                self._missing.remove(number)
                self.reordered += 1
            else:
                self._missing.update(range(self._next, number))
                self._next = number + 1
            self.shown += 1
            if sent:
                self._book(due, sent, seen)
        return False

    def ledger(self, offered):
        """Closes the books: `offered` is the sensor's word, the rest is our own count."""
        missing = len(self._missing) + max(0, offered - self._next)
        return {
            "offered": offered,
            "shown": self.shown,
            "merged": 0,
            "dropped": 0,
            "lost": missing,
            "duplicate": self.duplicate,
            "reordered": self.reordered,
            "corrupt": self.corrupt,
            "torn": self.torn,
            "in_flight": 0,
        }

    def throughput(self):
        """Messages a second, from the first stamped one to the last."""
        if len(self.seen) < 2 or self.seen[-1] <= self.seen[0]:
            return None
        return (self.come[-1] - self.come[0]) * 1e9 / (self.seen[-1] - self.seen[0])
