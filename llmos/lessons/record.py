"""A lesson's record: what a run of it stood before and measured, stop by stop, so that it can be played without a model.

Knows: the file's form, how to make one from a session and how to play from one. Does not know: what any lesson measures.
`llmos lesson NAME --record FILE` makes one; `--recorded` plays the one that ships with the lesson. A record is a measurement,
not an answer sheet: the text and the questions are the lesson's, and it says which model it was made on. A kernel journal
would replay every token, but only under exactly the sources it was made with, and `trust` alone boots 25 machines.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from importlib import resources
from pathlib import Path
from typing import Any

from llmos.errors import LlmosError, UsageError
from llmos.files import replace

from . import lesson as lessons
from .answers import plain
from .lab import Lab
from .session import Session


def make(session: Session) -> dict[str, Any]:
    """Play `session` to its end without predictions; the record of what it stood before and what it measured."""
    lab, stops = session.lab, []
    while not session.over:
        asked = session.question()
        before = {"facts": _plain(lab.facts), "choices": list(asked.choices)}
        session.lock("")
        measured = plain(lab.measured[asked.id])
        stops.append({"id": asked.id, **before, "measured": measured, "shown": list(lab.shown)})
    return {
        "lesson": session.lesson.name,
        "command": f"llmos lesson {session.lesson.name} --seed {session.seed} --record FILE",
        "seed": session.seed,
        "model": lab.model_name,
        "sha256": lab.model.sha256,
        "last": _plain(lab.facts),
        "stops": stops,
    }


def _plain(facts: dict[str, Any]) -> dict[str, str]:
    return {name: plain(value) for name, value in facts.items()}


def write(session: Session, path: Path) -> None:
    """Raises LlmosError when the file can't be written."""
    try:
        replace(path, (json.dumps(make(session), ensure_ascii=False, indent=1) + "\n").encode())
    except OSError as e:
        raise LlmosError(f"can't write {path}: {e.strerror}") from None


def shipped(name: str) -> dict[str, Any]:
    """The record that comes with a lesson. Raises UsageError when there is none."""
    path = resources.files(__package__) / "records" / f"{name}.json"
    if name not in lessons.names() or not path.is_file():
        raise UsageError(f"no record of lesson {name!r}; `llmos lesson NAME --record FILE` makes one")
    found: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return found


def player(record: dict[str, Any]) -> Callable[[Lab], Iterator[str]]:
    """A scenario that stands before each stop of the record and then has measured what was measured then."""

    def play(lab: Lab) -> Iterator[str]:
        for stop in record["stops"]:
            lab.facts |= stop["facts"]
            if stop["choices"]:
                lab.choices[stop["id"]] = tuple(stop["choices"])
            yield stop["id"]
            lab.measured[stop["id"]] = stop["measured"]
            lab.shown += stop["shown"]
        lab.facts |= record["last"]

    return play
