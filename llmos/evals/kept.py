"""`llmos eval kept`: what an adapter costs the model on plain text that has nothing to do with calls.

Knows: real texts (the chapters that every Python brings along for `help`), perplexity with the adapter and without. Does not
know: what the adapter is for. Both read the same stretches, each from an empty context, in float32.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import numpy as np

from llmos import perplexity, store
from llmos.cpu import adapters
from llmos.cpu.config import Model
from llmos.cpu.isa import ModelCodec
from llmos.cpu.loaders import load
from llmos.errors import UsageError
from llmos.train import forward

STRETCH = 512  # tokens of one stretch


def evaluate(
    model: str | None, adapter: Path | None, tokens: int, text: Path | None, progress: Callable[[str], None]
) -> dict[str, Any]:
    """{"tokens", "off", "on", "worse"}: perplexities, and by which share the adapter makes it worse."""
    bare = load(store.resolve(model) if model else store.default())
    file = adapter or adapters.shipped(bare)
    if file is None:
        raise UsageError(f"no adapter is shipped for {bare.name}; name a file")
    return compare(bare, adapters.merge(bare, adapters.read(file)), stretches(bare, tokens, text), progress)


def stretches(model: Model, tokens: int, text: Path | None) -> list[list[int]]:
    """Ids of plain text, in pieces of `STRETCH` or of what is wanted, if that is less. Raises UsageError."""
    codec, size = ModelCodec(model), min(STRETCH, tokens)
    try:
        found = [text.read_text("utf-8")] if text else perplexity.texts(codec, size)
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{text}: can't be read: {error}") from None
    pieces: list[list[int]] = []
    for one in found:
        ids = list(codec.encode(one))
        pieces += [ids[at : at + size] for at in range(0, len(ids) - size + 1, size)]
        if len(pieces) * size >= tokens:
            return pieces[: -(-tokens // size)]
    raise UsageError(f"the text has {len(pieces) * size:,} whole tokens; {tokens:,} were wanted")


def compare(off: Model, on: Model, pieces: list[list[int]], progress: Callable[[str], None]) -> dict[str, Any]:
    """Perplexity of every token but each piece's first."""
    loss = jax.jit(lambda params, batch: forward.loss(off.config, params, batch))
    both = {}
    for name, model in (("off", off), ("on", on)):
        params = jax.tree.map(lambda a: jax.numpy.asarray(a, "float32"), model.params)
        nats = []
        for done, ids in enumerate(pieces, 1):
            nats.append(float(loss(params, _row(ids))))
            progress(f"adapter {name}: {done} of {len(pieces)} stretches")
        both[name] = float(np.exp(np.mean(nats)))
    return {"tokens": sum(len(ids) - 1 for ids in pieces), **both, "worse": both["on"] / both["off"] - 1}


def _row(ids: list[int]) -> dict[str, Any]:
    tokens = np.array([ids[:-1]], np.int32)
    ones = np.ones_like(tokens)
    return {"tokens": tokens, "targets": np.array([ids[1:]], np.int32), "segments": ones, "weights": ones.astype("f")}
