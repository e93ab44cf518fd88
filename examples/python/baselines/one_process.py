"""Ways within one process: threads, tasks, and a plain loop."""

import asyncio
import queue
import threading
import time

import schedule
from halves import Reader, Sending, messages, sense
from trial import EXIT_S, LEAD_NS, PATIENCE_S, READY_S, Fault, Limit, finish, prepare_thread


def between_threads(plan):
    began = time.monotonic_ns()
    link, reader, sending = queue.Queue(plan.slots), Reader(plan), Sending()
    start = threading.Event()

    def send(message):
        link.put(message, timeout=PATIENCE_S)

    def run():
        try:
            prepare_thread(plan, 1)
            start.wait(READY_S)
            sense(plan, time.monotonic_ns() + LEAD_NS, send, sending)
        except Exception as wrong:  # Whatever it was: the reader is told.
            sending.failed = "%s: %s" % (type(wrong).__name__, wrong)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    prepare_thread(plan, 0)
    ready = time.monotonic_ns()
    with Limit(plan.limit_s):
        start.set()
        get, take = link.get, reader.take
        while not take(get()):
            pass
    over = time.monotonic_ns()
    thread.join(EXIT_S)
    return finish(reader, sending, ready - began, over, granted=plan.slots * plan.wire)


def between_tasks(plan):
    began = time.monotonic_ns()
    reader, sending = Reader(plan), Sending()
    prepare_thread(plan, 0)

    async def run():
        link = asyncio.Queue(plan.slots)

        async def read():
            get, take = link.get, reader.take
            while not take(await get()):
                pass

        async def send():
            put = link.put
            for item in messages(plan, time.monotonic_ns() + LEAD_NS, sending):
                if type(item) is int:
                    await wait_in_loop(item)
                else:
                    await put(item)

        await asyncio.wait_for(asyncio.gather(read(), send()), plan.limit_s)

    ready = time.monotonic_ns()
    try:
        asyncio.run(run())
    except asyncio.TimeoutError:
        raise Fault("silent", "the tasks did not end within %.0f s" % plan.limit_s) from None
    return finish(reader, sending, ready - began, time.monotonic_ns(), granted=plan.slots * plan.wire)


#: The loop sleeps in whole milliseconds, rounded up.
LOOP_STRETCH_NS = 2_000_000


async def wait_in_loop(at):
    """Waits in a task: sleeps for what the loop can sleep, then lets others run, again
    and again."""
    while True:
        left = at - time.monotonic_ns()
        if left <= 0:
            return
        await asyncio.sleep((left - LOOP_STRETCH_NS) / 1e9 if left > LOOP_STRETCH_NS else 0)


def in_one_loop(plan):
    began = time.monotonic_ns()
    reader, sending = Reader(plan), Sending()
    prepare_thread(plan, 0)
    ready = time.monotonic_ns()
    take = reader.take
    with Limit(plan.limit_s):
        for item in messages(plan, ready + LEAD_NS, sending):
            if type(item) is int:
                schedule.wait_until(item)
            elif take(item):
                break
    return finish(reader, sending, ready - began, time.monotonic_ns(), granted=plan.wire)
