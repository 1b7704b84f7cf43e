"""Sums that an assistant meets: wordings in problems.toml, each with the expression it should come to.

Knows: how a line is drawn and filled. Does not know: values; the real calculator computes them. What a wording asks and
what the calculator is asked come from one line, so that composing the expression is what is learned.
"""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib import resources
from random import Random
from typing import NamedTuple

from . import chains, lexicon

WEIGHTS = {"plain": 20, "powers": 10, "remainders": 4, "percent": 20, "averages": 4, "units": 12, "shapes": 8}
WEIGHTS |= {"stories": 44, "chains": 32}

_SLOT = re.compile(r"\{([a-z])(?::(\d+)-(\d+)(\.2)?)?\}")
_CHOICE = re.compile(r"\[([^\[\]]*)\]")


class Problem(NamedTuple):
    request: str
    expression: str
    kind: str


@cache
def lines() -> dict[str, tuple[str, ...]]:
    text = (resources.files(__package__) / "problems.toml").read_text("utf-8")
    return {name: tuple(found) for name, found in tomllib.loads(text).items()}


def draw(rng: Random) -> Problem:
    """One problem, its numbers drawn; its value may still be unfit (negative, no whole number): see `wanted`."""
    kind = rng.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
    if kind == "chains":
        return Problem(*chains.draw(rng), kind)
    line, _, expression = rng.choice(lines()[kind]).partition("=>")
    request, chosen = choose(rng, line)
    expression = _echoed(expression, chosen).strip()
    if {slot[0] for slot in _SLOT.findall(expression)} - {slot[0] for slot in _SLOT.findall(request)}:
        return draw(rng)  # what was chosen does not name every number
    numbers = drawn(rng, line)
    request = _SLOT.sub(lambda match: shown(rng, numbers[match[1]]), request)
    return Problem(_worded(rng, request).strip(), _SLOT.sub(lambda match: numbers[match[1]], expression), kind)


def choose(rng: Random, text: str) -> tuple[str, list[str]]:
    """Resolve every `[a|b]`; also what was chosen, for an expression that depends on it."""
    chosen: list[str] = []

    def pick(match: re.Match[str]) -> str:
        chosen.append(rng.choice(match[1].split("|")))
        return chosen[-1]

    return _CHOICE.sub(pick, text), chosen


def _echoed(expression: str, chosen: list[str]) -> str:
    """`[third=3|quarter=4]` is what was chosen in the request; `[a|b]` without "=" is the word itself."""

    def pick(match: re.Match[str]) -> str:
        pairs = [option.partition("=") for option in match[1].split("|")]
        options = {word: other if mark else word for word, mark, other in pairs}
        return next(options[word] for word in reversed(chosen) if word in options)

    return _CHOICE.sub(pick, expression)


def drawn(rng: Random, text: str) -> dict[str, str]:
    """A number for each slot that says its range."""
    numbers: dict[str, str] = {}
    for name, low, high, decimals in _SLOT.findall(text):
        if low:
            numbers[name] = _number(rng, int(low), int(high), bool(decimals))
    return numbers


def shown(rng: Random, number: str) -> str:
    """A number as a person writes it: sometimes with commas, a small one sometimes as a word."""
    if number.isdecimal() and len(number) > 3 and rng.random() < 0.25:
        return f"{int(number):,}"
    if number.isdecimal() and 1 < int(number) < 13 and rng.random() < 0.12:
        return lexicon.spelled(int(number))
    return number


def _number(rng: Random, low: int, high: int, decimals: bool) -> str:
    whole = rng.randint(low, high)
    if high > 5000 and rng.random() < 0.5:
        whole = round(whole, -2) or high
    if decimals and rng.random() < 0.6:
        return f"{whole}.{rng.choice(['5', '50', '25', '75', '99', '95', '20', f'{rng.randint(1, 99):02d}'])}"
    return str(whole)


def _worded(rng: Random, request: str) -> str:
    names, things = rng.sample(lexicon.words("names"), 2), rng.choice(lexicon.words("things"))
    for slot, value in (("who2", names[1]), ("who", names[0]), ("thing1", things.removesuffix("s")), ("thing", things)):
        request = request.replace("{" + slot + "}", value)
    return re.sub(r"\s+", " ", request)
