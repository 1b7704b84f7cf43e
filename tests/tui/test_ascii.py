"""What `--ascii` draws, on every screen: nothing that a terminal without Unicode could not show."""

from __future__ import annotations

import pytest

from llmos.looks import Look
from llmos.tui import first
from llmos.tui.app import MachineRoom
from llmos.tui.lesson import LessonRoom
from llmos.tui.theme import palette

from . import drawn, stills
from .playing import recorded, settled
from .test_pictures import SCREENS, pressing

OTHERS = {
    "lessons": (stills.busy_view, pressing("escape", "escape", "l")),
    "palette": (stills.busy_view, pressing("ctrl+p")),
    "command": (stills.busy_view, pressing("escape", "escape", "colon", "k")),
}


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
@pytest.mark.parametrize("name", [*SCREENS, *OTHERS])
async def test_every_screen_is_ascii(name: str, size: tuple[int, int]) -> None:
    view, arrange = (SCREENS | OTHERS)[name]
    app = MachineRoom(stills.Still(view()), palette("night", plain=True))
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        await arrange(pilot)
        await pilot.pause()
        for _ in range(3):  # down to what a sheet hides below
            shown = drawn.text(app)
            assert shown.isascii(), [line for line in shown.splitlines() if not line.isascii()]
            assert shown.strip()
            await pilot.press("pagedown")
            await pilot.pause()


async def test_a_lesson_is_ascii() -> None:
    app = LessonRoom(recorded("trap"), palette("night", plain=True), still=True)
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        for keys in ((), ("escape", "f1"), ("escape", "m"), ("escape",)):
            await pilot.press(*keys)
            await pilot.pause()
            assert drawn.text(app).isascii()
    app.close()


@pytest.mark.parametrize("of_a_recording", [False, True])
def test_the_first_picture_is_ascii(
    of_a_recording: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setattr("os.get_terminal_size", lambda: (120, 40))
    monkeypatch.setattr(first.Picture, "_keep_keys", lambda self: None)
    monkeypatch.setattr(first, "tidied", lambda: None, raising=False)
    for plain in (True, False):
        with first.Picture(of_a_recording, plain):
            pass
        assert capsys.readouterr().out.isascii() == plain


def test_a_terminal_that_speaks_no_unicode_is_plain(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Look(ascii=True).plain
    for encoding in ("utf-8", "latin-1"):
        monkeypatch.setattr("sys.stdout", type("Out", (), {"encoding": encoding}))
        assert Look().plain == (encoding == "latin-1")
