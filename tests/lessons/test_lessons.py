"""Every lesson, played to its end on the CPU that ships with the package; and the effect that it teaches is really there."""

from __future__ import annotations

from typing import Any

import pytest

from llmos.cpu.loaders import load
from llmos.lessons import ORDER, lesson, plain, record
from llmos.lessons.lab import Cpus, Lab
from llmos.lessons.session import Session
from llmos.store import resolve


@pytest.fixture(scope="module")
def cpus() -> Cpus:
    """One model and its compiled engine for all lessons, as in a class."""
    return Cpus()


def played(name: str, cpus: Cpus, seed: int = 2026) -> dict[str, Any]:
    """What the lesson measured, by question."""
    lab = Lab(seed, cpus=cpus)
    try:
        session = Session(lesson.load(name), lab, "", seed)
        plain.play(session, iter(()), lambda line: None, solve=True)
        return {v.id: v.machine for v in session.verdicts}
    finally:
        lab.close()


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


@pytest.mark.parametrize("name", ORDER)
def test_the_shipped_record_plays_without_a_model_and_shows_the_effect(name: str) -> None:
    found = record.shipped(name)
    lab = Lab(found["seed"], "no such model")
    session = Session(lesson.load(name), lab, "", found["seed"], play=record.player(found), source="record")
    said: list[str] = []
    plain.play(session, iter(()), said.append, solve=True)
    assert gate(name, {v.id: v.machine for v in session.verdicts})
    assert "{" not in "".join(line for line in said if line.startswith("PREDICT"))


def test_records_were_made_on_the_model_that_ships() -> None:
    shipped = load(resolve("nano")).sha256
    assert {record.shipped(name)["sha256"] for name in ORDER} == {shipped}
