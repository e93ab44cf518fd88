"""Tests of the examples. Run them in this folder: python3 -m unittest test_frames"""

import io
import os
import signal
import struct
import subprocess
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "baselines")]

import frame
import record
import schedule

#: The same literal stands in tests/python_frames.rs.
KNOWN = bytes.fromhex(
    "f1706617d5617b2a01010000030000000d0000006300000004000000000000000e000000"
    "000000001800000000000000c777bc3802d9904410aec78dbe"
)


def crc_bit_by_bit(data):
    """The definition, as slow and as plain as can be."""
    state = 0xFFFFFFFF
    for byte in data:
        state ^= byte
        for _ in range(8):
            state = (state >> 1) ^ (0x82F63B78 if state & 1 else 0)
    return state ^ 0xFFFFFFFF


def pattern_word_by_word(producer, seq, size):
    """src/ground/frame.rs, word by word."""
    word, step = (1 << 64) - 1, 0x9E3779B97F4A7C15
    x = (seq ^ (producer << 40) ^ step) & word
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9 & word
    x = (x ^ (x >> 27)) * 0x94D049BB133111EB & word
    base, out = x ^ (x >> 31), b""
    for i in range((size + 7) // 8):
        x = (base + i * step) & word
        out += struct.pack("<Q", x ^ (x >> 29))
    return out[:size]


def some_bytes(size):
    return bytes((7 * i + i // 5) & 0xFF for i in range(size))


class Checksum(unittest.TestCase):
    def test_known_vectors(self):
        # RFC 3720, B.4, and the check value of the catalogues.
        for data, crc in (
            (b"", 0),
            (b"123456789", 0xE3069283),
            (bytes(32), 0x8A9136AA),
            (b"\xff" * 32, 0x62A8AB43),
            (bytes(range(32)), 0x46DD794E),
            (bytes(range(31, -1, -1)), 0x113FDB5C),
        ):
            self.assertEqual(frame.crc32c(data), crc, data)
            self.assertEqual(crc_bit_by_bit(data), crc, data)

    def test_every_way_to_compute_it_agrees(self):
        ways = [frame.Pairwise]
        if hasattr(int, "bit_count"):
            ways.append(frame.Parity)
        for size in list(range(40)) + [63, 64, 1000, 1023, 1024, 1025, 1027, 1028, 3001]:
            data = some_bytes(size)
            wanted = crc_bit_by_bit(data)
            for way in ways:
                run = way(size).run
                self.assertEqual(run(0xFFFFFFFF, data) ^ 0xFFFFFFFF, wanted, (way, size))


class Frames(unittest.TestCase):
    def test_a_known_frame(self):
        made = frame.encode(frame.DATA, producer=3, run=99, seq=4, due=14, sent=24, size=13)
        self.assertEqual(bytes(made), KNOWN)

    def test_the_pattern_is_the_one_of_its_definition(self):
        for producer in (0, 1, 0xFFFFFFFF):
            for size in (0, 1, 7, 8, 9, 15, 16, 17, 64, 1001):
                pattern = frame.Pattern(producer, size)
                for seq in (0, 1, 12345, (1 << 64) - 1):
                    wanted = pattern_word_by_word(producer, seq, size)
                    self.assertEqual(pattern.of(seq), wanted, (producer, size, seq))

    def test_a_writer_writes_what_the_plain_way_makes(self):
        stamps = (0, 1, 0xFF, 0x1234_5678, (1 << 32) + 5, (1 << 63) + 77, (1 << 64) - 1)
        chosen = frame.Fast
        try:
            for frame.Fast in {chosen, frame.Pairwise}:
                for size in (0, 1, 8, 64, 65, 1000, 1003, 2050):
                    writer = frame.Writer(9, 0xDEADBEEF, size, frame.WARMUP)
                    for seq, sent in enumerate(stamps):
                        writer.prepare(seq, sent // 2)
                        wanted = frame.encode(
                            frame.WARMUP, 9, 0xDEADBEEF, seq, sent // 2, sent, size
                        )
                        self.assertEqual(writer.stamp(sent), wanted, (size, seq))
        finally:
            frame.Fast = chosen

    def test_what_is_written_is_read(self):
        made = frame.encode(frame.DATA, 1, 2, 3, 4, 5, 64)
        read = frame.decode(made)
        self.assertEqual(read[:6], (frame.DATA, 1, 2, 3, 4, 5))
        self.assertEqual(read.payload, pattern_word_by_word(1, 3, 64))
        last = frame.trailer(1, 2, 1000, 3)
        self.assertEqual(struct.unpack("<QQ", frame.decode(last).payload), (1000, 3))
        self.assertEqual(len(list(frame.split(made + last))), 2)

    def test_one_flipped_bit_is_never_accepted(self):
        made = frame.encode(frame.DATA, 1, 2, 3, 4, 5, 20)
        for bit in range(8 * len(made)):
            bad = bytearray(made)
            bad[bit // 8] ^= 1 << bit % 8
            with self.assertRaises(frame.FrameError):
                frame.decode(bad)
        for short in (b"", made[:47], made[:-1]):
            with self.assertRaises(frame.FrameError):
                frame.decode(short)


class FakeTime:
    """A clock that moves only when somebody sleeps, or asks."""

    def __init__(self):
        self.now, self.slept = 0, []

    def clock(self):
        self.now += 100
        return self.now

    def sleep(self, seconds):
        self.slept.append(seconds)
        self.now += round(seconds * 1e9)


class Schedules(unittest.TestCase):
    def test_due_times_are_exact_and_no_error_adds_up(self):
        self.assertEqual(schedule.due(1000, 10_000_000, 0), 1000)
        self.assertEqual(schedule.due(1000, 10_000_000, 1), 101_000)
        self.assertEqual(schedule.due(1000, 10_000_000, 10_000), 1_000_001_000)
        third = schedule.parse_rate("3Hz")
        dues = [schedule.due(0, third, n) for n in range(4)]
        self.assertEqual(dues, [0, 333_333_333, 666_666_666, 1_000_000_000])
        self.assertEqual(schedule.due(0, third, 3 * 10**9), 10**18)

    def test_events_in_a_span_round_down(self):
        self.assertEqual(schedule.events_in(schedule.parse_rate("10kHz"), 2_000_000_000), 20_000)
        self.assertEqual(schedule.events_in(schedule.parse_rate("3Hz"), 999_999_999), 2)

    def test_a_wait_sleeps_for_most_of_the_time_and_ends_at_its_time_or_after(self):
        time = FakeTime()
        woke = schedule.wait_until(1_000_000, time.clock, time.sleep)
        self.assertGreaterEqual(woke, 1_000_000)
        self.assertLess(woke, 1_000_200)
        self.assertAlmostEqual(time.slept[0] * 1e9, 1_000_000 - 100 - schedule.SPIN_STRETCH)
        self.assertEqual(set(time.slept[1:]), {0})
        time = FakeTime()
        time.now = 5_000
        self.assertEqual(schedule.wait_until(4_000, time.clock, time.sleep), 5_100)
        self.assertEqual(time.slept, [], "late is sent at once")

    def test_quantities_read_and_print_exactly(self):
        for text, shown in (("10kHz", "10kHz"), ("60", "60Hz"), ("1.5 kHz", "1500Hz"),
                            ("0.5Hz", "0.5Hz"), ("2MHz", "2MHz")):
            self.assertEqual(schedule.show_rate(schedule.parse_rate(text)), shown)
        for size, shown in ((0, "0B"), (64, "64B"), (1000, "1000B"), (4096, "4KiB")):
            self.assertEqual(schedule.show_size(size), shown)
            self.assertEqual(schedule.parse_size(shown), size)
        self.assertEqual(schedule.parse_span("1.5s"), 1_500_000_000)
        self.assertEqual(schedule.parse_span("200ms"), 200_000_000)
        self.assertIsNone(schedule.parse_rate("max"))
        for bad in ("", "fast", "10 furlongs", "0", "-1kHz", "1e99Hz", "NaN"):
            with self.assertRaises(ValueError):
                schedule.parse_rate(bad)


class Percentiles(unittest.TestCase):
    def test_a_percentile_needs_its_samples(self):
        for name, needed in (("p50", 20), ("p90", 100), ("p95", 200), ("p99", 1_000),
                             ("p999", 10_000)):
            self.assertNotIn(name, record.spread(range(needed - 1)))
            self.assertIn(name, record.spread(range(needed)))

    def test_a_percentile_is_the_least_value_that_enough_lie_at_or_below(self):
        found = record.spread(range(10_000, 0, -1))
        wanted = {"p50": 5_000, "p90": 9_000, "p95": 9_500, "p99": 9_900, "p999": 9_990}
        self.assertEqual({name: found[name] for name in wanted}, wanted)
        self.assertEqual((found["count"], found["max"], found["mean"]), (10_000, 10_000, 5000.5))
        self.assertEqual(record.spread([7] * 19 + [9] * 2)["p50"], 7)

    def test_nothing_has_no_figures_and_what_is_over_an_hour_is_beyond(self):
        self.assertEqual(record.spread([]), {"count": 0})
        found = record.spread([5, record.CEILING_NS + 1])
        self.assertEqual((found["count"], found["max"], found["beyond"]), (1, 5, 1))


def run_sensor(*arguments, **settings):
    command = [sys.executable, os.path.join(HERE, "sensor.py"), *arguments]
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60,
                          check=False, **settings)


class Sensor(unittest.TestCase):
    def test_its_tag_comes_from_the_environment_unless_it_is_told(self):
        named = dict(os.environ, PIPEFIT_RUN="77")
        few = ("--rate", "max", "--messages", "2")
        for arguments, environment, run in (
            (few, named, 77),
            (few + ("--run", "5"), named, 5),
            (few, {k: v for k, v in os.environ.items() if k != "PIPEFIT_RUN"}, 1),
        ):
            done = run_sensor(*arguments, env=environment)
            self.assertEqual((done.returncode, done.stderr), (0, b""))
            self.assertEqual({f.run for f in frame.split(done.stdout)}, {run})

    def test_no_frames_are_still_a_trailer(self):
        done = run_sensor("--messages", "0")
        self.assertEqual([f.kind for f in frame.split(done.stdout)], [frame.TRAILER])

    def test_bad_input_is_usage(self):
        for bad in (["--rate", "fast"], ["--size", "-1"], ["--run", str(1 << 32)],
                    ["--messages", "1", "--duration", "1s"]):
            self.assertEqual(run_sensor(*bad).returncode, 2, bad)

    def test_an_interrupt_ends_it_without_a_word(self):
        command = [sys.executable, os.path.join(HERE, "sensor.py"), "--rate", "100Hz"]

        def heed():  # Whoever runs this in the background may have it ignored.
            signal.signal(signal.SIGINT, signal.SIG_DFL)

        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              preexec_fn=heed) as child:
            child.stdout.read(frame.HEADER)
            child.send_signal(signal.SIGINT)
            _, told = child.communicate(timeout=30)
        self.assertEqual((child.returncode, told), (130, b""))

    def test_an_output_that_fails_is_said(self):
        with open("/dev/full", "wb") as full:
            command = [sys.executable, os.path.join(HERE, "sensor.py"), "--messages", "1"]
            done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, timeout=60,
                                  check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"No space left", done.stderr)

    def test_a_pipe_without_room_is_waited_for_even_if_it_does_not_block(self):
        read, write = os.pipe()
        os.set_blocking(write, False)
        command = [sys.executable, os.path.join(HERE, "sensor.py"), "--rate", "max",
                   "--messages", "300", "--size", "1000"]
        with subprocess.Popen(command, stdout=write) as child, io.open(read, "rb") as stream:
            os.close(write)
            everything = stream.read()
        self.assertEqual(child.returncode, 0)
        self.assertEqual([f.seq for f in frame.split(everything)], list(range(301)))


class Naive(unittest.TestCase):
    def lumps(self, environment):
        """How much came with the first read, of lines that were printed one by one."""
        command = [sys.executable, os.path.join(HERE, "naive.py"),
                   "--rate", "100Hz", "--duration", "60s"]
        env = {k: v for k, v in os.environ.items() if k != "PYTHONUNBUFFERED"}
        env.update(environment)
        with subprocess.Popen(command, stdout=subprocess.PIPE, env=env) as child:
            first = os.read(child.stdout.fileno(), 1 << 16)
            child.terminate()
        return first.count(b"\n")

    def test_its_lines_come_in_lumps_unless_it_is_told_not_to_buffer(self):
        self.assertGreater(self.lumps({}), 50)
        self.assertLess(self.lumps({"PYTHONUNBUFFERED": "1"}), 50)


if __name__ == "__main__":
    unittest.main()
