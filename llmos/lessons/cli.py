"""`llmos lesson` and `llmos grade`: options and printing.

Knows: the commands. Does not know: how a lesson is played. Mounted by `llmos.cli`, which prints errors.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from llmos.errors import UsageError

from . import lesson, plain
from .grade import as_csv, grade
from .lab import Lab
from .session import Session, variant


def run_lesson(
    name: str, seed: int, student: str, model: str, solve: bool, json_: bool, own: Path | None, worksheet: bool
) -> None:
    """Play one lesson, or all of them as a class, on standard input and output."""
    names = lesson.names() if name == "class" else (name,)
    say: Callable[[str], None] = (lambda line: print(line, file=sys.stderr)) if json_ else print
    answers = _lines()
    began, records = time.monotonic(), []
    for each in names:
        if name == "class":
            say(f"\n── {names.index(each) + 1}/{len(names)}  {each}   {(time.monotonic() - began) / 60:.0f} min gone")
        records.append(_one(each, seed, student, model, solve, own, worksheet, answers, say))
    if json_:
        print(json.dumps(records[0] if name != "class" else _total(records), ensure_ascii=False))


def _one(
    name: str,
    seed: int,
    student: str,
    model: str,
    solve: bool,
    own: Path | None,
    worksheet: bool,
    answers: Iterator[str],
    say: Callable[[str], None],
) -> dict[str, Any]:
    lab = Lab(variant(seed, student), model, own)
    session = Session(lesson.load(name), lab, student, seed)
    try:
        return plain.problem(session, say) if worksheet else plain.play(session, answers, say, solve)
    finally:
        lab.close()


def _total(records: list[dict[str, Any]]) -> dict[str, Any]:
    return {"lessons": records, "score": sum(r["score"] for r in records), "of": sum(r["of"] for r in records)}


def _lines() -> Iterator[str]:
    for line in sys.stdin:
        yield line.rstrip("\n")


def list_lessons() -> list[dict[str, Any]]:
    found = [lesson.load(name) for name in lesson.names()]
    return [
        {"name": one.name, "title": one.title, "minutes": one.minutes, "questions": len(one.questions)} for one in found
    ]


def run_grade(folder: Path, csv: bool, json_: bool) -> None:
    rows = grade(folder)
    if csv and json_:
        raise UsageError("choose --csv or --json")
    if json_:
        print(json.dumps({"records": rows}))
    elif csv:
        print(as_csv(rows), end="")
    else:
        for row in rows:
            print(
                f"{row['student'] or row['file']:<20} {row['lesson']:<12} {row['score']} of {row['of']}  {row['state']}"
            )
