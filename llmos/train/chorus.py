"""Many texts decoded side by side: one KV cache row each, one jitted step.

Knows: canonical parameters in float32, ids to feed, ids that stop. Does not know: the paged engine (this is an independent
and simpler way), devices. A common beginning is read once and copied into every row.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from numpy.typing import ArrayLike

from llmos.cpu.config import ModelConfig, Params
from llmos.cpu.model import rms_norm, rope_tables, rotate

Cache = tuple[Array, Array]  # keys, values [layers, lanes, time, kv heads, head_dim]


class Chorus:
    """`lanes` conversations of at most `time` tokens. Owns the cache; lanes are independent."""

    def __init__(self, config: ModelConfig, params: Params, lanes: int, time: int) -> None:
        self.config, self.lanes, self.time = config, lanes, time
        self.params = jax.tree.map(lambda a: jnp.asarray(a, jnp.float32), params)
        shape = (config.layers, lanes, time, config.kv_heads, config.head_dim)
        self.cache: Cache = (jnp.zeros(shape), jnp.zeros(shape))
        self.at = np.zeros(lanes, np.int32)
        self._step = jax.jit(lambda p, c, t, at, *drawing: step(config, p, c, t, at, *drawing), donate_argnums=(1,))

    def restart(self, lane: int, at: int) -> None:
        """A lane goes back to position `at`; what stands before it stays."""
        self.at[lane] = at

    def feed(self, tokens: ArrayLike, *drawing: Any) -> np.ndarray[Any, Any]:
        """One token for every lane; returns the best next token of each, or with (key, temperature) one that is drawn."""
        ids = np.asarray(tokens, np.int32)
        best, self.cache = self._step(self.params, self.cache, ids, self.at, *drawing)
        self.at = np.minimum(self.at + 1, self.time - 1)
        return np.asarray(best)

    def begin(self, prefix: Sequence[int]) -> None:
        """Read the same beginning once; it then stands in all lanes."""
        one: Cache = (self.cache[0][:, :1], self.cache[1][:, :1])
        for at, token in enumerate(prefix):
            place = np.array([at], np.int32)
            _, one = self._step(self.params, one, np.array([token], np.int32), place)
        keys, values = (jnp.broadcast_to(part, whole.shape) for part, whole in zip(one, self.cache, strict=True))
        self.cache = (keys + 0, values + 0)
        self.at[:] = len(prefix)


def step(
    config: ModelConfig, params: Params, cache: Cache, tokens: Array, at: Array, *drawing: Array
) -> tuple[Array, Cache]:
    """Feed one token a lane at its own position; the next ids and the cache with its keys and values.

    `drawing`: (key, temperature) to draw the next ids with; without, they are the best ones.
    """
    keys, values = cache
    lanes, time = keys.shape[1:3]
    cos, sin = (jnp.asarray(table)[at][:, None] for table in rope_tables(config, time))
    seen = jnp.arange(time)[None] <= at[:, None]
    x, lane = params["embed"][tokens], jnp.arange(lanes)
    for i, layer in enumerate(params["layers"]):
        h = rms_norm(x, layer["attn_norm"], config.norm_eps)
        q, k, v = ((h @ layer[name].T).reshape(lanes, -1, config.head_dim) for name in ("q", "k", "v"))
        keys = keys.at[i, lane, at].set(rotate(k, cos, sin))
        values = values.at[i, lane, at].set(v)
        x = x + _mixed(rotate(q, cos, sin), keys[i], values[i], seen) @ layer["o"].T
        h = rms_norm(x, layer["mlp_norm"], config.norm_eps)
        x = x + (jax.nn.silu(h @ layer["gate"].T) * (h @ layer["up"].T)) @ layer["down"].T
    scores = rms_norm(x, params["norm"], config.norm_eps) @ params["embed" if config.tied else "head"].T
    if drawing:
        key, temperature = drawing
        scores = scores / temperature + jax.random.gumbel(key, scores.shape)
    return scores.argmax(-1), (keys, values)


def _mixed(q: Array, keys: Array, values: Array, seen: Array) -> Array:
    """One query a lane: q [lanes, heads, D] over [lanes, time, kv heads, D] -> [lanes, heads * D]."""
    lanes, heads, size = q.shape
    q = q.reshape(lanes, keys.shape[2], -1, size) / math.sqrt(size)
    scores = jnp.where(seen[:, None, None], jnp.einsum("lkgd,ltkd->lkgt", q, keys), -1e9)
    return jnp.einsum("lkgt,ltkd->lkgd", jax.nn.softmax(scores, -1), values).reshape(lanes, heads * size)
