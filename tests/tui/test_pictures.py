"""Pictures of every screen at three sizes and in three themes, compared with those that were looked at and accepted.

The characters are kept as text, the colours as a digest of the exported SVG: small files, and a change of either is seen.
Whatever text is in them has a contrast of 4.5:1 or more, in every theme there is.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion
from textual.pilot import Pilot
from textual.widgets import Input

from llmos.status import MachineView
from llmos.tui.app import MachineRoom
from llmos.tui.theme import THEMES as ALL_THEMES
from llmos.tui.theme import palette

from . import drawn, stills

SIZES = ((80, 24), (120, 40), (170, 50))
THEMES = ("night", "day", "contrast")
Arrange = Callable[[Pilot[Any]], Awaitable[None]]


def pressing(*keys: str) -> Arrange:
    async def arrange(pilot: Pilot[Any]) -> None:
        await pilot.press(*keys)

    return arrange


SCREENS: dict[str, tuple[Callable[[], MachineView], Arrange]] = {
    "boot": (stills.boot_view, pressing("h", "i")),
    "room": (stills.busy_view, pressing("escape", "escape", "1")),
    "pages": (stills.busy_view, pressing("escape", "escape", "2", "down")),
    "program": (stills.busy_view, pressing("escape", "escape", "1", "shift+tab", "shift+tab", "m")),
    "help": (stills.busy_view, pressing("escape", "escape", "1", "f1")),
    "keys": (stills.busy_view, pressing("escape", "escape", "1", "question_mark")),
    "tour": (stills.busy_view, pressing("escape", "escape", "1", "f2")),
    "worlds": (stills.two_views, pressing("escape", "escape", "1", "w")),
    "disk": (stills.disk_view, pressing("escape", "escape", "8")),
    "window": (stills.busy_view, pressing("escape", "escape", "7")),
    "devices": (stills.busy_view, pressing("escape", "escape", "4")),
    "log": (stills.busy_view, pressing("escape", "escape", "5")),
    "replay": (lambda: replace(stills.busy_view(), mode="REPLAY", branch="0001.log", journal="0001.log"), pressing()),
    "halted": (
        lambda: replace(stills.busy_view(), mode="HALTED", problem="what went wrong", notice=""),
        pressing("escape"),
    ),
    "attacks": (stills.busy_view, pressing("escape", "escape", "1", "a", "y")),
    "page": (lambda: stills.inspected_view("page", "RUNNER", "0"), pressing("down")),
    "call": (lambda: stills.inspected_view("call", "3"), pressing("down")),
    "consent": (stills.asking_view, pressing("enter")),
    "memory": (stills.busy_view, pressing("escape", "escape", "1", "L")),
    "process": (lambda: stills.inspected_view("process", "RUNNER"), pressing("escape")),
    "token": (lambda: stills.inspected_view("token", "RUNNER", "0"), pressing("plus", "plus")),
    "choice": (lambda: stills.inspected_view("choice"), pressing("down")),
    "attacked": (stills.busy_view, pressing("escape", "escape", "1", "a", "y", "y", "n", "y", "r")),
    "lessons": (stills.busy_view, pressing("escape", "escape", "1", "l", "down")),
    "palette": (stills.busy_view, pressing("escape", "escape", "1", "ctrl+p", *"trac")),
    "command": (stills.busy_view, pressing("escape", "escape", "1", "colon", *"export trace")),
}


async def pictured(view: MachineView, arrange: Arrange, size: tuple[int, int]) -> tuple[str, dict[str, str]]:
    """The characters, and a digest of the picture in each theme that is compared; in every theme all text can be read."""
    app = MachineRoom(stills.Still(view), palette(THEMES[0]))
    colours: dict[str, str] = {}
    async with app.run_test(size=size) as pilot:
        app.query_one("#entry").cursor_blink = False  # type: ignore[attr-defined]
        await pilot.pause()
        await arrange(pilot)
        await app.workers.wait_for_complete()
        await pilot.pause()
        for line in app.screen.query(Input):
            line.cursor_blink = False
        shown = drawn.text(app)
        for theme in ALL_THEMES:
            app.paint(palette(theme))
            await pilot.pause()
            assert not drawn.faint(app), theme
            if theme in THEMES:
                colours[theme] = drawn.digest(app)
    return shown, colours


@pytest.mark.parametrize("size", SIZES, ids=lambda s: f"{s[0]}x{s[1]}")
@pytest.mark.parametrize("name", SCREENS)
async def test_screen(name: str, size: tuple[int, int], snapshot: SnapshotAssertion) -> None:
    view, arrange = SCREENS[name]
    shown, colours = await pictured(view(), arrange, size)
    assert shown == snapshot(name="text")
    assert colours == snapshot(name="colours")
    assert len(set(colours.values())) == len(THEMES)


@pytest.mark.parametrize("size", [(79, 23), (40, 10), (20, 5)], ids=lambda s: f"{s[0]}x{s[1]}")
async def test_too_small(size: tuple[int, int], snapshot: SnapshotAssertion) -> None:
    assert await pictured(stills.busy_view(), pressing(), size) == snapshot
