"""Where one token looks: its share of attention for every page, in each layer and head.

Knows: what a layer's probe holds, and how keys lie in frames. Does not know: bursts, processes, who asks. Nothing here is part
of a step: the shares are reckoned from a probe that every step leaves anyway, when somebody wants to see them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import jax
import numpy as np

from . import kvcache
from .kvcache import Frames, Pool
from .model import Probe

Array = np.ndarray[Any, Any]
MOST = 100.0  # exponents of two above this are of a broken page


def shares(probes: Sequence[Probe], pool: Pool, table: Array, keys_in_sight: Array) -> Array:
    """[layers, heads, entries] float32, about 1 in all for each layer and head.

    `probes` are of a step whose first lane fed one token; `table` [entries] are the frames it read, `keys_in_sight`
    [entries, PAGE] says which of their tokens it could see.
    """
    found = [_layer(probe, keys(frames, table), keys_in_sight) for probe, frames in zip(probes, pool, strict=True)]
    return np.stack(found)


def keys(frames: Frames, table: Array) -> Array:
    """One layer's keys of these frames: [kv_heads, entries, PAGE, head_dim] float32."""
    taken = _taken({name: a for name, a in frames.items() if name[0] == "k"}, table)
    return kvcache.keys(jax.device_get(taken))


@jax.jit
def _taken(frames: Frames, table: jax.Array) -> Frames:
    return {name: a[:, table] for name, a in frames.items()}


def _layer(probe: Probe, k: Array, seen: Array) -> Array:
    query, top, total = (np.asarray(a, np.float32)[0, 0] for a in probe)  # [H, D], [H], [H]
    kv, entries, page, d = k.shape
    rows = query.reshape(kv, -1, d) * (d**-0.5 * math.log2(math.e))
    score = (rows @ k.reshape(kv, entries * page, d).swapaxes(1, 2)).reshape(len(query), entries, page)
    weight = np.where(seen, np.exp2(np.minimum(score - top[:, None, None], MOST)), 0.0)  # the others may be no numbers
    share: Array = weight.sum(-1) / total[:, None]
    return share
