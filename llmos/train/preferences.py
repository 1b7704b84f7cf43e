"""The third stage: "which of two answers is better". Direct preference optimisation of a small assistant.

Knows: pairs of replies to the same request, and the loss that moves a model towards the better ones (Rafailov 2023). Does not
know: the loop (`training`). What is preferred is a matter of taste, and ours is: no padding around an answer. So the better
reply says the result and ends; the worse one is what the second stage taught. Calls come before both and are not touched.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from numpy.typing import NDArray
from tokenizers import Tokenizer

from llmos.cpu.config import Model, ModelConfig, Params
from llmos.errors import UsageError

from . import dates, export, forward, sums
from .chatform import DONE, IM_END, ChatForm, Example
from .dialogue import Exchange, Say, held_out, normal
from .dialogues import one
from .measure import Share, share
from .sampling import continuation
from .training import Run, Settings

TIME = 96  # tokens of a request with its reply
BETA = 0.1  # how dear it is to leave the model as it was


class Pair(NamedTuple):
    better: Exchange
    worse: Exchange


SETTINGS = Settings(steps=60, batch=8, rate=5e-5, warmup=5, decay=0.0, dtype="float32")


@dataclass(frozen=True)
class Recipe:
    pairs: int = 400
    asked: int = 40  # held-out pairs to measure with
    seed: int = 1
    settings: Settings = SETTINGS


class PairRows(NamedTuple):
    """Row 2i is the better reply of pair i, row 2i + 1 the worse one; weights mark the words after the calls."""

    tokens: NDArray[np.int32]
    targets: NDArray[np.int32]
    weights: NDArray[np.float32]

    def take(self, index: NDArray[np.int64]) -> dict[str, NDArray[Any]]:
        """Pairs, not rows: arrays are [pairs, 2, time]."""
        named = {"tokens": self.tokens, "targets": self.targets, "weights": self.weights}
        return {name: array.reshape(-1, 2, array.shape[1])[index] for name, array in named.items()}


class Steps(NamedTuple):
    """The same for the loop, which counts pairs."""

    rows: PairRows

    @property
    def tokens(self) -> NDArray[np.int32]:
        return self.rows.tokens[::2]

    def take(self, index: NDArray[np.int64]) -> dict[str, NDArray[Any]]:
        return self.rows.take(index)


def pairs(seed: int, count: int, kept_out: bool = False) -> list[Pair]:
    """Requests that end in a call's result, each once; `kept_out` ones are never trained on."""
    rng, seen, made = Random(f"preferences-{seed}-{kept_out}"), set[str](), list[Pair]()
    while len(made) < count:
        worse = one(rng, (*sums.MAKERS, *dates.MAKERS))
        key = normal(worse.request)
        if len(worse.calls) != 1 or key in seen or held_out(worse.request) != kept_out:
            continue
        result = worse.calls[0].result
        if not result.startswith("error") and result in worse.answer and result != worse.answer:
            seen.add(key)
            made.append(Pair(Exchange(worse.request, (worse.calls[0], Say(result))), worse))
    return made


def rows_of(form: ChatForm, made: list[Pair]) -> PairRows:
    """Pairs longer than `TIME` are left out."""
    both = [[form.exchange(reply) for reply in pair] for pair in made]
    examples = [example for pair in both if all(len(e.tokens) <= TIME for e in pair) for example in pair]
    tokens, targets = (np.zeros((len(examples), TIME), np.int32) for _ in range(2))
    weights = np.zeros((len(examples), TIME), np.float32)
    for i, example in enumerate(examples):
        n = len(example.tokens) - 1
        tokens[i, :n], targets[i, :n] = example.tokens[:-1], example.tokens[1:]
        weights[i, :n] = after_calls(form, example)[1:]
    return PairRows(tokens, targets, weights)


def after_calls(form: ChatForm, example: Example) -> list[int]:
    """What is learned, without the calls: only the words are a matter of taste."""
    last = max(i for i, token in enumerate(example.tokens) if token == form.ids[DONE])
    return [0] * last + example.learned[last:]


