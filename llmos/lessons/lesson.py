"""A lesson as data: a Markdown file with a TOML header and `predict` blocks.

Knows: the format. Does not know: scenarios, answers, screens. The file:

    +++
    title = "..."   minutes = 8   os = "..."   llm = "..."   analogy = "where the comparison stops"
    seed = 2026                   of the class, when nobody names another
    programs = ["ask"]            what the machine runs
    layout = "cpu ram console"    the panels that the screen shows beside the text, in this order
    stops = ["call", "result"]    before which events the machine stops, a word a question
    own = "calc"                  the function that a student's own file may put in the place of ours; "text" for a text
    locks = ["solve"]             controls that are off: solve, hint, jump, back, change
    +++
    Text before the first question.

    ```predict
    id = "victim"                 the scenario's name for this stop
    kind = "choice"               choice | number | token | page | process (the last three are picked, like a choice)
    question = "Which page goes out, of {frames} frames?"
    choices = ["1", "2"]          or left out: the scenario fills them in at the stop
    tolerance = 10                number: right within so many percent
    hint = "..."
    ```
    Text after it: shown once the answer is locked and the event has been measured.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any

from llmos.errors import LlmosError, UsageError

from . import ORDER

HEADER = re.compile(r"\A\+\+\+\n(.*?)^\+\+\+\n", re.M | re.S)
BLOCK = re.compile(r"^```predict\n(.*?)^```\n", re.M | re.S)
KINDS = ("choice", "number", "token", "page", "process")
CONTROLS = ("solve", "hint", "jump", "back", "change")
"""`--solve`, the hint, `--jump`, the machine's earlier ticks, playing again with another seed or file: what can be locked"""


@dataclass(frozen=True)
class Predict:
    """One question. `choices` empty and kind "choice": the scenario names them when it stops."""

    id: str
    kind: str
    question: str
    choices: tuple[str, ...] = ()
    tolerance: float = 0.0  # percent
    hint: str = ""


@dataclass(frozen=True)
class Section:
    """Text, and the question it leads to; the last section has none."""

    text: str
    predict: Predict | None


@dataclass(frozen=True)
class Lesson:
    name: str
    title: str
    minutes: int
    os: str
    llm: str
    sections: tuple[Section, ...]
    analogy: str  # where the comparison with an operating system stops
    programs: tuple[str, ...]
    layout: tuple[str, ...]
    stops: tuple[str, ...]
    seed: int = 2026
    own: str = ""
    locks: tuple[str, ...] = ()

    @property
    def questions(self) -> tuple[Predict, ...]:
        return tuple(s.predict for s in self.sections if s.predict)


def names() -> tuple[str, ...]:
    """The lessons that are here, in the order of a class."""
    folder = resources.files(__package__) / "texts"
    return tuple(name for name in ORDER if (folder / f"{name}.md").is_file())


def load(name: str) -> Lesson:
    """Raises UsageError for a name that is no lesson."""
    if name not in names():
        raise UsageError(f"no lesson {name!r}; there are {', '.join(names())}")
    return parse(name, (resources.files(__package__) / "texts" / f"{name}.md").read_text("utf-8"))


def parse(name: str, source: str) -> Lesson:
    """Raises LlmosError with one line for a file that is not a lesson."""
    header = HEADER.match(source)
    if header is None:
        raise LlmosError(f"lesson {name}: it must begin with a header between +++ lines")
    try:
        fields = _header(tomllib.loads(header[1]))
        parts = BLOCK.split(source[header.end() :])
        predicts = [_predict(tomllib.loads(block)) for block in parts[1::2]]
    except (tomllib.TOMLDecodeError, TypeError, ValueError, UsageError) as e:
        raise LlmosError(f"lesson {name}: {e}") from None
    sections = [Section(text.strip(), p) for text, p in zip(parts[::2], [*predicts, None], strict=True)]
    if len({p.id for p in predicts}) < len(predicts):
        raise LlmosError(f"lesson {name}: two questions have the same id")
    try:
        made = Lesson(name=name, sections=tuple(sections), **fields)
    except TypeError as e:
        raise LlmosError(f"lesson {name}: header: {e}") from None
    if len(made.stops) != len(predicts):
        raise LlmosError(f"lesson {name}: header: {len(made.stops)} stops for {len(predicts)} questions")
    return made


def check_controls(locks: Sequence[str]) -> None:
    """Raises UsageError for a name that locks nothing."""
    for control in locks:
        if control not in CONTROLS:
            raise UsageError(f"no control {control!r} to lock; there are {', '.join(CONTROLS)}")


def _header(fields: dict[str, Any]) -> dict[str, Any]:
    lists = {key: tuple(fields.get(key, ())) for key in ("programs", "stops", "locks")}
    check_controls(lists["locks"])
    return {**fields, **lists, "layout": tuple(str(fields.get("layout", "")).split())}


def _predict(fields: dict[str, Any]) -> Predict:
    predict = Predict(**{**fields, "choices": tuple(fields.get("choices", ()))})
    if predict.kind not in KINDS:
        raise ValueError(f"question {predict.id}: kind {predict.kind!r} is not one of {', '.join(KINDS)}")
    return predict
