"""`llmos lesson` and `llmos grade`: options and printing.

Knows: the commands. Does not know: how a lesson is played. Mounted by `llmos.cli`, which prints errors.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from llmos.errors import UsageError

from . import lesson, plain, record
from .grade import as_csv, grade
from .lab import Cpus, Lab
from .session import Session, variant


@dataclass(frozen=True)
class Wanted:
    """What was asked for on the command line. `seed` None: the lesson's own."""

    name: str
    seed: int | None = None
    student: str = ""
    model: str = "nano"
    solve: bool = False
    json: bool = False
    own: Path | None = None
    worksheet: bool = False
    recorded: bool = False
    live: bool = False
    jump: int = 1
    locks: tuple[str, ...] = ()
    record: Path | None = None  # a file; for a class a folder


def run_lesson(wanted: Wanted) -> None:
    """Play one lesson, or all of them as a class, on standard input and output."""
    _possible(wanted)
    names = lesson.names() if wanted.name == "class" else (wanted.name,)
    say: Callable[[str], None] = (lambda line: print(line, file=sys.stderr)) if wanted.json else _print
    answers, cpus = _lines(), Cpus(wanted.model)
    began, records = time.monotonic(), []
    for number, name in enumerate(names, 1):
        if wanted.name == "class":
            say(f"\n── {number}/{len(names)}  {name}   {(time.monotonic() - began) / 60:.0f} min gone")
        records.append(_one(lesson.load(name), wanted, cpus, answers, say))
    if wanted.json:
        print(json.dumps(records[0] if wanted.name != "class" else _total(records), ensure_ascii=False))


def _print(line: str) -> None:
    print(line, flush=True)


def _possible(wanted: Wanted) -> None:
    """Raises UsageError for options that contradict each other."""
    if wanted.recorded and (wanted.own or wanted.live or wanted.record or wanted.seed is not None):
        raise UsageError("a recorded lesson is as it was: it takes no --seed, --own, --live or --record")
    if wanted.name == "class" and (wanted.own or wanted.jump > 1):
        raise UsageError("--own and --jump go with one lesson, not with a class")


def _one(
    one: lesson.Lesson, wanted: Wanted, cpus: Cpus, answers: Iterator[str], say: Callable[[str], None]
) -> dict[str, Any]:
    session = open_session(one, wanted, cpus)
    try:
        if wanted.record is not None:
            path = wanted.record / f"{one.name}.json" if wanted.name == "class" else wanted.record
            record.write(session, path)
            say(f"recorded {path}")
            return session.record()
        if wanted.worksheet:
            return plain.worksheet(session, say)
        if wanted.jump > 1:
            session.jump(wanted.jump)
        return plain.play(session, answers, say, wanted.solve)
    finally:
        session.lab.close()


def open_session(one: lesson.Lesson, wanted: Wanted, cpus: Cpus) -> Session:
    """A session of a lesson, at its beginning; the caller closes its lab. Raises UsageError."""
    if wanted.own is not None and not one.own:
        raise UsageError(f"lesson {one.name} takes no file of yours")
    if wanted.own is not None and not wanted.own.is_file():
        raise UsageError(f"no file {wanted.own}")
    seed = one.seed if wanted.seed is None else wanted.seed
    lab = Lab(variant(seed, wanted.student), wanted.model, wanted.own, wanted.live, cpus=cpus)
    if not wanted.recorded:
        return Session(one, lab, wanted.student, seed, locks=wanted.locks)
    found = record.shipped(one.name)
    lab.seed, lab.model_name = found["seed"], found["model"]
    play = record.player(found)
    return Session(one, lab, wanted.student, found["seed"], locks=wanted.locks, play=play, source="record")


def _total(records: list[dict[str, Any]]) -> dict[str, Any]:
    return {"lessons": records, "score": sum(r["score"] for r in records), "of": sum(r["of"] for r in records)}


def _lines() -> Iterator[str]:
    for line in sys.stdin:
        yield line.rstrip("\n")


def list_lessons() -> list[dict[str, Any]]:
    found = [lesson.load(name) for name in lesson.names()]
    return [
        {"name": one.name, "title": one.title, "minutes": one.minutes, "questions": len(one.questions), "own": one.own}
        for one in found
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
