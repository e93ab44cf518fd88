"""The wire frame: what pipefit reads from a sensor, byte for byte.

A frame is a header of 48 bytes and a payload, all numbers little-endian. The layout
stands in docs/metrics.md; src/ground/frame.rs is the same in Rust, and
tests/python_frames.rs holds the two against each other.

Not promised: speed beyond what pure Python allows. What costs most is the CRC-32C.
`Writer` does nearly all of it before the frame is due, so that between the moment a
frame is due and the moment it is written there are only a few table look-ups.
"""

import struct
from collections import namedtuple

HEADER = 48
MAGIC = b"\xf1pf\x17"
VERSION = 1
WARMUP, DATA, TRAILER, ECHO = range(4)

_ALL = 0xFFFF_FFFF
_WORD = 0xFFFF_FFFF_FFFF_FFFF
#: magic, checksum, version, kind, reserved, producer, length, run, seq, due, sent
_HEAD = struct.Struct("<4sIBBHIIIQQQ")
_CRC_AT, _COVERED, _SEQ_AT, _SENT_AT = 4, 8, 24, 40

# ---- CRC-32C (Castagnoli) -------------------------------------------------


def _byte_table():
    table = []
    for value in range(256):
        for _ in range(8):
            value = (value >> 1) ^ (0x82F6_3B78 if value & 1 else 0)
        table.append(value)
    return table


_BYTE = _byte_table()


def _byte_step(value):
    return _BYTE[value & 0xFF] ^ (value >> 8)


#: Two bytes at a time: half as many steps, each hardly slower than one of one byte.
_PAIR = [_byte_step(_byte_step(value)) for value in range(1 << 16)]


def _run(state, data):
    """The raw state after `data`: without the inversions at either end."""
    pairs = len(data) // 2
    table = _PAIR
    for pair in struct.unpack_from("<%dH" % pairs, data):
        state = table[(state ^ pair) & 0xFFFF] ^ (state >> 16)
    if len(data) % 2:
        state = _BYTE[(state ^ data[-1]) & 0xFF] ^ (state >> 8)
    return state


def crc32c(data):
    """The CRC-32C of some bytes."""
    return _run(_ALL, data) ^ _ALL


def _apply(columns, state):
    """A linear map, given by what it makes of each bit, applied to a state."""
    out = 0
    for column in columns:
        if state & 1:
            out ^= column
        state >>= 1
    return out


def _zeros(count):
    """What so many zero bytes make of a state. By squaring, so that it is quick for long
    payloads, too (the way of zlib's crc32_combine)."""
    result = [1 << bit for bit in range(32)]
    power = [_byte_step(1 << bit) for bit in range(32)]
    while count:
        if count & 1:
            result = [_apply(power, column) for column in result]
        power = [_apply(power, column) for column in power]
        count >>= 1
    return result


class Parity:
    """The raw state after so many bytes, in 32 steps however many they are.

    Each bit of a checksum is the parity of some of the bits that it covers. Which ones
    depends on the length alone, so they are kept as 32 masks, and large numbers do the
    rest. What is longer than a chunk is taken chunk by chunk.
    """

    CHUNK = 1024

    def __init__(self, size):
        odd = size % self.CHUNK
        self._parts = [(0, odd, self._masks(odd))] if odd else []
        masks = self._masks(self.CHUNK) if size >= self.CHUNK else None
        for at in range(odd, size, self.CHUNK):
            self._parts.append((at, at + self.CHUNK, masks))

    @staticmethod
    def _masks(size):
        """For each bit of the state, the highest first, the bits that count for it."""
        of_bits = [bytearray(size) for _ in range(32)]
        columns = [_BYTE[1 << bit] for bit in range(8)]
        for at in reversed(range(size)):
            for bit, column in enumerate(columns):
                for of_bit in of_bits:
                    if column & 1:
                        of_bit[at] |= 1 << bit
                    column >>= 1
            columns = [_byte_step(column) for column in columns]
        return [int.from_bytes(of_bit, "little") for of_bit in reversed(of_bits)]

    def run(self, state, data):
        """As `_run`."""
        for begin, end, masks in self._parts:
            if end - begin < 4:  # The state is longer than what there is.
                state = _run(state, data[begin:end])
                continue
            bits = int.from_bytes(data[begin:end], "little") ^ state
            state = int("".join(["01"[(bits & mask).bit_count() & 1] for mask in masks]), 2)
        return state


class Pairwise:
    """The same for a Python before 3.10, which cannot count bits."""

    def __init__(self, size):
        pass

    run = staticmethod(_run)


#: The faster of the two, where there is a choice.
Fast = Parity if hasattr(int, "bit_count") else Pairwise

# ---- the payload's pattern ------------------------------------------------

_STEP = 0x9E37_79B9_7F4A_7C15


def _base(producer, seq):
    """A well-mixed start for each producer and seq: the finalizer of splitmix64."""
    x = (seq ^ (producer << 40) ^ _STEP) & _WORD
    x = (x ^ (x >> 30)) * 0xBF58_476D_1CE4_E5B9 & _WORD
    x = (x ^ (x >> 27)) * 0x94D0_49BB_1331_11EB & _WORD
    return x ^ (x >> 31)


