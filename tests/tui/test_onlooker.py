"""Looking inside without a screen."""

from __future__ import annotations

import io
import re
from dataclasses import replace

import pytest

from llmos.plain import run_plain

from . import stills


def plain(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *lines: str) -> str:
    monkeypatch.setattr("sys.stdin", io.StringIO("".join(f"{line}\n" for line in lines)))
    assert run_plain("chat", replace(stills.options(), init=("chat", "")), False) == 0
    return capsys.readouterr().out


def test_a_plain_run_tells_where_a_token_looked(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = plain(monkeypatch, capsys, "why is the sky blue?", ":token", ":token 2 3")
    assert shown.index("[dreamed]") < shown.index("token of pid 2 chat")
    assert shown.count("where it looked, all 4 layers and 3 heads: page ") == 2
    assert len(re.findall(r"^  layer \d: page \d+ \d+%.*head 2 page", shown, re.M)) == 8


def test_what_cannot_be_looked_at_is_said_and_other_lines_are_the_programs(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = plain(monkeypatch, capsys, ":token 77", ":token x", ":mem", ":why", ":bogus", " :) 2+2")
    assert ":bogus: no such look; there are :mem, :token, :call, :why, :strace." in shown
    assert ":token 77: no process 77" in shown
    assert ":token x: takes a number, not 'x'" in shown
    assert ":mem: usage: mem PID" in shown
    assert "policy: rr" in shown
    assert "2+2 is" in shown
