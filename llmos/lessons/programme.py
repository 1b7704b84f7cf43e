"""A lesson, or all of them as a class, being played by somebody: sessions one after another, answers kept, points added up.

Knows: what was asked for, the clock, the loaded model that all sessions share. Does not know: lines or screens.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from llmos import paths

from . import answersheet, lesson
from .lab import Cpus
from .session import Session
from .wanted import Wanted, check, open_session


@dataclass
class Programme:
    """Owns the sessions' model and what came of them. Raises UsageError for what can't be played."""

    wanted: Wanted
    cpus: Cpus = field(init=False)
    at: int = 0  # which of the lessons
    records: list[dict[str, Any]] = field(default_factory=list)  # of the sessions that were closed
    sheets: list[Path] = field(default_factory=list)  # that were written
    _began: float = field(default_factory=time.monotonic)
    _sheet: Path | None = None  # of the session that is open

    def __post_init__(self) -> None:
        check(self.wanted)
        self.cpus = Cpus(self.wanted.model)
        if self.wanted.name == "class" and self.wanted.out is not None:
            self.wanted.out.mkdir(exist_ok=True)

    @property
    def names(self) -> tuple[str, ...]:
        return self.wanted.names

    @property
    def whole_class(self) -> bool:
        return self.wanted.name == "class"

    @property
    def last(self) -> bool:
        return self.at + 1 >= len(self.names)

    @property
    def minutes(self) -> int:
        """Gone by since it began."""
        return round((time.monotonic() - self._began) / 60)

    @property
    def folder(self) -> Path:
        """Where its answer sheets are, and those of others."""
        out = self.wanted.out
        return paths.answers() if out is None else out.parent if out.suffix == ".json" else out

    def open(self, **changed: Any) -> Session:
        """The session whose turn it is, with some wishes changed; may take seconds."""
        session = open_session(lesson.load(self.names[self.at]), replace(self.wanted, **changed), self.cpus)
        if self.wanted.jump > 1 and not changed:
            session.jump(self.wanted.jump)
        return session

    def keep(self, session: Session) -> None:
        """Write the answers that were given so far. Raises LlmosError."""
        if self.wanted.answered and any(v.answer for v in session.verdicts):
            self._sheet = answersheet.write(session, self.wanted.out, self._sheet)

    def close(self, session: Session) -> None:
        """The session is over or left."""
        session.lab.close()
        self.records.append(session.record())
        if self._sheet is not None:
            self.sheets.append(self._sheet)
            self._sheet = None

    def total(self) -> dict[str, Any]:
        score, of = sum(r["score"] for r in self.records), sum(r["of"] for r in self.records)
        finished = len(self.records) == len(self.names) and all(r["finished"] for r in self.records)
        return {"lessons": self.records, "score": score, "of": of, "finished": finished}

    def ending(self) -> list[str]:
        """What came of all of it, and where the answers are, as lines."""
        lines = []
        if self.whole_class and self.wanted.answered:
            total = self.total()
            done = sum(record["finished"] for record in self.records)
            lines.append(
                f"class: score {total['score']:g} of {total['of']} in {done} of {len(self.names)} lessons, {self.minutes} min"
            )
        if self.sheets:
            first = self.sheets[0]
            where = first if len(self.sheets) == 1 else first.parent
            lines.append(f"your answers: {where} · a teacher reads them with: llmos grade {first.parent}")
        return lines


def told(record: dict[str, Any]) -> str:
    """What came of one lesson, as a line."""
    name, score, of = record["lesson"], record["score"], record["of"]
    if record["finished"]:
        return f"{name}: score {score:g} of {of}"
    return f"{name}: left at question {len(record['answers']) + 1} of {of}, score {score:g}"
