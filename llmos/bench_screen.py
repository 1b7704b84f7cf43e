"""What a screen costs the machine, how long a key waits, what a long recording takes: `llmos bench screen`.

Knows: a real screen (`llmos attach` in a terminal of its own, 120x40), a busy machine, the clock. Does not know: widgets.
Speed: rounds without and with the screen, in turn; the figure is the median of their ratios. A key is a letter typed into the
console, from the moment it is pressed until the terminal is told to show it: while the machine computes, and while a fresh
one boots that finds nothing compiled.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import rmtree
from statistics import median, quantiles
from tempfile import mkdtemp
from typing import Any

from . import sessions
from .bench_busy import LAP, PAGES, PROCESSES, Machine, busy
from .errors import LlmosError
from .options import Options
from .recording import RecordingRoom
from .status import BLANK, MachineView
from .terminal import WAIT, Terminal

ROUNDS, SECONDS = 4, 1.5
KEYS = "ЖШЩЮЯЦФЫДЛБГ"  # letters that nothing else on the screen has
TICKS, SEEN = 100_000, 10_000  # of the long recording; memory is looked at from here on


def bench_screen(model: str | None) -> dict[str, Any]:
    """Tokens a second without and with a screen; milliseconds from a key to its picture; megabytes of a long recording."""
    if sys.platform == "win32":
        raise LlmosError("this measurement needs Unix terminals")
    with busy(model or "nano") as machine:
        speed, computing = _speed(machine), _keys_while_computing(machine)
    return {
        "processes": PROCESSES,
        "speed": speed,
        "key_ms_computing": computing,
        "key_ms_compiling": _keys_while_compiling(model or "nano"),
        "replay": _replay(),
    }


@contextmanager
def _screen(machine: Machine) -> Iterator[Terminal]:
    terminal = Terminal("attach", machine.address.stem)
    try:
        terminal.until("scheduler")
        yield terminal
    finally:
        terminal.close()


def _speed(machine: Machine) -> dict[str, Any]:
    """Alone and watched, in turn; which comes first changes too."""
    alone, watched, ratios, busy = [], [], [], []
    for _ in range(ROUNDS):
        one = _round(machine)
        with _screen(machine):
            two = _round(machine)
        alone.append(one[0])
        watched.append(two[0])
        ratios.append(two[0] / one[0])
        busy.append(two[1] / one[1])
    return {
        "tokens_per_second": {"alone": round(median(alone), 1), "watched": round(median(watched), 1)},
        "views_per_second": round(two[2], 1),
        "cost_percent": round(100 * (1 - median(ratios)), 1),
        "cost_percent_of_processor_time": round(100 * (median(busy) - 1), 1),
    }


def _round(machine: Machine) -> tuple[float, float, float]:
    """(tokens a second, processor seconds of the machine a token, pictures a second)"""
    began = machine.done()
    time.sleep(SECONDS)
    ended = machine.done()
    seconds, tokens, processor, posts = (b - a for a, b in zip(began, ended, strict=True))
    if not tokens:
        raise LlmosError("the machine wrote nothing for a while: this computer has too much else to do")
    return tokens / seconds, processor / tokens, posts / seconds


def _keys_while_computing(machine: Machine) -> dict[str, float]:
    with _screen(machine) as terminal:
        terminal.until("console")
        time.sleep(1.0)
        return _summary([terminal.key(letter) for letter in KEYS * 3])


def _keys_while_compiling(model: str) -> dict[str, float]:
    """Letters typed into a machine that boots and finds nothing compiled, until it lives."""
    home = mkdtemp(prefix="llmos-")
    terminal = Terminal("--model", model, LLMOS_HOME=home)
    watch = _Mode()
    try:
        terminal.until("console")
        (address,) = _waited(lambda: list((Path(home) / "run").glob("*.sock")))
        sessions.wait_until_up(address)
        client = watch.on(address)
        delays: list[float] = []
        while watch.mode == "BOOT" and len(delays) < 60:
            delays.append(terminal.key(KEYS[len(delays) % len(KEYS)]))
        client.close()
        terminal.type("\x11")
        return _summary(delays)
    finally:
        terminal.close()
        rmtree(home, ignore_errors=True)


class _Mode:
    """What mode a machine is in."""

    mode = BLANK.mode

    def on(self, address: Path) -> Any:
        from .client import Client

        client = Client(address, drive=False)
        client.start(self)
        return client

    def __call__(self, view: MachineView) -> None:
        self.mode = view.mode


def _waited(what: Callable[[], Any]) -> Any:
    until = time.monotonic() + WAIT
    while not (found := what()):
        if time.monotonic() > until:
            raise LlmosError("the machine did not come up")
        time.sleep(0.01)
    return found


def _summary(delays: list[float]) -> dict[str, float]:
    if len(delays) < 2:
        return {"keys": len(delays)}
    return {
        "keys": len(delays),
        "median": round(median(delays), 1),
        "p95": round(quantiles(delays, n=20)[-1], 1),
        "worst": round(max(delays), 1),
    }


def _replay() -> dict[str, Any]:
    """A recording of a hundred thousand ticks is told to its end; what the process had grown to early, and at the end."""
    folder = Path(mkdtemp(prefix="llmos-"))
    try:
        began = time.process_time()
        _record(folder / "long.log")
        recorded = time.process_time() - began
        script = [sys.executable, "-c", f"from llmos.bench_screen import replay; replay({str(folder / 'long.log')!r})"]
        told = json.loads(subprocess.run(script, check=True, capture_output=True, text=True).stdout)
        return {"recording_processor_seconds": round(recorded, 1), **told}
    finally:
        rmtree(folder, ignore_errors=True)


def _record(path: Path) -> None:
    from .boot import boot

    jobs = tuple(("complete", f"Story {i}:", 0, 2 * LAP, 1000, 0, i) for i in range(TICKS // 20))
    init = ("crowd", 10, *jobs)
    machine = boot(
        Options(model="scripted", init=init, lanes=1, max_pages=2 * PAGES, devices=(), tools=False, journal=path)
    )
    while machine.kernel.tick < TICKS:
        machine.step()
    machine.close()


def replay(path: str) -> None:
    """Print what it took to tell a recording, as JSON."""
    room, sizes = RecordingRoom(Path(path)), list[float]()
    here = room.open_world()
    room.here = here
    began = time.process_time()
    while here.unread:  # type: ignore[attr-defined]
        here.read(lambda kernel: kernel.tick >= SEEN * (len(sizes) + 1))  # type: ignore[attr-defined]
        sizes.append(_memory())
    told = time.process_time() - began
    room._orders.do("goto", str(TICKS // 2))
    ticks = here.machine.kernel.tick
    print(json.dumps({"ticks": ticks, "megabytes": [sizes[0], sizes[-1]], "processor_seconds": round(told, 1)}))


def _memory() -> float:
    """Most megabytes that this process ever had."""
    import resource

    size = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(size / (1 << 20 if sys.platform == "darwin" else 1 << 10), 1)
