"""`llmos ask` from the command line, on the machine without a model: fields, options, bad use."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from llmos.cli import app
from llmos.errors import LlmosError, UsageError
from llmos.front import device_names, moment


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLMOS_HOME", str(tmp_path))


def test_the_answer_has_the_fields_of_the_contract() -> None:
    result = CliRunner().invoke(app, ["ask", "what is 37*48?", "--model", "scripted", "--check", "--json"])
    found = json.loads(result.stdout)
    assert {"answer", "calls", "grounded", "checks", "tokens"} <= set(found)
    assert found["calls"] == [{"device": "calc", "args": "37*48", "result": "1776", "label": "DATA:calc"}]
    assert found["grounded"] == 1.0
    assert found["mark"] == "[calc]"
    assert found["tokens"] > 0


@pytest.mark.parametrize("flag", ["--grammar", "--no-grammar", "--no-system-tools"])
def test_each_way_to_know_a_tool_can_be_switched(flag: str) -> None:
    result = CliRunner().invoke(app, ["ask", "what is 37*48?", "--model", "scripted", flag, "--json"])
    assert "1776" in json.loads(result.stdout)["answer"]


def test_without_devices_there_is_nothing_to_call() -> None:
    result = CliRunner().invoke(app, ["ask", "what is 37*48?", "--model", "scripted", "--devices", "", "--json"])
    found = json.loads(result.stdout)
    assert all(call["device"] == "" for call in found["calls"])
    assert found["grounded"] == 0.0


@pytest.mark.parametrize("now", ["2026-05-20T10:30", "2026-05-20", "2026-05-20T10:30:00+02:00"])
def test_iso_times_pin_the_clock(now: str) -> None:
    found = moment(now)
    assert found is not None
    assert found.tzinfo is not None


@pytest.mark.parametrize("now", ["tomorrow", "", "2026-13-01", "0001-01-01T00:00:00+14:00x"])
def test_what_is_no_time_is_bad_use(now: str) -> None:
    with pytest.raises(UsageError, match="--now"):
        moment(now)


def test_a_question_that_does_not_fit_is_one_line_and_no_empty_answer() -> None:
    result = CliRunner().invoke(app, ["ask", "word " * 20_000, "--model", "scripted", "--json"])
    assert isinstance(result.exception, LlmosError)
    assert "leaves no room in a window of" in str(result.exception)


def test_a_home_that_is_a_file_is_bad_use(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    result = CliRunner().invoke(app, ["ask", "hi", "--model", "scripted", "--home", str(tmp_path / "file")])
    assert isinstance(result.exception, UsageError)
    assert str(result.exception) == f"files can't be mounted: {tmp_path / 'file'}: not a folder"


def test_unknown_devices_are_bad_use() -> None:
    result = CliRunner().invoke(app, ["ask", "hi", "--model", "scripted", "--devices", "calc,teapot"])
    assert isinstance(result.exception, UsageError)
    assert device_names(" calc, clock,", ()) == ("calc", "clock")
