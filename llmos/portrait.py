"""A machine as a view: everything the screen draws, copied into one frozen value.

Knows: where each field comes from. Does not know: threads, widgets. Called by the room's thread between two steps.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from llmos_kernel.kernel import Kernel
from llmos_kernel.look import snapshot
from llmos_kernel.view import Snapshot

from .questions import questions
from .status import MachineView

if TYPE_CHECKING:
    from .branch import Branch
    from .room import Room


def portrait(room: Room) -> MachineView:
    """What there is to see now, or at the earlier tick that is looked at."""
    blank = MachineView(
        mode=room.mode,
        snapshot=Snapshot(0, "deliver"),
        seed=room.options.seed,
        speed=room.speed,
        rate=room.rate(),
        boot=tuple(room.tests.values()),
        unit=room.unit,
        notice=room.notice,
        problem=room.problem,
        breaks=tuple(map(str, room.breaks.all)),
        inspection=room.inspection,
        waiting=tuple(words[1] for words in room.early if words[0] == "say"),
    )
    if room.here is None:
        return blank
    here, there = room.here, room.other
    view = world(here, blank, _chosen(room, here.kernel))
    if there is None:
        return view
    parted = here.streams.parted(here.kernel, there.streams, there.kernel)
    return replace(view, other=world(there, blank, 0), parted=parted)


def world(branch: Branch, blank: MachineView, selected: int) -> MachineView:
    """One world's part of a view."""
    kernel, story = branch.kernel, branch.told
    tick = kernel.tick + (kernel.phase > 0)
    drawn, said = branch.drawn(blank, selected), story.devices(tick)
    return replace(
        drawn,
        console=story.console(tick),
        log=story.log(tick),
        journal=branch.machine.journal,
        devices=tuple((name, lamp, said.get(name, "")) for name, lamp, _ in drawn.devices),
        waiting=(*drawn.waiting, *(branch.typed if branch.past is None else ())),
        branch=branch.name,
        now=branch.machine.kernel.tick,
        marks=branch.story.marks(),
        switches=branch.story.switches(),
        found=story.found(tick),
        questions=tuple(q for q in drawn.questions if q.number not in branch.answered),
    )


def drawn(kernel: Kernel, blank: MachineView, selected: int) -> MachineView:
    """A machine as it stands, without what is told of it."""
    geometry, front = kernel.geometry, kernel.foreground()
    busy = {p.device for p in kernel.requests.table.values() if p.answer is None}
    return replace(
        blank,
        snapshot=snapshot(kernel, selected or _busy(kernel)),
        model=geometry.model,
        arithmetic=geometry.mode,
        foreground=f"pid {front.pid} {front.program}" if front else "",
        waiting=tuple(kernel.console.lines),
        devices=tuple((name, _lamp(kernel, name, busy), "") for name in kernel.config.devices),
        policy=kernel.policy.name,
        questions=questions(kernel),
    )


def _lamp(kernel: Kernel, name: str, busy: set[str]) -> str:
    return "o" if name not in kernel.devices else "~" if name in busy else "*"


def _chosen(room: Room, kernel: Kernel) -> int:
    """The selected process, unless whoever runs is followed."""
    return room.selected if room.selected in kernel.processes and not room.following else 0


def _busy(kernel: Kernel) -> int:
    """Whoever runs, or else whoever the console speaks with."""
    running = next((p.pid for p in kernel.lanes if p), 0)
    front = kernel.foreground()
    return running or (front.pid if front else 0)
