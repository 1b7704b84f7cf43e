"""What is made of a journal for others: casts, traces, transcripts; whole, well-formed and inert."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from llmos import exports, recording, retelling
from llmos.boot import boot
from llmos.errors import LlmosError, UsageError
from llmos.journal import Writer
from llmos.options import SYSTEM, Options
from llmos_kernel.ports import Event

from . import lively  # noqa: TID251


def lived() -> list[Event]:
    kernel, _, _ = lively.machine(4)
    while not kernel.halted:
        kernel.step()
    return kernel.events


def test_a_cast_has_all_that_was_printed_and_nothing_that_moves_a_cursor() -> None:
    events: list[Event] = [(0, "out", 2, "m", "red \x1b[31m\nnext"), (8, "switch", 2, 0), (9, "out", 2, "u", "hi\n")]
    head, *rest = [json.loads(line) for line in exports.cast(events)]
    assert (head["version"], head["width"]) == (2, 80)
    assert rest == [[0.0, "o", "red \N{REPLACEMENT CHARACTER}[31m\r\nnext"], [1.125, "o", "hi\r\n"]]


def test_a_trace_is_one_json_object_in_which_nobody_shares_a_lane_at_a_time() -> None:
    events = lived()
    trace = json.loads("".join(exports.chrome_trace(events)))["traceEvents"]
    slices = sorted((e["tid"], e["ts"], e["dur"]) for e in trace if e["ph"] == "X")
    assert {lane for lane, _, _ in slices} == {0, 1}
    for (lane, start, length), (next_lane, next_start, _) in pairwise(slices):
        assert next_lane > lane or start + length <= next_start
    assert sum(e["ph"] == "i" for e in trace) > 50
    assert json.loads("".join(exports.chrome_trace([]))) == {"displayTimeUnit": "ms", "traceEvents": []}


def test_export_writes_what_was_asked_for_and_nothing_over_anything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(recording, "PROGRAMS", lively.PROGRAMS)
    kernel, header, reel = lively.machine(2)
    while not kernel.halted:
        kernel.step()
    with Writer(tmp_path / "one.log", header) as writer:
        for record in reel:
            writer(record)
    outs = {what: tmp_path / f"one.{what}" for what in (*exports.MAKERS, "redact")}
    result = retelling.export(tmp_path / "one.log", True, outs, False)
    assert result["events"] == len(kernel.events)
    assert set(outs) == {"transcript", "cast", "trace", "redact"}
    assert all(Path(result[what]).read_bytes() for what in outs)
    assert capsys.readouterr().out.count("spawn") == sum(event[1] == "spawn" for event in kernel.events)
    again = retelling.export(tmp_path / "one.log", False, {"cast": outs["cast"]}, False)
    assert again["cast"].endswith("one-2.cast")
    assert Path(again["cast"]).read_bytes() == outs["cast"].read_bytes()


WHERE = [(".", "folder"), ("no/such/folder/x", "No such file"), ("/dev/null/x", "Not a directory")]


@pytest.mark.parametrize(("where", "why"), WHERE)
def test_a_file_that_can_t_be_written_gets_one_line(where: str, why: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=why):
        exports.fresh(tmp_path / where, "text")


def test_what_breaks_off_leaves_no_file(tmp_path: Path) -> None:
    def half() -> Iterator[str]:
        yield "half"
        raise LlmosError("the replay took another way")

    with pytest.raises(LlmosError, match="another way"):
        exports.fresh(tmp_path / "one.cast", half())
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def talk(tmp_path: Path) -> Path:
    """The journal of a session in which something was asked and answered."""
    machine = boot(
        replace(Options(model="scripted", init=("sh", SYSTEM), devices=("calc",)), journal=tmp_path / "1.log")
    )
    machine.type("what is 37*48?")
    machine.world.end_input()
    machine.run()
    machine.close()
    return tmp_path / "1.log"


def test_plain_lines_of_a_recording_have_what_was_asked_and_answered(
    talk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    retelling.replay(talk, None, False)
    said = capsys.readouterr()
    assert said.out.splitlines() == [
        "> what is 37*48?",
        "37*48 is [calc\N{RIGHTWARDS ARROW} 1776] The answer is 1776.  [calc]",
    ]
    assert "calc" in said.err
    retelling.replay(talk, None, False, quiet=True)
    assert capsys.readouterr().out == ""


def test_lines_of_two_processes_stay_whole(capsys: pytest.CaptureFixture[str]) -> None:
    spoken = retelling.Spoken()
    for pid, text in ((3, "one "), (4, "a \x1b[2J"), (3, "two\nth"), (4, "b\n"), (2, "> "), (3, "ree")):
        spoken.hear((0, "out", pid, "m", text))
    spoken.end()
    assert capsys.readouterr().out.splitlines() == ["one two", "a \N{SYMBOL FOR ESCAPE}[2Jb", "three"]
