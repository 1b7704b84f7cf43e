"""Runs of chance tokens that come again: the second time, only looking back foretells them.

Knows: what teaches a small Transformer to copy (attention to what followed the same token before: the induction heads of
Olsson et al. 2022, arXiv 2209.11895). Does not know: words. Numbers, names of files and results are copied in the same way.
Half of the runs have few different tokens, as 100000 and banana do: there the token before does not say where one is, so more
must be looked at, and where to stop must be known.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from random import Random

from .chatform import Example

SHORTEST, LONGEST, BETWEEN = 3, 48, 40  # tokens of a run, and most of other tokens before each coming
FEW = 12  # most different tokens of a run that has few


def echoes(ids: Sequence[int], seed: int, count: int) -> Iterator[Example]:
    """`count` examples of tokens drawn from `ids`: others, a run, others, the run again, perhaps once more.

    Learned is each token of a later coming but its first, which nothing foretells.
    """
    rng = Random(f"echoes-{seed}")
    for _ in range(count):
        run = _run(rng, ids, int(SHORTEST * (LONGEST / SHORTEST) ** rng.random()))
        tokens, learned = list[int](), list[int]()
        for again in range(rng.choice([2, 2, 3])):
            others = rng.choices(ids, k=rng.randint(0, BETWEEN))
            tokens += others + run
            learned += [0] * (len(others) + 1) + [min(again, 1)] * (len(run) - 1)
        yield Example(tokens, learned)


def _run(rng: Random, ids: Sequence[int], length: int) -> list[int]:
    """A run of all tokens, or of few between two that open and close it."""
    if rng.random() < 0.5:
        return rng.choices(ids, k=length)
    few = rng.sample(ids, min(len(ids), rng.randint(1, FEW)))
    return [rng.choice(ids), *rng.choices(few, k=length), rng.choice(ids)]
