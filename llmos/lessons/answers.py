"""An answer as somebody types it: what it means, how options are named so that nobody can mistake one, when it is right.

Knows: questions, measured values as text. Does not know: sessions, machines, who is asked.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any

from llmos.errors import UsageError

from .lesson import Predict

CONFIDENCE = re.compile(r"\s*!([1-5])$")
LETTERS = "abcdefgijklmnopqrstuvwxyz"  # without h, which asks for the hint


def sure(line: str) -> tuple[str, int]:
    """An answer and, from `!1` to `!5` behind it, how sure somebody is; 0 = not said."""
    found = CONFIDENCE.search(line)
    return CONFIDENCE.sub("", line), int(found[1]) if found else 0


def labels(choices: Sequence[str]) -> tuple[str, ...]:
    """What to type for each choice: 1, 2, 3; where one of them reads as a number, letters, so that a number means a value."""
    taken = {choice.strip().casefold() for choice in choices}
    if not any(number(choice) is not None for choice in taken):
        return tuple(str(i) for i in range(1, len(choices) + 1))
    letters = tuple(LETTERS[: len(choices)])
    if len(letters) == len(choices) and not taken & set(letters):
        return letters
    return tuple(f"#{i}" for i in range(1, len(choices) + 1))


def checked(predict: Predict, answer: str) -> str:
    """The answer in its canonical form; "" stays "". A choice may be given by its label. Raises UsageError."""
    answer = answer.strip()
    if not answer or predict.kind == "number":
        if answer and number(answer) is None:
            raise UsageError(f"{answer!r} is not a number")
        return answer
    folded = answer.casefold()
    readings = [
        *(choice for choice in predict.choices if choice.strip() == answer),
        *(choice for choice in predict.choices if choice.strip().casefold() == folded),
        *(choice for label, choice in zip(labels(predict.choices), predict.choices, strict=True) if label == folded),
    ]
    if readings:
        return readings[0]
    raise UsageError(f"{answer!r} is not one of {', '.join(predict.choices)}")


def number(text: str) -> float | None:
    """The number in `text` (commas and a percent sign are fine), None if it is none."""
    try:
        value = float(text.replace(",", "").rstrip("% "))
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def plain(value: Any) -> str:
    """A measured value as text, as an answer would be typed."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def is_right(kind: str, answer: str, machine: str, tolerance: float) -> bool:
    if not answer:
        return False
    if kind != "number":
        return answer == machine
    said, measured = number(answer), number(machine)
    if said is None or measured is None:
        return False
    return abs(said - measured) <= abs(measured) * tolerance / 100 + 1e-9
