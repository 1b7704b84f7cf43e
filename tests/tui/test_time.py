"""Properties of going back, branching and looking: the room's orders on a machine without a thread."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmos.boot import boot
from llmos.branch import Branch
from llmos.breaks import Breaks
from llmos.options import Options
from llmos.portrait import portrait
from llmos.room import Room
from llmos.status import MachineView
from llmos_kernel.rewind import state_hash

from . import stills


def written(view: MachineView) -> str:
    return "".join(run.text for run in view.console)


def test_going_back_and_forth_shows_the_same_machine() -> None:
    room = stills.standing()
    stills.say(room, "what is 37*48?")
    assert room.here is not None
    end = portrait(room)
    seen = {}
    for tick in range(end.snapshot.tick):
        room._orders.do("goto", str(tick))
        seen[tick] = (portrait(room).snapshot, written(portrait(room)))
    for tick in reversed(range(end.snapshot.tick)):
        room._orders.do("goto", str(tick))
        assert (portrait(room).snapshot, written(portrait(room))) == seen[tick]
        assert portrait(room).mode == "REPLAY"
    room._orders.do("now")
    assert portrait(room).snapshot == end.snapshot
    assert portrait(room).mode == "FROZEN"


def test_stepping_equals_running() -> None:
    """The past seen later is what was live then, tick by tick: the same records, whether stepped or run."""
    stepped, run = stills.standing(), stills.standing()
    stills.say(run, "what is 2+3?")
    live = []
    stepped._orders.do("say", "what is 2+3?")
    assert stepped.here is not None
    assert run.here is not None
    while not stepped.here.machine.waits():
        live.append(portrait(stepped).snapshot)
        stepped._orders.do("step", "token")
        if stepped.here.machine.kernel.idle:
            stepped.here.machine.world.wait(1.0)
    assert run.here.machine.past is not None
    assert stepped.here.machine.past is not None
    assert list(stepped.here.machine.past.tape) == list(run.here.machine.past.tape)
    for snapshot in live:
        run._orders.do("goto", str(snapshot.tick))
        assert portrait(run).snapshot == snapshot


@settings(max_examples=6, deadline=None)
@given(tick=st.integers(min_value=4, max_value=60))
def test_a_branch_without_a_change_writes_the_same(tick: int) -> None:
    room = stills.standing()
    stills.say(room, "what is 6*7?")  # the line was read before tick 4: it belongs to the shared past
    before = written(portrait(room))
    room._orders.do("goto", str(tick))
    room._orders.do("branch")
    stills.settle(room)
    room._orders.do("now")  # a device may have taken a tick more or less here
    view = portrait(room)
    assert written(view) == before
    assert view.other is not None
    assert written(view.other) == before
    room.here.machine.kernel.check_integrity()  # type: ignore[union-attr]


JOBS = tuple(("complete", f"Story {i}:" * 3, 0, 70, 1000, 0, i) for i in range(8))
SESSIONS: dict[str, dict[str, Any]] = {
    "swaps": {"frames": 14, "init": ("crowd", 7, *JOBS)},
    "windows": {"frames": 22, "init": ("crowd", 4, *JOBS), "window": 5},
    "own policy": {"frames": 22, "init": ("crowd", 5, *JOBS), "policy": "mine.py"},
}


@pytest.mark.parametrize("name", SESSIONS)
def test_a_hard_session_is_replayed_stepped_back_and_branched_to_the_bit(name: str, tmp_path: Path) -> None:
    """With pages in the page file, windows smaller than contexts, a kill, and a policy out of a person's own file."""
    (tmp_path / "mine.py").write_text("def choose(jobs, now):\n    return max(jobs, key=lambda job: job.pid)\n")
    options = Options(model="scripted", lanes=2, max_pages=12, devices=(), keep=True, quantum=4, **SESSIONS[name])
    if options.policy == "mine.py":
        options = replace(options, policy=str(tmp_path / "mine.py"))
    room = Room(options)
    room.here = Branch("main", boot(options))
    machine, past, hashes = room.here.machine, room.here.machine.past, list[str]()
    kinds = set()
    while not machine.kernel.halted:
        hashes.append(state_hash(machine.kernel))
        kinds |= {event[1] for event in room.here.step()}
        if machine.kernel.tick == 60:
            machine.command("kill", 6)
    assert past is not None
    assert name != "swaps" or kinds >= {"evict", "swapout", "swapin"}
    for tick in range(0, len(hashes), 17):
        assert state_hash(past.kernel(tick)) == hashes[tick]
    for tick in (len(hashes) - 1, 66, 61):
        before = past.rewind.goto(tick, 3)
        here = state_hash(before)
        before.step_phase()
        assert state_hash(past.rewind.back()) == here
    branch = room.parted(room.here, 65)
    assert state_hash(branch.machine.kernel) == hashes[65]
    while not branch.machine.kernel.halted:
        branch.step()
        branch.machine.kernel.check_integrity()
    assert state_hash(branch.machine.kernel) == state_hash(machine.kernel)


def test_two_worlds_part_where_the_calculator_is_missing() -> None:
    view = stills.two_views()
    assert view.other is not None
    assert "1776" in written(view.other)
    assert "[calc]" in written(view.other)
    assert "1776" not in written(view)
    assert "[dreamed]" in written(view)
    assert view.snapshot.tick >= 1
    assert {name: state for name, state, _ in view.devices}["calc"] == "o"
    assert {name: state for name, state, _ in view.other.devices}["calc"] == "*"


def test_the_past_can_not_be_changed() -> None:
    room = stills.standing()
    stills.say(room, "what is 6*7?")
    room._orders.do("goto", "3")
    for order in (("kill", "2"), ("say", "hello"), ("unplug", "calc"), ("spawn", "demo")):
        with pytest.raises(ValueError, match="past"):
            room._orders.do(*order)


def test_marks_lead_to_the_trap_and_back() -> None:
    room = stills.standing()
    stills.say(room, "what is 6*7?")
    marks = [m.tick for m in portrait(room).marks]
    visited = []
    for _ in dict.fromkeys(marks):
        room._orders.do("mark", "-1")
        visited.append(portrait(room).snapshot.tick)
    assert visited == sorted(set(marks), reverse=True)


def test_breakpoints_stop_where_they_say() -> None:
    breaks = Breaks()
    breaks.add("trap")
    breaks.add("tick", "9")
    breaks.add("token", "lighthouse")
    assert breaks.hit(3, [(2, "out", 4, "m", "a light")]) == ""
    assert "lighthouse" in breaks.hit(4, [(3, "out", 4, "m", "house")])
    assert breaks.hit(5, [(4, "out", 4, "m", " keeper")]) == ""
    assert "trap" in breaks.hit(6, [(5, "trap", 4)])
    assert breaks.hit(9, []) == "tick 9"
    breaks.add("clear")
    assert breaks.hit(9, [(8, "trap", 4)]) == ""


def test_inspections_tell_facts() -> None:
    token = stills.inspected_view("token", "RUNNER", "0").inspection
    assert token is not None
    assert token.top
    assert abs(sum(token.mass) - 1) < 1e-6
    process = stills.inspected_view("process", "RUNNER").inspection
    assert process is not None
    assert any("USER" in fact.text for fact in process.facts)
    choice = stills.inspected_view("choice").inspection
    assert choice is not None
    assert any(fact.name == "lane 0" for fact in choice.facts)
