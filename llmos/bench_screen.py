"""What a screen costs the machine, and how long a key waits: `llmos bench screen`.

Knows: a machine in a process of its own, and views as they come over the wire. Does not know: widgets. The machine
decodes as fast as it can for many processes; nobody is attached, or a screen that takes twenty views a second. A key is a
command that changes the view, from the moment it is sent until the view that shows it has come.
"""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from pathlib import Path
from statistics import median
from tempfile import mkdtemp
from typing import Any

from . import sessions
from .boot import Options
from .client import Client
from .errors import LlmosError
from .status import BLANK, MachineView

PROCESSES, LENGTH = 32, 300  # and tokens that each writes
SECONDS, KEYS, ROUNDS = 1.0, 40, 5


class Probe:
    """Takes views, counts them, and waits for one."""

    def __init__(self) -> None:
        self.view, self.count, self._news = BLANK, 0, threading.Condition()

    def __call__(self, view: MachineView) -> None:
        with self._news:
            self.view, self.count = view, self.count + 1
            self._news.notify_all()

    def until(self, good: Any, seconds: float = 200.0) -> None:
        with self._news:
            if not self._news.wait_for(lambda: good(self.view), seconds):
                raise LlmosError(f"the machine did not get so far: {self.view.mode} {self.view.problem}")


def bench_screen(model: str | None) -> dict[str, Any]:
    """Ticks a second without and with a screen, alternating; milliseconds from a key to its picture."""
    folder = Path(mkdtemp(prefix="llmos-bench-"))
    jobs = tuple((f"Story number {i}:", 0, LENGTH, 1000, 0.0, i) for i in range(PROCESSES))
    options = Options(model=model or "nano", init=("batch", *jobs), frames=PROCESSES * 22 + 1, lanes=8, max_pages=22)
    address = sessions.start(replace(options, devices=(), tools=False, journal=folder / "screen.log"), 0.0)
    probe = Probe()
    try:
        sessions.wait_until_up(address)
        client = Client(address)
        client.start(probe)
        probe.until(lambda v: v.snapshot.counters.decoded > PROCESSES)
        client.close()
        delays = _keys(address)
        alone, watched, views = [], [], []
        for _ in range(ROUNDS):
            alone.append(_speed(address, False)[0])
            speed, seen = _speed(address, True)
            watched.append(speed)
            views.append(seen)
        if not all(alone):
            raise LlmosError("the processes ended before all was measured")
    finally:
        sessions.stop(address)
    return {
        "processes": PROCESSES,
        "ticks_per_second": {"alone": round(median(alone), 1), "watched": round(median(watched), 1)},
        "views_per_second": round(median(views), 1),
        "cost_percent": round(100 * (1 - median(watched) / median(alone)), 2),
        "key_ms": {"median": round(median(delays), 2), "worst": round(max(delays), 2)},
    }


def _speed(address: Path, watching: bool) -> tuple[float, float]:
    """(ticks a second, views a second). A view before and one after tell the ticks; between them a screen looks or does not."""
    first, began = _glance(address)
    seen = 0
    if watching:
        probe, client = Probe(), Client(address)
        client.start(probe)
        time.sleep(SECONDS)
        client.close()
        seen = probe.count
    else:
        time.sleep(SECONDS)
    last, ended = _glance(address)
    return (last - first) / (ended - began), seen / SECONDS


def _glance(address: Path) -> tuple[int, float]:
    probe, client = Probe(), Client(address)
    client.start(probe)
    probe.until(lambda v: v.now > 0)
    found = probe.view.now, time.monotonic()
    client.close()
    return found


def _keys(address: Path) -> list[float]:
    probe, client = Probe(), Client(address)
    client.start(probe)
    probe.until(lambda v: v.now > 0 and not v.role)
    delays = []
    for i in range(KEYS):
        unit = ("token", "call")[i % 2]
        began = time.monotonic()
        client.command("unit", unit)
        probe.until(lambda v, unit=unit: v.unit == unit)
        delays.append(1000 * (time.monotonic() - began))
    client.close()
    return delays
