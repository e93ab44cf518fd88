"""Tests of the baselines: books that find each fault, waits that end, runs that are kept
whole. Run them in this folder: python3 -m unittest test_baselines"""

import datetime
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from multiprocessing import resource_tracker

HERE = os.path.dirname(os.path.abspath(__file__))
BASELINES = os.path.join(HERE, "baselines")
sys.path[:0] = [HERE, BASELINES]

import machine
import record
import run
import store
import ways
from halves import END, WARM, Reader, Sending, sense
from trial import HEAD, Plan, Trial

NAMES = [way.name for way in ways.ALL]
#: As with `cargo test`: some tests have a long form.
LONG = bool(os.environ.get("PIPEFIT_LONG"))

WITH_A_CHILD = ["py-stdout-thread", "py-mp-pipe", "py-mp-queue", "py-manager-list",
                "py-shared-memory"]


def plan(millis=1_000_000, duration=100_000_000, size=64):
    return Plan(size, millis, duration, 20_000_000, 1 << 20, None)


def stream(count=10):
    """What a sensor sends, and what it says of itself."""
    sent, sending = [], Sending()
    sense(plan(duration=count * 1_000_000), time.monotonic_ns(), sent.append, sending)
    return sent, sending


def read(messages):
    reader = Reader(plan())
    return reader, [reader.take(message) for message in messages]


