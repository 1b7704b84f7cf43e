"""Every lesson, played to its end on the CPU that ships with the package; and the effect that it teaches is really there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from llmos.cpu.loaders import load
from llmos.lessons import ORDER, lesson, plain, record
from llmos.lessons.lab import Cpus, Lab
from llmos.lessons.session import Session
from llmos.lessons.wanted import Wanted, open_session
from llmos.store import resolve


@pytest.fixture(scope="module")
def cpus() -> Cpus:
    """One model and its compiled engine for all lessons, as in a class."""
    return Cpus()


def opened(name: str, cpus: Cpus, own: Path | None = None) -> Session:
    return open_session(lesson.load(name), Wanted(name, seed=2026, own=own), cpus)


def played(name: str, cpus: Cpus, own: Path | None = None) -> dict[str, Any]:
    """What the lesson measured, by question."""
    session = opened(name, cpus, own)
    try:
        plain.play(session, iter(()), lambda line: None, solve=True)
        return {v.id: v.machine for v in session.verdicts}
    finally:
        session.lab.close()


def gate(name: str, m: dict[str, Any]) -> bool:
    """Is the effect visible?"""
    gates = {
        "two-files": lambda: m["zeroed"] in ("nonsense", "somewhat worse") and m["cut"] == "it can't run",
        "dream": lambda: m["stops"] == "writes on" and m["twice"] == "the same" and m["hot"] == "another",
        "scaling": lambda: 5 < float(m["doubled"]) < 30 and m["again"] != "more than 10 %",
        "assistant": lambda: int(m["ended"]) == 0 and int(m["tuned"]) >= 5 and m["facts"] == "as many",
        "trap": lambda: m["traps"] == "emits TRAP" and m["author"] == "the kernel" and m["forged"] == "none",
        "trust": lambda: int(m["closed"]) <= 3 and int(m["open"]) >= 11,
        "window": lambda: int(m["full"]) < 10 and m["survives"] == "no" and m["found"] == "yes",
        "belady": lambda: m["small"] == "9" and m["more"] == "more" and m["best"] != "",
        "sched": lambda: float(m["rr"]) < float(m["fifo"]) and m["tokens"] == "no",
        "fork": lambda: int(m["frames"]) < 20 and m["copies"] == "8" and int(m["many"]) >= 2 * max(int(m["one"]), 1),
        "inject": lambda: int(m["off"]) >= 5 and m["on"] == "0" and m["rule"] == "taint" and m["twin"] == "it is done",
        "poison": lambda: m["count"] != "none of these" and int(m["without"]) <= 5 and m["kernel"] == "0",
    }
    return bool(gates[name]())


@pytest.mark.parametrize("name", ORDER)
def test_the_effect_is_visible(name: str, cpus: Cpus) -> None:
    measured = played(name, cpus)
    assert len(measured) == len(lesson.load(name).questions)
    assert gate(name, measured), measured


def recorded(name: str, say: Callable[[str], None] = lambda line: None) -> dict[str, Any]:
    """What the shipped record of a lesson says was measured, by question; it was made from the seed 2026."""
    found = record.shipped(name)
    lab = Lab(found["seed"], "no such model")
    session = Session(lesson.load(name), lab, "", found["seed"], play=record.player(found), source="record")
    plain.play(session, iter(()), say, solve=True)
    return {v.id: v.machine for v in session.verdicts}


@pytest.mark.parametrize("name", ORDER)
def test_the_shipped_record_plays_without_a_model_and_shows_the_effect(name: str) -> None:
    said: list[str] = []
    assert gate(name, recorded(name, said.append))
    assert "{" not in "".join(line for line in said if line.startswith("PREDICT"))


EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"


def test_a_student_s_device_takes_the_place_of_ours(cpus: Cpus) -> None:
    lying = played("trap", cpus, own=EXAMPLES / "liar.py")
    assert int(lying["result"]) == int(recorded("trap")["result"]) + 1


def test_a_student_s_letter_takes_the_place_of_ours(cpus: Cpus) -> None:
    session = opened("inject", cpus, own=EXAMPLES / "letter.txt")
    try:
        assert "the plums were mine" in session.text
        assert session.lock("").machine == "it does what the letter orders"
    finally:
        session.lab.close()


def test_a_student_s_policy_stands_in_the_same_table(cpus: Cpus, tmp_path: Path) -> None:
    mine = tmp_path / "mine.py"
    mine.write_text("def choose(jobs, now):\n    return min(jobs, key=lambda job: job.length)\n")
    session = opened("sched", cpus, own=mine)
    try:
        session.jump(4)
        assert any(line.startswith("mine.py: response") for line in session.lab.shown)
    finally:
        session.lab.close()


def test_records_were_made_on_the_model_that_ships() -> None:
    shipped = load(resolve("nano")).sha256
    assert {record.shipped(name)["sha256"] for name in ORDER} == {shipped}
