"""The scorer of `llmos eval traps`: what one run is worth against what was expected of it.

Knows: expectations (docs/evals.md has the format) and finished runs. Does not know: models, machines, where runs come
from; training scores with the same functions.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from .patterns import found

_NUMBER = re.compile(r"≈?\s*([-+]?(?:\d[\d,]*(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)")


class Called(NamedTuple):
    """One call as it was made, with what came back. A call that could not be read has no device."""

    device: str
    args: str
    result: str


class Verdict(NamedTuple):
    """None: this line has no expectation of the kind."""

    device: bool | None  # the device that was needed was called (all of them, in turn)
    args: bool | None  # and got the right arguments
    value: bool | None  # and its last result is the expected one
    answer: bool | None
    false_trap: bool | None  # called something though nothing was needed
    malformed: int  # calls that were illegal instructions
    calls: int  # calls in all


def judge(expect: dict[str, Any], calls: Sequence[Called], answer: str) -> Verdict:
    """One run against one `expect`."""
    legal = [call for call in calls if call.device]
    malformed = len(calls) - len(legal)
    pattern = expect.get("answer_regex")
    said = None if pattern is None else found(pattern, answer, re.I | re.S)
    steps = expect.get("steps")
    if steps:
        device, args, value = _in_turn(steps, legal)
        if expect.get("result") is not None:  # of all of them: what the last call brought
            value = value is not False and bool(legal) and same_value(legal[-1].result, str(expect["result"]))
        return Verdict(device, args, value, said, None, malformed, len(calls))
    if not expect.get("device"):
        return Verdict(None, None, None, said, bool(calls), malformed, len(calls))
    return Verdict(*_single(expect, legal), said, None, malformed, len(calls))


def _single(expect: dict[str, Any], calls: Sequence[Called]) -> tuple[bool, bool | None, bool | None]:
    """One device: the pattern is searched in all its arguments, the value compared with its last result."""
    mine = [call for call in calls if call.device == expect["device"]]
    pattern, wanted = expect.get("args_regex"), expect.get("result")
    args = None if pattern is None else bool(mine) and _searched(pattern, mine)
    value = None if wanted is None else bool(mine) and same_value(mine[-1].result, str(wanted))
    return bool(mine), args, value


def _in_turn(steps: Sequence[dict[str, Any]], calls: Sequence[Called]) -> tuple[bool, bool | None, bool | None]:
    """Several calls, each after the one before it. What else was called in between does not matter."""
    device = _follows(steps, calls, lambda step, call: True)
    patterned = [step for step in steps if step.get("args_regex") is not None]
    valued = [step for step in steps if step.get("result") is not None]
    args = (
        _follows(steps, calls, lambda step, call: _searched(step.get("args_regex") or "", [call]))
        if patterned
        else None
    )
    came = [
        any(c.device == step["device"] and same_value(c.result, str(step["result"])) for c in calls) for step in valued
    ]
    return device, args, all(came) if came else None


def _follows(steps: Sequence[dict[str, Any]], calls: Sequence[Called], fits: Any) -> bool:
    rest = iter(calls)
    return all(any(call.device == step["device"] and fits(step, call) for call in rest) for step in steps)


def _searched(pattern: str, calls: Sequence[Called]) -> bool:
    return found(pattern, "\n".join(call.args for call in calls), re.M)


def same_value(result: str, wanted: str) -> bool:
    """Do two results begin with the same number, to a millionth? Results that are no numbers must be equal."""
    numbers = [_NUMBER.match(text.strip()) for text in (result, wanted)]
    if not all(numbers):
        return result.strip() == wanted.strip()
    a, b = (float(match[1].replace(",", "")) for match in numbers if match)
    return math.isclose(a, b, rel_tol=1e-6)


def shares(verdicts: Iterable[Verdict]) -> dict[str, float]:
    """The figures of `llmos eval traps`, each from 0 to 1; of nothing at all the share is 0."""
    all_ = list(verdicts)
    return {
        "device": _share(v.device for v in all_),
        "args": _share(v.args for v in all_),
        "values": _share(v.value for v in all_),
        "answer": _share(v.answer for v in all_),
        "false_traps": _share(v.false_trap for v in all_),
        "malformed": round(sum(v.malformed for v in all_) / max(sum(v.calls for v in all_), 1), 4),
    }


def _share(flags: Iterable[bool | None]) -> float:
    known = [flag for flag in flags if flag is not None]
    return round(sum(known) / len(known), 4) if known else 0.0
