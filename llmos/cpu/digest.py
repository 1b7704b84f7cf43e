"""What a page leaves behind when it is given up: enough to notice that it would matter again.

Knows: a digest is the smallest and largest component of the page's 16 keys, for four layers and each key head. With a query
it gives an upper bound of the attention the page would have got (Quest, Tang et al. 2024), and from that an estimate.
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

REACH = 1 / 4
"""How far from the middle of its box, 0, to the bound, 1, a page's best key is taken to be.

In SmolLM2 the page that holds the answer to a question came first of 35 absent pages in 12 of 12 cases with 1/4 to 1/2, with
the bound itself between first and twelfth.
"""

GETS = 2 / 5
"""The part of its estimate that a page may be hoped to get. Those that were brought back got between a fifth and a fifteenth;
but who is not brought back is not found, and who got little is the next to go."""

LARGEST = 65504.0  # of float16


def layers(count: int) -> tuple[int, ...]:
    """The layers that are looked at, of `count`: from the middle to four fifths, where heads look for what was said before."""
    return tuple(sorted({count * part // 10 for part in (5, 6, 7, 8)}))


def pack(keys: Sequence[Array]) -> bytes:
    """Each layer's keys [kv_heads, PAGE, head_dim] -> their bounds as float16 [layers, 2, kv_heads, head_dim]."""
    bounds = np.stack([np.stack([k.min(1), k.max(1)]) for k in keys])
    packed: bytes = np.clip(bounds, -LARGEST, LARGEST).astype("<f2").tobytes()
    return packed


def shares(digests: Sequence[bytes], query: Array, top: Array, total: Array) -> Array:
    """The attention that each page would get, about, beside the keys in sight: [n, layers].

    query [layers, heads, head_dim]; top and total [layers, heads] as in `model.Probe`.
    """
    count, heads, d = query.shape
    boxes = np.frombuffer(b"".join(digests), "<f2").reshape(len(digests), count, 2, -1, d).astype(np.float32)
    q = query.reshape(count, boxes.shape[3], -1, d)  # [layers, kv_heads, group, head_dim]
    low, high = boxes[:, :, 0], boxes[:, :, 1]
    middle = np.einsum("lkgd,nlkd->nlkg", q, (high + low) / 2)
    radius = np.einsum("lkgd,nlkd->nlkg", np.abs(q), (high - low) / 2)
    score = ((middle + REACH * radius) * (d**-0.5 * math.log2(math.e))).reshape(-1, count, heads)
    ratio = PAGE * np.exp2(np.minimum(score - top, 100.0)) / total
    mean: Array = np.mean(ratio / (1 + ratio), axis=2)
    return mean


def wanted(
    digests: Sequence[bytes], probe: tuple[Array, Array, Array], mass: Sequence[int]
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Indices of the pages that would matter, most first: that would get more attention than some page in sight; and of
    each the place among the layers looked at of the one that asked for it most.

    `probe` is query, top and total of `shares`, `mass` the attention of the pages in sight, 65535 in all. The first absent page
    is held against the least of these, the second against the next, and so on: each would take one's place.
    """
    by_layer = shares(digests, *probe)
    share = by_layer.mean(1) * (GETS * 65535)
    order = np.argsort(-share, kind="stable").tolist()
    found = tuple(i for i, least in zip(order, sorted(mass), strict=False) if share[i] > least)
    return found, tuple(by_layer[list(found)].argmax(1).tolist())
