"""What a training dialogue is, and how its words are varied.

Knows: requests, replies and calls as plain frozen values; a small pattern language for wording. Does not know: tokens,
devices, what the dialogues are about (`sums`, `dates`, `storage`, `talk`), how they are mixed (`dialogues`).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

HELD_OUT_SHARE = 20
"""One request in so many, chosen by the hash of its words, is never trained on."""


@dataclass(frozen=True, slots=True)
class Say:
    """Words of the assistant."""

    text: str


@dataclass(frozen=True, slots=True)
class Call:
    """TRAP `device args` GO, then the kernel's RESULT `result` DONE: only the first half is the assistant's."""

    device: str
    args: str
    result: str

    @property
    def text(self) -> str:
        return f"{self.device} {self.args}".rstrip()


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and everything the assistant does before it ends its turn."""

    request: str
    reply: tuple[Say | Call, ...]

    @property
    def calls(self) -> tuple[Call, ...]:
        return tuple(part for part in self.reply if isinstance(part, Call))

    @property
    def answer(self) -> str:
        return "".join(part.text for part in self.reply if isinstance(part, Say))


@dataclass(frozen=True, slots=True)
class Dialogue:
    kind: str  # "sums", "dates", "storage", "talk", ... of the last exchange
    exchanges: tuple[Exchange, ...]
    system: str = ""

    @property
    def requests(self) -> str:
        return " / ".join(normal(exchange.request) for exchange in self.exchanges)


Maker = Callable[[Random], Exchange]


def normal(text: str) -> str:
    """A request without case, punctuation and spacing, so that trivial variants count as the same."""
    return " ".join(re.findall(r"[a-z]+|[0-9]+|[^\sa-z0-9?.!,]", text.lower()))


def grams(text: str, length: int = 13) -> set[str]:
    """All runs of so many words: two texts that share one are not independent."""
    words = normal(text).split()
    return {" ".join(words[at : at + length]) for at in range(len(words) - length + 1)}


def held_out(text: str) -> bool:
    """Is this text kept away from training? By its own words, so that no list has to be kept."""
    digest = hashlib.blake2b(normal(text).encode(), digest_size=8).digest()
    return int.from_bytes(digest) % HELD_OUT_SHARE == 0


def expand(rng: Random, pattern: str) -> str:
    """Choose one of every innermost `[a|b|c]` until none is left; `[a|]` is a or nothing."""
    while match := re.search(r"\[([^\[\]]*)\]", pattern):
        pattern = pattern[: match.start()] + rng.choice(match[1].split("|")) + pattern[match.end() :]
    return pattern


def ask(rng: Random, pattern: str, **values: str) -> str:
    """A request worded from `pattern`: expanded, perhaps untidy, and only then filled in, so that values stay exact."""
    text = untidy(rng, expand(rng, pattern))
    for name, value in values.items():
        text = text.replace("{" + name + "}", value)
    return re.sub(r" +", " ", text).strip()


def untidy(rng: Random, pattern: str) -> str:
    """Sometimes polite, in capitals or none, without its last mark, or with one slip of the keyboard."""
    if rng.random() < 0.12:
        pattern = (
            expand(rng, "[please|hi,|hey,|ok,|so|now|hello!|could you tell me:|quick question:|nano,|pls] ") + pattern
        )
    if rng.random() < 0.08:
        pattern = pattern.rstrip("?.!") + expand(rng, "[ please| thanks|, please?|, thanks!| for me| now| pls| ok?]")
    if rng.random() < 0.5:
        pattern = pattern[:1].upper() + pattern[1:]
    if rng.random() < 0.3:
        pattern = pattern.rstrip("?.!")
    return slip(rng, pattern) if rng.random() < 0.08 else pattern


def slip(rng: Random, pattern: str, long: str = "[a-z]{5,}") -> str:
    """Drop, double or swap one letter of a long word, never inside a `{value}`."""
    words = [m for m in re.finditer(r"\{[^}]*\}|" + long, pattern) if not m[0].startswith("{")]
    if not words:
        return pattern
    word = rng.choice(words)
    at = rng.randrange(word.start() + 1, word.end() - 1)
    a, b = pattern[at], pattern[at + 1]
    return pattern[:at] + rng.choice([b, a + a + b, b + a]) + pattern[at + 2 :]
