"""Keys that come early, and in a terminal with no room for the room: none is lost, none acts on what is not seen."""

from __future__ import annotations

import os
import pty
import subprocess
import sys

import pytest

from llmos.tui.app import MachineRoom
from llmos.tui.first import ENTER
from llmos.tui.panels.console import Entry
from llmos.tui.screens.tour import Tour

from . import drawn, stills


@pytest.mark.parametrize("enter", ["enter", "ctrl+j"])  # a terminal in line mode makes a newline of Enter
async def test_a_question_sent_before_the_first_picture_is_sent(enter: str) -> None:
    still = stills.Still(stills.boot_view())
    app = MachineRoom(still)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        app.awake = False
        await pilot.press("h", "i", enter, "y", "o", "f2")
        assert not still.asked
        await app.wake()
        await pilot.pause()
        assert still.asked == [("say", "hi")]
        assert app.query_one(Entry).value == "yo"
        assert app.query(Tour)


def test_enter_is_enter_from_the_first_picture_on() -> None:
    """Not a newline, which another key makes."""
    control, other = pty.openpty()
    code = (
        "import os; from llmos.tui.first import Picture; Picture().__enter__(); os.write(1, b'<%d>' % os.read(0, 9)[0])"
    )
    child = subprocess.Popen([sys.executable, "-c", code], stdin=other, stdout=other, stderr=other)
    said = b""
    while ENTER.encode() not in said:
        said += os.read(control, 65536)
    os.write(control, b"\r")
    while b"<" not in said or b">" not in said.rpartition(b"<")[2]:
        said += os.read(control, 65536)
    child.wait()
    os.close(control)
    os.close(other)
    assert said.endswith(b"<13>")


@pytest.mark.parametrize("size", [(20, 5), (79, 24), (1, 1)])
async def test_q_leaves_where_there_is_no_room(size: tuple[int, int]) -> None:
    still = stills.Still(stills.busy_view())
    app = MachineRoom(still)
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        if size[1] > 1:
            assert "q leaves" in drawn.text(app)
        await pilot.press("space", "comma", "q")
        await pilot.pause()
        assert not app.is_running
    assert not still.asked
