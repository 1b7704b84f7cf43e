"""Examples packed into rows of equal length, and which rows make up which step.

Knows: tokens, masks, segments; batch k is a pure function of (rows, seed, k), which is what makes a resumed run exact.
Does not know: what the tokens say, JAX.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .chatform import Example

OPEN_ROWS = 64
"""Rows that may still be filled while packing: more waste less room and cost more time."""


class Rows(NamedTuple):
    """All [rows, time]: input ids, next ids, number of the example in its row (0 = padding), weight of each next id."""

    tokens: NDArray[np.int32]
    targets: NDArray[np.int32]
    segments: NDArray[np.int32]
    weights: NDArray[np.float32]

    def take(self, index: NDArray[np.int64]) -> dict[str, NDArray[Any]]:
        """A batch, as `forward.loss` wants it."""
        return {name: array[index] for name, array in self._asdict().items()}


def pack(examples: Iterable[Example], time: int, weight: float = 1.0) -> Rows:
    """First fit into rows of `time`; what is longer than a row is left out."""
    done: list[list[Example]] = []
    rows: list[tuple[int, list[Example]]] = []
    for example in examples:
        need = len(example.tokens) - 1
        if not 0 < need <= time:
            continue
        place = next((i for i, (room, _) in enumerate(rows) if room >= need), None)
        if place is None:
            rows.append((time - need, [example]))
        else:
            rows[place] = (rows[place][0] - need, [*rows[place][1], example])
        if len(rows) > OPEN_ROWS:
            done.append(rows.pop(min(range(len(rows)), key=lambda i: rows[i][0]))[1])
    return _arrays(done + [row for _, row in rows], time, weight)


def windows(example: Example, time: int) -> list[Example]:
    """A long example cut into pieces of `time` predictions each."""
    starts = range(0, len(example.tokens) - 1, time)
    return [Example(example.tokens[at : at + time + 1], example.learned[at : at + time + 1]) for at in starts]


def join(parts: Sequence[Rows]) -> Rows:
    return Rows(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))


def batch_index(rows: int, batch: int, seed: int, step: int) -> NDArray[np.int64]:
    """Which rows step `step` trains on: each epoch is a new permutation; a last short batch is dropped."""
    per_epoch = max(rows // batch, 1)
    epoch, at = divmod(step, per_epoch)
    order = np.random.default_rng([seed, epoch]).permutation(rows)
    return order[at * batch : (at + 1) * batch]


def _arrays(packed: list[list[Example]], time: int, weight: float) -> Rows:
    shape = len(packed), time
    tokens, targets, segments = (np.zeros(shape, np.int32) for _ in range(3))
    out = Rows(tokens, targets, segments, np.zeros(shape, np.float32))
    for row, examples in enumerate(packed):
        at = 0
        for number, example in enumerate(examples, 1):
            here = slice(at, at := at + len(example.tokens) - 1)
            out.tokens[row, here] = example.tokens[:-1]
            out.targets[row, here] = example.tokens[1:]
            out.segments[row, here] = number
            out.weights[row, here] = np.multiply(example.learned[1:], weight)
    return out
