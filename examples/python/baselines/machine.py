"""The machine that measured, the interpreter, and what a cell left behind.

What cannot be known is None, never a guess.
"""

import os
import platform
import re
import sys
import time

# ---- the files of the kernel ----------------------------------------------


def _text(path):
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read().strip() or None
    except OSError:
        return None


def _field(text, name):
    found = re.search(r"^%s\s*:\s*(.*?)\s*$" % re.escape(name), text or "", re.MULTILINE)
    return found.group(1) if found else None


# ---- what was left behind -------------------------------------------------


def census():
    """What there is now. What cannot be counted here counts as 0 both times."""
    zombies, children = _children()
    return {
        "zombies": zombies,
        "orphans": children,
        "shm_names": _entries("/dev/shm"),
        "fds": _entries("/proc/self/fd"),
        "threads": _entries("/proc/self/task"),
    }


def residue(before):
    now = census()
    return {name: now[name] - before[name] for name in now}


def residue_note(left):
    if any(left[name] > 0 for name in ("zombies", "orphans", "shm_names")):
        return "left behind: %(zombies)d zombies, %(orphans)d children, %(shm_names)d names " \
            "in /dev/shm" % left
    return None


def _entries(folder):
    try:
        return len(os.listdir(folder))
    except OSError:
        return 0


def _children():
    me, zombies, alive = str(os.getpid()), 0, 0
    for name in os.listdir("/proc"):
        if name.isdigit():
            # The name stands in parentheses and may hold anything, parentheses too.
            stat = (_text("/proc/%s/stat" % name) or "").rpartition(") ")[2].split()
            if stat[1:2] == [me]:
                zombies, alive = zombies + (stat[0] == "Z"), alive + (stat[0] != "Z")
    return zombies, alive


# ---- the machine ----------------------------------------------------------


def cpu_ticks():
    """All, stolen and busy ticks of the processors since boot; None where unknown."""
    line = (_text("/proc/stat") or "").split("\n")[0].split()
    if len(line) < 9 or line[0] != "cpu":
        return None
    ticks = [int(tick) for tick in line[1:9]]
    idle, steal = ticks[3] + ticks[4], ticks[7]
    return sum(ticks), steal, sum(ticks) - idle - steal


def shares(earlier, later):
    """The shares of time stolen and busy between two readings, in percent."""
    if not earlier or not later or later[0] <= earlier[0]:
        return None, None
    total = later[0] - earlier[0]
    return tuple((b - a) * 100 / total for a, b in zip(earlier[1:], later[1:]))


def clock_resolution():
    """The clock as Python reads it: its smallest step, and what asking it costs."""
    clock = time.monotonic_ns
    steps = [b - a for a, b in ((clock(), clock()) for _ in range(2000)) if b > a]
    costs = []
    for _ in range(15):
        began = clock()
        for _ in range(199):
            clock()
        costs.append((clock() - began) // 200)
    return {"step_ns": min(steps, default=0), "cost_ns": sorted(costs)[7]}


def facts():
    """What could be probed; what could not is None."""
    info = _text("/proc/cpuinfo")
    memory = re.match(r"(\d+) kB", _field(_text("/proc/meminfo"), "MemTotal") or "")
    is_virtual = "hypervisor" in (_field(info, "flags") or "").split()
    vendor = _text("/sys/class/dmi/id/sys_vendor") or _text("/sys/hypervisor/type")
    source = "/sys/devices/system/clocksource/clocksource0/current_clocksource"
    return {
        "cpu": _field(info, "model name"),
        "cores": len(os.sched_getaffinity(0)),
        "kernel": "%s %s" % (platform.system(), platform.release()),
        "memory_bytes": int(memory.group(1)) * 1024 if memory else None,
        "governor": _text("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"),
        "virtual": (vendor or "hypervisor (unnamed)") if is_virtual else None,
        "clocksource": _text(source),
    }


class Machine:
    """The machine, looked at before a run and after it."""

    LOOK_S = 0.2
    BUSY_PCT, STEAL_PCT = 20.0, 1.0

    def __init__(self):
        before = cpu_ticks()
        time.sleep(self.LOOK_S)
        self._ticks = cpu_ticks()
        self._busy = shares(before, self._ticks)[1]
        self._facts = facts()
        self._clock = clock_resolution()

    def record(self, pinned):
        steal = shares(self._ticks, cpu_ticks())[0]
        return dict(
            self._facts, steal_pct=steal, pinned=pinned, clock=self._clock,
            warnings=list(self._warnings(steal, pinned)),
        )

    def _warnings(self, steal, pinned):
        """What may spoil figures, as far as it was looked at; `pipefit doctor` looks at
        more."""
        if self._facts["virtual"]:
            yield _warning(
                "virtual machine (%s): its host may take processors away at any time"
                % self._facts["virtual"],
                "prefer a machine of your own, or repeat runs and compare them side by side",
            )
        if self._busy is not None and self._busy > self.BUSY_PCT:
            yield _warning(
                "others keep the processors %.0f %% busy" % self._busy,
                "end what else is running, or wait for it",
            )
        if steal is not None and steal > self.STEAL_PCT:
            yield _warning(
                "the host gave %.1f %% of the time to others" % steal,
                "run again when the host is quieter, or on a machine of your own",
            )
        if not pinned:
            yield _warning("the halves are not pinned", "give this process two processors")


def _warning(what, remedy):
    return {"what": what, "remedy": remedy}


def pipefit_version():
    """The version of the pipefit that these examples belong to."""
    here = os.path.dirname(os.path.abspath(__file__))
    manifest = _text(os.path.join(here, "..", "..", "..", "Cargo.toml")) or ""
    found = re.search(r'^version = "([^"]+)"', manifest, re.MULTILINE)
    return found.group(1) if found else "unknown"


def build():
    """How the thing that measured was built: it is the interpreter."""
    return {
        "profile": "%s %s, interpreted" % (platform.python_implementation(),
                                           platform.python_version()),
        "debug_assertions": hasattr(sys, "gettotalrefcount"),
        "commit": None,
    }