class Books(unittest.TestCase):
    def check(self, messages, offered=10, **wanted):
        reader, _ = read(messages)
        books = reader.ledger(offered)
        names = ("shown", "lost", "duplicate", "reordered", "corrupt", "torn")
        found = {name: books[name] for name in names if books[name]}
        self.assertEqual(found, wanted)

    def test_each_fault_has_its_own_name(self):
        sent, sending = stream()
        warmup, data, last = sent[:20], sent[20:30], sent[30]
        self.assertEqual(sending.offered, 10)
        self.check(warmup + data + [last], shown=10)
        self.check(data[:3] + data[4:], shown=9, lost=1)
        self.check(data[:7], shown=7, lost=3)
        self.check(data + data[4:5], shown=10, duplicate=1)
        self.check(data[:3] + [data[4], data[3]] + data[5:], shown=10, reordered=1)
        self.check(data[:3] + [data[3][:-1]] + data[4:], shown=9, lost=1, torn=1)
        spoilt = data[3][:-1] + bytes([data[3][-1] ^ 1])
        self.check(data[:3] + [spoilt] + data[4:], shown=9, lost=1, corrupt=1)
        swapped = data[3][: HEAD.size] + data[4][HEAD.size :]
        self.check(data[:3] + [swapped] + data[4:], shown=9, lost=1, corrupt=1)
        far = HEAD.pack(1 << 50, 0, 0) + data[0][HEAD.size :]
        self.check(data[:3] + [far] + data[4:], shown=9, lost=1, corrupt=1)

    def test_the_last_message_ends_it_and_says_what_was_offered(self):
        sent, _ = stream()
        reader, ends = read(sent)
        self.assertEqual((ends.count(True), ends[-1]), (1, True))
        self.assertEqual((reader.offered, reader.warm, len(reader.seen)), (10, 20, 10))
        self.assertEqual(HEAD.unpack_from(sent[-1])[0], END)
        self.assertTrue(all(HEAD.unpack_from(m)[0] >= WARM for m in sent[:20]))

    def test_due_times_are_those_of_the_schedule(self):
        sent, _ = stream()
        dues = [HEAD.unpack_from(message)[1] for message in sent[:30]]
        self.assertEqual([due - dues[0] for due in dues], [n * 1_000_000 for n in range(30)])

    def test_flat_out_one_in_64_is_stamped_and_throughput_lies_between_stamps(self):
        sent = []
        sense(plan(None, 5_000_000), time.monotonic_ns(), sent.append, Sending())
        reader = Reader(plan(None))
        for message in sent:
            reader.take(message)
        self.assertEqual(reader.shown, reader.offered)
        self.assertEqual(len(reader.seen), reader.offered // 64)
        self.assertEqual(reader.come[:2], [1, 65])
        self.assertGreater(reader.throughput(), 0)

    def test_what_a_trial_may_not_be_used_for_is_named(self):
        sent, sending = stream()
        now = time.monotonic_ns()
        reader, _ = read(sent)
        trial = Trial(reader, sending, None, 1, 1)
        asked = plan(duration=10_000_000)
        sending.ended = sending.began + 9_000_000
        self.assertIsNone(record.fault(asked, trial))
        sending.ended = sending.began + 10_000_000
        self.assertEqual(record.fault(asked, trial)[0], "missed-rate")
        reader.sent[3] = now * 2
        self.assertEqual(record.fault(asked, trial)[0], "backwards")
        reader.shown += 1
        self.assertEqual(record.fault(asked, trial)[0], "unbalanced")
        sending.failed = "so it is"
        self.assertEqual(record.fault(asked, trial), ("refused", "the sensor failed: so it is"))


def children():
    """Our children but for the one that watches over shared memory: pid and start."""
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open("/proc/%s/stat" % name) as stat, \
                    open("/proc/%s/cmdline" % name) as command:
                fields, line = stat.read().rpartition(") ")[2].split(), command.read()
        except OSError:
            continue
        if int(fields[1]) == os.getpid() and "resource_tracker" not in line:
            found.append((int(fields[19]), int(name)))
    return [pid for _, pid in sorted(found)]


def python_names():
    """What Python puts into /dev/shm: memory and semaphores."""
    return {name for name in os.listdir("/dev/shm") if name.startswith(("psm_", "sem.mp-"))}


class Kills(unittest.TestCase):
    """A child that dies makes an invalid cell, soon; and leaves nothing."""

    def setUp(self):
        resource_tracker.ensure_running()
        self.before, self.names = machine.census(), python_names()

    def left(self):
        left = machine.residue(self.before)
        del left["shm_names"]  # Others may share the folder meanwhile.
        return left

    def killed(self, name, which, with_signal, millis=1_000_000):
        way = run.named(name)
        asked = plan(millis, duration=30_000_000_000)

        def kill():
            wanted = 2 if name == "py-manager-list" else 1
            limit = time.monotonic() + 20
            while len(children()) < wanted and time.monotonic() < limit:
                time.sleep(0.01)
            time.sleep(0.4)
            os.kill(children()[which], with_signal)

        killer = threading.Thread(target=kill)
        killer.start()
        began = time.monotonic()
        trial, fault = run.attempt(way, asked)
        took = time.monotonic() - began
        killer.join()
        self.assertIsNone(trial, name)
        self.assertLess(took, 20, name)
        limit = time.monotonic() + 5  # A thread is seen for a moment after its end.
        while any(self.left().values()) and time.monotonic() < limit:
            time.sleep(0.01)
        self.assertEqual(self.left(), dict.fromkeys(self.left(), 0), name)
        self.assertEqual(python_names() - self.names, set(), name)
        return fault[0]

    def tearDown(self):
        for pid in children():
            os.kill(pid, signal.SIGKILL)  # Only where a test failed.

    def test_a_killed_sensor_on_its_schedule(self):
        for name in WITH_A_CHILD if LONG else ("py-stdout-thread", "py-mp-pipe"):
            self.assertEqual(self.killed(name, -1, signal.SIGKILL), "child-died", name)

    def test_a_killed_sensor_flat_out(self):
        for name in WITH_A_CHILD if LONG else ("py-mp-queue", "py-shared-memory"):
            self.assertEqual(self.killed(name, -1, signal.SIGKILL, None), "child-died", name)

    def test_a_killed_manager(self):
        cause = self.killed("py-manager-list", 0, signal.SIGKILL)
        self.assertIn(cause, ("child-died", "refused"))

    def test_a_stopped_sensor_is_silent_after_its_limit(self):
        for name in WITH_A_CHILD if LONG else ("py-mp-queue", "py-stdout-thread"):
            original = Plan.limit_s
            try:
                Plan.limit_s = property(lambda self: 2.0)
                self.assertEqual(self.killed(name, -1, signal.SIGSTOP), "silent", name)
            finally:
                Plan.limit_s = original


def started(*arguments):
    command = [sys.executable, os.path.join(BASELINES, "run.py"), *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


class Runs(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.results = os.path.join(folder.name, "results")

    def kept(self):
        with open(os.path.join(self.results, "latest", "run.json"), encoding="utf-8") as file:
            return json.load(file)

    def test_a_run_is_kept_whole_and_is_the_latest(self):
        done = started("--quick", "--size", "64", "--only", "py-generator,py-queue",
                       "--results", self.results)
        out, told = done.communicate(timeout=60)
        self.assertIn(done.returncode, (0, 65), told)
        found = self.kept()
        path = os.path.join(self.results, "runs", found["id"], "run.json")
        self.assertEqual(out.rstrip().split("\n")[-1], path)
        self.assertEqual(os.listdir(os.path.join(self.results, "runs")), [found["id"]])
        self.assertRegex(found["id"], r"^\d{8}T\d{6}Z-[0-9a-f]{4}$")
        self.assertEqual(sorted(os.listdir(self.results)), ["latest", "runs"])
        self.assertEqual([cell["id"] for cell in found["cells"]], [
            "stream/py-generator/64B/1kHz/block", "stream/py-queue/64B/1kHz/block",
            "max/py-generator/64B/block", "max/py-queue/64B/block"])
        self.assertEqual([cell["ledger"]["lost"] for cell in found["cells"]], [0] * 4)

    def test_an_interrupted_run_is_kept_as_partial(self):
        for number, code in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
            done = started("--duration", "20s", "--only", "py-mp-queue", "--results", self.results)
            done.stderr.readline()  # The first cell has begun.
            time.sleep(0.7)
            done.send_signal(number)
            _, told = done.communicate(timeout=30)
            self.assertEqual(done.returncode, code, told)
            self.assertNotIn("Traceback", told)
            found = self.kept()
            self.assertTrue(found["partial"])
            self.assertEqual([cell["cause"] for cell in found["cells"]], ["interrupted"])

    def test_results_that_cannot_be_kept_are_said_before_measuring(self):
        done = started("--results", os.path.join(self.results, "deep", "er"))
        _, told = done.communicate(timeout=30)
        self.assertEqual((done.returncode, told.count("\n")), (1, 1), told)

    def test_bad_input_is_usage(self):
        for bad in (["--only", "py-telepathy"], ["--rate", "max"], ["--size", "big"]):
            done = started(*bad)
            done.communicate(timeout=30)
            self.assertEqual(done.returncode, 2, bad)

    def test_a_run_that_cannot_be_written_leaves_nothing(self):
        os.mkdir(self.results)
        kept = store.Store(self.results)
        now = datetime.datetime.now(datetime.timezone.utc)
        with self.assertRaises(TypeError):
            kept.keep({"cells": object()}, now)
        self.assertEqual(os.listdir(os.path.join(self.results, "runs")), [])
        self.assertFalse(os.path.lexists(os.path.join(self.results, "latest")))


if __name__ == "__main__":
    unittest.main()
