"""What a class answered, counted from its sheets: on the teacher's screen, and by `llmos grade --answers`."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from llmos.lessons import cli
from llmos.lessons.collected import collected
from llmos.lessons.session import digest
from llmos.lessons.session import variant as own


def sheet(folder: Path, student: str, answer: str, machine: str, age: int = 0, **changed: Any) -> None:
    """A record of one question, with a number of its own for each student."""
    body = {
        "lesson": "sum", "student": student, "seed": 7, "variant": own(7, student), "model": "scripted", "source": "run",
        "locks": [], "score": 0, "of": 2, "finished": True,
        "answers": [
            {"id": "calls", "kind": "choice", "answer": answer, "machine": machine, "right": False, "confidence": 0,
             "hint": False, "choices": ["none", "one", "two"], "tolerance": 0.0},
            {"id": "result", "kind": "number", "answer": "", "machine": "1776", "right": False, "confidence": 0,
             "hint": False, "choices": [], "tolerance": 0.0},
        ],
    }  # fmt: skip
    path = folder / f"{student}-{age}.json"
    path.write_text(json.dumps({**body, "digest": digest(body), **changed}))
    os.utime(path, (1000 - age, 1000 - age))


def test_answers_are_counted_and_judged_again(tmp_path: Path) -> None:
    sheet(tmp_path, "ana", "two", "one")
    sheet(tmp_path, "ben", "one", "one")
    sheet(tmp_path, "eve", "one", "two")
    sheet(tmp_path, "eve", "none", "two", age=5)  # played before
    sheet(tmp_path, "joe", "none", "one", score=2)  # edited
    (tmp_path / "junk.json").write_text("[1")
    (tally,) = collected(tmp_path, "sum")
    assert (tally.id, tally.answers, tally.right) == ("calls", (("one", 2), ("two", 1)), 1)
    assert collected(tmp_path, "trap") == []
    assert collected(tmp_path / "nosuch", "sum") == []


def test_they_are_printed_as_lines(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sheet(tmp_path, "ana", "two", "one")
    sheet(tmp_path, "ben", "one", "one")
    cli.run_grade(tmp_path, False, False, answers=True)
    assert capsys.readouterr().out.split() == ["sum", "Q1", "calls", "right", "1", "of", "2", "one", "1", "two", "1"]
