"""Who has the keys: through every resizing, under other screens, and after the palette was put away."""

from __future__ import annotations

import re
from collections.abc import Awaitable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from llmos.status import SelfTest
from llmos.tui import keys
from llmos.tui.app import MachineRoom
from llmos.tui.desk import Desk
from llmos.tui.finder import Finder
from llmos.tui.layout import TABS
from llmos.tui.panels.console import Entry
from llmos.tui.screens.attacks import AttackLab
from llmos.tui.screens.help import KeyList, entries, page
from llmos.tui.screens.tour import Tour
from llmos.tui.screens.worlds import Worlds
from llmos.tui.stage import CommandLine
from llmos.tui.theme import night

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


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
@pytest.mark.parametrize("boot", [stills.boot_view().boot, ()])
async def test_a_panel_s_key_shows_it_or_says_why_not(size: tuple[int, int], boot: tuple[SelfTest, ...]) -> None:
    still = stills.Still(replace(stills.busy_view(), boot=boot))
    app = MachineRoom(still)
    async with app.run_test(size=size) as pilot:
        await pilot.press("escape", "escape", "1")
        for key in "6626168678":
            before = app.chosen
            await pilot.press(key)
            still.post(replace(still.view, rate=float(key)))  # the machine goes on
            await pilot.pause()
            there = app.pane(TABS[int(key) - 1])
            if key == "6" and not boot:
                assert "no self-test" in drawn.text(app)
                assert app.chosen is before
            else:
                assert there.display, key
                assert there.has_focus, key


async def test_the_keys_go_to_the_console_only_with_a_process_that_hears_it() -> None:
    view = stills.busy_view()
    hears = next(p.pid for p in view.snapshot.processes if p.why == "keyboard")
    for one, pid, goes in (
        (view, 1, False),
        (view, hears, True),
        (replace(view, mode="REPLAY"), hears, False),
        (replace(view, role="watching"), hears, False),
    ):
        still = stills.Still(one)
        app = MachineRoom(still)
        async with app.run_test(size=(120, 40)) as pilot:
            await pilot.press("escape", "escape", "1")
            app.processes.cursor = pid
            await pilot.press("A", "s", "enter")
            assert ("attach", str(pid)) in still.asked
            assert app.chosen.key == ("console" if goes else "processes")
            assert any(asked[0] == "say" for asked in still.asked) == goes


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


# -- the table: what each key does, and that the palette and the mouse do the same ---------------------------------------


class Bench:
    """A room whose whole state can be compared and put back."""

    def __init__(self, pilot: Pilot[Any], still: stills.Still) -> None:
        self.pilot, self.app, self.still, self.gone = pilot, pilot.app, still, list[str]()
        self.app.exit = lambda *args, **more: self.gone.append("exit")  # type: ignore[method-assign]

    def state(self) -> tuple[object, ...]:
        app: Any = self.app
        rows = (app.processes.cursor, app.processes.top, app.pane("cpu").back)
        screens = [type(screen).__name__ for screen in app.screen_stack]
        line = app.query_one(CommandLine).value
        tours = len(app.screen_stack[0].query(Tour))
        return (
            *self.still.asked, app.desk, app.following, app.palette.name, rows, app.screen_stack[0].focused, line,
            tours, screens, *self.gone,
        )  # fmt: skip

    async def begin(self, key: keys.Key) -> tuple[object, ...]:
        """The same room for every key: with something that it can change."""
        app: Any = self.app
        while len(app.screen_stack) > 1:
            app.pop_screen()
        await app.screen_stack[0].query(Tour).remove()
        app.query_one(CommandLine).value = ""
        if app.palette.name != night().name:
            app.paint(night())
        app.desk, app.following = Desk(booted=True, folded=True), False
        app.change(zoom="cpu" if key.action == "leave" else "")
        row = 0 if re.fullmatch(r"move\(\d+\)", key.action) else 1
        app.processes.cursor, app.pane("cpu").back = app.view.snapshot.processes[row].pid, 1
        app.give(app.pane("cpu" if key.action.startswith(("aside", "leave", "panel")) else "processes"))
        await self.pilot.pause()
        self.still.asked.clear()
        self.gone.clear()
        for file in Path().glob("*.svg"):
            file.unlink()
        return self.state()

    async def after(self, act: Awaitable[object]) -> tuple[object, ...]:
        await act
        await self.pilot.pause()
        await self.pilot.pause()
        return self.state()


async def test_what_each_key_of_the_table_does_the_palette_and_the_list_do_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    still = stills.Still(stills.two_views())
    app = MachineRoom(still)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        bench = Bench(pilot, still)
        hits = {str(hit.text): hit.command async for hit in Finder(app.screen).discover()}
        listed = {action for _, action in entries(app.keys)}
        for key in app.keys:
            before = await bench.begin(key)
            done = await bench.after(pilot.press(key.keys.split(",")[0]))
            assert done != before, f"{key.shown} does nothing"
            await bench.begin(key)
            if key.action != "command_palette":
                assert await bench.after(hits[f"{key.word}  ({key.shown})"]()) == done, key.word  # type: ignore[arg-type]
            assert key.action in listed


