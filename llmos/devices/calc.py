"""The calculator: one sum in, one number out, exact where a number can be.

Knows: the device's forms, units at the end of a sum, and the grammar a model may be held to. Does not know: how a sum
is read (`expression.py`) or computed (`exact.py`). Never `eval`; every size is checked before the work is done.
"""

from __future__ import annotations

import decimal
import re

from . import exact
from .base import Context, DeviceError, Result
from .expression import evaluate
from .units import convert

_CONVERSION = re.compile(
    r"(.*?\d[\d.)]*|.*\))\s*([°a-zµ][a-z²2/]*)\s+(?:in|to|into|as)\s+([°a-zµ][a-z²2/]*)[\s?.=]*", re.I
)
_RESULT = re.compile(r"≈?\s*(-?\d[\d.]*(?:e[+-]?\d+)?)")

_GRAMMAR = r"""
start: sum | "-"? NUMBER " " conversion
sum: product (ADD product)*
product: factor (MULTIPLY factor)*
factor: "-"? operand (POWER "-"? operand)?
operand: NUMBER POSTFIX? | CONSTANT | "(" sum ")" POSTFIX? | ONE "(" sum ")" | MANY "(" sum (LIST sum)* ")"
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
    match = _CONVERSION.fullmatch(text.strip()) if len(text) < 200 else None
    if match:
        return f"{exact.shown(convert(evaluate(match[1]), match[2], match[3]))} {match[3]}"
    return exact.shown(evaluate(text))


def number(text: str) -> float | None:
    """The number a result says, for whoever checks one: "≈0.25 km" is 0.25; None when it says none."""
    match = _RESULT.match(text.strip())
    return float(match[1]) if match else None
