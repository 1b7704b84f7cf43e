"""Digests: what an absent page is thought to get comes from its keys, and competes with what is there."""

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


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000))
def test_the_page_that_holds_what_is_asked_for_comes_first(seed: int) -> None:
    rng = np.random.default_rng(seed)
    absent, seen = pages(rng, 9), rng.normal(size=(LAYERS, KV, 40, D)).astype(np.float32)
    query, top, total = probe(rng, seen)
    absent[5, :, :, 7] = 4 * query.reshape(LAYERS, KV, GROUP, D).mean(2)  # one of its keys looks like the query
    digests = [digest.pack(list(page)) for page in absent]
    assert len(digests[0]) == LAYERS * 2 * KV * D * 2
    share = digest.shares(digests, query, top, total)
    assert share.shape == (9, LAYERS)
    assert ((share >= 0) & (share <= 1)).all()
    assert share.mean(1).argmax() == 5


def test_wanted_pages_would_get_more_than_some_page_in_sight() -> None:
    rng = np.random.default_rng(3)
    absent, seen = pages(rng, 6), rng.normal(size=(LAYERS, KV, 40, D)).astype(np.float32)
    asked = probe(rng, seen)
    digests = [digest.pack(list(page)) for page in absent]
    share = digest.shares(digests, *asked).mean(1)
    all_of_them, layers = digest.wanted(digests, asked, [0] * 10)
    assert list(all_of_them) == np.argsort(-share).tolist()
    assert len(layers) == 6
    assert set(layers) <= set(range(LAYERS))
    assert digest.wanted(digests, asked, [65535] * 10) == ((), ())
    between = int(np.sort(share)[-2] * digest.GETS * 65535) + 1  # less than the best would get, more than the second
    assert digest.wanted(digests, asked, [between] * 10)[0] == all_of_them[:1]


def test_layers_lie_in_the_upper_half() -> None:
    assert digest.layers(30) == (15, 18, 21, 24)
    assert digest.layers(1) == (0,)
    assert all(0 <= n < count for count in range(1, 80) for n in digest.layers(count))
