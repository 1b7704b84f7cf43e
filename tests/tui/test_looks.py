"""How a screen looks: the same options for every command that opens one, refused before anything starts."""

from __future__ import annotations

import shlex
import sys
from typing import Any

import pytest

from llmos import cli, screens
from llmos.errors import UsageError
from llmos.looks import Look

SCREENS = {
    "": "machine",
    "run chat": "machine",
    "attach": "attached",
    "replay some.log": "recording",
    "lesson trap": "lesson",
}
CHOSEN = Look("day", "vim", ascii=True, still=True)


class Terminal:
    """A stream that says it is a terminal."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> int:
        return len(text)

    def flush(self) -> None:
        pass


@pytest.mark.parametrize("command", SCREENS)
def test_every_command_with_a_screen_takes_the_same_looks(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    got: list[Any] = []
    monkeypatch.setattr(screens, SCREENS[command], lambda *args, **options: got.extend((*args, *options.values())))
    monkeypatch.setattr("llmos.tui.first.Picture.__enter__", lambda picture: picture)
    monkeypatch.setattr("llmos.tui.first.Picture.__exit__", lambda *args: None)
    monkeypatch.setattr(sys, "stdin", Terminal())
    monkeypatch.setattr(sys, "stdout", Terminal())
    monkeypatch.setattr(sys, "stderr", Terminal())
    words = ["llmos", *shlex.split(command), "--theme", "day", "--keys", "vim", "--ascii", "--still"]
    monkeypatch.setattr(sys, "argv", words)
    with pytest.raises(SystemExit, match="0"):
        cli.main()
    assert CHOSEN in got


def test_a_look_before_a_command_is_said_where_it_belongs(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for words, told in (
        ("--theme day lesson trap", "write it behind: llmos lesson --theme"),
        ("--theme day models", "`models` has no such option"),
        ("--speed 3 lesson trap", "write it behind: llmos lesson --speed"),
        ("--speed 3 models", "`models` has no such option"),
        ("lesson trap --recorded --plain --speed 3", "--speed is of a lesson's screen"),
    ):
        monkeypatch.setattr(sys, "argv", ["llmos", *words.split()])
        with pytest.raises(SystemExit, match="2"):
            cli.main()
        assert told in capsys.readouterr().err


@pytest.mark.parametrize("look", [Look(theme="pink"), Look(keys="emacs")])
def test_a_bad_look_starts_nothing(look: Look, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(screens, "_need_terminal", lambda: None)
    monkeypatch.setattr("llmos.sessions.launch", lambda *args: pytest.fail("started"))
    monkeypatch.setattr("llmos.sessions.find", lambda *args: pytest.fail("looked for"))
    for begin in (
        lambda: screens.machine(None, 8.0, look),  # type: ignore[arg-type]
        lambda: screens.attached("", look),
    ):
        with pytest.raises(UsageError, match="there are"):
            begin()
