"""The guided tour, walked with the keys it asks for, on a machine that really runs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from textual.geometry import Region
from textual.pilot import Pilot

from llmos.recording import RecordingRoom
from llmos.room import Room
from llmos.tui.app import MachineRoom
from llmos.tui.desk import Desk
from llmos.tui.layout import arrange
from llmos.tui.screens.tour import HEIGHT, REPLAYED, STEPS, WIDTH, Tour, corner
from llmos.tui.text import width as cells_of
from llmos.tui.theme import night

from . import stills
from .test_abreast import recorded


def test_the_card_lies_where_it_hides_least() -> None:
    """At no size on the panels that a step speaks of, if there is any other place."""
    for width, height in ((80, 24), (120, 40), (170, 50)):
        places = arrange(width, height, Desk(booted=True, folded=True))
        for step in (*STEPS, *REPLAYED):
            looked = [places[key] for key in step.looks if key in places]
            card = Region(*corner(width, height, looked), WIDTH, HEIGHT)
            assert places["banner"].union(places["laststop"]).contains_region(card)
            hidden = sum(card.intersection(one).area for one in looked)
            assert hidden * 3 <= sum(one.area for one in looked), step.title
            assert hidden == 0 or height < 40, step.title


def test_every_text_fits_on_the_card() -> None:
    for steps in (STEPS, REPLAYED):
        for step in steps:
            card = Tour(night())
            card.steps, card.at, card.booting = steps, steps.index(step), True
            assert len(card.rows()) == HEIGHT - 2, step.title
            assert all(cells_of(row) <= WIDTH - 4 for row in card.rows()), step.title


async def test_a_step_can_be_skipped() -> None:
    app = MachineRoom(stills.Still(stills.busy_view()))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("f2")
        tour = app.screen_stack[0].query_one(Tour)
        for _ in range(len(STEPS) + 2):
            at = tour.at
            await pilot.press("f4")
            assert tour.at == min(at + 1, len(STEPS)) or tour.at > at + 1
        assert tour.at == len(STEPS)
        await pilot.press("f2", "f4")
        assert "no tour" in app.desk.message


async def until(pilot: Pilot[Any], good: Callable[[], bool]) -> None:
    for _ in range(400):
        if good():
            return
        await pilot.pause(0.02)
    app: Any = pilot.app
    tours = app.screen_stack[0].query(Tour)
    raise AssertionError(
        f"not in {[t.step.title for t in tours]}: {app.view.mode} tick {app.view.snapshot.tick} {said(app)[-300:]}"
    )


async def test_the_tour_goes_on_at_the_keys_it_asks_for_and_ends_with_the_attack_lab() -> None:
    app = MachineRoom(Room(stills.options(), 0.0))
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: app.view.mode == "LIVE")
        await pilot.press("f2")
        tour = app.screen_stack[0].query_one(Tour)

        async def reached(step: str) -> None:
            await until(pilot, lambda: tour.step.title == step)

        await reached("Ask something")
        await pilot.press("enter")
        await until(pilot, lambda: any(m.letter == "r" for m in app.view.marks) and "[calc]" in said(app))
        await reached("Leave the console")
        await pilot.press("escape", "escape")
        await reached("Go back in time")
        trap = next(m.tick for m in app.view.marks if m.letter == "t")
        while app.view.snapshot.tick > trap:
            before = app.view.snapshot.tick
            await pilot.press("comma")
            await until(pilot, lambda before=before: app.view.snapshot.tick < before)  # type: ignore[misc]
        await reached("Make a second world")
        await pilot.press("B")
        await reached("Unplug the calculator")
        await pilot.press("4", "enter", "space")
        await reached("Compare")
        await until(pilot, lambda: "[dreamed]" in said(app))
        await pilot.press("w", "escape")
        await reached("Read the program")
        for _ in range(12):
            await pilot.press("tab")
            if app.chosen.key == "cpu":
                break
        await pilot.press("m")
        await reached("Run four at once")
        await pilot.press("escape", "colon", *"run", "space", *"demo", "enter")
        await reached("Look inside")
        await pilot.press("1", "home")
        await pilot.press("enter")
        await until(pilot, lambda: app.view.snapshot.selected == app.processes.row_pid)
        await pilot.press("enter")
        await reached("The attack lab")
        await pilot.press("escape", "a")
        await until(pilot, lambda: tour.at == len(STEPS))
        app.panel.close()


async def test_the_tour_of_a_recording_plays_what_was_done_then(tmp_path: Path) -> None:
    app = MachineRoom(RecordingRoom(recorded(tmp_path, None).path, speed=0.0))
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("f2")  # it is read, and at its beginning: nothing of this is a step that was done
        await until(pilot, lambda: app.view.mode == "REPLAY" and any(m.letter == "x" for m in app.view.marks))
        tour = app.screen_stack[0].query_one(Tour)

        async def reached(step: str) -> None:
            await until(pilot, lambda: tour.step.title == step)

        await reached("To the beginning")
        await pilot.press("g", "0", "enter")
        await reached("Play what was typed")
        await pilot.press("space")
        await reached("Go back in time")
        await until(pilot, lambda: app.view.snapshot.tick == app.view.now)
        while tour.step.title == "Go back in time":
            before = app.view.snapshot.tick
            await pilot.press("left_square_bracket")
            await until(pilot, lambda before=before: app.view.snapshot.tick < before)  # type: ignore[misc]
        await reached("Why did it run?")
        await pilot.press("3", "enter")
        await reached("Look inside")
        await pilot.press("escape", "1", "home", "enter")
        await until(pilot, lambda: app.view.snapshot.selected == app.processes.row_pid)
        await pilot.press("enter")
        await reached("Read the program")
        await pilot.press("escape")
        for _ in range(12):
            await pilot.press("tab")
            if app.chosen.key == "cpu":
                break
        await pilot.press("m")
        await reached("One world")
        await pilot.press("escape", "w")
        await reached("The attack lab")
        await pilot.press("a")
        await until(pilot, lambda: tour.at == len(REPLAYED))
        app.panel.close()


def said(app: MachineRoom) -> str:
    return "".join(run.text for run in app.view.console)
