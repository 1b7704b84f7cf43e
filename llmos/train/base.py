"""Pre-training: a small Transformer that learns to continue any one text file.

Knows: how a text becomes rows, a shape and a run; what is kept out of it to measure on, and the parameters that did best on
that. Does not know: dialogues. "Base models dream documents": what comes out continues text in the register it was trained
on, and answers nothing.
"""

from __future__ import annotations

import json
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
from llmos.files import replace as replace_file

from . import checkpoint, export, forward, vocabulary
from .chatform import SPECIALS, ChatForm
from .packing import Rows, pack, windows
from .sampling import continuation
from .training import Run, Settings, steps_in

CHARACTERS = len(SPECIALS) + 256
"""The vocabulary without a single merge: control ids and bytes."""

LEAST = 2000  # characters of text, below which there is nothing to learn
KEPT_OUT = 20  # one stretch of so many is never trained on
STRETCHES, SHORTEST = 200, 100  # of a text, and characters of one at least
PASSES = 10
"""How often minutes may have a text read: a small model knows a megabyte by heart after twice as many, and foresees what was
kept out worse and worse (docs/training.md). `--steps` may have more."""


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
    """Train on a UTF-8 text file into `out` (resuming what is there); returns the exported model's folder `out/model`, which
    holds the parameters that foresaw the kept-out stretches best.

    Either `minutes` (the number of steps is then reckoned from a few timed ones, for `PASSES` passes at most) or `steps`.
    `vocab` 263 means characters (bytes), more means a BPE trained on the text. Raises UsageError for what can't be trained on.
    """
    _possible(minutes, steps, vocab, time, dim, layers)
    text = read(text_path)
    taught, spared = apart(text)
    tokenizer = vocabulary.train(taught, vocab)
    form = ChatForm(tokenizer)
    rows, kept_out = (
        pack((window for part in parts for window in windows(form.document(part), time)), time)
        for parts in (taught, spared)
    )
    config = shape(tokenizer.get_vocab_size(), dim, layers, time)
    batch = max(1, min(2048 // time, len(rows.tokens)) // devices * devices)
    settings = Settings(steps or 1, batch=batch, seed=seed, devices=devices)
    before = checkpoint.record(out)
    if before:
        notify(f"{out} has a run at step {before.get('step')}: it goes on")
    settings = replace(settings, steps=steps or _reckoned(minutes or 0.0, config, rows, settings, before, notify))
    run = Run(config, rows, settings, out)
    parameters = sum(leaf.size for leaf in jax.tree.leaves(run.state.params))
    notify(f"{len(text):,} characters in {len(rows.tokens):,} rows of {time} tokens")
    notify(f"{parameters:,} parameters, {settings.steps:,} steps")
    if run.state.step >= settings.steps:
        notify(f"it has its {settings.steps:,} steps already: --steps {2 * settings.steps} takes as many again")
    best = Best(out, config, tokenizer, kept_out, form.encode(spared[0][:40]))
    run.run(notify, best)
    if not best.model.exists():
        best(run.state.params)
    return best.model


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


def apart(text: str) -> tuple[list[str], list[str]]:
    """(what is trained on, what is kept out): stretches of all parts of the text, since its end may be of another kind."""
    size = max(len(text) // STRETCHES, SHORTEST)
    starts = range(0, len(text) - size + 1, size * KEPT_OUT)
    ends = [start + size * (KEPT_OUT - 1) for start in starts]
    taught = [text[start:end] for start, end in zip(starts, ends, strict=True)]
    return taught, [text[end : end + size] for end in ends if text[end : end + size]]


def shape(vocab: int, dim: int, layers: int, time: int) -> ModelConfig:
    heads = dim // 32 if dim < 256 else dim // 64
    hidden = 64 * math.ceil(dim * 8 / 3 / 64)
    return ModelConfig("llama", vocab, dim, layers, heads, max(heads // 2, 1), dim // heads, hidden, time)


def _reckoned(
    minutes: float,
    config: ModelConfig,
    rows: Rows,
    settings: Settings,
    before: dict[str, Any],
    notify: Callable[[str], None],
) -> int:
    """The number of steps: that of the run being resumed, or as many as fit and are of use."""
    known = before.get("settings", {}).get("steps")
    if known:
        return int(known)
    fitting, useful = steps_in(minutes, config, rows, settings), PASSES * -(-len(rows.tokens) // settings.batch)
    if fitting > useful:
        notify(f"{fitting:,} steps fit into {minutes:g} minutes; after {useful:,} it has read the text {PASSES} times")
    return min(fitting, useful)


class Best:
    """Called with parameters now and then: says how well they foresee what was kept out, and dreams on from its first words.

    The best until now are exported to `model`, so that a run that is stopped, or goes on for too long, leaves those.
    """

    def __init__(self, out: Path, config: ModelConfig, tokenizer: Tokenizer, kept_out: Rows, prompt: list[int]) -> None:
        self.model, self._record = out / "model", out / "kept-out.json"
        self._config, self._tokenizer, self._prompt = config, tokenizer, prompt
        batch = kept_out.take(np.arange(min(len(kept_out.tokens), 64)))
        self._measure = jax.jit(lambda params: forward.loss(config, params, batch))
        known = self.model.exists() and self._record.exists()
        self._least = json.loads(self._record.read_text("utf-8"))["loss"] if known else math.inf

    def __call__(self, params: forward.Params) -> str:
        loss = float(self._measure(params))
        beaten = f" (it was {self._least:.3f} before, and {self.model} is of then)" if loss > self._least else ""
        if loss < self._least:
            export.write(self.model, self._config, params, self._tokenizer)
            replace_file(self._record, json.dumps({"loss": loss}).encode())
            self._least = loss
        extend = continuation(self._config, params, self._config.context)
        dream = self._tokenizer.decode(self._prompt + extend(self._prompt, 60, (), 0.8, 0))
        return f"  kept-out loss {loss:.3f}{beaten} | {dream!r}"
