"""Random sentences of a grammar, as a model under its mask would write them."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from llguidance import LLTokenizer

from .helpers import matcher


def sentences(grammar: str, rng: Random, count: int, longest: int = 60) -> Iterator[str]:
    """`count` whole sentences of at most `longest` bytes; a walk that runs out of length is dropped and begun again."""
    end = LLTokenizer("byte").eos_token
    found = 0
    while found < count:
        walker = matcher(grammar)
        written: list[int] = []
        while len(written) <= longest:
            mask = walker.compute_logit_bias()
            allowed = [token for token in range(len(mask)) if mask[token]]
            token = end if end in allowed and rng.random() < 0.3 else rng.choice(allowed)
            if token == end:
                found += 1
                yield bytes(written).decode(errors="replace")
                break
            walker.consume_token(token)
            written.append(token)
