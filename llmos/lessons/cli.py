"""`llmos lesson` and `llmos grade`: options and printing.

Knows: the commands. Does not know: how a lesson is played. Mounted by `llmos.cli`, which prints errors.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from llmos.errors import LlmosError, UsageError

from . import collected, lesson, plain, record
from .grade import as_csv, doubted, grade
from .programme import Programme, told
from .session import Session
from .wanted import Wanted


def run_lesson(wanted: Wanted) -> None:
    """Play one lesson, or all of them as a class, on standard input and output; the end of input ends it."""
    programme = Programme(wanted)
    say: Callable[[str], None] = (lambda line: print(line, file=sys.stderr)) if wanted.json else _print
    answers = _lines()
    for number, name in enumerate(programme.names):
        programme.at = number
        if programme.whole_class:
            say(f"\n── {number + 1}/{len(programme.names)}  {name}   {programme.minutes} min gone")
        session = programme.open()
        try:
            _play(session, programme, answers, say)
        finally:
            programme.close(session)
        if wanted.answered:
            say(told(programme.records[-1]))
        if not session.over:
            break
    for line in programme.ending():
        say(line)
    if wanted.json:
        print(json.dumps(programme.total() if programme.whole_class else programme.records[0], ensure_ascii=False))


def _print(line: str) -> None:
    print(line, flush=True)


def _play(session: Session, programme: Programme, answers: Iterator[str], say: Callable[[str], None]) -> None:
    wanted = programme.wanted
    if wanted.record is not None:
        path = wanted.record / f"{session.lesson.name}.json" if programme.whole_class else wanted.record
        record.write(session, path)
        say(f"recorded {path}")
    elif wanted.worksheet:
        plain.worksheet(session, say)
    else:
        plain.play(session, answers, say, wanted.solve, programme.keep)


def _lines() -> Iterator[str]:
    for line in sys.stdin:
        yield line.rstrip("\n")


def list_lessons() -> list[dict[str, Any]]:
    found = [lesson.load(name) for name in lesson.names()]
    return [
        {"name": one.name, "title": one.title, "minutes": one.minutes, "questions": len(one.questions), "own": one.own}
        for one in found
    ]


def run_grade(folder: Path, csv: bool, json_: bool, answers: bool = False) -> None:
    """Print all of them, or what was answered; raises LlmosError at the end if one is no honest record."""
    rows = grade(folder)
    if csv + json_ + answers > 1:
        raise UsageError("choose one of --csv, --json and --answers")
    if json_:
        print(json.dumps({"records": rows}))
    elif answers:
        print(*collected.lines(folder), sep="\n")
    elif csv:
        print(as_csv(rows), end="")
    else:
        for row in rows:
            print(
                f"{row['student'] or row['file']:<20} {row['lesson']:<12} {row['score']} of {row['of']}  {row['state']}"
            )
    if bad := doubted(rows):
        raise LlmosError(f"{len(bad)} of {len(rows)} records don't count: {', '.join(bad)}")
