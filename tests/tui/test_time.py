"""Properties of going back, branching and looking: the room's orders on a machine without a thread."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmos.boot import boot
from llmos.branch import Branch
from llmos.breaks import KINDS, Breaks
from llmos.narrate import Story
from llmos.options import Options
from llmos.portrait import portrait
from llmos.recording import RecordingRoom
from llmos.room import Room
from llmos.status import MachineView
from llmos.stepping import STOPS
from llmos.tui import first
from llmos.tui.app import MachineRoom
from llmos.tui.export import JOURNALLED
from llmos.tui.panels.timeline import Timeline
from llmos.tui.screens import worlds
from llmos.tui.theme import palette
from llmos_kernel.labels import data
from llmos_kernel.rewind import state_hash
from tests.watching import Watch

from . import drawn, stills


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


UNITS = ("phase", "token", "call", "quantum")


@cache
def lived() -> Room:
    """A session with calls, and four processes that take turns on two lanes; all of it is past."""
    room = stills.standing()
    stills.say(room, "what is 37*48?")
    room._orders.do("spawn", "demo")
    stills.settle(room)
    return room


def place(room: Room) -> tuple[int, int]:
    assert room.here is not None
    return room.here.place


def state(room: Room) -> str:
    assert room.here is not None
    return state_hash(room.here.kernel)


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(UNITS), st.integers(0, 10_000), st.integers(0, 5))
def test_a_step_back_undoes_a_step_of_the_past(unit: str, tick: int, phase: int) -> None:
    room = lived()
    room._orders.do("unit", unit)
    assert room.here is not None
    room._orders._visit(tick % room.here.machine.kernel.tick, phase)
    before, here, seen = state(room), place(room), replace(stills.seen(room), notice="")
    try:
        room._orders.do("step")
    except ValueError as e:
        assert unit in ("call", "quantum"), e  # noqa: PT017
        return
    assert place(room) > here
    room._orders.do("back")
    assert (place(room), state(room)) == (here, before)
    assert replace(stills.seen(room), notice="") == seen


@pytest.mark.parametrize("unit", UNITS)
def test_the_past_is_stepped_through_by_each_unit_and_back(unit: str) -> None:
    """From its first tick to its last stop, and the same way back, through the same machines."""
    room = lived()
    assert room.here is not None
    room._orders.do("unit", unit)
    room._orders.do("goto", "0")
    way = []
    while room.mode == "REPLAY" and len(way) < 200:
        way.append((place(room), state(room)))
        try:
            room._orders.do("step")
        except ValueError:
            break
    ends = {t for t, kind in room.here.story._stops if kind in STOPS.get(unit, ())}
    if unit == "phase":
        assert [p for p, _ in way[:8]] == [(0, 0), (0, 1), (0, 2), (0, 3), (0, 4), (0, 5), (1, 0), (1, 1)]
    elif unit == "token":
        assert [p for p, _ in way[:4]] == [(0, 0), (1, 0), (2, 0), (3, 0)]
    else:
        assert [p for p, _ in way[1:]] == [(t, 0) for t in sorted(ends)]
    if len(way) == 200:
        room._orders.do("back")
    while len(way) > 1:
        if place(room) == way[-1][0]:
            assert way.pop()[1] == state(room)
        room._orders.do("back")
    assert place(room) == (0, 0)
    with pytest.raises(ValueError, match="first tick"):
        room._orders.do("back")


@pytest.mark.parametrize("unit", UNITS)
def test_a_machine_that_stands_steps_and_goes_back_by_each_unit(unit: str) -> None:
    room = stills.standing()
    room._orders.do("say", "what is 37*48?")
    stills.ticks(room, 12)
    room._orders.do("step", "phase")
    room._orders.do("step", "phase")
    here, before = place(room), state(room)
    assert here == (12, 2)
    room._orders.do("step", unit)
    while room.mode == "LIVE":
        assert room.here is not None
        room._tick(room.here)
    after, stood = place(room), state(room)
    assert after > here
    assert after == {"phase": (12, 3), "token": (13, 0)}.get(unit, after)
    room._orders.do("back")
    assert (place(room), state(room), room.mode) == (here, before, "REPLAY")
    room._orders.do("step")
    assert (place(room), state(room), room.mode) == (after, stood, "FROZEN")
    room._orders.do("back")
    stops = [(t, 0) for t in room.here.story.stops(STOPS.get(unit, ())) if t < 12]  # type: ignore[union-attr]
    stops = stops or {"phase": [(12, 1)], "token": [(12, 0)]}.get(unit, [])
    if stops:
        room._orders.do("back")
        assert place(room) == stops[-1]
    else:
        with pytest.raises(ValueError, match=f"no {unit} before"):
            room._orders.do("back")


def test_a_tick_that_is_half_over_is_told_as_far_as_it_went() -> None:
    """In the past as it was live: no word before the phase in which it was said."""
    room = stills.standing()
    room._orders.do("say", "what is 37*48?")
    live = []
    while not room.here.machine.waits() and len(live) < 500:  # type: ignore[union-attr]
        live.append((place(room), portrait(room).log, written(portrait(room))))
        room._orders.do("step", "phase")
    assert len({log for _, log, _ in live}) > 4
    for where, log, said in live[::3]:
        room._orders._visit(*where)
        assert (portrait(room).log, written(portrait(room))) == (log, said)


def test_where_nothing_more_can_happen_it_is_said() -> None:
    room = stills.standing()
    room.mode = "HALTED"
    for verb in ("run", "step"):
        with pytest.raises(ValueError, match="has halted: , goes back"):
            room._orders.do(verb)


@settings(max_examples=6, deadline=None)
@given(tick=st.integers(min_value=4, max_value=60))
def test_a_branch_without_a_change_writes_the_same(tick: int) -> None:
    room = stills.standing()
    stills.say(room, "what is 6*7?")  # the line was read before tick 4: it belongs to the shared past
    before = written(portrait(room))
    room._orders.do("goto", str(min(tick, room.here.machine.kernel.tick)))  # type: ignore[union-attr]
    room._orders.do("branch")
    stills.settle(room)
    room._orders.do("now")  # a device may have taken a tick more or less here
    view = portrait(room)
    assert written(view) == before
    assert view.other is not None
    assert written(view.other) == before
    assert view.parted is None
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


def test_the_first_token_that_differs_is_found_although_nobody_printed_it() -> None:
    room = stills.standing()
    stills.say(room, "what is 37*48?")
    trap = next(m.tick for m in room.here.story.marks() if m.letter == "t")  # type: ignore[union-attr]
    room._orders.do("goto", str(trap))
    room._orders.do("branch")
    assert portrait(room).parted is None
    room._orders.do("unplug", "calc")
    stills.settle(room)
    parted = portrait(room).parted
    assert parted is not None
    assert (parted.here.token.text, parted.here.token.who) == ("e", "d")  # type: ignore[union-attr]
    assert (parted.there.token.text, parted.there.token.who) == ("1", "d")  # type: ignore[union-attr]
    assert parted.here.place == parted.there.place
    assert "error" not in written(portrait(room))
    room._orders.do("world")
    assert (portrait(room).parted.here, portrait(room).parted.there) == (parted.there, parted.here)  # type: ignore[union-attr]
    for tick, found in ((parted.here.tick, False), (max(parted.here.tick, parted.there.tick) + 1, True)):
        room._orders.do("goto", str(tick))
        assert (portrait(room).parted is not None) is found


def test_a_process_that_ended_in_one_world_parts_them_where_the_other_goes_on() -> None:
    room = stills.standing()
    room._orders.do("say", "what is 37*48?")
    stills.ticks(room, 10)
    room._orders.do("branch")
    stills.ticks(room, 3)
    assert portrait(room).parted is None
    pid = next(p.pid for p in room.here.kernel.processes.values() if p.space.tokens)  # type: ignore[union-attr]
    room._orders.do("kill", str(pid))
    stills.ticks(room, 4)
    parted = portrait(room).parted
    assert parted is not None
    assert (parted.pid, parted.here.token) == (pid, None)
    assert parted.there.token is not None


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


def stopped(room: Room, most: int = 400) -> str:
    """Run until a point is met; which, in words, or "" if none was."""
    assert room.here is not None
    room.notice = ""
    room._orders.do("run")
    for _ in range(most):
        if room.mode == "LIVE" and not room.here.machine.waits():
            room._tick(room.here)
            while room.here.machine.kernel.idle and room.here.machine.world.quiet and not room.here.machine.waits():
                room.here.machine.world.wait(1.0)
        elif room.mode == "REPLAY" and room.playing:
            room._play(room.here)
    return room.notice


@pytest.mark.parametrize("kind", KINDS)
def test_a_breakpoint_is_met_by_each_of_its_kinds_of_event_and_by_no_other(kind: str) -> None:
    kernel, breaks = lived().here.machine.kernel, Breaks()  # type: ignore[union-attr]
    breaks.add(kind)
    seen = breaks.before(kernel)
    for event in KINDS[kind]:
        assert kind in breaks.hit(kernel, seen, [(3, "out", 4, "m", "a"), (3, event, 4)])
    others = {e for events in KINDS.values() for e in events} - {*KINDS[kind]}
    assert breaks.hit(kernel, seen, [(3, event, 4) for event in others]) == ""
    breaks.add(kind)
    assert breaks.all == []


def test_what_a_device_brought_in_is_met_by_its_label() -> None:
    room = stills.standing()
    room._orders.do("say", "what is 37*48?")
    room._orders.do("break", "label", "data")
    stills.ticks(room, 12)
    kernel = room.here.machine.kernel  # type: ignore[union-attr]
    process = next(p for p in kernel.processes.values() if p.space.tokens)
    seen = room.breaks.before(kernel)
    assert room.breaks.hit(kernel, seen, []) == ""
    kernel.append(process.space, process.space.tokens[:3], data("web"), "d")
    assert room.breaks.hit(kernel, seen, []) == f"label DATA in tick {kernel.tick}, pid {process.pid}"


POINTS = {
    "break trap": "trap in tick",
    "break call": "call in tick",
    "break result": "result in tick",
    "break exit": "exit in tick",
    "break spawn": "spawn in tick",
    "break switch": "switch in tick",
    "break token 1776": "token 1776 in tick",
    "break token is 37*48?": "token is 37*48? in tick",
    "break token <|trap|>": "token <|trap|> in tick",
    "break label SYSTEM": "label SYSTEM in tick",
    "break label user": "label USER in tick",
    "break tick 9": "tick 9",
    "watch state 2": "watch state 2: BLOCKED is now",
}


@pytest.mark.parametrize("line", POINTS)
@pytest.mark.parametrize("played", [False, True], ids=["live", "played"])
def test_every_point_that_is_taken_is_met_live_and_in_a_recording_that_plays(line: str, played: bool) -> None:
    room = stills.standing()
    stills.ticks(room, 3)
    verb, *words = line.split()
    room._orders.do(verb, *words)
    room._orders.do("say", "what is 37*48?")
    if played:
        points, room.breaks.all = room.breaks.all, []
        stills.settle(room)
        room._orders.do("goto", "3")
        room.breaks.all = points
    said = stopped(room)
    assert said.startswith(f"stopped by {POINTS[line]}"), said
    assert room.mode == ("REPLAY" if played else "FROZEN")
    assert not room.playing
    assert room.here is not None
    tick = int(re.search(r"tick (\d+)", said)[1])  # type: ignore[index]
    assert room.here.place == (tick if line == "break tick 9" else tick + 1, 0)


REFUSED = (
    "break label WORDS", "break label KERNEL", "break label", "break fly", "break tick x", "break token", "watch state",
    "watch moon 2", "watch state 99", "watch page 2 99", "watch quota 2 none", "watch page 2",
)  # fmt: skip


@pytest.mark.parametrize("line", REFUSED)
def test_a_point_that_can_not_be_met_is_refused_in_one_line(line: str) -> None:
    room = stills.standing()
    stills.ticks(room, 3)
    verb, *words = line.split()
    with pytest.raises(ValueError, match=r"^(break|watch|there is nothing to watch)"):
        room._orders.do(verb, *words)
    assert room.breaks.all == []


def test_points_are_listed_and_taken_away() -> None:
    room = stills.standing()
    stills.ticks(room, 3)
    for verb, *words in (("break", "trap"), ("watch", "frames", "2"), ("break",)):
        room._orders.do(verb, *words)
        assert room.notice.startswith("it stops at: trap")
    assert room.notice == "it stops at: trap, watch frames 2"
    room._orders.do("watch", "clear")
    assert room.notice == "it stops at: trap"
    room._orders.do("break", "trap")
    assert "nowhere; break trap|" in room.notice


def without_calc() -> Room:
    """Two worlds from the tick before a trap on; the one with the keys has no calculator."""
    room = stills.standing()
    stills.say(room, "what is 37*48?")
    trap = next(m.tick for m in room.here.story.marks() if m.letter == "t")  # type: ignore[union-attr]
    for words in (("goto", str(trap)), ("branch",), ("unplug", "calc")):
        room._orders.do(*words)
    return room


def test_a_page_is_watched_and_the_other_world_stops_both() -> None:
    room = without_calc()
    room._orders.do("break", "token", "1776")
    assert stopped(room).endswith("of world main")
    assert "1776" not in written(portrait(room))
    room._orders.do("break", "clear")
    pid = next(p.pid for p in room.here.kernel.processes.values() if p.space.frames)  # type: ignore[union-attr]
    room._orders.do("watch", "page", str(pid), "0")
    assert "in frame" in stopped(room)


def test_the_last_words_name_the_journal_of_every_world(tmp_path: Path) -> None:
    room = Room(replace(stills.options(), journal=tmp_path / "1.log"))
    room.here = Branch("main", boot(room.options, lambda line: None))
    room.mode = "FROZEN"
    stills.ticks(room, 4)
    for _ in range(2):
        room._orders.do("branch")
    worlds = [*room.worlds(), *room.aside]
    said = room.close().splitlines()
    for world in worlds:
        world.machine.close()
    assert said[0].startswith(f"saved {worlds[0].machine.journal} ")
    assert said[1:] == [f"world {world.name}: llmos replay {world.machine.journal}" for world in worlds[1:]]
    assert len({world.machine.journal for world in worlds}) == len(said) == 3


BAD = {
    "spawn nosuch": "nosuch", "spawn calc 1 2 3": "calc", "kill 99": "no process 99", "stop 99": "99", "cont 99": "99",
    "nice 2 77": "1 to 20", "nice 99 1": "no process 99", "policy foo": "foo", "victims foo": "foo", "fork 99": "no process 99",
    "fork 2": "no context", "attach 1": "does not wait for a line", "adapter 99 none": "no process 99",
    "select 99": "no process 99",
    "follow maybe": "on or off", "answer 1 maybe": "'maybe' is no answer",
    "answer 1 once": "nothing is asked under the number 1",
    "unpark 2": "2", "undo 99": "99", "compact 99": "99", "swapout 99": "no process 99", "window 99 4": "no process 99",
    "park 99": "99", "kill x": "takes a number", "unplug moon": "no device", "world Z": "one world only",
}  # fmt: skip


@pytest.mark.parametrize("line", BAD)
@pytest.mark.parametrize("mode", ["FROZEN", "LIVE"])
def test_what_can_not_be_done_is_said_at_once(line: str, mode: str) -> None:
    room = stills.standing()
    stills.ticks(room, 4)
    room.mode = mode
    before = state(room)
    room._obey(*line.split())
    assert room.notice.startswith(line.split()[0] + ": ")
    assert BAD[line] in room.notice
    assert room.here is not None
    assert room.here.machine.kernel.world.poll() == []  # type: ignore[attr-defined]
    assert state(room) == before


def test_what_was_asked_of_a_machine_that_stands_counts_for_what_is_asked_next() -> None:
    room = stills.standing()
    stills.ticks(room, 4)
    for line in ("spawn demo", "kill 3", "stop 2", "cont 2"):
        room._obey(*line.split())
        assert room.notice == "", line
    stills.ticks(room, 2)
    assert room.here is not None
    assert room.here.asked == []
    assert not any(e.kind == "refused" for e in room.here.story._log)


def test_what_is_asked_while_it_boots_waits_for_the_machine() -> None:
    room, views = Room(stills.options(), 0.0), Watch()
    for words in (("spawn", "demo"), ("say", "what is 37*48?"), ("kill", "99"), ("speed", "3")):
        room._obey(*words)
    assert room.early == [("spawn", "demo"), ("say", "what is 37*48?"), ("kill", "99")]
    room._obey("plug", "calc")
    assert room.notice == "plug: kept until the machine is up"
    room.start(views)
    view = views.until(
        lambda v: any("1776" in run.text for run in v.console) and "demo" in {p.program for p in v.snapshot.processes}
    )
    assert view.speed == 3.0
    room.close()


def test_a_machine_that_did_not_come_up_keeps_nothing() -> None:
    room = Room(stills.options(), 0.0)
    room.problem, room.mode = "no such model", "HALTED"
    room._obey("spawn", "demo")
    assert (room.notice, room.early) == ("spawn: there is no machine yet", [])


def test_a_third_world_leaves_the_first_two_where_they_were() -> None:
    room = stills.standing()
    stills.say(room, "what is 37*48?")
    for tick in ("30", "20"):
        room._orders.do("goto", tick)
        room._orders.do("branch")
    assert room.notice.endswith("world main waits: `:world main` goes there")
    assert [w.name for w in (*room.worlds(), *room.aside)] == ["C", "B", "main"]
    stills.settle(room)
    room._obey("world", "Z")
    assert room.notice == "world: the other worlds are B, main, not 'Z'"
    room._obey("world", "main")
    assert [w.name for w in (*room.worlds(), *room.aside)] == ["main", "C", "B"]
    room._orders.do("now")
    assert "1776" in written(portrait(room))
    room._obey("world")
    assert [w.name for w in room.worlds()] == ["C", "main"]


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


def test_the_token_that_differs_is_marked_in_both_streams() -> None:
    room = without_calc()
    while not (parted := portrait(room).parted):
        stills.ticks(room, 1)
    stills.ticks(room, 2)
    view = portrait(room)
    drawn = worlds.rows(view, 120, 40)
    marked = [span for row in drawn[:6] for span in row if span[1] == "bold reverse bad"]
    assert marked == [(f"{worlds.MARK}e", "bold reverse bad"), (f"{worlds.MARK}1", "bold reverse bad")]
    said = "".join(text for text, _ in worlds.verdict(view, -1, 120))
    assert f'tick {parted.here.tick}, pid {parted.pid}: ▮ "e" by a device here, "1" by a device there' in said


async def test_what_a_journal_gives_is_exported_from_the_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    room = Room(replace(stills.options(), journal=tmp_path / "one.log"))
    room.here = Branch("main", boot(room.options, lambda line: None))
    stills.say(room, "what is 37*48?")
    room.here.machine.flush()
    app = MachineRoom(stills.Still(portrait(room)))
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        for what, file in JOURNALLED.items():
            app.obey(f"export {what}")
            await app.workers.wait_for_complete()
            await pilot.pause()
            assert app.desk.message == f"written: {tmp_path.resolve() / file}"
    assert (tmp_path / "llmos.log").read_bytes() == (tmp_path / "one.log").read_bytes()
    assert "1776" in (tmp_path / "llmos.cast").read_text()
    assert b"1776" not in (tmp_path / "llmos-redacted.log").read_bytes()
    assert json.loads((tmp_path / "llmos-trace.json").read_text())["traceEvents"]


def test_the_first_picture_of_a_recording_asks_nobody_to_type() -> None:
    for width, height in ((80, 24), (120, 40)):
        shown = "\n".join(first.rows(width, height, recorded=True))
        assert "its keys are the clock's" in shown
        assert "type" not in shown
        assert first.SUGGESTED not in shown
        assert len(first.rows(width, height, recorded=True)) == len(first.rows(width, height))


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_the_top_line_says_that_a_recording_is_redacted(size: tuple[int, int]) -> None:
    view = replace(stills.busy_view(), mode="REPLAY", redacted=True, branch="redacted.log", journal="redacted.log")
    async with MachineRoom(stills.Still(view)).run_test(size=size) as pilot:
        await pilot.pause()
        assert "REPLAY   REDACTED" in drawn.text(pilot.app).splitlines()[0]


def events_row(view: MachineView, width: int = 48) -> str:
    """The cells of the scheduler panel's row of events, one a tick."""
    pane = Timeline(palette("night", False))
    pane.view = view
    ticks = len(view.snapshot.timeline[0])
    return "".join(text for text, _ in pane._events(width, ticks))[8:]


