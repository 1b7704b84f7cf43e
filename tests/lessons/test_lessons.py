"""Every lesson, played to its end on the CPU that ships with the package; and the effect that it teaches is really there."""

from __future__ import annotations

from typing import Any

import pytest

from llmos.lessons import lesson, plain
from llmos.lessons.lab import Lab
from llmos.lessons.session import Session


def played(name: str, seed: int = 2026) -> dict[str, Any]:
    """What the lesson measured, by question."""
    lab = Lab(seed)
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
        "trap": lambda: m["traps"] == "emits TRAP" and m["author"] == "the kernel" and m["forged"] == "none",
        "trust": lambda: int(m["open"]) >= int(m["closed"]) + 4,
        "belady": lambda: m["small"] == "9" and m["more"] == "more" and m["best"] != "",
        "sched": lambda: float(m["rr"]) < float(m["fifo"]) and m["tokens"] == "no",
    }
    return bool(gates[name]()) if name in gates else True


@pytest.mark.parametrize("name", lesson.names())
def test_the_effect_is_visible(name: str) -> None:
    measured = played(name)
    assert len(measured) == len(lesson.load(name).questions)
    assert gate(name, measured), measured
