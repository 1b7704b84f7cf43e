"""The calculator: one sum in, one number out, exact where a number can be.

Knows: the device's forms, units at the end of a sum, and the grammar a model may be held to. Does not know: how a sum
is read (`expression.py`) or computed (`exact.py`). Never `eval`; every size is checked before the work is done.
"""

from __future__ import annotations

import decimal
import re
from functools import reduce

from . import exact
from .base import Context, DeviceError, Result
from .expression import evaluate
from .units import convert, spelled, units

_UNIT = r"[°a-zµ][a-z²23/]*"
_CONVERSION = re.compile(rf"(.*?\d[\d.)]*|.*\))\s*({_UNIT})\s+(?:in|to|into|as)\s+({_UNIT})", re.I)
_COMPOUND = re.compile(rf"((?:\d[\d.,]*\s*{_UNIT}(?:,| and)?\s+){{2,4}})(?:in|to|into|as)\s+({_UNIT})", re.I)
_HOW_MANY = re.compile(
    rf"how (?:many|much) ({_UNIT})\s+(?:(?:are|is)\s+)?(?:there\s+)?(?:in\s+|make\s+)?(.*\d.*|(?:an?|one)\s.*)", re.I
)
_ASKED = re.compile(
    r"\bdegrees?\s+(?=[a-z])(?!(?:in|to|into|as)\b)|^\W*(?:(?:convert|change|express|what is|what's)\s+)+", re.I
)
_RESULT = re.compile(r"≈?\s*(-?\d[\d.]*(?:e[+-]?\d+)?)")

_LEVEL = r"""
sum{n}: product{n} (ADD product{n})*
product{n}: factor{n} (MULTIPLY factor{n})*
factor{n}: "-"? operand{n} (POWER "-"? operand{n})?
operand{n}: NUMBER POSTFIX? | CONSTANT{inner}
"""
_INNER = ' | "(" sum{m} ")" POSTFIX? | ONE "(" sum{m} ")" | MANY "(" sum{m} (LIST sum{m})* ")"'
_LEVELS = 5  # brackets inside each other that the grammar lets a model open: each has to be closed before its call is too long
_NESTED = "".join(_LEVEL.format(n=n, inner=_INNER.format(m=n + 1) if n + 1 < _LEVELS else "") for n in range(_LEVELS))
_GRAMMAR = r"""
start: sum0 | "-"? NUMBER " " conversion
ADD: / ?[+-] ?/
MULTIPLY: / ?[*\/] ?/ | " mod " | " of "
POWER: "^"
POSTFIX: "%" | "!"
LIST: /, ?/
NUMBER: /[0-9]{1,40}(\.[0-9]{1,40})?/
CONSTANT: "pi" | "e"
ONE: "sqrt" | "cbrt" | "abs" | "round" | "floor" | "ceil" | "factorial" | "ln" | "log" | "exp" | "sin" | "cos" | "tan"
MANY: "min" | "max" | "gcd" | "lcm" | "sum" | "mean"
conversion: LENGTH " in " LENGTH | MASS " in " MASS | TIME " in " TIME
  | VOLUME " in " VOLUME | SPEED " in " SPEED | TEMPERATURE " in " TEMPERATURE
LENGTH: "mm" | "cm" | "m" | "km" | "inches" | "feet" | "yards" | "miles"
MASS: "g" | "kg" | "ounces" | "pounds"
TIME: "seconds" | "minutes" | "hours" | "days" | "weeks"
VOLUME: "ml" | "liters" | "gallons" | "cups"
SPEED: "km/h" | "mph"
TEMPERATURE: "c" | "f" | "k"
"""
_GRAMMAR += _NESTED


class Calculator:
    """Stateless. A result is an exact number, or "≈" and 12 digits; with its unit after a conversion."""

    name = "calc"
    help = "exact sums, percent and units, such as calc 37*48 or calc 15% of 80 or calc 5 km in miles"
    usage = ("SUM", "SUM UNIT in UNIT")
    grammar = _GRAMMAR
    outside = False

    def call(self, text: str, ctx: Context) -> Result:
        """Raises DeviceError with the reason when it can't be read or is too large."""
        try:
            with decimal.localcontext(exact.context()):
                return Result(_answer(text), "calc")
        except decimal.Overflow:
            raise DeviceError("too large for an approximate result") from None
        except (decimal.DecimalException, OverflowError):
            raise DeviceError("no real number is the result") from None


def _answer(text: str) -> str:
    if not text.strip():
        raise DeviceError("write a sum, as in `calc 37*48`")
    if re.search(r"(?<!\d)[12]\d{3}-[01]?\d-[0-3]?\d(?!\d)", text):
        raise DeviceError("that is a date; the device clock reckons with dates")
    return _converted(text) or exact.shown(evaluate(text))


def _converted(text: str) -> str:
    """What comes of a quantity in another unit, "6 ft 2 in in cm" too; "" when it asks for no other unit."""
    line = _ASKED.sub("", text.strip())
    line = line.rstrip("=?. ")
    if len(line) > 200:
        return ""
    line, written = spelled(line)
    if (asked := _HOW_MANY.fullmatch(line)) and asked[1].lower() in units():
        amount = re.sub(r"^(?:an?|one)\b", "1", asked[2].strip(), flags=re.I)
        line = f"{amount} in {asked[1]}"
    if whole := _COMPOUND.fullmatch(line):
        parts = re.findall(rf"(\d[\d.,]*)\s*({_UNIT})", whole[1], re.I)
        values = [convert(evaluate(value.rstrip(",")), unit, whole[2]) for value, unit in parts if unit != "and"]
        return f"{exact.shown(reduce(exact.add, values))} {written.get(whole[2], whole[2])}"
    if match := _CONVERSION.fullmatch(line):
        return f"{exact.shown(convert(evaluate(match[1]), match[2], match[3]))} {written.get(match[3], match[3])}"
    return ""


def number(text: str) -> float | None:
    """The number a result says, for whoever checks one: "≈0.25 km" is 0.25; None when it says none."""
    match = _RESULT.match(text.strip())
    return float(match[1]) if match else None
