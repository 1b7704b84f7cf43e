"""Playing one lesson: text, stop, prediction, lock, event, reveal.

Knows: whose turn it is, what was answered, what the scenario measured. Does not know: terminals, screens. A screen drives it
with `scene()` and `lock(...)`; both may take seconds, so it calls them in a thread of its own. A scenario is a generator
that yields a question's id when it stands just before that question's event, and has put the measured answer into
`lab.measured` by the time it yields again. So nothing can be revealed before the answer is locked: it does not exist yet.
"""

from __future__ import annotations

import hashlib
import importlib
import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from typing import Any
from zlib import crc32

from llmos.errors import LlmosError, UsageError

from .answers import checked, is_right, plain
from .lab import Lab
from .lesson import Lesson, Predict, Section, check_controls

HINT_COST = 0.5  # of a point


@dataclass(frozen=True)
class Verdict:
    """One locked answer beside what the machine did."""

    id: str
    kind: str
    question: str
    answer: str  # "" = no prediction was made
    machine: str
    right: bool
    confidence: int = 0  # 1..5, 0 = not said
    hint: bool = False
    choices: tuple[str, ...] = ()
    tolerance: float = 0.0

    @property
    def points(self) -> float:
        return (1.0 - HINT_COST * self.hint) if self.right else 0.0


@dataclass(frozen=True)
class Told:
    """A step that is over: what was said, asked, answered and revealed."""

    text: str
    question: Predict
    verdict: Verdict
    shown: tuple[str, ...]  # the reveal, line by line


@dataclass(frozen=True)
class Scene:
    """All that a screen shows of a lesson at one moment, but for its machine."""

    lesson: Lesson
    told: tuple[Told, ...]  # the steps before this one
    text: str
    question: Predict | None  # None at the end
    facts: tuple[tuple[str, str], ...]  # those that the words so far speak of
    score: float
    locked: tuple[str, ...]  # controls that are off
    source: str  # where answers come from: "run" or "record"
    model: str
    seed: int
    student: str

    @property
    def step(self) -> int:
        """From 1; the last one again when the lesson is over."""
        return min(len(self.told) + 1, self.steps)

    @property
    def steps(self) -> int:
        return len(self.lesson.questions)

    @property
    def stop(self) -> str:
        """The event that the machine stands before, "" at the end."""
        return self.lesson.stops[len(self.told)] if self.question else ""


