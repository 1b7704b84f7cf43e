"""Who has the keys: through every resizing, under other screens, and after the palette was put away."""

from __future__ import annotations

from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from llmos.tui import keys
from llmos.tui.app import MachineRoom
from llmos.tui.panels.console import Entry
from llmos.tui.screens.attacks import AttackLab
from llmos.tui.screens.help import page
from llmos.tui.screens.worlds import Worlds
from llmos.tui.stage import CommandLine

from . import drawn, stills

SIZES = ((79, 24), (120, 40), (20, 5), (80, 24), (200, 3), (1, 1), (170, 50), (120, 23), (80, 24))
PRINTABLE = tuple(key for k in keys.KEYS for key in k.keys.split(",") if key not in ("tab", "shift+tab", "ctrl+q"))


async def resize(pilot: Pilot[Any], *sizes: tuple[int, int]) -> None:
    for size in sizes:
        await pilot.resize_terminal(*size)
        await pilot.pause()


async def test_what_is_typed_goes_on_where_it_was_through_any_resizing() -> None:
    still = stills.Still(stills.busy_view())
    app = MachineRoom(still)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press(*"quill")
        for size in SIZES:
            await resize(pilot, size, (120, 40))
            assert app.focused is app.query_one(Entry)
            await pilot.press("l")
        assert app.query_one(Entry).value == "quill" + "l" * len(SIZES)
        assert len(app.screen_stack) == 1
        assert "INPUT" in drawn.text(app).splitlines()[0]


@pytest.mark.parametrize("size", [(79, 24), (20, 5), (120, 3)])
async def test_no_key_acts_where_there_is_no_room_but_the_one_that_leaves(size: tuple[int, int]) -> None:
    still = stills.Still(stills.busy_view())
    app = MachineRoom(still)
    async with app.run_test(size=(120, 40)) as pilot:
        for before in ((), ("escape", "escape"), ("2",), ("colon",)):
            await pilot.press(*before)
            await resize(pilot, size)
            desk = app.desk
            await pilot.press(*PRINTABLE)
            assert (still.asked, app.desk, len(app.screen_stack)) == ([], desk, 1)
            await resize(pilot, (120, 40))
        assert app.query_one(CommandLine).value == ""
        await resize(pilot, size)
        await pilot.press("ctrl+q")
        assert app._exit


@pytest.mark.parametrize(("key", "name"), [("1", "processes"), ("2", "pages"), ("4", "devices"), ("5", "log")])
async def test_a_panel_keeps_the_keys_through_any_resizing(key: str, name: str) -> None:
    app = MachineRoom(stills.Still(stills.busy_view()))
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("escape", "escape", key)
        for size in SIZES:
            await resize(pilot, size)
            if size[0] >= 80 and size[1] >= 24:
                assert app.chosen.key == name
                assert app.chosen.display
                assert app.chosen.has_focus


async def test_the_keys_are_never_with_a_panel_that_is_hidden() -> None:
    app = MachineRoom(stills.Still(stills.busy_view()))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("escape", "escape")
        for keys_ in (("6",), ("7",), ("m",), ("escape",), ("L",), ("7", "escape"), ("L", "L")):
            await pilot.press(*keys_)
            await resize(pilot, *SIZES, (120, 40))
            assert app.focused is not None
            assert app.focused.display
            assert app.chosen.display
            assert app.chosen.has_focus_within


async def test_a_command_half_typed_outlives_a_small_terminal() -> None:
    app = MachineRoom(stills.Still(stills.busy_view()))
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("escape", "escape", "2", "colon", *"ki")
        await resize(pilot, (20, 5), (80, 24))
        await pilot.press(*"ll", "space", "9")
        assert app.query_one(CommandLine).value == "kill 9"
        await pilot.press("enter")
        assert app.panel.asked == [("kill", "9")]  # type: ignore[attr-defined]
        await pilot.pause()
        assert app.chosen.key == "pages"
        assert app.chosen.has_focus


@pytest.mark.parametrize("above", [Worlds, AttackLab])
async def test_no_key_of_the_room_acts_under_another_screen(above: type) -> None:
    still = stills.Still(stills.two_views())
    app = MachineRoom(still)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("escape", "escape", "1", "w" if above is Worlds else "a")
        desk = app.desk
        own = {key for binding in app.screen.BINDINGS for key in binding.key.split(",")}  # type: ignore[union-attr]
        for key in PRINTABLE:
            if key not in own and key not in ("f5", "f7", "f8"):
                await pilot.press(key)
                assert isinstance(app.screen, above), key
                assert (still.asked, app.desk) == ([], desk), key
        assert app.query_one(CommandLine).value == ""
        await pilot.press("f1")
        await pilot.pause()
        assert len(app.screen_stack) == 3
        assert page(app.screen_stack[1].help_page).splitlines()[0].removeprefix("# ") in drawn.text(app)  # type: ignore[attr-defined]
        await pilot.press("f1", "escape")
        assert len(app.screen_stack) == 1


async def test_the_worlds_lend_the_keys_that_they_show() -> None:
    still = stills.Still(stills.two_views())
    app = MachineRoom(still)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("escape", "escape", "w", "full_stop", "comma", "space", "x")
        assert [verb for verb, *_ in still.asked] == ["step", "back", "run", "world"]


async def test_no_key_reaches_the_room_through_a_sheet_not_even_ctrl_c() -> None:
    still = stills.Still(stills.busy_view())
    app = MachineRoom(still)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("escape", "escape", "1", "l")
        await pilot.press("ctrl+c", "K", "S", "ctrl+p", "f2", "e")
        assert still.asked == []
        assert len(app.screen_stack) == 2
        await pilot.press("ctrl+q")
        assert app._exit


@pytest.mark.parametrize("typing", [False, True])
async def test_the_palette_leaves_the_badge_as_it_was(typing: bool) -> None:
    app = MachineRoom(stills.Still(stills.busy_view()))
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press(*(() if typing else ("escape", "escape", "1")))
        for leave in (("escape",), ("x", "escape", "escape")):
            await pilot.press("ctrl+p")
            await pilot.pause()
            assert isinstance(app.focused, Input)
            await pilot.press(*leave)
            await pilot.pause()
            assert len(app.screen_stack) == 1
            assert ("INPUT" in drawn.text(app).splitlines()[0]) == typing
            assert app.desk.typing == typing
