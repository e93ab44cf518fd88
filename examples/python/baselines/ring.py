"""A ring for one writer and one reader in shared memory, in pure Python."""

import time

from trial import PATIENCE_S


class Ring:
    """A slot is a word and a message. The word is the number of the message that stands
    there, from 1, and is written after it: who sees the word sees the message. The
    reader's own count stands in the first line, and tells the writer what is free.

    Python gives no fences. On x86 stores become visible in their order, and one store of
    8 aligned bytes is never seen in halves. On other processors nothing is promised;
    the reader's checks would find it.
    """

    LINE = 64

    def __init__(self, memory, plan):
        self._wire = plan.wire
        self._slot = 8 + -(-plan.wire // 8) * 8
        self.slots = self.slots_of(plan)
        self._bytes = memory.buf
        self._words = memory.buf.cast("Q")
        self._done = 0  # Messages written or read by this side.
        self._free_until = 0

    @classmethod
    def slots_of(cls, plan):
        return max(2, plan.capacity // (8 + -(-plan.wire // 8) * 8))

    @classmethod
    def length(cls, plan):
        # The mapping is in whole pages; the words must be whole, too.
        return cls.LINE + cls.slots_of(plan) * (8 + -(-plan.wire // 8) * 8)

    def put(self, message):
        """Writes a message; waits for room."""
        done = self._done
        if done >= self._free_until:
            self._wait_for_room(done)
        at = self.LINE + done % self.slots * self._slot
        self._bytes[at + 8 : at + 8 + self._wire] = message
        self._done = self._words[at >> 3] = done + 1

    def _wait_for_room(self, done):
        limit = time.monotonic() + PATIENCE_S
        while True:
            self._free_until = self._words[0] + self.slots
            if done < self._free_until:
                return
            if time.monotonic() > limit:
                raise TimeoutError("the ring had no room for %d s" % PATIENCE_S)
            time.sleep(0)

    def get(self):
        """Reads a message; waits for it."""
        done, words = self._done, self._words
        at = self.LINE + done % self.slots * self._slot
        while words[at >> 3] != done + 1:
            time.sleep(0)
        message = bytes(self._bytes[at + 8 : at + 8 + self._wire])
        self._done = words[0] = done + 1
        return message

    def close(self):
        self._words.release()
        self._bytes = None
