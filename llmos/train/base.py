"""Pre-training: a small Transformer that learns to continue any one text file.

Knows: how a text becomes rows, a shape and a run. Does not know: dialogues. "Base models dream documents": what comes
out continues text in the register it was trained on, and answers nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import jax
import numpy as np
from tokenizers import Tokenizer

from llmos.cpu.config import ModelConfig
from llmos.errors import UsageError

from . import checkpoint, export, forward, vocabulary
from .chatform import SPECIALS, ChatForm
from .packing import Rows, pack, windows
from .sampling import continuation
from .training import Run, Settings, steps_in

CHARACTERS = len(SPECIALS) + 256
"""The vocabulary without a single merge: control ids and bytes."""

LEAST = 2000  # characters of text, below which there is nothing to learn
KEPT_OUT = 0.05  # of the text, its end, to measure on


def train_base(
    text_path: Path,
    out: Path,
    minutes: float | None = None,
    steps: int | None = None,
    vocab: int = 1024,
    time: int = 128,
    dim: int = 192,
    layers: int = 4,
    seed: int = 0,
    devices: int = 1,
    notify: Callable[[str], None] = print,
) -> Path:
    """Train on a UTF-8 text file into `out` (resuming what is there); returns the exported model's folder `out/model`.

    Either `minutes` (the number of steps is then reckoned from a few timed ones) or `steps`. `vocab` 263 means
    characters (bytes), more means a BPE trained on the text. Raises UsageError for what can't be trained on.
    """
    _possible(minutes, steps, vocab, time, dim, layers)
    text = read(text_path)
    cut = int(len(text) * (1 - KEPT_OUT))
    tokenizer = vocabulary.train([text[:cut]], vocab)
    form = ChatForm(tokenizer)
    rows, kept_out = (pack(windows(form.document(part), time), time) for part in (text[:cut], text[cut:]))
    config = shape(tokenizer.get_vocab_size(), dim, layers, time)
    batch = max(1, min(2048 // time, len(rows.tokens)) // devices * devices)
    settings = Settings(steps or 1, batch=batch, seed=seed, devices=devices)
    before = checkpoint.record(out)
    if before:
        notify(f"{out} has a run at step {before.get('step')}: it goes on")
    settings = replace(settings, steps=steps or _reckoned(minutes or 0.0, config, rows, settings, before))
    run = Run(config, rows, settings, out)
    parameters = sum(leaf.size for leaf in jax.tree.leaves(run.state.params))
    notify(f"{len(text):,} characters in {len(rows.tokens):,} rows of {time} tokens")
    notify(f"{parameters:,} parameters, {settings.steps:,} steps")
    if run.state.step >= settings.steps:
        notify(f"it has its {settings.steps:,} steps already: --steps {2 * settings.steps} takes as many again")
    run.run(notify, _sampler(config, tokenizer, form.encode(text[cut : cut + 40]), kept_out))
    return export.write(out / "model", config, run.state.params, tokenizer)


def _possible(minutes: float | None, steps: int | None, vocab: int, time: int, dim: int, layers: int) -> None:
    if (minutes is None) == (steps is None):
        raise UsageError("say either how many minutes or how many steps")
    if minutes is not None and not 0 < minutes < math.inf:
        raise UsageError("the minutes must be more than zero")
    if vocab < CHARACTERS or dim % 64 or min(dim, layers, time) < 1:
        raise UsageError(f"the vocabulary needs at least {CHARACTERS} ids, and the width must be a multiple of 64")


def read(path: Path) -> str:
    """The text of a file, without anything that spells a control token. Raises UsageError with one line."""
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: can't be read as UTF-8 text ({error})") from error
    for name in SPECIALS:
        text = text.replace(name, "")
    if len(text) < LEAST:
        raise UsageError(f"{path}: {len(text)} characters are too few to learn from (at least {LEAST:,})")
    return text


def shape(vocab: int, dim: int, layers: int, time: int) -> ModelConfig:
    heads = dim // 32 if dim < 256 else dim // 64
    hidden = 64 * math.ceil(dim * 8 / 3 / 64)
    return ModelConfig("llama", vocab, dim, layers, heads, max(heads // 2, 1), dim // heads, hidden, time)


def _reckoned(minutes: float, config: ModelConfig, rows: Rows, settings: Settings, before: dict[str, Any]) -> int:
    """The number of steps: that of the run being resumed, or as many as fit."""
    known = before.get("settings", {}).get("steps")
    return int(known) if known else steps_in(minutes, config, rows, settings)


def _sampler(
    config: ModelConfig, tokenizer: Tokenizer, prompt: list[int], kept_out: Rows
) -> Callable[[forward.Params], str]:
    """Loss on the kept-out end of the text, and a dream that goes on from its first words."""
    batch = kept_out.take(np.arange(min(len(kept_out.tokens), 16)))
    loss = jax.jit(lambda params: forward.loss(config, params, batch))

    def sample(params: forward.Params) -> str:
        extend = continuation(config, params, config.context)
        dream = tokenizer.decode(prompt + extend(prompt, 60, (), 0.8, 0))
        return f"  kept-out loss {float(loss(params)):.3f} | {dream!r}"

    return sample
