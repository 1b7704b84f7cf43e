"""What a full page leaves behind: enough to notice, when it is away, that it would matter again.

Knows: a digest holds the page's keys in a few layers, a byte a component (8 % of a page of exact8). With a burst's queries it
gives the attention that the page gets, or would get if it were there. Does not know: who keeps digests, or what is done about
a page that is worth having (`llmos_kernel.replacement`). Nothing here runs inside a compiled step; a burst without
digests costs nothing.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from .kvcache import PAGE

Array = np.ndarray[Any, Any]


def layers(count: int) -> tuple[int, ...]:
    """The layers that are looked at, of `count`: an early one, where heads look at what is near, and those from the first
    third on, where heads look for what was said before. Chosen on SmolLM2, of whose 30 layers they are 2, 10, 15, 18 and 21."""
    return tuple(sorted({count * part // 30 for part in (2, 10, 15, 18, 21)}))


def pack(keys: Sequence[Array]) -> bytes:
    """Each layer's keys [kv_heads, PAGE, head_dim] -> a float32 scale of each key, then their components as int8."""
    all_keys = np.stack(keys)
    scale = np.maximum(np.abs(all_keys).max(-1, keepdims=True), 1e-20) / 127
    return scale.astype("<f4").tobytes() + np.round(all_keys / scale).astype(np.int8).tobytes()


def unpack(digests: Sequence[bytes], count: int, d: int) -> Array:
    """The keys of pages, side by side: float32 [layers, kv_heads, head_dim, n * PAGE]."""
    size = len(digests[0])
    cut = size * 4 // (d + 4)
    rows = np.frombuffer(b"".join(digests), np.uint8).reshape(len(digests), size)
    scale = rows[:, :cut].copy().view("<f4").reshape(len(digests), count, -1, PAGE, 1)
    keys = rows[:, cut:].view(np.int8).reshape(len(digests), count, -1, PAGE, d) * scale
    return np.ascontiguousarray(keys.transpose(1, 2, 4, 0, 3)).reshape(count, -1, d, len(digests) * PAGE)


def shares(digests: Sequence[bytes], absent: int, query: Array, top: Array, total: Array) -> Array:
    """The attention that each page gets from each head, the mean over tokens: [layers, heads, n].

    The last `absent` pages are away: what they would get is beside the keys in sight. query [tokens, layers, heads, head_dim];
    top and total [tokens, layers, heads] as in `model.Probe`.
    """
    tokens, count, heads, d = query.shape
    keys = unpack(digests, count, d)
    kv = keys.shape[1]

    def rows(a: Array) -> Array:
        """[tokens, layers, heads, ...] -> [layers, kv_heads, group * tokens, ...]"""
        return np.moveaxis(a, 0, 2).reshape(count, kv, heads // kv * tokens, -1)

    score = rows(query) @ keys * (d**-0.5 * math.log2(math.e)) - rows(top)
    weight = np.exp2(np.minimum(score, 100.0)).reshape(count, kv, -1, len(digests), PAGE).sum(-1)
    beside = weight[..., len(digests) - absent :].sum(-1, keepdims=True)
    share: Array = (weight / (rows(total) + beside)).reshape(count, heads, tokens, -1).mean(2)
    return share


def worth(
    digests: Sequence[bytes], absent: int, probe: tuple[Array, Array, Array]
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """What each page is worth: the attention of the head that looks at it most, 65535 for all of it; and of each of the
    last `absent` pages the place of that head's layer among those looked at. A page without a digest, b"", is worth nothing.

    The most and not the mean, since few heads look for one thing.
    """
    known = [i for i, one in enumerate(digests) if one]
    if not known:
        return (0,) * len(digests), ()
    by_layer = shares([digests[i] for i in known], absent, *probe).max(1)
    best = np.zeros(len(digests), int)
    best[known] = np.minimum(by_layer.max(0), 1.0) * 65535
    return tuple(best.tolist()), tuple(by_layer[:, len(known) - absent :].argmax(0).tolist())