@dataclass
class Session:
    """Owns one lesson being played. `section` is what to show; `question()` then `lock(...)` while it has a question."""

    lesson: Lesson
    lab: Lab
    student: str = ""
    seed: int = 0
    index: int = 0
    told: list[Told] = field(default_factory=list)
    locks: tuple[str, ...] = ()  # controls that a teacher has switched off, besides those of the lesson's header
    play: Callable[[Lab], Iterator[str]] | None = None  # the scenario; None = the lesson's own
    source: str = "run"
    _events: Iterator[str] | None = None

    def __post_init__(self) -> None:
        check_controls(self.locks)
        self.locks = tuple(dict.fromkeys((*self.lesson.locks, *self.locks)))

    def scene(self) -> Scene:
        """What to show now: the machine stands before the question's event."""
        text, question = self.text, None if self.over else self.question()
        return Scene(
            self.lesson,
            tuple(self.told),
            text,
            question,
            self._spoken_of(),
            self.score,
            self.locks,
            self.source,
            self.lab.model_name,
            self.seed,
            self.student,
        )

    def _spoken_of(self) -> tuple[tuple[str, str], ...]:
        """The facts that stand in the words so far: others may give an answer away."""
        so_far = self.lesson.sections[: self.index + 1]
        words = "".join(s.text + (s.predict.question if s.predict else "") for s in so_far)
        return tuple((name, plain(value)) for name, value in self.lab.facts.items() if "{" + name + "}" in words)

    def allows(self, control: str) -> bool:
        return control not in self.locks

    def jump(self, step: int) -> None:
        """On to question `step`, counted from 1; those between are passed without a prediction. Raises UsageError."""
        if not self.allows("jump"):
            raise UsageError("the teacher has locked jumping")
        if not self.index < step <= len(self.lesson.questions):
            raise UsageError(f"one can jump to a question from {self.index + 1} to {len(self.lesson.questions)}")
        while self.index < step - 1:
            self.lock("")

    @property
    def section(self) -> Section:
        return self.lesson.sections[self.index]

    @property
    def text(self) -> str:
        """This section's words, with the numbers of this run filled in; the machine then stands before the question."""
        if self.section.predict:
            self._stop_at(self.section.predict)
        return self.lab.fill(self.section.text)

    @property
    def over(self) -> bool:
        return self.section.predict is None

    @property
    def score(self) -> float:
        return sum(v.points for v in self.verdicts)

    def question(self) -> Predict:
        """Run the machine up to just before the event; the question with its numbers and choices filled in."""
        predict = self.section.predict
        if predict is None:
            raise UsageError("this lesson has no more questions")
        self._stop_at(predict)
        choices = self.lab.choices.get(predict.id, predict.choices)
        return Predict(
            predict.id,
            predict.kind,
            self.lab.fill(predict.question),
            choices,
            predict.tolerance,
            self.lab.fill(predict.hint),
        )

    def lock(self, answer: str, confidence: int = 0, hint: bool = False) -> Verdict:
        """Take the prediction, let the event happen, and measure. Raises UsageError for an answer that can't be one."""
        if hint and not self.allows("hint"):
            raise UsageError("the teacher has locked the hints")
        text, asked = self.text, self.question()
        answer = checked(asked, answer)
        self.lab.shown = []
        self._advance()
        if asked.id not in self.lab.measured:
            raise LlmosError(f"lesson {self.lesson.name}: nothing was measured for {asked.id!r}")
        machine = plain(self.lab.measured[asked.id])
        right = is_right(asked.kind, answer, machine, asked.tolerance)
        verdict = Verdict(
            asked.id,
            asked.kind,
            asked.question,
            answer,
            machine,
            right,
            confidence,
            hint,
            asked.choices,
            asked.tolerance,
        )
        self.told.append(Told(text, asked, verdict, tuple(self.lab.shown)))
        self.index += 1
        return verdict

    @property
    def verdicts(self) -> list[Verdict]:
        return [step.verdict for step in self.told]

    def record(self) -> dict[str, Any]:
        """The graded answers as one JSON object; `digest` lets a teacher see that it was not edited by hand."""
        body = {
            "lesson": self.lesson.name,
            "student": self.student,
            "seed": self.seed,
            "variant": self.lab.seed,
            "model": self.lab.model_name,
            "source": self.source,
            "locks": list(self.locks),
            "answers": [{k: v for k, v in asdict(v).items() if k != "question"} for v in self.verdicts],
            "score": self.score,
            "of": len(self.lesson.questions),
            "finished": self.over,
        }
        return {**body, "digest": digest(body)}

    def _stop_at(self, predict: Predict) -> None:
        if self._events is None:
            self._events = (self.play or scenario(self.lesson.name))(self.lab)
            self._advance()
        if self.lab.stop != predict.id:
            raise LlmosError(
                f"lesson {self.lesson.name}: the machine stands before {self.lab.stop!r}, the text asks {predict.id!r}"
            )

    def _advance(self) -> None:
        assert self._events is not None
        self.lab.stop = next(self._events, "")


def scenario(name: str) -> Any:
    """The generator function `play(lab)` that measures this lesson."""
    return importlib.import_module(f".scenarios.{name.replace('-', '_')}", __package__).play


def variant(seed: int, student: str) -> int:
    """Each student's own seed of a class's seed."""
    return crc32(f"{seed}/{student}".encode()) if student else seed


def digest(body: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()[:16]
