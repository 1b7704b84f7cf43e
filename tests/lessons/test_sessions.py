"""The engine of lessons on a scenario of its own: nothing is known before an answer is locked."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmos.errors import LlmosError, UsageError
from llmos.lessons import ORDER, lesson, plain, session
from llmos.lessons.grade import as_csv, grade
from llmos.lessons.lab import Lab
from llmos.lessons.session import Session, is_right, number, variant

SOURCE = """+++
title = "Dice"
minutes = 1
os = "chance"
llm = "sampling"
+++
Two dice with {sides} sides.

```predict
id = "sum"
kind = "number"
question = "What will two dice of {sides} sides show?"
tolerance = 10
hint = "Seven is likeliest."
```

They showed {sum}.

```predict
id = "odd"
kind = "choice"
question = "Odd?"
choices = ["yes", "no"]
```

That was all.
"""


def play(lab: Lab) -> Iterator[str]:
    lab.facts["sides"] = 6
    yield "sum"
    lab.measured["sum"] = lab.rng.randint(1, 6) + lab.rng.randint(1, 6)
    lab.say("they roll")
    yield "odd"
    lab.measured["odd"] = lab.measured["sum"] % 2 == 1


@pytest.fixture
def dice(monkeypatch: pytest.MonkeyPatch) -> Session:
    monkeypatch.setattr(session, "scenario", lambda name: play)
    return Session(lesson.parse("dice", SOURCE), Lab(seed=5), "ana", 5)


def test_nothing_is_measured_before_the_answer_is_locked(dice: Session) -> None:
    assert dice.text == "Two dice with 6 sides."
    assert dice.question().question == "What will two dice of 6 sides show?"
    assert dice.lab.measured == {}
    verdict = dice.lock("7", 3)
    assert verdict.machine == str(dice.lab.measured["sum"])
    assert "odd" not in dice.lab.measured
    assert dice.text == f"They showed {dice.lab.measured['sum']}."


def test_choices_are_taken_by_name_by_number_or_refused(dice: Session) -> None:
    dice.lock("1,000")
    with pytest.raises(UsageError, match="not one of yes, no"):
        dice.lock("maybe")
    verdict = dice.lock("2")
    assert verdict.answer == "no"
    assert verdict.right == (dice.lab.measured["odd"] is False)
    assert dice.over


def test_plain_lines_ask_hint_and_reveal(dice: Session) -> None:
    said: list[str] = []
    record = plain.play(dice, iter(["h", "what?", "7 !4", ""]), said.append)
    assert "hint: Seven is likeliest." in said
    assert "'what?' is not a number; again" in said
    assert record["answers"][0]["confidence"] == 4
    assert record["answers"][0]["hint"]
    assert not record["answers"][1]["right"]


def test_the_same_seed_and_student_play_the_same_variant() -> None:
    assert variant(2026, "ana") == variant(2026, "ana") != variant(2026, "ben")
    assert variant(2026, "") == 2026


def test_grading_judges_again_and_notices_edits(dice: Session, tmp_path: Path) -> None:
    plain.play(dice, iter(["7", "1"]), lambda line: None)
    record = dice.record()
    (tmp_path / "ana.json").write_text(json.dumps(record))
    record["answers"][0]["machine"] = record["answers"][0]["answer"]
    (tmp_path / "ben.json").write_text(json.dumps(record))
    (tmp_path / "junk.json").write_text("[1")
    states = {row["file"]: row["state"] for row in grade(tmp_path)}
    assert states == {"ana.json": "ok", "ben.json": "edited", "junk.json": "not a record"}
    assert as_csv(grade(tmp_path)).splitlines()[0].startswith("student,lesson,seed,score")


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("no header", "header"),
        (SOURCE.replace('kind = "choice"', 'kind = "essay"'), "essay"),
        (SOURCE.replace('id = "odd"', 'id = "sum"'), "same id"),
        (SOURCE.replace("minutes = 1", "minutes ="), "dice"),
        (SOURCE.replace("minutes = 1\n", ""), "minutes"),
    ],
)
def test_a_file_that_is_no_lesson_gets_one_line(source: str, why: str) -> None:
    with pytest.raises(LlmosError, match=why):
        lesson.parse("dice", source)


@given(st.text(max_size=12))
def test_numbers_are_finite_or_none(text: str) -> None:
    value = number(text)
    assert value is None or abs(value) < float("inf")


@given(st.integers(1, 10**6), st.floats(0, 50))
def test_a_number_is_right_within_its_tolerance(machine: int, tolerance: float) -> None:
    assert is_right("number", str(machine), str(machine), tolerance)
    assert not is_right("number", str(machine * 2 + 1), str(machine), tolerance)
    assert not is_right("number", "", str(machine), tolerance)


def test_every_lesson_reads_and_asks_at_least_three_things() -> None:
    assert set(lesson.names()) <= set(ORDER)
    for name in lesson.names():
        assert len(lesson.load(name).questions) >= 3
