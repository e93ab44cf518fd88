"""Ways between two processes, by multiprocessing.

Children are started afresh (`spawn`), which works the same on every system and copies
nothing by accident. Each way has a function that connects the sensor's side: from a
ticket that can be pickled, it makes a send and a close.
"""

import multiprocessing
import os
import signal
import tempfile
import time
from multiprocessing import managers, shared_memory

from halves import Reader, Sending, sense
from pipe_size import grow_pipe
from ring import Ring
from trial import (
    EXIT_S, GRACE_S, LEAD_NS, PATIENCE_S, READY_S, REPORT_S, Fault, Limit, finish, prepare_thread,
)

METHOD = "spawn"


def child(control, plan, connect, ticket):
    """The sensor's process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # The parent decides.
    sending = Sending()
    try:
        prepare_thread(plan, 1)
        send, close = connect(ticket, plan)
        control.send("ready")
        if not control.poll(REPORT_S):
            return
        sense(plan, control.recv(), send, sending)
        close()
    except Exception as wrong:  # Whatever it was: the parent is told.
        sending.failed = "%s: %s" % (type(wrong).__name__, wrong)
    control.send(sending)
    # Ending now would tell the parent that we died before all was read.
    control.poll(plan.limit_s)


class Child:
    """The sensor's process, seen from the reader's."""

    def __init__(self, context, plan, connect, ticket):
        self.control, theirs = context.Pipe()
        try:
            self.process = context.Process(
                target=child, args=(theirs, plan, connect, ticket), daemon=True
            )
            self.process.start()
        except BaseException:
            self.control.close()
            raise
        finally:
            theirs.close()

    def hear(self, seconds, what):
        """What the child says next."""
        try:
            if self.control.poll(seconds):
                return self.control.recv()
        except (EOFError, ConnectionError):
            self.process.join(EXIT_S)
            code = self.process.exitcode
            raise Fault("child-died", "the sensor's process ended (%s)" % code) from None
        raise Fault("silent", "the sensor's process did not %s within %d s" % (what, seconds))

    def begin(self):
        start = time.monotonic_ns() + LEAD_NS
        try:
            self.control.send(start)
        except OSError:
            raise Fault("child-died", "the sensor's process ended before it began") from None
        return start

    def fault(self):
        """Why the child ended early, where it still could say so."""
        try:
            told = self.hear(GRACE_S, "report")
        except Fault as fault:
            return fault if fault.cause == "child-died" else None
        return Fault("refused", "the sensor failed: " + told.failed) if told.failed else None

    def end(self):
        """Lets the child go, or sees to it."""
        self.control.close()
        self.process.join(EXIT_S)
        if self.process.exitcode is None:
            self.process.kill()
            self.process.join(EXIT_S)
        self.process.close()


def between_processes(plan, connect, ticket, read, began, close_ours=None, context=None):
    """A trial whose sensor is a process of its own. `read` takes all messages."""
    reader = Reader(plan)
    kid = Child(context or multiprocessing.get_context(METHOD), plan, connect, ticket)
    try:
        if close_ours:
            close_ours()
        prepare_thread(plan, 0)
        kid.hear(READY_S, "start")
        ready = time.monotonic_ns()
        try:
            with Limit(plan.limit_s):
                kid.begin()
                read(reader)
        except (EOFError, ConnectionError):
            raise kid.fault() or Fault("child-died", "the messages broke off") from None
        except Fault as fault:
            raise kid.fault() or fault from None
        over = time.monotonic_ns()
        sending = kid.hear(REPORT_S, "report")
    finally:
        kid.end()
    return reader, sending, ready - began, over


def connect_pipe(ticket, plan):
    return ticket.send, ticket.close


def mp_pipe(plan):
    began = time.monotonic_ns()
    context = multiprocessing.get_context(METHOD)
    receiver, sender = context.Pipe(duplex=False)
    granted = grow_pipe(sender.fileno(), plan.capacity)

    def read(reader):
        receive, take = receiver.recv, reader.take
        while not take(receive()):
            pass

    try:
        found = between_processes(plan, connect_pipe, sender, read, began, sender.close)
    finally:
        receiver.close()
        sender.close()
    return finish(*found, granted=granted)


def connect_queue(ticket, plan):
    def send(message):
        ticket.put(message, timeout=PATIENCE_S)

    def close():
        ticket.close()
        ticket.join_thread()

    return send, close


def mp_queue(plan):
    began = time.monotonic_ns()
    context = multiprocessing.get_context(METHOD)
    # Semaphores count to 32,767 at least, and no further everywhere.
    slots = min(plan.slots, 32_767)
    link = context.Queue(slots)

    def read(reader):
        get, take = link.get, reader.take
        while not take(get()):
            pass

    try:
        found = between_processes(plan, connect_queue, link, read, began)
    finally:
        link.close()
        link.join_thread()
    return finish(*found, granted=slots * plan.wire)


def connect_list(ticket, plan):
    return ticket.append, lambda: None


def manager_list(plan):
    began = time.monotonic_ns()
    context = multiprocessing.get_context(METHOD)

    def read(reader):
        pop, take = link.pop, reader.take
        while True:
            # A list cannot be waited for: it is asked, again and again.
            if link:
                if take(pop(0)):
                    return
            else:
                time.sleep(0)

    # Manager() alone would leave its folder behind if its process were killed.
    with tempfile.TemporaryDirectory(prefix="pipefit-") as folder, \
            managers.SyncManager(os.path.join(folder, "manager"), ctx=context) as manager:
        link = manager.list()
        try:
            found = between_processes(plan, connect_list, link, read, began)
        finally:
            del link
    return finish(*found, granted=None)


def connect_ring(ticket, plan):
    memory = shared_memory.SharedMemory(ticket)
    ring = Ring(memory, plan)

    def close():
        ring.close()
        memory.close()

    return ring.put, close


def shared(plan):
    began = time.monotonic_ns()
    memory = shared_memory.SharedMemory(create=True, size=Ring.length(plan))
    ring = None
    try:
        ring = Ring(memory, plan)

        def read(reader):
            get, take = ring.get, reader.take
            while not take(get()):
                pass

        found = between_processes(plan, connect_ring, memory.name, read, began)
        granted = ring.slots * plan.wire
    finally:
        if ring:
            ring.close()
        memory.close()
        memory.unlink()
    return finish(*found, granted=granted)
