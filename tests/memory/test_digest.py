"""Digests: what a page is worth comes from its keys, whether it is in RAM or not."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from llmos.cpu import digest
from llmos.cpu.kvcache import PAGE

LAYERS, KV, GROUP, D = 2, 2, 3, 8
Array = np.ndarray[Any, Any]


def probe(rng: np.random.Generator, keys: Array) -> tuple[Array, Array, Array]:
    """A query and what it finds among keys in sight [layers, kv, n, d]."""
    query = rng.normal(size=(LAYERS, KV * GROUP, D)).astype(np.float32)
    score = np.einsum("lkgd,lknd->lkgn", query.reshape(LAYERS, KV, GROUP, D), keys) * D**-0.5 * math.log2(math.e)
    top = score.max(-1)
    total = np.exp2(score - top[..., None]).sum(-1)
    return query, top.reshape(LAYERS, -1), total.reshape(LAYERS, -1)


def pages(rng: np.random.Generator, count: int) -> Array:
    return rng.normal(size=(count, LAYERS, KV, PAGE, D)).astype(np.float32)


def packed(absent: Array) -> list[bytes]:
    return [digest.pack(list(page)) for page in absent]


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000))
def test_it_is_attention_over_all_keys(seed: int) -> None:
    """Against a softmax over the keys of present and absent pages together, within what a byte a component loses."""
    rng = np.random.default_rng(seed)
    keys = pages(rng, 9)
    here = np.concatenate(list(keys[:4]), 2)  # [layers, kv, 64, d]
    probes = [probe(rng, here) for _ in range(3)]
    query, top, total = (np.stack(part) for part in zip(*probes, strict=True))
    share = digest.shares(packed(keys), 5, query, top, total)
    q = query.reshape(3, LAYERS, KV, GROUP, D)
    score = np.einsum("tlkgd,nlkpd->lkgtnp", q, keys) * D**-0.5
    p = np.exp(score - score.max((-1, -2), keepdims=True))
    truth = (p.sum(-1) / p.sum((-1, -2))[..., None]).mean(3).reshape(LAYERS, KV * GROUP, 9)
    np.testing.assert_allclose(np.moveaxis(share, 0, -1), truth, atol=0.01)


def test_the_page_that_one_head_looks_for_is_worth_most() -> None:
    rng = np.random.default_rng(1)
    absent, seen = pages(rng, 9), rng.normal(size=(LAYERS, KV, 40, D)).astype(np.float32)
    query, top, total = probe(rng, seen)
    absent[5, 1, 0, 7] = (
        40 * query.reshape(LAYERS, KV, GROUP, D)[1, 0, 2]
    )  # one key of one layer is what one head asks for
    asked = (query[None], top[None], total[None])
    worth, layers = digest.worth([b"", *packed(absent)], 9, asked)
    assert worth[0] == 0
    assert max(worth) == worth[6] > 60_000
    assert len(layers) == 9
    assert layers[5] == 1
    assert digest.worth([b""], 0, asked) == ((0,), ())
    blind = digest.worth([b"", *packed(absent[:3]), b""], 4, asked)  # after a return to the past one may be unknown
    assert blind[0][-1] == 0
    assert len(blind[1]) == 4
    assert digest.worth(packed(np.full_like(absent[:1], np.nan)), 1, asked)[0][0] >= 0, "a broken page breaks nothing"


def test_layers_are_a_third_of_them() -> None:
    assert len(digest.layers(30)) == 10
    assert digest.layers(1) == (0,)
    assert all(0 <= n < count for count in range(1, 80) for n in digest.layers(count))
