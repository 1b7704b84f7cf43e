"""Words, names, numbers and texts to fill requests with.

Knows: small lists of everyday words, where rarer ones are, and how to make up unheard ones. Does not know: what is
asked for.
"""

from __future__ import annotations

import re
import string
from functools import cache
from random import Random

from . import texts
from .wording import table


def words(name: str) -> list[str]:
    """One list of `lexicon.toml`."""
    return str(table("lexicon.toml")[name]).split()


def number(rng: Random, most: int = 4) -> int:
    """A whole number of 1 to `most` digits, each length as likely as the others."""
    digits = rng.randint(1, most)
    return rng.randint(10 ** (digits - 1) if digits > 1 else 0, 10**digits - 1)


def word(rng: Random) -> str:
    """Mostly a common word; sometimes a rare one, one nobody has seen, a name, or a code with digits."""
    chance = rng.random()
    if chance < 0.4:
        return rng.choice(words("words"))
    if chance < 0.62:
        return rng.choice(rare())
    if chance < 0.85:
        return made_up(rng)
    if chance < 0.93:
        return rng.choice(words("names"))
    return "".join(rng.choices(string.ascii_lowercase + string.digits, k=rng.randint(2, 7)))


@cache
def rare() -> tuple[str, ...]:
    """Every longer word of the manual that is trained on: what must be copied is seldom an everyday word."""
    return tuple(sorted({word for text in texts.manual() for word in re.findall(r"\b[a-z]{4,11}\b", text)}))


def made_up(rng: Random) -> str:
    starts, middles = words("starts"), ["a", "e", "i", "o", "u", "ai", "ee", "oo", "ou", "y"]
    ends = ["", "n", "r", "s", "t", "l", "m", "x", "ck", "nd"]
    return "".join(rng.choice(starts) + rng.choice(middles) for _ in range(rng.randint(1, 3))) + rng.choice(ends)


def phrase(rng: Random, most: int = 7) -> str:
    """One to `most` words without punctuation."""
    return " ".join(word(rng) for _ in range(rng.randint(1, most)))


def path(rng: Random) -> str:
    """A file name, now and then in a folder or without an ending."""
    stem = rng.choice(words("stems")) if rng.random() < 0.6 else word(rng).lower()
    name = stem if rng.random() < 0.08 else f"{stem}.{rng.choice(words('endings'))}"
    return f"{rng.choice(words('folders'))}/{name}" if rng.random() < 0.15 else name


def spelled(n: int) -> str:
    """0 to 99 in words."""
    if n < 20:
        return words("small")[n]
    tens, rest = divmod(n, 10)
    return words("tens")[tens] + (f"-{words('small')[rest]}" if rest else "")
