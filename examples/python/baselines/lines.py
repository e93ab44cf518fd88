"""The way by hand: a child prints lines, a thread reads them into a list."""

import json
import os
import signal
import subprocess
import sys
import threading
import time

from halves import Reader, Sending, sense
from pipe_size import grow_pipe
from trial import EXIT_S, LEAD_NS, READY_S, Fault, Limit, Plan, finish, prepare_thread


def stdout_child():
    """The sensor's process of `stdout_thread`: what a script would do. Lines are flushed
    one by one; without that they would come in lumps, as naive.py shows."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    plan, sending = Plan(**json.loads(sys.stdin.readline())), Sending()
    prepare_thread(plan, 1)

    def send(message):
        print(message.hex(), flush=True)

    print("ready", flush=True)
    start = sys.stdin.readline()
    if start:
        try:
            sense(plan, int(start), send, sending)
        except BrokenPipeError:
            os._exit(1)
        print(json.dumps(vars(sending)), flush=True)
        sys.stdin.readline()


def stdout_thread(plan):
    began = time.monotonic_ns()
    reader, sending, ended = Reader(plan), Sending(), []
    kept = ("PATH", "HOME", "TMPDIR", "LANG")
    process = subprocess.Popen(
        [sys.executable, os.path.join(os.path.dirname(__file__), "run.py"), "--stdout-child"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env={name: os.environ[name] for name in kept if name in os.environ},
    )
    got = []  # What a program would go on with.
    thread = None

    def read():
        prepare_thread(plan, 0)
        take, lines = reader.take, process.stdout
        for line in lines:
            try:
                message = bytes.fromhex(line)
            except ValueError:
                message = b""  # A line that was cut or mixed: it is booked as torn.
            got.append(message)
            if take(message):
                vars(sending).update(json.loads(lines.readline()))
                ended.append(time.monotonic_ns())
                return

    try:
        with Limit(READY_S):
            say(process, json.dumps(vars(plan)))
            if process.stdout.readline() != "ready\n":
                raise Fault("child-died", "the sensor's process did not start")
        granted = grow_pipe(process.stdout.fileno(), plan.capacity)
        ready = time.monotonic_ns()
        thread = threading.Thread(target=read, daemon=True)
        thread.start()
        say(process, str(time.monotonic_ns() + LEAD_NS))
        thread.join(plan.limit_s)
        if thread.is_alive():
            raise Fault("silent", "the reader waited in vain: over %.0f s" % plan.limit_s)
        if not ended:
            raise Fault("child-died", "the sensor's lines broke off")
    finally:
        end_process(process, thread)
    return finish(reader, sending, ready - began, ended[0], granted=granted)


def say(process, line):
    try:
        process.stdin.write(line + "\n")
        process.stdin.flush()
    except BrokenPipeError:
        raise Fault("child-died", "the sensor's process ended before it began") from None


def end_process(process, thread):
    """Its input ends, and so it ends; or it is seen to."""
    try:
        process.stdin.close()
    except BrokenPipeError:
        pass
    try:
        process.wait(EXIT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if thread:
        thread.join(EXIT_S)  # The end of the process is the end of its output.
    process.stdout.close()
