"""What the room says of a recording: nothing that is impossible there, and what it can't know as unknown."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from llmos import journal
from llmos.portrait import portrait
from llmos.recording import RecordingRoom
from llmos.tui.app import MachineRoom
from llmos.tui.panels.disk import _stored
from llmos.tui.screens.tour import Tour
from llmos_kernel.journal import Header

from . import drawn, stills
from .test_abreast import recorded


def test_the_disk_of_a_recording_is_what_it_was_live(tmp_path: Path) -> None:
    live = stills.standing("calc", "search")
    said = _stored(portrait(live))
    assert "documents" in said
    room = recorded(tmp_path, 5, "calc", "search")
    assert _stored(portrait(room)) == said
    header, records = journal.read(tmp_path / "one.log")
    old = replace(header, config=replace(header.config, library=""))
    with journal.Writer(tmp_path / "old.log", Header.from_plain(old.to_plain())) as write:
        for record in records:
            write(record)
    room = RecordingRoom(tmp_path / "old.log")
    room.here = room.open_world()
    assert "not known" in _stored(portrait(room))


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_a_recording_offers_no_second_world(size: tuple[int, int]) -> None:
    app = MachineRoom(stills.Still(replace(stills.busy_view(), mode="REPLAY")))
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        footer = drawn.text(app).split("\n")[-2:]
        assert "B branch" not in footer[0]
        assert "two worlds" not in footer[0]
        await pilot.press("w")
        assert "a recording is one world" in drawn.text(app)


async def test_the_tour_of_a_recording_asks_for_nothing_that_needs_a_machine() -> None:
    app = MachineRoom(stills.Still(replace(stills.busy_view(), mode="REPLAY")))
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("f2")
        await pilot.pause()
        assert "A recording: what needs a machine" in drawn.text(app)
        steps = app.screen_stack[0].query_one(Tour).steps
        assert not any(step.lives for step in steps)
        assert not any(word in step.text for step in steps for word in ("question", "Press B", "run demo"))


def test_a_past_that_plays_is_held_by_what_began_it(tmp_path: Path) -> None:
    room = recorded(tmp_path, 5)
    room._orders.do("run")
    assert room.playing
    room._orders.do("run")
    assert not room.playing


async def test_the_tour_says_that_it_waits_for_the_machine() -> None:
    app = MachineRoom(stills.Still(stills.boot_view()))
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("f2")
        await pilot.pause()
        assert "It waits for the machine, which is starting" in drawn.text(app)