def test_switches_are_marked_where_nothing_else_was_and_marks_pass_over_them() -> None:
    room = lived()
    assert room.here is not None
    room._orders.do("goto", str(room.here.machine.kernel.tick - 3))
    view = portrait(room)
    known = {mark.tick: mark.letter for mark in view.marks}
    switched = {e[0] for t in range(view.now) for e in room.here.machine.past.relive(t) if e[1] == "switch"}  # type: ignore[union-attr]
    assert list(view.switches) == sorted(switched)
    assert switched & known.keys()
    assert "s" not in known.values()
    first = view.snapshot.tick - 40
    wanted = [known.get(t, "s" if t in switched else "·") for t in range(first, view.snapshot.tick)]
    assert events_row(view) == "".join(wanted)
    assert {"s", "x"} <= set(wanted)
    room._orders.do("mark", "-1")
    assert portrait(room).snapshot.tick in known


def test_many_switches_drown_no_mark_and_a_branch_has_those_before_it() -> None:
    story = Story()
    story.take([(3, "call", 1, "calc", "1+1", "model")])
    story.take((tick, "switch", 1, lane) for tick in range(4, 9_000) for lane in (0, 1))
    assert [mark.tick for mark in story.marks()] == [3]
    assert story.switches() == tuple(range(7_000, 9_000))
    assert story.cut(50).switches() == tuple(range(4, 50))


