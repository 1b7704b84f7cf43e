"""Teacher forcing: what a model says after every prefix of a given text, with no engine around it.

Knows: one lane, one text, its logits at all positions. Does not know: sampling, lanes, pages shared with anybody.
For `llmos eval`, for measuring exact8 against float32, and for tests.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

import jax
import numpy as np

from . import kvcache, prepared
from .config import Model, ModelConfig, Params
from .engine import MODES, arithmetic
from .kvcache import NOWHERE, PAGE, View


def teacher_forced(model_: Model, mode: str, ids: Sequence[int], chunk: int = 256) -> Iterator[np.ndarray]:
    """Logits [n, vocab] float32 after each of the next n <= chunk ids, until all ids are used."""
    config, pages = model_.config, -(-len(ids) // PAGE)
    forward, params = arithmetic(mode), prepared.of(model_, mode, pages * PAGE + chunk)
    pool = kvcache.create(config, pages + 1, MODES[mode])
    step = jax.jit(partial(forward.layer, config), donate_argnums=(1, 2))
    head = jax.jit(partial(_all_positions, forward, config))
    params = jax.device_put(params)
    for first in range(0, len(ids), chunk):
        part = np.asarray(ids[first : first + chunk], np.int32)
        view = _view(part, first, pages, chunk)
        state = forward.begin(config, params["begin"], view)
        for i, weights in enumerate(params["layers"]):
            state, pool[i], _ = step(weights, state, pool[i], view)
        yield np.asarray(head(params["head"], state.x))[: len(part)]


def _all_positions(forward: Any, config: ModelConfig, weights: Params, x: jax.Array) -> jax.Array:
    logits: jax.Array = forward.head(config, weights, x[0][:, None], np.zeros(x.shape[1], np.int32))
    return logits


def _view(part: np.ndarray, first: int, pages: int, chunk: int) -> View:
    """Frame i + 1 holds page i; padding goes to the trash frame."""
    at = np.arange(first, first + chunk, dtype=np.int32)
    real = np.arange(chunk) < len(part)
    frame = np.where(real, at // PAGE + 1, 0).astype(np.int32)
    table = np.arange(1, pages + 1, dtype=np.int32)
    starts = np.where(table > 0, (table - 1) * PAGE, NOWHERE).astype(np.int32)
    tokens = np.pad(part, (0, chunk - len(part)))
    last = np.array([len(part) - 1], np.int32)
    return View(
        tokens[None], at[None], frame[None], (at % PAGE)[None].astype(np.int32), table[None], starts[None], last
    )
