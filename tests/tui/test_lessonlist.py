"""The list of lessons in the room: one is picked, played in the terminal, and the room is there again."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from llmos import screens
from llmos.lessons import ORDER
from llmos.looks import Look
from llmos.options import Options
from llmos.tui.app import MachineRoom
from llmos.tui.screens import lessons
from llmos.tui.theme import palette

from . import drawn, stills


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The commands that would have been run in the terminal."""
    commands: list[list[str]] = []

    def note(command: list[str], check: bool) -> Any:
        commands.append(command)
        return SimpleNamespace(returncode=len(commands) - 1)

    @contextmanager
    def suspend(self: MachineRoom) -> Iterator[None]:
        yield

    monkeypatch.setattr(subprocess, "run", note)
    monkeypatch.setattr(MachineRoom, "suspend", suspend)
    return commands


async def test_the_lesson_that_is_picked_is_played_and_the_room_comes_back(run: list[list[str]]) -> None:
    app = MachineRoom(stills.Still(stills.busy_view()), palette("day", plain=True))
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("escape", "escape", "l", "down", "down", "up", "enter")
        await pilot.pause()
        assert run[0][-5:] == ["lesson", ORDER[1], "--theme", "day", "--ascii"]
        assert len(app.screen_stack) == 1
        assert f"lesson {ORDER[1]} is over" in drawn.text(app)
        await pilot.press("l")
        await pilot.pause()
        region = app.screen.query_one("#lessons").region
        await pilot.click(offset=(region.x + 5, region.y + 3))
        await pilot.pause()
        assert run[1][-4] == ORDER[3]
        assert f"llmos lesson {ORDER[3]} says why" in drawn.text(app)
        assert app.played == [ORDER[1]]


@pytest.mark.parametrize(("played", "following"), [((), ORDER[0]), (ORDER[:2], ORDER[2]), (ORDER, "")])
def test_the_lesson_that_comes_next_is_one_that_was_not_played(
    played: tuple[str, ...], following: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(screens, "_need_terminal", lambda: None)
    monkeypatch.setattr("llmos.sessions.launch", lambda *args: (Path("1.sock"), lambda: True))
    monkeypatch.setattr(screens, "show", lambda *args: list(played))
    screens.machine(Options(), 8.0, Look())
    assert capsys.readouterr().out == (f"next: llmos lesson {following}\n" if following else "")


async def test_where_the_screen_can_t_be_given_away_it_says_how() -> None:
    app = MachineRoom(stills.Still(stills.busy_view()))
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("escape", "escape", "l", "enter")
        await pilot.pause()
        assert f"type in a shell: llmos lesson {ORDER[0]}" in drawn.text(app)


def test_the_list_is_what_the_command_plays() -> None:
    made = subprocess.run([*lessons.PLAY, "--list"], capture_output=True, text=True, check=True).stdout
    assert [line.split()[0] for line in made.splitlines()] == list(ORDER)


def test_the_farewell_names_a_lesson(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(screens, "_need_terminal", lambda: None)
    monkeypatch.setattr(screens, "show", lambda *args: [])
    monkeypatch.setattr("llmos.sessions.launch", lambda *args: (stills.options().home, lambda: True))
    screens.machine(Options(model="scripted"), 8.0, Look())
    assert "llmos lesson two-files" in capsys.readouterr().out
