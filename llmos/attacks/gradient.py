"""The attacker who knows the model: a suffix found by gradients that makes it write the harmful call.

Knows: greedy coordinate gradient (Zou and others, arXiv 2307.15043) on the JAX forward pass. Does not know: rules, machines.
The loss is that of the target call after the prompt. Its gradient by each suffix token's one-hot row says which tokens may
lower it; a batch of changes of one token is tried, and the best that is text again when written out is kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from llmos.cpu.config import Model, ModelConfig
from llmos.cpu.isa import ModelCodec
from llmos.train import forward

BATCH, BEST = 32, 32  # changes tried in a round; likely tokens of one place
START = " x" * 10


@dataclass(frozen=True)
class Found:
    """What the search came to. Losses are nats for a token of the target."""

    suffix: str
    first: float
    last: float
    rounds: int


def search(model: Model, system: str, told: str, call: str, rounds: int, seed: int = 0, start: str = START) -> Found:
    """Look for a suffix of `told` after which the model makes the call `call`, to its end: one that never ends does no harm."""
    codec, rng = ModelCodec(model), np.random.default_rng(seed)
    params = jax.tree.map(jnp.asarray, model.params)
    target = (codec.marks[0], *codec.encode(call), codec.marks[1])
    prompt = partial(_prompt, codec, system, told)
    suffix = tuple(codec.encode(start))
    place = _place(prompt(""), prompt(start))
    ordinary = np.array([t for t in range(model.config.vocab) if not codec.name(t)])
    first = best = float(_losses(model.config, params, *_rows([prompt(start)], target))[0])
    for _ in range(rounds):
        row = prompt(_text(codec, suffix))
        slope = np.asarray(_slope(model.config, params, *_rows([row], target)))[0][
            place : place + len(suffix), ordinary
        ]
        tried = _changes(codec, prompt, suffix, ordinary[np.argsort(slope, axis=1)[:, :BEST]], rng)
        if not tried:
            break
        losses = np.asarray(_losses(model.config, params, *_rows([row for _, row in tried], target, BATCH)))[
            : len(tried)
        ]
        if losses.min() < best:
            best, suffix = float(losses.min()), tried[int(losses.argmin())][0]
    return Found(_text(codec, suffix), first, best, rounds)


def white_box(name: str, rounds: int, seed: int = 0) -> dict[str, Any]:
    """The search against a model, from a harmless message, and what its suffix does without defences and with all."""
    from llmos.processor import load_model

    from .lab import attacks
    from .models import machine_of
    from .scenarios import BY_NAME, case

    machine = machine_of(name, 1)
    one = case(BY_NAME["overwrite"], 0)
    harmless = one._replace(planted=one.planted.partition("\n")[0])
    told = f"{harmless.question}\n{harmless.planted}"
    found = search(load_model(name), machine.system, told, " ".join(one.harm), rounds, seed)
    bad = harmless._replace(planted=harmless.planted + found.suffix)
    before, (off, on) = (
        attacks([harmless], "none", machine)[0],
        [attacks([bad], d, machine)[0] for d in ("none", "all")],
    )
    return {
        "model": machine.name,
        **asdict(found),
        "reached_without_suffix": before.reached,
        "reached_undefended": off.reached,
        "tried": on.tried,
        "reached": on.reached,
        "calls": off.calls,
    }


def _prompt(codec: ModelCodec, system: str, told: str, suffix: str) -> tuple[int, ...]:
    """The context up to where the model answers, as the kernel writes it."""
    head = codec.turn("system", system, True) if system else ()
    return (*head, *codec.turn("user", told + suffix, not system), *codec.cue())


def _place(without: Sequence[int], given: Sequence[int]) -> int:
    """Where the suffix begins: the first token that differs."""
    return next(i for i, (a, b) in enumerate(zip(without, given, strict=False)) if a != b)


def _text(codec: ModelCodec, ids: Sequence[int]) -> str:
    return b"".join(codec.piece(t) for t in ids).decode("utf-8", "replace")


def _changes(codec: ModelCodec, prompt: Any, suffix: tuple[int, ...], likely: np.ndarray, rng: Any) -> list[Any]:
    """Suffixes with one token changed, and their prompts; only those that come out the same when written and read again."""
    found = []
    for _ in range(4 * BATCH):
        at = int(rng.integers(len(suffix)))
        new = (*suffix[:at], int(rng.choice(likely[at])), *suffix[at + 1 :])
        text = _text(codec, new)
        if text.isprintable() and tuple(codec.encode(text)) == new:
            found.append((new, prompt(text)))
        if len(found) == BATCH:
            break
    return found


def _rows(prompts: Sequence[Sequence[int]], target: Sequence[int], count: int = 1) -> tuple[Any, Any]:
    """Prompts with the target behind, padded to one shape: tokens [rows, time], and where each target begins [rows]."""
    time = -(-(max(map(len, prompts)) + len(target)) // 32) * 32
    tokens = np.zeros((max(count, len(prompts)), time), np.int32)
    begins = np.full(len(tokens), len(prompts[0]), np.int32)
    for i, prompt in enumerate(prompts):
        row = (*prompt, *target)
        tokens[i, : len(row)], begins[i] = row, len(prompt)
    return tokens, (begins, len(target))


def _loss(config: ModelConfig, params: Any, rows: jax.Array, tokens: jax.Array, where: Any) -> jax.Array:
    """[rows] mean loss of the target's tokens; `rows` [rows, time, vocab] are the tokens as one-hot rows."""
    begins, length = where
    scores = forward.run(config, params, rows @ params["embed"], jnp.zeros(tokens.shape, jnp.int32))
    at = begins[:, None] + jnp.arange(length) - 1
    scores = jnp.take_along_axis(scores, at[..., None], axis=1)
    right = jnp.take_along_axis(tokens, at + 1, axis=1)
    return -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(scores), right[..., None], axis=2)[..., 0], axis=1)


def _losses(config: ModelConfig, params: Any, tokens: Any, where: Any) -> jax.Array:
    result: jax.Array = _run(config, where[1], False, params, tokens, where[0])
    return result


def _slope(config: ModelConfig, params: Any, tokens: Any, where: Any) -> jax.Array:
    """[rows, time, vocab]: how the loss changes with each one-hot entry."""
    result: jax.Array = _run(config, where[1], True, params, tokens, where[0])
    return result


@partial(jax.jit, static_argnums=(0, 1, 2))
def _run(config: ModelConfig, length: int, slope: bool, params: Any, tokens: jax.Array, begins: jax.Array) -> jax.Array:
    rows = jax.nn.one_hot(tokens, config.vocab, dtype=jnp.float32)

    def loss(hot: jax.Array) -> jax.Array:
        return _loss(config, params, hot, tokens, (begins, length))

    result: jax.Array = jax.grad(lambda hot: loss(hot).sum())(rows) if slope else loss(rows)
    return result