def test_who_had_an_idle_lane_last_is_a_fact_of_the_world_however_it_is_looked_at(tmp_path: Path) -> None:
    path = tmp_path / "one.log"
    room = Room(replace(stills.options(), journal=path))
    room.here = Branch("main", boot(room.options, lambda line: None))
    room.mode = "FROZEN"
    stills.say(room, "what is 37*48?")
    room._orders.do("spawn", "demo")
    live = {}
    for _ in range(120):
        room.advance(room.here)
        view = portrait(room)
        live[view.snapshot.tick] = view.lately
        assert {lane.lane for lane in view.lately} <= {lane.lane for lane in view.snapshot.lanes if not lane.pid}
    assert any(live.values())
    for lanes in live.values():  # the last token that was sampled is there, also of who was never seen on the lane
        assert all(lane.pid and lane.stream and lane.left >= 0 for lane in lanes)
    room.here.machine.flush()
    replayed = RecordingRoom(path)
    replayed.here = replayed.open_world()
    replayed.mode = "REPLAY"
    while replayed.here.unread:  # type: ignore[attr-defined]
        replayed._turn(replayed.here)
    for one in (room, replayed):
        for tick in [
            tick for tick in (*list(live)[::-7], *live) if tick <= portrait(replayed).now
        ]:  # idle ticks leave nothing
            one._orders.do("goto", str(tick))
            assert portrait(one).lately == live[tick]
    room._orders.do("goto", str(min(live) + 60))
    before = portrait(room).lately
    room._orders.do("branch")
    assert portrait(room).lately == before
    assert room.other is not None


def test_a_lane_that_was_left_in_the_tick_in_which_it_was_got_is_remembered() -> None:
    """A thought of one token: nobody can see it on its lane between two ticks."""
    room = stills.standing()
    assert room.here is not None
    room.here.command("spawn", "ask", "hi", "", 1)
    seen = set()
    for _ in range(40):
        stills.ticks(room, 1)
        view = portrait(room)
        seen |= {lane.pid for lane in view.snapshot.lanes}
    short = [e for t in range(view.now) for e in room.here.machine.past.relive(t) if e[1] == "thought"]  # type: ignore[union-attr]
    assert short
    assert any(lane.pid == short[-1][2] for lane in portrait(room).lately)
