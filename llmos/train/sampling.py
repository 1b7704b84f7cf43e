"""Dreams while training: greedy or drawn continuations by running the whole row again for each token.

Knows: the training forward pass. Does not know: the paged engine, which is the fast way once a model is exported.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from llmos.cpu.config import ModelConfig

from . import forward


def continuation(
    config: ModelConfig, params: forward.Params, time: int = 256
) -> Callable[[Sequence[int], int, tuple[int, ...], float, int], list[int]]:
    """A function (prompt ids, most tokens, ids that stop, temperature, seed) -> ids, the stopping one included."""
    scores = jax.jit(partial(forward.logits, config, dtype=jnp.float32))

    def extend(
        prompt: Sequence[int], most: int, stops: tuple[int, ...], temperature: float = 0.0, seed: int = 0
    ) -> list[int]:
        ids, rng = list(prompt), np.random.default_rng(seed)
        while len(ids) - len(prompt) < most and len(ids) < time:
            row = np.zeros((1, time), np.int32)
            row[0, : len(ids)] = ids
            last = np.asarray(scores(params, row, np.ones_like(row))[0, len(ids) - 1], np.float64)
            ids.append(_choose(last, temperature, rng))
            if ids[-1] in stops:
                break
        return ids[len(prompt) :]

    return extend


def _choose(scores: np.ndarray[tuple[int], np.dtype[np.float64]], temperature: float, rng: np.random.Generator) -> int:
    if temperature == 0:
        return int(np.argmax(scores))
    weights = np.exp((scores - scores.max()) / temperature)
    return int(rng.choice(len(scores), p=weights / weights.sum()))
