"""What does not fit is seen to be cut, in rows and in streams; and which answers of the machine carry the mark of a refusal."""

from __future__ import annotations

from dataclasses import replace

import pytest

from llmos.status import KEPT, MachineView
from llmos.tui import verbs
from llmos.tui.app import MachineRoom
from llmos.tui.asked import refused
from llmos.tui.desk import Desk
from llmos.tui.panels.cpu import CpuPane
from llmos.tui.stream import MORE, strip
from llmos.tui.text import cell_len, fit, width
from llmos.tui.theme import night, palette
from llmos_kernel.view import LaneView, TokenView

from . import drawn, stills

WORDS = ("The ", "sea ", "was ", "grey ", "and ", "\N{CJK UNIFIED IDEOGRAPH-6D77}", " calm", ".", "x" * 30)


def lane(*words: str, first: int = 0) -> LaneView:
    stream = tuple(TokenView(i, word, "mKud"[i % 4]) for i, word in enumerate(words))
    return LaneView(0, 7, "teller", 3, 10, stream, (("p", 0.87), ("d", 0.06)), "p", "QUANTUM", (), first)


@pytest.mark.parametrize("cells", range(14))
def test_a_row_that_is_cut_says_so(cells: int) -> None:
    for row in ((("abc", "text"), ("defgh", "bad")), (("abc", "text"), ("\N{CJK UNIFIED IDEOGRAPH-6D77}" * 3, "bad"))):
        said = fit(row, cells)
        assert width(said) == cells
        assert ("".join(text for text, _ in said)[-1:] == MORE) == (0 < cells < width(row))
    assert fit((("abc", "text"), ("   ", "text")), 4) == (("abc", "text"), (" ", "text"))


@pytest.mark.parametrize("cells", range(1, 50))
@pytest.mark.parametrize("deep", [1, 2, 3])
def test_a_stream_that_begins_earlier_says_so(deep: int, cells: int) -> None:
    """Every line fits, is the end of what is before the next one, and has an author under each cell."""
    whole = "".join(WORDS)
    for first in (0, 5):
        lines = strip(lane(*WORDS, first=first), cells, deep, False)
        said = ["".join(text for text, _ in text) for text, _ in lines]
        assert all(
            cell_len(line) <= cells and width(who) == cell_len(line) for line, (_, who) in zip(said, lines, strict=True)
        )
        assert all(line.removeprefix(MORE) in whole for line in said)
        begun = said[0].startswith(MORE)
        assert begun == (bool(first) or not whole.startswith(said[0]))


@pytest.mark.parametrize("size", [(33, 3), (34, 5), (36, 9), (58, 11), (90, 20)])
@pytest.mark.parametrize("forms", ["11", "10", "01", "00", "1", "111"])
def test_lanes_fit_in_every_form_and_size(forms: str, size: tuple[int, int]) -> None:
    one = lane(*WORDS, first=3)
    idle = LaneView(0, 0, "", 0, 10, (), (), "", "", ())
    lanes = tuple(replace(one if form == "1" else idle, lane=i) for i, form in enumerate(forms))
    view = stills.busy_view()
    pane = CpuPane(night())
    pane.view = replace(view, snapshot=replace(view.snapshot, lanes=lanes), lately=(replace(one, lane=0, left=9),))
    for zoom in ("", "cpu"):
        pane.desk = Desk(zoom=zoom)
        rows = pane.rows(*size)
        assert len(rows) <= size[1]
        assert all(width(row) <= size[0] for row in rows if "\N{BOX DRAWINGS LIGHT VERTICAL}" not in str(row)), rows


def test_the_words_around_a_question_are_the_kernel_s() -> None:
    room = stills.standing()
    room._orders.do("say", "user why?")
    stills.ticks(room, 3)
    kernel = room.here.kernel  # type: ignore[union-attr]
    space = next(p.space for p in kernel.processes.values() if p.space.tokens)
    said = zip(map(chr, space.who), (kernel.words[token][0] for token in space.tokens), strict=True)
    assert b"".join(piece for who, piece in said if who == "u") == b"user why?"


NOTICES = {
    "kept; the machine is frozen: space runs it, . steps": False,
    f"say: {KEPT}": False,
    "it stops at: call": False,
    "world B begins at tick 3; w shows both, space runs both": False,
    "stopped by call": False,
    "goto: there is no tick 9 yet: the last one is 3": True,
    "say: a call waits for your word first": True,
    "kill: you are watching, the keys are with another screen": True,
}


@pytest.mark.parametrize("notice", NOTICES)
@pytest.mark.parametrize("plain", [False, True])
async def test_only_what_was_refused_has_its_mark(notice: str, plain: bool) -> None:
    app = MachineRoom(stills.Still(replace(stills.busy_view(), notice=notice)), palette("night", plain))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        line = drawn.text(app).splitlines()[-3]
        assert line.startswith(" ! " if NOTICES[notice] else " . " if plain else " \N{MIDDLE DOT} ")
        assert notice[:40] in line


async def test_the_screen_s_own_answers_are_marked_too() -> None:
    app = MachineRoom(stills.Still(replace(stills.busy_view(), notice="")))
    async with app.run_test(size=(80, 24)) as pilot:
        for line, mark in (("layout nosuch", "!"), ("layout memory", "\N{MIDDLE DOT}"), ("nosuch", "!")):
            app.obey(line)
            await pilot.pause()
            said = drawn.text(app).splitlines()[-3]
            assert said.startswith(f" {mark} ")
            assert ("seen from 120x40 on" in said) == (line == "layout memory")


async def test_a_line_of_the_console_that_is_a_verb_is_obeyed() -> None:
    still = stills.Still(stills.busy_view())
    app = MachineRoom(still)
    async with app.run_test(size=(80, 24)) as pilot:
        for line in (":run demo", ":-) hello", "run demo"):
            app.query_one("#entry").value = line  # type: ignore[attr-defined]
            await pilot.press("enter")
            await pilot.pause()
    assert still.asked == [("spawn", "demo"), ("say", ":-) hello"), ("say", "run demo")]
    assert verbs.known(": top")


async def test_at_80_cells_the_banner_has_seed_and_frames_whatever_else_is_in_it() -> None:
    busy = replace(stills.busy_view(), model="a-model-of-a-very-long-name")
    for view in (
        busy,
        replace(busy, mode="REPLAY", branch="0001.log", journal="a/0001.log"),
        replace(busy, other=busy),
    ):
        app = MachineRoom(stills.Still(view))
        async with app.run_test(size=(80, 24)) as pilot:
            await pilot.pause()
            banner = drawn.text(app).splitlines()[0]
            assert "seed 0" in banner
            assert "frames 20/128" in banner
            assert "F1" in banner


def test_a_recording_offers_no_way_to_a_present() -> None:
    view = MachineView("REPLAY", stills.busy_view().snapshot, branch="0001.log", journal="a/0001.log")
    assert "recording" in refused(view)
    assert "n goes back" not in refused(view)
    assert "n goes back" in refused(replace(view, branch="main"))
