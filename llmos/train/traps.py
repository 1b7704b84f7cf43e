"""The recipe of the trap adapter: which model, data, shape and run; the file that comes out.

Knows: every choice that makes the shipped adapter what it is. Does not know: how a step is computed (`tuning`), what the
data says (`errands`, `problems`). Run it again with `llmos train traps` (time and figures: the card beside the file).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from llmos.cpu import adapters
from llmos.cpu.adapters import Adapter
from llmos.cpu.config import Model
from llmos.cpu.isa import MARKS, STAND_INS, marks_of
from llmos.errors import UsageError

from . import documents, lora, phrasing, trapdata, tuning
from .chatform import ChatForm, Encoded
from .training import Run, Settings

PERSONA = "You are a helpful AI assistant named SmolLM, trained by Hugging Face"
"""What SmolLM2's own chat template puts first where nobody gave a system text."""

SETTINGS = Settings(
    steps=260, batch=4, rate=3e-3, warmup=15, decay=0.0, floor=0.03, seed=1, save_every=60, dtype="float32"
)


@dataclass(frozen=True)
class Recipe:
    examples: int = 3000
    time: int = 128  # tokens in a row
    rank: int = 16
    first: int = 8  # the first adapted layer: what comes before is only run
    seed: int = 1
    marks_seed: int = 7
    plain: int = 32  # documents that the model dreamed, on which a run that goes on holds it still
    stretch: int = 256  # tokens in each: what holds in short texts only is lost in long ones
    talks: int = 64  # replies to talk it is held still on: half its own, half of the adapter it goes on from
    after: Path | None = None  # the adapter that this run goes on from; its shape and marks are kept
    settings: Settings = field(default_factory=lambda: SETTINGS)


def make(model: Model, out: Path, recipe: Recipe | None = None, notify: Callable[[str], None] = print) -> Path:
    """Train into `out` (resuming what is there); returns the adapter's file. Ctrl-C saves and raises KeyboardInterrupt."""
    adapters.write(out / adapters.FILE, train(model, recipe or Recipe(), out, notify))
    return out / adapters.FILE


def train(model: Model, recipe: Recipe, out: Path | None, notify: Callable[[str], None] = print) -> Adapter:
    """The same without a file: into a folder of checkpoints, or nowhere."""
    marks = marks_of(model.tokenizer)
    if not marks:
        raise UsageError(f"{model.name} has no special ids to spare for calls")
    first, rows, start = beginning(model, recipe, marks)
    held = still(model, recipe, notify) if recipe.after else None
    size, batch = model.config.vocab, recipe.settings.batch
    data = trapdata.build(form_of(model), size, recipe.seed, recipe.examples, recipe.time, batch, held)
    notify(f"{len(data.tokens):,} rows of {recipe.time} tokens, {recipe.settings.steps:,} steps")
    base = tuning.frozen(
        model.config, lora.with_marks(model.params, marks, rows), first, data.kept, recipe.settings.dtype
    )

    def loss(adapter: Any, given: Any, batch: dict[str, Any]) -> jax.Array:
        nats = tuning.loss(model.config, adapter, given, batch)
        for text in (batch[name] for name in ("plain", "talk") if name in batch):
            nats += tuning.KEEP * tuning.drift(model.config, adapter, given, text, jnp.array(marks))
        return nats

    run = Run(model.config, data, recipe.settings, out, start, loss, base)
    notify(f"{lora.size(start):,} numbers in the adapter")
    run.run(notify)
    return packed(model, first, marks, rows, run.state.params)


def still(model: Model, recipe: Recipe, notify: Callable[[str], None]) -> trapdata.Held:
    """What the model is to stay what it was on: documents, and replies to talk that needs no device."""
    assert recipe.after is not None
    form, rng = form_of(model), Random(recipe.seed)
    starts = documents.openings(model)
    dreamed = documents.dreams(
        model, rng.sample(starts, len(starts)), recipe.plain, recipe.stretch, recipe.seed, notify
    )
    asked = [form.request(one) for one in phrasing.remarks(rng, recipe.talks)]
    told, half = form.opening(trapdata.systems(rng, 1)[0]), recipe.talks // 2
    tuned = adapters.merge(model, adapters.read(recipe.after))
    parts = [
        documents.replies(one, told, some, recipe.stretch // 2, recipe.seed, notify)
        for one, some in ((model, asked[:half]), (tuned, asked[half:]))
    ]
    return trapdata.Held(dreamed, documents.Replies(*(np.concatenate(pair) for pair in zip(*parts, strict=True))))


def beginning(model: Model, recipe: Recipe, marks: tuple[int, ...]) -> tuple[int, np.ndarray[Any, Any], Any]:
    """(first layer, rows of the marks, adapter) that a run begins with: fresh ones, or those of an adapter's file."""
    if recipe.after is None:
        first = min(recipe.first, model.config.layers - 1)
        rows = lora.mark_rows(model.params, len(marks), recipe.marks_seed)
        return first, rows, lora.init(model.config, model.params, first, recipe.rank, 0)
    found = adapters.read(recipe.after)
    if found.base != model.sha256 or found.marks != marks:
        raise UsageError(f"{recipe.after}: for other weights than {model.name}'s")
    return found.first, found.rows, {name: {"a": a, "b": b} for name, (a, b) in found.low.items()}


def packed(model: Model, first: int, marks: tuple[int, ...], rows: np.ndarray[Any, Any], trained: Any) -> Adapter:
    """What was trained, as it is kept in a file."""
    low = {name: (np.asarray(pair["a"]), np.asarray(pair["b"])) for name, pair in trained.items()}
    return Adapter(model.sha256, first, marks, rows, low)


def form_of(model: Model) -> ChatForm:
    """The model's own ids and chat form, as the machine writes them."""
    control = model.tokenizer.control
    names = next(names for names in STAND_INS if all(name in control for name in names))
    template = model.tokenizer.chat_template or ""
    return ChatForm(TextToIds(model), dict(zip(MARKS, names, strict=True)), PERSONA if PERSONA in template else "")


class TextToIds:
    """A loaded model's tokenizer behind the three methods that `ChatForm` uses."""

    def __init__(self, model: Model) -> None:
        self._tokenizer = model.tokenizer

    def encode(self, text: str, *, add_special_tokens: bool = True) -> Encoded:
        return _Encoded(list(self._tokenizer.encode(text)))

    def decode(self, ids: list[int]) -> str:
        control = set(self._tokenizer.control.values())
        return b"".join(self._tokenizer.piece(i) for i in ids if i not in control).decode("utf-8", "replace")

    def token_to_id(self, name: str) -> int | None:
        return self._tokenizer.control.get(name)

    def id_to_token(self, token: int) -> str:
        return self._tokenizer.piece(token).decode("utf-8", "replace").replace(" ", "Ġ")


@dataclass(frozen=True)
class _Encoded:
    ids: list[int]
