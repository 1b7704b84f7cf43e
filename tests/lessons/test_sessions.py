"""The engine of lessons on a scenario of its own: nothing is known before an answer is locked."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmos import paths
from llmos.devices.base import Context, DeviceError
from llmos.errors import LlmosError, UsageError
from llmos.lessons import ORDER, cli, lesson, plain, record, session
from llmos.lessons.answers import checked, is_right, labels, number
from llmos.lessons.grade import as_csv, grade
from llmos.lessons.lab import BLANK, Cpus, Lab
from llmos.lessons.owndevice import OwnDevice
from llmos.lessons.session import Session, variant
from llmos.lessons.transcript import markdown
from llmos.lessons.wanted import Wanted, check

SOURCE = """+++
title = "Dice"
minutes = 1
os = "chance"
llm = "sampling"
analogy = "Dice have no memory."
programs = ["batch"]
layout = "cpu console"
stops = ["roll", "look"]
own = "calc"
+++
Two dice with {sides} sides.

```predict
id = "sum"
kind = "number"
question = "What will two dice of {sides} sides show?"
tolerance = 10
hint = "Of {sides} and {sides}, seven is likeliest."
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
    return Session(lesson.parse("dice", SOURCE), Lab(seed=variant(5, "ana")), "ana", 5)


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
    assert "hint: Of 6 and 6, seven is likeliest." in said
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
    body = {k: v for k, v in record.items() if k != "digest"} | {"student": "eve"}
    (tmp_path / "eve.json").write_text(json.dumps({**body, "digest": session.digest(body)}))
    record["answers"][0]["machine"] = record["answers"][0]["answer"]
    (tmp_path / "ben.json").write_text(json.dumps(record))
    (tmp_path / "junk.json").write_text("[1")
    states = {row["file"]: row["state"] for row in grade(tmp_path)}
    assert states == {
        "ana.json": "ok",
        "ben.json": "edited",
        "eve.json": "another student's variant",
        "junk.json": "not a record",
    }
    assert as_csv(grade(tmp_path)).splitlines()[0].startswith("student,lesson,seed,score")


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("no header", "header"),
        (SOURCE.replace('kind = "choice"', 'kind = "essay"'), "essay"),
        (SOURCE.replace('id = "odd"', 'id = "sum"'), "same id"),
        (SOURCE.replace("minutes = 1", "minutes ="), "dice"),
        (SOURCE.replace("minutes = 1\n", ""), "minutes"),
        (SOURCE.replace('stops = ["roll", "look"]', 'stops = ["roll"]'), "1 stops for 2 questions"),
        (SOURCE.replace('own = "calc"', 'locks = ["door"]'), "door"),
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


def test_a_scene_is_all_that_a_screen_shows(dice: Session) -> None:
    scene = dice.scene()
    assert (scene.lesson.title, scene.step, scene.steps, scene.stop, scene.lesson.layout) == (
        "Dice",
        1,
        2,
        "roll",
        ("cpu", "console"),
    )
    assert scene.question is not None
    assert scene.question.question == "What will two dice of 6 sides show?"
    assert (scene.told, scene.source) == ((), "run")
    assert scene.facts == (("sides", "6"),)
    locked = dice.lock("7")
    after = dice.scene()
    assert (after.told[0].verdict, after.told[0].shown) == (locked, ("they roll",))
    assert after.told[0].text == "Two dice with 6 sides."
    assert (after.stop, after.score) == ("look", locked.points)
    dice.lock("yes")
    end = dice.scene()
    assert (end.question, end.stop, end.text) == (None, "", "That was all.")


def test_what_a_teacher_locks_stays_locked(dice: Session) -> None:
    dice.locks = ("solve", "hint", "jump")
    with pytest.raises(UsageError, match="solutions"):
        plain.play(dice, iter(()), lambda line: None, solve=True)
    with pytest.raises(UsageError, match="hints"):
        dice.lock("7", hint=True)
    with pytest.raises(UsageError, match="jumping"):
        dice.jump(2)
    said: list[str] = []
    assert plain.play(dice, iter(["h", "7", "1"]), said.append)["locks"] == ["solve", "hint", "jump"]
    assert "the teacher has locked the hints" in said
    with pytest.raises(UsageError, match="door"):
        Session(dice.lesson, Lab(), locks=("door",))


def test_jumping_passes_what_lies_between(dice: Session) -> None:
    dice.jump(2)
    assert [v.answer for v in dice.verdicts] == [""]
    assert dice.question().id == "odd"
    with pytest.raises(UsageError, match="one can jump"):
        dice.jump(5)


def test_a_worksheet_asks_everything_and_tells_nothing(dice: Session) -> None:
    said: list[str] = []
    record = plain.worksheet(dice, said.append)
    assert sum(line.startswith("PREDICT") for line in said) == 2
    assert f"They showed {BLANK}." in said
    assert not any(v["answer"] for v in record["answers"])
    assert "REVEAL" not in "".join(said)


def test_a_record_plays_what_was_measured_without_a_machine(dice: Session) -> None:
    made = json.loads(json.dumps(_made(dice)))
    again = Session(dice.lesson, Lab(seed=99), "", 5, play=record.player(made), source="record")
    verdicts = [again.lock("7"), again.lock("no")]
    assert [v.machine for v in verdicts] == [v.machine for v in dice.verdicts]
    assert again.text == dice.text
    assert again.record()["source"] == "record"


def _made(dice: Session) -> dict[str, object]:
    dice.lab.cpus = Cpus("no such model")
    dice.lab.cpus.__dict__["model"] = type("Model", (), {"sha256": "0" * 64})
    return record.make(dice)


def test_a_student_s_own_device_answers_and_fails_in_one_line(tmp_path: Path) -> None:
    mine = tmp_path / "mine.py"
    mine.write_text("def calc(text):\n    return int(text) + 1\n")
    device = OwnDevice(str(mine), "calc")
    assert device.call("41", Context()).text == "42"
    with pytest.raises(DeviceError, match="ValueError"):
        device.call("x", Context())
    with pytest.raises(UsageError, match="defines no function plot"):
        OwnDevice(str(mine), "plot")


@pytest.mark.parametrize(
    ("wanted", "why"),
    [
        (Wanted("nothing"), "no lesson"),
        (Wanted("dream", own=Path("x.py")), "takes no file"),
        (Wanted("trap", own=Path("no such.py")), "no file"),
        (Wanted("trap", recorded=True, seed=7), "as it was"),
        (Wanted("class", own=Path("x.py")), "one lesson"),
        (Wanted("trap", locks=("door",)), "door"),
    ],
)
def test_what_can_t_be_played_gets_one_line(wanted: Wanted, why: str) -> None:
    with pytest.raises(UsageError, match=why):
        cli.run_lesson(wanted)


def test_a_class_of_records_plays_all_in_order_and_adds_up(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(cli, "_lines", lambda: iter([""] * 200))
    cli.run_lesson(Wanted("class", recorded=True, json=True, student="ana"))
    total = json.loads(capsys.readouterr().out)
    assert [one["lesson"] for one in total["lessons"]] == list(ORDER)
    assert total["of"] == sum(len(lesson.load(name).questions) for name in ORDER)
    assert total["score"] == 0
    assert {one["student"] for one in total["lessons"]} == {"ana"}


def test_every_lesson_reads_and_asks_at_least_three_things() -> None:
    assert lesson.names() == ORDER
    for name in lesson.names():
        assert len(lesson.load(name).questions) >= 3


# -- what was asked for, answers kept, a class ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("choices", "typed"),
    [
        (("yes", "no"), ("1", "2")),
        (("2", "5", "6"), ("a", "b", "c")),
        (("1", "b"), ("#1", "#2")),
        (("1 %", "none"), ("a", "b")),
        (tuple("0123456789"), tuple("abcdefgijk")),  # h asks for the hint
    ],
)
def test_a_label_is_never_a_choice(choices: tuple[str, ...], typed: tuple[str, ...]) -> None:
    asked = lesson.Predict("x", "choice", "?", choices)
    assert labels(choices) == typed
    assert [checked(asked, label) for label in typed] == list(choices)
    assert [checked(asked, choice) for choice in choices] == list(choices)


def test_a_number_that_is_no_choice_is_refused_where_choices_are_numbers() -> None:
    with pytest.raises(UsageError, match="'3' is not one of 2, 5, 6"):
        checked(lesson.Predict("x", "page", "?", ("2", "5", "6")), "3")


def test_all_that_can_be_locked_locks_something() -> None:
    assert lesson.CONTROLS == ("solve", "hint", "jump", "back", "change")
    for name in ("goto", "branch", "door"):
        with pytest.raises(UsageError, match=name):
            check(Wanted("trap", locks=(name,)))


@pytest.mark.parametrize(
    "wanted",
    [
        Wanted("trap", recorded=True, jump=9),
        Wanted("trap", jump=2, worksheet=True),
        Wanted("trap", jump=2, locks=("jump",)),
        Wanted("trap", solve=True, locks=("solve",)),
        Wanted("trap", solve=True, out=Path("x.json")),
        Wanted("trap", out=Path("no/such/x.json")),
        Wanted("trap", recorded=True, model="smollm2"),
        Wanted("trap", model="nosuch"),
    ],
)
def test_what_can_t_be_is_refused_before_a_model_is_loaded(wanted: Wanted) -> None:
    with pytest.raises(UsageError):
        check(wanted)


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("LLMOS_HOME", str(tmp_path / "home"))
    return tmp_path


def test_answers_are_kept_where_they_are_wanted(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for out, written in (
        (home / "mine.json", home / "mine.json"),
        (home, home / "trap-an_a.json"),
        (home, home / "trap-an_a-2.json"),
        (home / "records", home / "records" / "trap-an_a.json"),
        (home / "records", home / "records" / "trap-an_a-2.json"),
        (None, paths.answers() / "trap-an_a.json"),
    ):
        monkeypatch.setattr(cli, "_lines", lambda: iter(["2"]))
        cli.run_lesson(Wanted("trap", recorded=True, student="an/a", out=out))
        kept = json.loads(written.read_text("utf-8"))
        assert (kept["student"], kept["finished"], len(kept["answers"])) == ("an/a", False, 1)
        assert session.digest({k: v for k, v in kept.items() if k != "digest"}) == kept["digest"]
    assert not list(home.rglob("*.part"))


def test_where_no_sheet_could_be_found_again_is_no_place_for_answers(home: Path) -> None:
    (home / "records").write_text("mine")
    (home / "x.json").write_text("{}")
    check(Wanted("trap", recorded=True, out=home / "x.json"))
    for wanted in (
        Wanted("trap", recorded=True, out=home / "records"),
        Wanted("class", recorded=True, out=home / "x.json"),
    ):
        with pytest.raises(UsageError, match="a file is there; name a folder"):
            check(wanted)
    with pytest.raises(UsageError, match="is a file; name the folder"):
        grade(home / "records")


def test_a_record_that_does_not_count_fails_the_grading(
    home: Path, capsys: pytest.CaptureFixture[str], dice: Session
) -> None:
    record = dice.record()
    (home / "left.json").write_text(json.dumps(record))
    cli.run_grade(home, csv=True, json_=False)
    (home / "edited.json").write_text(json.dumps({**record, "score": 2}))
    (home / "junk.json").write_text("[1")
    capsys.readouterr()
    for csv, as_json in ((True, False), (False, True), (False, False)):
        with pytest.raises(LlmosError, match=r"2 of 3 .*junk.json \(not a record\), edited.json \(edited\)"):
            cli.run_grade(home, csv, as_json)
        assert "left.json" in capsys.readouterr().out or not csv


def test_a_class_ends_with_its_input_and_adds_up(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    first = len(lesson.load(ORDER[0]).questions)
    monkeypatch.setattr(cli, "_lines", lambda: iter([""] * (first + 1)))
    cli.run_lesson(Wanted("class", recorded=True))
    said = capsys.readouterr().out
    assert f"{ORDER[0]}: score 0 of {first}" in said
    assert f"{ORDER[1]}: left at question 2 of" in said
    assert "class: score 0 of" in said
    assert "in 1 of 12 lessons, 0 min" in said
    assert f"  {ORDER[2]} " not in said


def test_a_transcript_has_all_that_was_said(dice: Session) -> None:
    dice.lock("7")
    text = markdown(dice.scene())
    assert "Two dice with 6 sides." in text
    assert "**Q1** What will two dice of 6 sides show?" in text
    assert f"You: 7 ({'right' if dice.verdicts[0].right else 'not what happened'})" in text
    assert "    they roll" in text
    assert "- 1: yes" in text
