"""Python's own ways to get a message from a sensor to a reader.

A way has a function from a plan to a `Trial`: it sets the two halves up, lets them run,
and takes everything down again.

Not promised: the fastest that Python can do. These are the ways people reach for, used as
their documentation shows. A wait has a limit everywhere; see `trial.Limit`.
"""

import children
import lines
import one_process


class Way:
    """A way, and what to know of it."""

    def __init__(self, name, measure, wait, shares_thread, note):
        self.name, self.measure, self.wait = name, measure, wait
        self.shares_thread, self.note = shares_thread, note


ALL = [
    Way("py-generator", one_process.in_one_loop, "block", True, "one loop takes from a generator"),
    Way("py-asyncio-queue", one_process.between_tasks, "block", True, "asyncio.Queue between two tasks"),
    Way("py-queue", one_process.between_threads, "block", False, "queue.Queue between two threads"),
    Way("py-stdout-thread", lines.stdout_thread, "block", False,
        "hex lines on a child's standard output, each flushed; a thread reads them into a list; "
        "the child is a new python3"),
    Way("py-mp-pipe", children.mp_pipe, "block", False,
        "multiprocessing.Pipe; start method " + children.METHOD),
    Way("py-mp-queue", children.mp_queue, "block", False,
        "multiprocessing.Queue; start method " + children.METHOD),
    Way("py-manager-list", children.manager_list, "yield", False,
        "multiprocessing.Manager().list, append and pop(0), without a bound; start method "
        + children.METHOD + "; the manager's own process is not pinned"),
    Way("py-shared-memory", children.shared, "yield", False,
        "a ring in multiprocessing.shared_memory, written in Python; start method " + children.METHOD),
]
