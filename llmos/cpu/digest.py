"""What a page leaves behind when it is given up: enough to notice that it would matter again.

Knows: a digest is the smallest and largest component of the page's 16 keys, for three layers and each key head; from it
and a query follows an upper bound of the attention the page would have got (after Quest, Tang et al. 2024).
Does not know: who keeps digests, or what is done about a page that is wanted (`llmos_kernel.replacement`).
Nothing here runs inside a compiled step; a burst without digests costs nothing.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from .kvcache import PAGE

Array = np.ndarray[Any, Any]

WANTED = 1 / 64
"""An absent page is wanted when its bound, averaged over heads and layers, is more than this share of all attention."""

LARGEST = 65504.0  # of float16


def layers(count: int) -> tuple[int, ...]:
    """The layers that are looked at, of `count`: at a quarter, the middle and three quarters."""
    return tuple(sorted({count // 4, count // 2, 3 * count // 4}))


def pack(keys: Sequence[Array]) -> bytes:
    """Each layer's keys [kv_heads, PAGE, head_dim] -> their bounds as float16 [layers, 2, kv_heads, head_dim]."""
    bounds = np.stack([np.stack([k.min(1), k.max(1)]) for k in keys])
    packed: bytes = np.clip(bounds, -LARGEST, LARGEST).astype("<f2").tobytes()
    return packed


def shares(digests: Sequence[bytes], query: Array, top: Array, total: Array) -> Array:
    """The most attention that each page [n] could have got beside the keys in sight.

    query [layers, heads, head_dim]; top and total [layers, heads] as in `model.Probe`.
    """
    count, heads, d = query.shape
    boxes = np.frombuffer(b"".join(digests), "<f2").reshape(len(digests), count, 2, -1, d).astype(np.float32)
    q = query.reshape(count, boxes.shape[3], -1, d)  # [layers, kv_heads, group, head_dim]
    low, high = (
        np.einsum("lkgd,nlkd->nlkg", part, boxes[:, :, i]) for i, part in enumerate((q.clip(max=0), q.clip(0)))
    )
    score = ((low + high) * (d**-0.5 * math.log2(math.e))).reshape(-1, count, heads)
    ratio = PAGE * np.exp2(np.minimum(score - top, 100.0)) / total
    mean: Array = np.mean(ratio / (1 + ratio), axis=(1, 2))
    return mean


def wanted(digests: Sequence[bytes], query: Array, top: Array, total: Array) -> tuple[int, ...]:
    """Indices of the pages that would matter, most first."""
    share = shares(digests, query, top, total)
    return tuple(int(i) for i in np.argsort(-share, kind="stable") if share[i] > WANTED)
