"""Dialogues that need the disk: a search, its passages, and the first sentence of the best one as the answer.

Knows: ways to ask, and how the search device lays passages out. Does not know: the device, or what is really on the disk.
"""

from __future__ import annotations

import re
from functools import cache
from random import Random

from . import lexicon, texts, world
from .dialogue import Call, Exchange, Maker, Say, ask
from .wording import ways

SHORT = 500  # characters of a passage that are shown
SENTENCE = range(20, 200)  # characters of a first sentence worth quoting


def searching(rng: Random) -> Exchange:
    about = lexicon.phrase(rng, 3) if rng.random() < 0.6 else rng.choice(tuple(world.terms()))
    request = ask(rng, ways("storage.search") + "{e}", t=about, q=rng.choice(["", '"']), e=rng.choice(["?", "", "."]))
    if rng.random() < 0.15:
        return Exchange(request, (Call("search", about, "nothing found"), Say(f"I found nothing about {about}.")))
    found = [passage(rng, about) for _ in range(rng.choice([1, 1, 2, 3]))]
    result = "\n\n".join(shown(rng, about, text) for text in found)
    return Exchange(request, (Call("search", about, result), Say(f"I found:\n{first_sentence(found[0])}")))


def passage(rng: Random, about: str) -> str:
    """From the manual, from our definitions, or made up."""
    chance = rng.random()
    if chance < 0.4:
        return rng.choice(_quotable())
    if chance < 0.7:
        terms = rng.sample(tuple(world.terms().values()), rng.randint(1, 3))
        return " ".join([world.terms().get(about, terms[0]), *terms[1:]])
    return " ".join(f"{lexicon.phrase(rng, 9)}.".capitalize() for _ in range(rng.randint(1, 4)))


def shown(rng: Random, about: str, text: str) -> str:
    """A passage under its place, cut where it is long."""
    title = about.capitalize() if rng.random() < 0.5 else lexicon.phrase(rng, 3).capitalize()
    of = rng.randint(1, 9)
    if len(text) > SHORT:
        text = text[:SHORT].rsplit(" ", 1)[0] + " ..."
    return f"[{title}#{rng.randint(1, of)} of {of}] {text}"


def first_sentence(text: str) -> str:
    return re.split(r"(?<=[.!?])\s", text, maxsplit=1)[0]


@cache
def _quotable() -> tuple[str, ...]:
    """Paragraphs of the manual that begin with a sentence of fair length, each on one line."""
    flat = (" ".join(part.split()) for text in texts.manual() for part in text.split("\n\n"))
    return tuple(part for part in flat if part.isascii() and _begins_well(first_sentence(part)))


def _begins_well(sentence: str) -> bool:
    return len(sentence) in SENTENCE and sentence[0].isupper() and "==" not in sentence and "**" not in sentence


MAKERS: tuple[tuple[int, Maker], ...] = ((1, searching),)
