"""Parking: a process leaves its lane and its frames, stays away until it is called back, and has lost nothing."""

from __future__ import annotations

from typing import Any

import pytest

from llmos_kernel.kernel import Kernel
from llmos_kernel.ports import Delivery
from llmos_kernel.process import State
from llmos_kernel.syscall import trap

from . import machines
from .machines import Quiet, build, run


def order(kernel: Kernel, verb: str, pid: int) -> None:
    world = kernel.world
    assert isinstance(world, Quiet)
    world.typed.append(Delivery("command", verb, (pid,)))


def test_a_parked_process_stays_away_until_it_is_called_back() -> None:
    calm = run(build(frames=200))
    kernel, kinds = build(frames=200), list[str]()

    def each(kernel: Kernel) -> None:
        kinds.extend(e[1] for e in kernel.events)
        if kernel.tick == 10:
            order(kernel, "park", 3)
        if 11 <= kernel.tick < 60:
            parked = kernel.processes[3]
            assert parked.state is State.STOPPED
            assert parked.lane < 0
            assert parked.space.held() == 0
            assert parked.space.resident > 0, "its tokens need not be fed again"
            assert len(parked.space.slots) == len(parked.space.frames) > 0
        if kernel.tick == 60:
            order(kernel, "unpark", 3)

    assert run(kernel, each) == calm
    assert {"parked", "unparked", "swapin"} <= set(kinds)


def test_what_finds_no_room_in_the_page_file_stays_in_ram() -> None:
    calm = run(build(frames=200))
    kernel = build(frames=200, slots=3)

    def each(kernel: Kernel) -> None:
        if kernel.tick == 10:
            order(kernel, "park", 3)
        if kernel.tick == 11:
            assert len(kernel.processes[3].space.slots) == 3
            assert kernel.processes[3].space.held() == len(kernel.processes[3].space.frames) - 3
            order(kernel, "unpark", 3)

    assert run(kernel, each) == calm


@pytest.mark.parametrize("verb", ["park", "unpark"])
@pytest.mark.parametrize("pid", [1, 99])
def test_nobody_and_init_can_not_be_parked(verb: str, pid: int) -> None:
    kernel, refused = build(frames=200), list[Any]()

    def each(kernel: Kernel) -> None:
        refused.extend(e for e in kernel.events if e[1] == "refused")
        if kernel.tick == 5:
            order(kernel, verb, pid)

    run(kernel, each)
    assert len(refused) == 1


async def keeper(parks: int) -> int:
    """Parks its child and calls it back, or lets it run."""
    child = await trap("spawn", "child", "a text of some length " * 4, 20)
    await trap("sleep", 12)
    if parks:
        await trap("park", child)
    rows = {row[0]: row[3] for row in await trap("ps")}
    await trap("sleep", 30)
    if parks:
        await trap("unpark", child)
    await trap("wait")
    await trap("exit", 0, rows[child])
    return 0


def test_a_program_parks_its_child(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(machines.PROGRAMS, "keeper", keeper)
    calm, parked = (run(build(frames=200, init="keeper", args=(parks,))) for parks in (0, 1))
    assert parked[1] == "STOPPED" != calm[1]
    assert parked[2] == calm[2]
