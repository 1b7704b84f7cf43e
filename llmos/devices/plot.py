"""The plotter: numbers in, a chart of characters out, and an SVG file if asked for.

Knows: how numbers and labels are written in a call. Does not know: how a chart is drawn (`charts.py`) or how the home
folder is guarded (`home.py`).
"""

from __future__ import annotations

import math
import re
from pathlib import Path

from . import charts
from .base import Context, DeviceError, Result
from .home import Home

MAX_NUMBERS = 2000
MAX_BARS = 20
MAX_LABEL = 16  # characters

_NUMBER = r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?"
_PAIR = re.compile(rf"([^\s,=:]{{1,{MAX_LABEL}}})\s*[=:]\s*({_NUMBER})")
_TO = re.compile(r"(?P<data>.*\S)\s+to\s+(?P<path>\S+\.svg)", re.DOTALL)

_GRAMMAR = r"""
start: LINE | BARS
LINE: NUMBER (BETWEEN NUMBER)+ INTO?
BARS: BAR (BETWEEN BAR)* INTO?
BAR: /[A-Za-z][A-Za-z0-9_]{0,15}=/ NUMBER
NUMBER: /-?[0-9]{1,12}(\.[0-9]{1,12})?/
BETWEEN: " " | ", "
INTO: / to [A-Za-z0-9_-]{1,30}\.svg/
"""
"""One terminal a call: a blank may be followed by a label that begins as "to" does."""


class Plot:
    """`root` is the home folder that SVG files go to."""

    name = "plot"
    help = "draws numbers, such as plot 3 1 4 1 5 or plot tea=3 milk=5"
    usage = ("NUMBERS", "LABEL=NUMBER ...", "NUMBERS to FILE.svg")
    grammar = _GRAMMAR
    outside = True

    def __init__(self, root: Path) -> None:
        self.home = Home(root)

    def call(self, text: str, ctx: Context) -> Result:
        """Raises DeviceError for anything but numbers, and for too many of them."""
        match = _TO.fullmatch(text.strip())
        data = match["data"] if match else text.strip()
        pairs = _pairs(data)
        values = [value for _, value in pairs] if pairs else _numbers(data)
        chart = charts.bars(pairs) if pairs else charts.line(values)
        if match:
            size = self.home.write(match["path"], charts.svg(values).encode())
            chart += f"\nwrote {match['path']}, {size} bytes"
        return Result(chart, "plot")


def _pairs(text: str) -> list[tuple[str, float]]:
    """Labelled numbers; [] when there are no labels."""
    if "=" not in text and ":" not in text:
        return []
    pairs = [(label, _finite(number)) for label, number in _PAIR.findall(text[: MAX_NUMBERS * 20])]
    if _PAIR.sub("", text).strip(" ,;\n") or not 1 <= len(pairs) <= MAX_BARS:
        raise DeviceError(f"write 1 to {MAX_BARS} bars as LABEL=NUMBER")
    return pairs


def _numbers(text: str) -> list[float]:
    words = re.split(r"[\s,;]+", text[: MAX_NUMBERS * 20].strip("[]() \n"))
    if not 2 <= len(words) <= MAX_NUMBERS:
        raise DeviceError(f"a chart takes 2 to {MAX_NUMBERS} numbers")
    return [_finite(word) for word in words]


def _finite(word: str) -> float:
    value = float(word) if re.fullmatch(_NUMBER, word, re.ASCII) else math.nan
    if not math.isfinite(value):
        raise DeviceError(f"{word[:20]!r} is no number that can be drawn")
    return value
