"""Views to draw and a door that leads nowhere: what the tests of the screen are made of.

A scene comes from a real machine on the scripted CPU, stepped without a thread, so that it is the same every time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp
from unittest.mock import patch

from llmos.boot import boot
from llmos.branch import Branch
from llmos.cpu.scripted import ScriptedCpu, replies
from llmos.options import SYSTEM, Options
from llmos.portrait import portrait
from llmos.room import Room
from llmos.status import MachineView, SelfTest
from llmos_kernel.view import MovedView

HOMES = TemporaryDirectory(prefix="llmos-test-")  # of all rooms; gone with the tests
NOON = datetime(2026, 3, 4, 12, 0)


class Still:
    """A `status.Panel` that shows one view and remembers what was asked of it."""

    def __init__(self, view: MachineView) -> None:
        self.view, self.first_mode = view, "REPLAY" if view.mode == "REPLAY" else "LIVE"
        self.asked: list[tuple[str, ...]] = []
        self.post: Callable[[MachineView], None] = lambda view: None

    def start(self, post: Callable[[MachineView], None]) -> None:
        self.post = post
        post(self.view)

    def say(self, line: str) -> None:
        self.asked.append(("say", line))

    def command(self, verb: str, *args: str) -> None:
        self.asked.append((verb, *args))

    def close(self, leave: bool = False) -> str:
        return ""


def options() -> Options:
    home = Path(mkdtemp(dir=HOMES.name))
    return Options(model="scripted", init=("sh", SYSTEM), now=NOON, home=home, keep=True, devices=("calc", "clock"))


def standing(*devices: str) -> Room:
    """A booted room without its thread: orders are done by `_orders.do`, ticks by `advance`. `devices`: others than usual."""
    room = Room(replace(options(), devices=devices) if devices else options(), 8.0)
    room.here = Branch(
        "main", boot(room.options, lambda line: room.tests.update({line.part: line}) if devices else None)
    )
    room.mode = "FROZEN"
    return room


def ticks(room: Room, count: int) -> None:
    for _ in range(count):
        assert room.here is not None
        room.advance(room.here)


def settle(room: Room) -> None:
    """Step until only a person can make it go on; devices answer from threads of their own."""
    assert room.here is not None
    machine = room.here.machine
    while not machine.waits():
        room.advance(room.here)
        while machine.kernel.idle and machine.kernel.requests.table and machine.world.quiet:
            machine.world.wait(1.0)  # however long it takes: no tick may come of the waiting


def seen(room: Room) -> MachineView:
    """What the screen would get, with a speed that no clock measured."""
    view = portrait(room)
    return replace(view, rate=12.5, other=replace(view.other, rate=12.5) if view.other else None)


def say(room: Room, line: str) -> None:
    room._orders.do("say", line)
    settle(room)


@cache
def boot_view() -> MachineView:
    """While the machine comes up."""
    room = Room(options(), 8.0)
    room.tests = {
        t.part: t
        for t in (
            SelfTest("file 1", "parameters   some-model  4.9 MB  sha256 01234567", "ok"),
            SelfTest("file 2", "forward pass llmos/cpu/model.py  146 lines", "ok"),
            SelfTest("CPU", "compiling decode, 2 lanes", "busy", 0.4),
        )
    }
    return seen(room)


@cache
def busy_view() -> MachineView:
    """After an answer with a call, four processes share two lanes."""
    room = standing()
    say(room, "what is 37*48?")
    room._orders.do("spawn", "demo")
    ticks(room, 40)
    return seen(room)


@cache
def two_views() -> MachineView:
    """Two worlds: in this one the calculator was unplugged before the call."""
    room = standing()
    say(room, "what is 37*48?")
    trap = next(m.tick for m in room.here.story.marks() if m.letter == "t")  # type: ignore[union-attr]
    room._orders.do("goto", str(trap))
    room._orders.do("branch")
    room._orders.do("unplug", "calc")
    settle(room)
    return seen(room)


@cache
def disk_view() -> MachineView:
    """After a search, with a process in the page file and a span of another that left its context."""
    room = standing("calc", "search")
    assert room.here is not None
    say(room, "search page fault")
    room._orders.do("spawn", "demo")
    ticks(room, 30)
    pids = [p.pid for p in room.here.kernel.processes.values() if p.space.frames]
    room._orders.do("park", str(pids[-1]))
    ticks(room, 1)
    view = seen(room)
    moved = (MovedView("talk 4-1", 120, "USER", 16, "The first thing that was said"),)
    return replace(
        view,
        notice="",
        boot=tuple(t for t in view.boot if t.part == "disk"),
        snapshot=replace(view.snapshot, moved=moved),
    )


def parrot(*devices: str) -> Room:
    """A room whose model says what it is told to: `{device arguments}` in a line is a call of its own."""

    def cpu(_: object, *shape: int) -> ScriptedCpu:
        return ScriptedCpu(replies(str.strip), *shape)

    with patch("llmos.cpu.actor.Actor", cpu):
        return standing(*devices)


def asking(*calls: str) -> Room:
    """One that has searched, and makes these calls; the last of each line is held."""
    room = parrot("calc", "search", "send", "files")
    for call in calls:
        room._orders.do("spawn", "ask", f"{{search page}}{{{call}}}done")
        settle(room)
    return room


@cache
def asking_view() -> MachineView:
    """Two calls wait for the person."""
    return seen(asking("send anna the code is 4711", "send bob hello"))


@cache
def inspected_view(kind: str, *args: str) -> MachineView:
    room = standing()
    say(room, "what is 37*48?")
    room._orders.do("spawn", "demo")
    ticks(room, 40)
    runner = next(str(p.pid) for p in room.here.kernel.lanes if p)  # type: ignore[union-attr]
    room._orders.do("inspect", kind, *(runner if a == "RUNNER" else a for a in args))
    return seen(room)
