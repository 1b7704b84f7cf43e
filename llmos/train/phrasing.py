"""How people type: capitals or none, slips of the keyboard, a word too many; and what they say that needs no device.

Knows: how a pattern becomes a request, its slots exact, and the remarks of chat.toml. Does not know: what is asked for
(`errands`), or what is answered.
"""

from __future__ import annotations

import re
from random import Random

from . import problems
from .dialogue import slip
from .wording import table


def untidy(rng: Random, pattern: str, slots: dict[str, str] | None = None) -> str:
    """As a person types: capitals or none, with or without a last mark, polite, hurried or mistyped; slots stay exact."""
    text = pattern.strip()
    if rng.random() < 0.12:
        text = (
            rng.choice(
                ["please", "hi,", "hey,", "ok", "so", "quick question:", "could you tell me", "pls", "um,", "yo"]
            )
            + " "
            + text
        )
    if rng.random() < 0.1:
        text += rng.choice([" please", " thanks", ", thanks!", " for me", " pls", " asap", " thx", ", please?"])
    text = text if rng.random() < 0.45 else text[:1].upper() + text[1:]
    if text[-1:] not in ".?!" and rng.random() < 0.5:
        text += (
            "?" if re.match(r"(?i)(wh|how|is|are|do|can|could|did)", pattern.strip()) else rng.choice([".", "", "!"])
        )
    if rng.random() < 0.12:
        text = slip(rng, text, r"\b[a-z]{5,}\b")
    text = text.replace("'s ", "s ") if rng.random() < 0.1 else text
    return re.sub(r" +", " ", filled(text, slots or {}))


def filled(text: str, slots: dict[str, str]) -> str:
    for name, value in slots.items():
        text = text.replace("{" + name + "}", value)
    return text


def worded(rng: Random, lines: list[str], slots: dict[str, str]) -> tuple[str, str]:
    """(request, arguments). A slot "day1:iso" is what the arguments get for {day1}."""
    request, _, args = rng.choice(lines).partition(" => ")
    asked = {name: value for name, value in slots.items() if ":" not in name}
    exact = {name.partition(":")[0]: value for name, value in slots.items() if ":" in name}
    return untidy(rng, problems.choose(rng, request)[0], asked), filled(filled(args, exact), asked).strip()


def remark(rng: Random, kind: str) -> str:
    """Something to say that needs no device, of a kind that chat.toml has."""
    return untidy(rng, problems.choose(rng, rng.choice(table("chat.toml")[kind]))[0])


def remarks(rng: Random, count: int) -> list[str]:
    """So many different ones, of every kind."""
    made = dict[str, None]()
    while len(made) < count:
        made |= dict.fromkeys(remark(rng, kind) for kind in table("chat.toml"))
    return list(made)[:count]
