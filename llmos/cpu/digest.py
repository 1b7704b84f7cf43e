"""What a full page leaves behind: enough to notice, when it is away, that it would matter again.

Knows: a digest holds the page's keys in a third of the layers, a byte a component (of SmolLM2 32,640 bytes, a sixth of a page
in exact8, a 23rd of one in float32). With a burst's queries it gives the attention that the page gets, or would get if it were
there. Does not know: who keeps digests, or what is done about a page that is worth having (`llmos_kernel.replacement`).
Nothing here runs inside a compiled step; a burst without digests costs nothing.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from .kvcache import PAGE

Array = np.ndarray[Any, Any]


def layers(count: int) -> tuple[int, ...]:
    """The layers that are looked at, of `count`: ten of SmolLM2's thirty, on which they were chosen. Heads of the early ones
    look at what is near, those of layers 15 to 24 for what was said before."""
    return tuple(sorted({count * part // 30 for part in (0, 2, 4, 8, 10, 13, 15, 18, 21, 24)}))


def pack(keys: Sequence[Array]) -> bytes:
    """Each layer's keys [kv_heads, PAGE, head_dim] -> each key's scale as float32, then [.., head_dim, PAGE] as int8."""
    turned = np.nan_to_num(np.stack(keys).swapaxes(-1, -2))  # a broken page's keys are no numbers
    scale = np.maximum(np.abs(turned).max(-2, keepdims=True), 1e-20) / 127
    packed: bytes = scale.astype("<f4").tobytes() + np.round(turned / scale).astype(np.int8).tobytes()
    return packed


def shares(digests: Sequence[bytes], absent: int, query: Array, top: Array, total: Array) -> Array:
    """The attention that each page gets from each head, the mean over tokens: [n, layers, heads].

    The last `absent` pages are away: what they would get is beside the keys in sight. query [tokens, layers, heads, head_dim];
    top and total [tokens, layers, heads] as in `model.Probe`.
    """
    n, (tokens, count, heads, d) = len(digests), query.shape
    raw = np.frombuffer(b"".join(digests), np.uint8).reshape(n, -1)
    cut = raw.shape[1] * 4 // (d + 4)
    scale = raw[:, :cut].copy().view("<f4").reshape(n, count, -1, 1, PAGE)
    kv = scale.shape[2]
    keys = raw[:, cut:].view(np.int8).reshape(n, count, kv, d, PAGE).astype(np.float32)

    def rows(a: Array) -> Array:
        """[tokens, layers, heads, ...] -> [layers, kv_heads, group * tokens, ...]"""
        return np.moveaxis(a, 0, 2).reshape(count, kv, heads // kv * tokens, -1)

    score = rows(query * (d**-0.5 * math.log2(math.e))) @ keys * scale - rows(top)
    weight = np.exp2(np.minimum(score, 100.0)).sum(-1)
    beside = weight[n - absent :].sum(0)
    share: Array = (weight / (rows(total)[..., 0] + beside)).reshape(n, count, heads, tokens).mean(-1)
    return share


def worth(
    digests: Sequence[bytes], absent: int, probe: tuple[Array, Array, Array]
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """What each page is worth: the attention of the head that looks at it most, 65535 for all of it; and of each of the
    last `absent` pages the place of that head's layer among those looked at. A page without a digest, b"", is worth nothing.

    The most and not the mean, since few heads look for one thing.
    """
    here = len(digests) - absent
    known = [i for i, one in enumerate(digests) if one]
    by_layer = np.zeros((len(digests), probe[0].shape[1]))
    if known:
        away = sum(i >= here for i in known)
        by_layer[known] = np.nan_to_num(shares([digests[i] for i in known], away, *probe).max(2))
    best = (np.minimum(by_layer.max(1), 1.0) * 65535).astype(int)
    return tuple(best.tolist()), tuple(by_layer[here:].argmax(1).tolist())