def chances(config: ModelConfig, params: Params, batch: Mapping[str, Array]) -> Array:
    """Log-probability of each reply's words, [pairs, 2]."""
    flat = {name: array.reshape(-1, array.shape[-1]) for name, array in batch.items()}
    scores = forward.logits(config, params, flat["tokens"], jnp.ones_like(flat["tokens"]))
    right = jnp.take_along_axis(scores, flat["targets"][..., None], axis=-1)[..., 0]
    said = (right - jax.nn.logsumexp(scores, axis=-1)) * flat["weights"]
    return said.sum(-1).reshape(-1, 2)


def loss(config: ModelConfig, params: Params, before: Params, batch: Mapping[str, Array], beta: float = BETA) -> Array:
    """-log sigmoid(beta * how much more the better reply gained than the worse one, since `before`)."""
    gained = chances(config, params, batch) - jax.lax.stop_gradient(chances(config, before, batch))
    return -jax.nn.log_sigmoid(beta * (gained[:, 0] - gained[:, 1])).mean()


@dataclass(frozen=True)
class Taste:
    """Before or after: how it chooses between two replies, and what it says by itself."""

    prefers: Share  # held-out pairs whose better reply is the likelier one
    brief: Share  # its own greedy replies that are the result and nothing else
    right: Share  # that hold the result
    tokens: float  # length of a reply

    def __str__(self) -> str:
        return f"prefers {self.prefers}  brief {self.brief}  right {self.right}  {self.tokens:.1f} tokens a reply"


def taste(config: ModelConfig, params: Params, form: ChatForm, made: list[Pair]) -> Taste:
    """Measured on pairs; the call and its result are given, the words are the model's."""
    rows = rows_of(form, made)
    batch = {name: jnp.asarray(array) for name, array in rows.take(np.arange(len(rows.tokens) // 2)).items()}
    both = np.asarray(chances(config, params, batch))
    extend, said = continuation(config, params, TIME), []
    for pair in made:
        example = form.exchange(pair.better)
        end = next(i for i, mark in enumerate(after_calls(form, example)) if mark)
        ids = extend(example.tokens[:end], TIME - end, (form.ids[IM_END],), 0.0, 0)
        said.append((pair.better.answer, form.decode(ids).strip(), len(ids)))
    return Taste(
        share(bool(better > worse) for better, worse in both),
        share(text == result for result, text, _ in said),
        share(result in text for result, text, _ in said),
        sum(length for *_, length in said) / len(said),
    )


def make(model: Model, out: Path, recipe: Recipe | None = None, notify: Callable[[str], None] = print) -> Path:
    """Train into `out` (resuming what is there), say what changed, export to `out/model` and return that folder."""
    from .traps import TextToIds

    recipe, source = recipe or Recipe(), Path(model.source)
    if not (source / "tokenizer.json").is_file() or "<|trap|>" not in model.tokenizer.control:
        raise UsageError(f"{model.name}: preferences are for a model that `llmos train nano` or `assistant` made")
    form, asked = ChatForm(TextToIds(model)), pairs(recipe.seed, recipe.asked, kept_out=True)
    before = jax.tree.map(lambda a: jnp.asarray(a, jnp.float32), model.params)
    notify(f"before  {taste(model.config, before, form, asked)}")
    steps = Steps(rows_of(form, pairs(recipe.seed, recipe.pairs)))
    settings = replace(recipe.settings, seed=recipe.seed)

    def wanted(params: Any, before: Any, batch: dict[str, Array]) -> Array:
        return loss(model.config, params, before, batch)

    run = Run(model.config, steps, settings, out, before, wanted, before)
    run.run(notify)
    notify(f"after   {taste(model.config, run.state.params, form, asked)}")
    tokenizer = Tokenizer.from_file(str(source / "tokenizer.json"))
    return export.write(out / "model", model.config, run.state.params, tokenizer)
