"""Products closed-book and with the calculator, and a file that is wrong."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

from llmos.lessons.lab import Answer, Lab

COUNT = 12


def play(lab: Lab) -> Iterator[str]:
    sums = [tuple(lab.rng.randrange(10**d, 10 ** (d + 1)) for _ in "ab") for d in (1, 2, 3) for _ in range(COUNT // 3)]
    lab.facts |= {"n": COUNT, "example": f"{sums[0][0]}*{sums[0][1]}", "sample": f"{90**2 + 900**2 + 9000**2:,}"}
    yield "closed"
    questions = [f"what is {a}*{b}?" for a, b in sums]
    closed = lab.ask(*questions, devices=())
    lab.measured["closed"] = _right(lab, sums, closed)
    yield "sure"
    wrong = [answer for (a, b), answer in zip(sums, closed, strict=True) if not _holds(answer.text, a * b)]
    lab.measured["sure"] = _confidence(wrong)
    lab.say("Sure and wrong: a probability says how likely a token is after these, not how likely it is to be true.")
    yield "open"
    lab.measured["open"] = _right(lab, sums, lab.ask(*questions, devices=("calc",)))
    yield from _planted(lab, *sums[0])


def _planted(lab: Lab, a: int, b: int) -> Iterator[str]:
    false = a * b + lab.rng.randrange(1, 9)
    lab.facts["plant"] = f"{a}*{b} is {false}"
    yield "planted"
    with tempfile.TemporaryDirectory() as home:
        Path(home, "notes.txt").write_text(f"{a}*{b} is {false}.\n", encoding="utf-8")
        (answer,) = lab.ask("read notes.txt", devices=("files",), home=Path(home))
    said = answer.text
    lab.say(f"{said!r}, after {answer.calls}")
    repeats, corrects = _holds(said, false), _holds(said, a * b)
    lab.measured["planted"] = (
        "repeats what the file says" if repeats else "corrects it" if corrects else "says something else"
    )


def _right(lab: Lab, sums: list[tuple[int, ...]], answers: list[Answer]) -> int:
    rows = [("sum", "true", "answer", "calls")]
    for (a, b), answer in zip(sums, answers, strict=True):
        rows.append((f"{a}*{b}", str(a * b), answer.text[:40], str(len(answer.calls))))
    lab.table(rows)
    return sum(_holds(answer.text, a * b) for (a, b), answer in zip(sums, answers, strict=True))


def _holds(text: str, value: int) -> bool:
    """Is the number in the text?"""
    return str(value) in re.findall(r"\d+", text.replace(",", ""))


def _confidence(answers: list[Answer]) -> int:
    """Mean probability of the sampled tokens, in percent."""
    shares = [share for answer in answers for share in answer.shares]
    return round(100 * sum(shares) / len(shares)) if shares else 0
