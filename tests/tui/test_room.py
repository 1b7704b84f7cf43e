"""The room as a person uses it: keys, palette, mouse, command line, sizes, hostile text, start-up."""

from __future__ import annotations

import asyncio
import re
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual import events
from textual.pilot import Pilot

from llmos.breaks import USAGE, WATCH_USAGE
from llmos.options import SYSTEM
from llmos.room import Room
from llmos.status import VERBS, MachineView, Run, SelfTest
from llmos.tui import keys, text, verbs
from llmos.tui.app import MachineRoom
from llmos.tui.finder import Finder
from llmos.tui.layout import ORDER, arrange
from llmos.tui.panels.console import SUGGESTION, Entry
from llmos.tui.screens.facts import warmed
from llmos.tui.screens.help import entries, page
from llmos.tui.stage import CommandLine
from llmos.tui.theme import THEMES, contrast, palette
from llmos_kernel.cpu import Burst

from . import drawn, stills


def actions(app: MachineRoom, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """From now on actions are only noted."""
    done: list[str] = []
    for key in keys.KEYS:
        name = key.action.partition("(")[0]
        if name in ("focus_next", "focus_previous", "command_palette"):
            continue
        monkeypatch.setattr(app, f"action_{name}", lambda *args, n=name: done.append(n))
    return done


async def leave_input(pilot: Pilot[Any]) -> None:
    await pilot.press("escape", "escape")


async def test_every_action_by_key(monkeypatch: pytest.MonkeyPatch) -> None:
    app = MachineRoom(stills.Still(stills.busy_view()))
    async with app.run_test(size=(120, 40)) as pilot:
        await leave_input(pilot)
        done = actions(app, monkeypatch)
        for key in keys.KEYS:
            name = key.action.partition("(")[0]
            if name in ("focus_next", "focus_previous", "command_palette"):
                continue
            for press in key.keys.split(","):
                before = len(done)
                await pilot.press(press)
                assert done[before:] == [name], f"{press} did {done[before:]}, not {name}"


async def test_every_action_by_palette(monkeypatch: pytest.MonkeyPatch) -> None:
    app = MachineRoom(stills.Still(stills.busy_view()))
    async with app.run_test(size=(120, 40)) as pilot:
        await leave_input(pilot)
        done = actions(app, monkeypatch)
        finder = Finder(app.screen)
        hits = [hit async for hit in finder.discover()]
        for hit in hits[: len(keys.KEYS) - 1]:
            await hit.command()  # type: ignore[misc]
        wanted = [k.action.partition("(")[0] for k in keys.KEYS if k.action != "command_palette"]
        assert done == [name for name in wanted if name not in ("focus_next", "focus_previous")]
        assert len(hits) == len(keys.KEYS) - 1 + len(verbs.VERBS)
        for verb in verbs.VERBS:
            assert [h async for h in finder.search(verb.name)], verb.name


async def test_every_action_by_mouse(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys of the footer are clicked there; the footer opens the palette, whose every line can be clicked."""
    app = MachineRoom(stills.Still(stills.busy_view()))
    async with app.run_test(size=(170, 45)) as pilot:
        await leave_input(pilot)
        done = actions(app, monkeypatch)
        bar = app.pane("transport")
        for row in (1, 2):
            x = 1
            for key, drawn_row in bar._placed(row):  # type: ignore[attr-defined]
                name = key.action.partition("(")[0]
                if name not in ("focus_next", "command_palette"):
                    await pilot.click("#transport", offset=(x + 1, row - 1))
                    await pilot.pause()
                    assert done[-1:] == [name], key.word
                elif name == "command_palette":
                    palette_at = (x + 1, row - 1)
                x += text.width(drawn_row)
        await pilot.click("#transport", offset=palette_at)
        await pilot.pause(0.3)
        assert len(app.screen_stack) == 2
        assert "run/pause" in drawn.text(app)


async def test_every_binding_is_named_once_and_helped() -> None:
    assert len({keys.name(k) for k in keys.KEYS}) == len(keys.KEYS)
    told = "\n".join(line for line, _ in entries(keys.KEYS))
    for key in keys.KEYS:
        assert key.about in told
    for verb in verbs.VERBS:
        assert verb.usage in told


@pytest.mark.parametrize("panel", ORDER)
def test_help_speaks_both_languages(panel: str) -> None:
    for heading in ("What you see", "As an operating system", "As a language model", "Where the analogy ends"):
        assert heading in page(panel)


async def test_typing_is_text_and_outside_it_is_transport() -> None:
    still = stills.Still(stills.busy_view())
    app = MachineRoom(still)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("comma", "full_stop", "space", "q")
        assert app.query_one(Entry).value == ",. q"
        assert "INPUT" in drawn.text(app).splitlines()[0]
        assert still.asked == []
        await leave_input(pilot)
        assert "INPUT" not in drawn.text(app).splitlines()[0]
        await pilot.press("comma", "full_stop")
        assert still.asked == [("back",), ("step",)]
        await pilot.press("i", "f7")
        assert still.asked[-1] == ("back",)


async def test_keys_typed_before_the_cpu_is_ready_are_kept() -> None:
    still = stills.Still(stills.boot_view())
    app = MachineRoom(still)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        assert SUGGESTION in drawn.text(app)
        await pilot.press("h", "i", "enter")
        assert still.asked == [("say", "hi")]
        await pilot.press("enter")
        assert still.asked == [("say", "hi")]  # nothing is suggested twice


async def test_keys_typed_before_the_first_picture_are_kept() -> None:
    app = MachineRoom(stills.Still(stills.boot_view()))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        app.awake = False
        await pilot.press("q", "comma", "space", "x")
        assert app.query_one(Entry).value == ""
        await app.wake()
        await pilot.pause()
        assert app.query_one(Entry).value == "q, x"


async def test_freezing_the_display_is_not_freezing_the_machine() -> None:
    still = stills.Still(stills.busy_view())
    app = MachineRoom(still)
    async with app.run_test(size=(120, 40)) as pilot:
        await leave_input(pilot)
        await pilot.press("f")
        assert "DISPLAY HELD" in drawn.text(app)
        app.post(replace(still.view, mode="LIVE", seed=77))
        await pilot.pause()
        assert "seed 77" not in drawn.text(app)
        await pilot.press("f")
        app.post(replace(still.view, mode="LIVE", seed=77))
        await pilot.pause()
        assert "seed 77" in drawn.text(app)
        assert still.asked == []


async def test_any_size() -> None:
    app = MachineRoom(stills.Still(stills.busy_view()))
    async with app.run_test(size=(120, 40)) as pilot:
        for size in ((20, 5), (300, 90), (1, 1), (80, 24), (79, 24), (80, 23), (2, 60), (200, 3), (120, 40)):
            await pilot.resize_terminal(*size)
            await pilot.pause()
            if size[0] < 80 or size[1] < 24:
                assert size[0] < 10 or "need" in drawn.text(app)
            else:
                assert "console" in drawn.text(app)


@given(st.integers(0, 400), st.integers(0, 150), st.booleans(), st.booleans())
def test_places_fill_the_screen_and_never_overlap(width: int, height: int, boot: bool, folded: bool) -> None:
    from llmos.tui.desk import Desk

    places = list(arrange(width, height, Desk(booted=boot, folded=folded)).values())
    assert sum(region.area for region in places) == width * height
    for i, one in enumerate(places):
        assert not any(one.overlaps(other) for other in places[i + 1 :])


HOSTILE = (
    "\x1b[2J\x1b]0;owned\x07 \u202egnp.exe \u2066x\u2069 [red]red[/red]"
    " [link=http://a]a[/link] \x00\r\x9b31m \ufeff\u200b e\u0301\u0301\u0301\u0301"
)


async def test_hostile_text_is_inert_everywhere() -> None:
    view = stills.inspected_view("process", "RUNNER")
    s = view.snapshot
    evil = replace(
        view,
        console=(Run("m", HOSTILE + "\n", 3), Run("d", HOSTILE, 3)),
        log=tuple(replace(line, text=HOSTILE) for line in view.log),
        foreground=HOSTILE,
        notice=HOSTILE,
        model=HOSTILE,
        devices=((HOSTILE, "*", HOSTILE),),
        snapshot=replace(
            s,
            processes=tuple(replace(p, program=HOSTILE, why=HOSTILE, args=HOSTILE) for p in s.processes),
            pages=tuple(replace(p, text=HOSTILE) for p in s.pages),
            lanes=tuple(
                replace(
                    lane,
                    program=HOSTILE,
                    chosen=HOSTILE,
                    top=((HOSTILE, 0.5),),
                    stream=tuple(replace(t, text=HOSTILE) for t in lane.stream),
                )
                for lane in s.lanes
            ),
        ),
        inspection=replace(
            view.inspection, title=HOSTILE, facts=tuple(replace(f, text=HOSTILE) for f in view.inspection.facts)
        ),  # type: ignore[union-attr, type-var]
    )
    evil = replace(evil, other=evil)
    app = MachineRoom(stills.Still(evil))
    async with app.run_test(size=(120, 40)) as pilot:
        for presses in (("down",), ("escape", "escape", "escape"), ("2",), ("4", "5"), ("w",)):
            await pilot.press(*presses)
            await pilot.pause()
            shown = drawn.text(app)
            assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u200b\ufeff]", shown)
            assert "[red]" in shown or presses == ("4", "5")


@given(st.text())
def test_sanitised_text_is_printable_short_and_stable(raw: str) -> None:
    clean = text.sanitise(raw)
    assert clean.isprintable()
    assert len(clean) <= len(raw)
    assert text.sanitise(clean) == clean


@given(st.text(max_size=80), st.integers(1, 40))
def test_wrapping_keeps_every_letter_and_the_width(raw: str, cells: int) -> None:
    clean = text.sanitise(raw)
    rows = text.wrap(((clean, "text"),), cells)
    assert all(text.width(row) <= max(cells, 2) for row in rows)
    assert "".join(t for row in rows for t, _ in row).replace(" ", "") == clean.replace(" ", "")


@pytest.mark.parametrize("name", THEMES)
def test_contrast_of_all_text(name: str) -> None:
    colours = palette(name)
    for meaning, colour in colours.colours.items():
        assert contrast(colour, colours.background) >= 4.5, meaning


def test_verbs_reach_the_door() -> None:
    """Every verb of the command line is done by the screen or known to the machine."""
    for verb in verbs.VERBS:
        example = " ".join([verb.name, *("1" for word in verb.takes if not word.startswith("["))])
        command = verbs.parse(example)
        assert command[0] in (*verbs.HERE, *VERBS, "say"), verb
        assert command[0] not in verbs.HERE or hasattr(MachineRoom, f"verb_{command[0]}")


@pytest.mark.parametrize(
    ("line", "command"),
    [
        ("renice 4 2", ("nice", "4", "2")),
        ("say what is 2*3?", ("say", "what is 2*3?")),
        ("top", ("ps",)),
        ("exit", ("quit",)),
        ("help", ("help",)),
    ],
)
def test_a_verb_is_known_by_what_it_is_called_elsewhere(line: str, command: tuple[str, ...]) -> None:
    assert verbs.parse(line) == command


async def test_frames_are_taken_from_the_selected_process() -> None:
    still = stills.Still(stills.busy_view())
    app = MachineRoom(still)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        app.obey("frames 3")
        assert still.asked == [("window", str(still.view.snapshot.selected), "3")]
        still.post(replace(still.view, snapshot=replace(still.view.snapshot, selected=0)))
        await pilot.pause()
        app.obey("frames 3")
        await pilot.pause()
        assert "frames: no process is selected" in drawn.text(app)
        assert len(still.asked) == 1
        app.obey("help")
        await pilot.pause()
        assert "all keys and verbs" in drawn.text(app)


def test_what_is_left_of_a_context_by_fewer_frames_is_seen() -> None:
    room = stills.standing()
    stills.say(room, "what is 37*48?")
    room._obey("spawn", "demo")
    stills.ticks(room, 40)
    pid = stills.seen(room).snapshot.selected
    before = next(p for p in stills.seen(room).snapshot.processes if p.pid == pid)
    assert before.absent == 0
    room._obey("window", str(pid), "4")
    assert room.notice == ""
    stills.ticks(room, 40)
    after = next((p for p in stills.seen(room).snapshot.processes if p.pid == pid), None)
    assert after is None or after.pages - after.absent <= 4


@pytest.mark.parametrize("usage", [USAGE, WATCH_USAGE])
def test_what_can_be_stopped_at_is_told_whole(usage: str) -> None:
    assert len(f" ! stops nowhere; {usage}") <= 120


@pytest.mark.parametrize("lanes", [1, 2])
def test_the_speed_is_tokens_a_second_of_all_lanes(lanes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    room = stills.standing()
    assert room.here is not None
    room._obey("spawn", "demo")
    bursts: tuple[Burst, ...] = ()
    while sum(b.steps > 0 and len(b.feed) == 1 for b in bursts) != lanes:
        stills.ticks(room, 1)
        bursts = tuple(room.here.kernel.work.bursts)
    waits: list[float] = []
    monkeypatch.setattr(room.here.machine.world, "wait", lambda seconds, ready: waits.append(seconds))
    room._pace(time.monotonic(), bursts)
    assert waits == [pytest.approx(lanes / 8.0, abs=0.1)]


async def test_the_top_line_s_help_opens_by_a_click() -> None:
    app = MachineRoom(stills.Still(stills.busy_view()))
    for size in ((80, 24), (120, 40)):
        async with app.run_test(size=size) as pilot:
            await pilot.pause()
            x = drawn.text(app).splitlines()[0].index("F1")
            await pilot.click("#banner", offset=(x + 4, 0))
            await pilot.pause()
            assert len(app.screen_stack) == 2
        app = MachineRoom(stills.Still(stills.busy_view()))


async def test_the_palette_finds_the_picture_by_the_word_for_it() -> None:
    app = MachineRoom(stills.Still(stills.busy_view()))
    async with app.run_test(size=(120, 40)):
        found = [(hit.score, hit.text) async for hit in Finder(app.screen).search("screenshot")]  # type: ignore[union-attr]
        assert max(found)[1] == "picture  (e)"


@given(st.text(max_size=40))
def test_any_line_is_a_command_or_a_plain_complaint(line: str) -> None:
    with suppress(ValueError):
        assert isinstance(verbs.parse(line), tuple)


async def test_bad_commands_are_answered_in_one_line() -> None:
    app = MachineRoom(stills.Still(stills.busy_view()))
    async with app.run_test(size=(80, 24)) as pilot:
        for line, answer in (
            ("fly", "no verb"),
            ("kill", "usage: kill PID"),
            ("theme pink", "no theme"),
            ("sort x", "by active"),
        ):
            app.obey(line)
            await pilot.pause()
            assert answer in drawn.text(app)


def test_temperature_moves_the_odds() -> None:
    odds = [0.7, 0.2, 0.1]
    assert warmed(odds, 1.0) == pytest.approx(odds)
    assert warmed(odds, 0.0) == [1.0, 0.0, 0.0]
    assert warmed(odds, 0.5)[0] > 0.7 > warmed(odds, 2.0)[0]
    assert all(sum(warmed(odds, t)) == pytest.approx(1) for t in (0.2, 1.0, 5.0))


async def _until(app: MachineRoom, done: Any) -> MachineView:
    for _ in range(500):
        if done(app.view):
            return app.view
        await asyncio.sleep(0.02)
    raise AssertionError(f"never: {app.view.mode} {app.view.notice} {app.view.problem}")


async def test_the_first_minutes_on_a_real_machine() -> None:
    """Ask, watch the trap, go back, branch, unplug, compare: with the keys a person would press."""
    app = MachineRoom(Room(replace(stills.options(), init=("sh", SYSTEM)), 0.0))
    async with app.run_test(size=(120, 40)) as pilot:
        await _until(app, lambda v: v.mode == "LIVE")
        await pilot.press("f2", "enter")
        await _until(app, lambda v: "[calc]" in "".join(r.text for r in v.console))
        await leave_input(pilot)
        await pilot.press("left_square_bracket", "left_square_bracket", "left_square_bracket")
        view = await _until(app, lambda v: v.mode == "REPLAY")
        await pilot.press("comma")
        view = await _until(app, lambda v: v.mode == "REPLAY" and "1776" not in "".join(r.text for r in v.console))
        await pilot.press("B")
        await _until(app, lambda v: v.other is not None)
        await pilot.press("4", "enter")
        await pilot.press("space", "w")
        view = await _until(app, lambda v: "[dreamed]" in "".join(r.text for r in v.console))
        assert view.other is not None
        await _until(app, lambda v: v.other and "1776" in "".join(r.text for r in v.other.console))
        await pilot.pause()
        assert "They came apart" in drawn.text(app)
        await pilot.press("escape", "q")
    app.panel.close()


def test_the_screen_does_not_import_jax() -> None:
    import subprocess
    import sys

    code = "import sys, llmos.tui.app, llmos.room, llmos.recording; sys.exit('jax' in sys.modules or 'numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


async def test_ascii_alone_is_enough() -> None:
    app = MachineRoom(stills.Still(stills.busy_view()), palette("night", plain=True))
    async with app.run_test(size=(120, 40)) as pilot:
        await leave_input(pilot)
        await pilot.pause()
        shown = drawn.text(app)
        assert shown.isascii()
        assert "<<start>>" in shown
        assert "> " in shown
        assert "#" in shown


@pytest.mark.parametrize(("error", "left"), [(None, False), (RuntimeError("a bug in a panel"), True)])
def test_a_crash_of_the_screen_leaves_the_machine(error: Exception | None, left: bool) -> None:
    still, asked = stills.Still(stills.busy_view()), []
    still.close = lambda leave=False: asked.append(leave) or ""  # type: ignore[method-assign,func-returns-value]
    app = MachineRoom(still)

    async def end(pilot: Pilot[Any]) -> None:
        app.call_next(fail if error else app.exit)

    def fail() -> None:
        assert error
        raise error

    app.run(headless=True, auto_pilot=end)
    assert asked == [left]


async def test_a_click_into_the_console_goes_to_its_line() -> None:
    app = MachineRoom(stills.Still(stills.busy_view()))
    async with app.run_test(size=(120, 40)) as pilot:
        await leave_input(pilot)
        await pilot.click("#console", offset=(10, 3))
        await pilot.press("h", "i")
        assert app.query_one(Entry).value == "hi"


async def test_keys_typed_in_one_go_reach_what_the_first_of_them_opens() -> None:
    app = MachineRoom(stills.Still(stills.busy_view()))
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("escape", "escape")
        for key, letter in (("colon", ":"), ("e", "e"), ("x", "x")):
            app.post_message(events.Key(key, letter))
        await pilot.pause(0.1)
        assert app.query_one(CommandLine).value == "ex"


async def test_the_palette_shows_what_a_verb_takes() -> None:
    app = MachineRoom(stills.Still(stills.busy_view()))
    async with app.run_test() as pilot:
        await pilot.pause()
        hits = [hit async for hit in Finder(app.screen).search("token")]
        assert any(str(hit.prompt) == ":token [PID] [BACK]" for hit in hits)  # type: ignore[union-attr]


def test_a_number_that_is_none_is_said_plainly() -> None:
    room = stills.standing()
    room._queue.put(("goto", "banana"))
    room._queue.put(("speed", "fast"))
    room._drain()
    assert room.notice == "speed: takes a number, not 'fast'"


def test_a_model_that_is_read_late_keeps_its_name_and_ends_ok() -> None:
    room = Room(stills.options(), 8.0)
    steps = ((0.0, "busy", "file"), (-1.0, "ok", "SmolLM2 98 MB"), (0.4, "busy", "file"), (1.0, "busy", "file"))
    for fraction, state, said in steps:
        room._self_test(SelfTest("file 1", said, state, fraction))
    assert room.tests["file 1"] == SelfTest("file 1", "SmolLM2 98 MB", "ok")


async def test_a_recording_opens_with_its_keys_on_the_clock() -> None:
    """Also those that are pressed before its first picture."""
    still = stills.Still(replace(stills.busy_view(), mode="REPLAY"))
    start, still.start = still.start, lambda post: None  # type: ignore[method-assign]
    app = MachineRoom(still)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("comma", "full_stop", "x")
        start(app.post)
        await pilot.pause()
        await pilot.press("space")
        assert still.asked == [("back",), ("step",), ("run",)]
        assert app.query_one(Entry).value == ""


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_the_banner_says_in_which_world_one_is_when_there_are_two(size: tuple[int, int]) -> None:
    recorded = replace(stills.busy_view(), branch="0001.log", journal="sessions/0001.log")
    for view, told in (
        (stills.busy_view(), ""),
        (stills.two_views(), "world B"),
        (_other_way_round(), "world main"),
        (recorded, "recording 0001.log" if size[0] >= 120 else "0001.log"),
    ):
        app = MachineRoom(stills.Still(view))
        async with app.run_test(size=size) as pilot:
            await leave_input(pilot)
            await pilot.pause()
            banner = drawn.text(app).splitlines()[0]
            assert told in banner
            assert ("world" in told) == ("world" in banner)


def _other_way_round() -> MachineView:
    view = stills.two_views()
    assert view.other is not None
    return replace(view.other, other=view)


async def test_a_message_goes_after_the_next_action_and_says_the_whole_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    app = MachineRoom(stills.Still(stills.busy_view()))
    async with app.run_test(size=(200, 50)) as pilot:
        await leave_input(pilot)
        for key in ("t", "tab", "down", "f1"):
            await pilot.press("e")
            await pilot.pause()
            assert app.desk.message.startswith(f"written: {tmp_path.resolve()}")
            await pilot.press(key)
            assert app.desk.message == ""
        await pilot.press("escape")
        await pilot.pause()
        assert "written: " not in drawn.text(app)