class Pattern:
    """The payloads of a producer, of one size.

    Word i of a payload is x ^ (x >> 29), where x = base + i * STEP. All words are
    computed at once, in large numbers: every other word in a lane of 128 bits, so that
    a carry has room and reaches nobody else.
    """

    def __init__(self, producer, size):
        self._producer, self._size = producer, size
        words = (size + 7) // 8
        lanes = self._lanes = (words + 1) // 2
        at = [1 << 128 * lane for lane in range(lanes)]
        self._ones = sum(at)
        self._even = sum(one * (2 * i * _STEP & _WORD) for i, one in enumerate(at))
        self._odd = sum(one * ((2 * i + 1) * _STEP & _WORD) for i, one in enumerate(at))
        self._keep = self._ones * _WORD
        self._keep_shifted = self._ones * (_WORD >> 29)

    def of(self, seq):
        """The payload of frame `seq`."""
        bases = _base(self._producer, seq) * self._ones
        keep, keep_shifted = self._keep, self._keep_shifted
        even = (bases + self._even) & keep
        even ^= (even >> 29) & keep_shifted
        odd = (bases + self._odd) & keep
        odd ^= (odd >> 29) & keep_shifted
        return (even | odd << 64).to_bytes(16 * self._lanes, "little")[: self._size]


# ---- writing --------------------------------------------------------------


class Writer:
    """Writes the frames of one producer, run, kind and size, one after the other, into
    one buffer.

    `prepare` does what can be done before the frame is due; `stamp` does the rest and
    gives the frame. The checksum is linear: the part of `sent` is added afterwards,
    from one table for each of its bytes.
    """

    def __init__(self, producer, run, size, kind=DATA):
        self._frame = bytearray(HEADER + size)
        _HEAD.pack_into(
            self._frame, 0, MAGIC, 0, VERSION, kind, 0, producer, size, run, 0, 0, 0
        )
        self._pattern = Pattern(producer, size)
        # What stands before seq is the same in every frame.
        self._before_seq = _run(_ALL, self._frame[_COVERED:_SEQ_AT])
        self._from_seq = Fast(HEADER + size - _SEQ_AT)
        self._numbers = struct.Struct("<QQQ")
        self._sent = struct.Struct("<Q")
        self._crc = struct.Struct("<I")
        self._tables = self._tables_of_sent(size)
        self._high, self._part_of_high = 0, 0
        self._unstamped = 0

    @staticmethod
    def _tables_of_sent(size):
        """For each byte of `sent`, what each of its values adds to the checksum."""
        after, tables, states = _zeros(size), [], list(_BYTE)
        for _ in range(8):
            tables.append([_apply(after, state) for state in states])
            states = [_byte_step(state) for state in states]
        return tables[::-1]

    def prepare(self, seq, due):
        """Makes frame `seq` ready but for its `sent` stamp."""
        frame = self._frame
        frame[HEADER:] = self._pattern.of(seq)
        self._numbers.pack_into(frame, _SEQ_AT, seq, due, 0)
        self._unstamped = self._from_seq.run(self._before_seq, frame[_SEQ_AT:]) ^ _ALL

    def stamp(self, sent):
        """Stamps the frame that was prepared, and gives it. It is good until the next
        `prepare`."""
        frame = self._frame
        t0, t1, t2, t3 = self._tables[:4]
        high = sent >> 32
        if high != self._high:  # Every four seconds.
            self._high, self._part_of_high = high, self._of_high(high)
        crc = (
            self._unstamped
            ^ self._part_of_high
            ^ t0[sent & 0xFF]
            ^ t1[sent >> 8 & 0xFF]
            ^ t2[sent >> 16 & 0xFF]
            ^ t3[sent >> 24 & 0xFF]
        )
        self._crc.pack_into(frame, _CRC_AT, crc)
        self._sent.pack_into(frame, _SENT_AT, sent)
        return frame

    def _of_high(self, high):
        part = 0
        for table in self._tables[4:]:
            part ^= table[high & 0xFF]
            high >>= 8
        return part


def encode_with(kind, producer, run, seq, due, sent, payload):
    """A frame around a given payload."""
    frame = bytearray(HEADER + len(payload))
    _HEAD.pack_into(
        frame, 0, MAGIC, 0, VERSION, kind, 0, producer, len(payload), run, seq, due, sent
    )
    frame[HEADER:] = payload
    struct.pack_into("<I", frame, _CRC_AT, crc32c(frame[_COVERED:]))
    return frame


def encode(kind, producer, run, seq, due, sent, size):
    """A frame whose payload is the pattern. Plain, for tests; `Writer` is the fast one."""
    return encode_with(kind, producer, run, seq, due, sent, Pattern(producer, size).of(seq))


def trailer(producer, run, offered, dropped):
    """A sensor's last word: the frames it offered, and those that it dropped."""
    counts = struct.pack("<QQ", offered, dropped)
    return encode_with(TRAILER, producer, run, offered, 0, 0, counts)


# ---- reading --------------------------------------------------------------

Frame = namedtuple("Frame", "kind producer run seq due sent payload")


class FrameError(Exception):
    """Some bytes that ought to be a frame are none."""


def decode(data):
    """Checks header, length and checksum, and gives the frame."""
    if len(data) < HEADER:
        raise FrameError("torn: %d bytes where %d were needed" % (len(data), HEADER))
    magic, crc, version, kind, _, producer, length, run, seq, due, sent = _HEAD.unpack_from(data)
    if magic != MAGIC or version != VERSION or kind > ECHO:
        raise FrameError("corrupt: not a pipefit frame of version 1")
    if len(data) != HEADER + length:
        raise FrameError("torn: %d bytes where %d were announced" % (len(data), HEADER + length))
    if crc32c(data[_COVERED:]) != crc:
        raise FrameError("corrupt: its checksum does not match")
    return Frame(kind, producer, run, seq, due, sent, bytes(data[HEADER:]))


def split(stream):
    """The frames of a stream without damage, one after the other."""
    at = 0
    while at < len(stream):
        length = struct.unpack_from("<I", stream, at + 16)[0] if len(stream) >= at + 20 else 0
        end = at + HEADER + length
        yield decode(stream[at:end])
        at = end