async def test_every_line_of_the_list_can_be_clicked() -> None:
    still = stills.Still(stills.busy_view())
    app = MachineRoom(still)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("escape", "escape")
        for word, asked in (("One step back", ("back",)), ("Mark this tick", ("bookmark",)), ("Only for", None)):
            await pilot.press("question_mark")
            await pilot.pause()
            lines = drawn.text(app).splitlines()
            y = next((i for i, line in enumerate(lines) if word in line), 0)
            if asked:
                await pilot.click(offset=(40, y))
                await pilot.pause()
                assert still.asked[-1] == asked
                assert len(app.screen_stack) == 1
        sheet = app.screen
        assert isinstance(sheet, KeyList)
        row = next(i for i, (line, _) in enumerate(sheet.rows) if ":kill" in line or "kill PID" in line)
        sheet.query_one("VerticalScroll").scroll_to(y=row - 2, animate=False)
        await pilot.pause()
        y = next(i for i, line in enumerate(drawn.text(app).splitlines()) if "kill PID" in line)
        await pilot.click(offset=(40, y))
        await pilot.pause()
        assert app.query_one(CommandLine).value == "kill "


# -- key maps ------------------------------------------------------------------------------------------------------------


async def test_footer_list_and_palette_show_the_keys_of_the_map(tmp_path: Path) -> None:
    own = tmp_path / "keys.toml"
    own.write_text('[keys]\nstep = "x, ?"\nkeys = "f6"\nprevious_mark="ctrl+b"\n')
    app = MachineRoom(stills.Still(stills.busy_view()), None, keys.key_map("vim", own))
    async with app.run_test(size=(170, 50)) as pilot:
        await pilot.press("escape", "escape")
        footer = "\n".join(drawn.text(app).splitlines()[-2:])
        for words in ("x ? step", "F3 lessons", "F6 keys"):
            assert words in footer
        assert " l lessons" not in footer
        hits = [str(hit.text) async for hit in Finder(app.screen).discover()]
        assert "step  (x ?)" in hits
        await pilot.press("x", "question_mark", "ctrl+b")
        assert app.panel.asked == [("step",), ("step",), ("mark", "-1")]  # type: ignore[attr-defined]
        await pilot.press("f6")
        shown = [line for line, _ in app.screen.rows]  # type: ignore[attr-defined]
        assert any(re.match(r"  F3 +lessons ", line) for line in shown)
        assert any(re.match(r"  j down +down ", line) for line in shown)


def test_names_are_words_that_a_person_can_write() -> None:
    names = [keys.name(key) for key in keys.KEYS]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-z]+(_[a-z]+)*", name) for name in names), names
    assert set(keys.VIM) <= set(names)
    assert keys.key_map("vim") == keys.VIM


def test_all_keys_of_the_tables_and_what_terminals_send_can_be_chosen(tmp_path: Path) -> None:
    own = tmp_path / "keys.toml"
    given = {key for table in (keys.KEYS, keys.mapped(keys.VIM)) for row in table for key in row.keys.split(",")}
    more = {
        "ctrl+x",
        "alt+enter",
        "shift+f5",
        "ctrl+shift+left",
        "f24",
        "\N{LATIN SMALL LETTER E WITH ACUTE}",
        "<",
        "backspace",
    }
    for key in given | more:
        own.write_text(f'[keys]\nstep = "{key}"\n')
        assert "no key" not in _refusal(own), key


def _refusal(own: Path) -> str:
    try:
        keys.key_map("default", own)
    except ValueError as e:
        return str(e)
    return ""


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ('stepp = "x"', "no action 'stepp'; near are step"),
        ('qqqqq = "x"', "no action 'qqqqq'; ? in the room lists all"),
        ("step = 3", "step takes keys as text"),
        ('step = ""', "step takes keys as text"),
        ('step = "q"', "q is both step and quit"),
        ('step = "?"', "? is both step and keys"),
        ('step = "j"', "j is both down and step"),
        ('lessons = "l"', "l is both right and lessons"),
        ('step = "hyper+q+z"', "step there is no key hyper+q+z"),
        ('step = "x,hypr+q"', "step there is no key hypr+q"),
        ('step = "ctrl+ctrl+q"', "step there is no key ctrl+ctrl+q"),
        ('step = "pagedwn"', "step there is no key pagedwn"),
    ],
)
def test_a_bad_key_map_is_one_short_line(table: str, told: str, tmp_path: Path) -> None:
    own = tmp_path / "keys.toml"
    own.write_text(f"[keys]\n{table}\n")
    with pytest.raises(ValueError, match=r"keys\.toml") as complaint:
        keys.key_map("vim", own)
    said = str(complaint.value).removeprefix(f"{own}: ")
    assert set(re.findall(r"\w+|[?]", told)) <= set(re.findall(r"\w+|[?]", said))
    assert len(said) < 100
