"""What a class answered: the answer sheets of a folder, counted question by question.

Knows: sheets that `llmos lesson` writes, how they are graded. Does not know: who asks. Of a student who played a lesson twice
the newer sheet counts; one that was edited counts for nothing.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

from .answers import is_right, number
from .grade import honest


class Tally(NamedTuple):
    """One question of a lesson: how many gave each answer, most first where there is no order, and how many were right."""

    id: str
    answers: tuple[tuple[str, int], ...]
    right: int

    @property
    def answered(self) -> int:
        return sum(count for _, count in self.answers)


def collected(folder: Path, lesson: str) -> list[Tally]:
    """The questions of a lesson, in the order in which they are asked; [] where nobody has answered any."""
    sheets: dict[str, dict[str, Any]] = {}
    for path in sorted(folder.glob("*.json"), key=lambda path: path.stat().st_mtime_ns):
        record = honest(path)
        if record and record["lesson"] == lesson:
            sheets[record["student"] or path.name] = record
    answers: dict[str, list[dict[str, Any]]] = {}
    for record in sheets.values():
        for answer in record["answers"]:
            if answer["answer"]:
                answers.setdefault(answer["id"], []).append(answer)
    return [_tally(id_, given) for id_, given in answers.items()]


def _tally(id_: str, given: list[dict[str, Any]]) -> Tally:
    """Choices in the order of the question, numbers by size."""
    counts = Counter(answer["answer"] for answer in given)
    choices = list(given[0]["choices"])
    ordered = sorted(
        counts, key=lambda said: (choices.index(said) if said in choices else 99, number(said) or 0.0, said)
    )
    right = sum(is_right(a["kind"], a["answer"], a["machine"], a["tolerance"]) for a in given)
    return Tally(id_, tuple((said, counts[said]) for said in ordered), right)


def lines(folder: Path) -> list[str]:
    """All lessons of a folder, a line a question."""
    found = sorted({record["lesson"] for path in folder.glob("*.json") if (record := honest(path))})
    out = []
    for lesson in found:
        for place, tally in enumerate(collected(folder, lesson), 1):
            said = "   ".join(f"{answer} {count}" for answer, count in tally.answers)
            out.append(f"{lesson:<12} Q{place} {tally.id:<12} right {tally.right} of {tally.answered}   {said}")
    return out
