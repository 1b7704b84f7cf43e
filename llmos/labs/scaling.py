"""Loss against parameters and tokens: a small grid of models on one text, and the line through it.

Knows: the grid and the fit log L = a - b log N - c log D. Does not know: how a model is trained (`llmos.train`). Small
models on little text: the slopes are of this text and this range, not a law.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

WIDTHS, STEPS = (64, 128, 192), (40, 80, 160)
KEPT_OUT = 0.05  # of the text, its end, to measure on
TIME, BATCH, VOCAB = 64, 8, 263


def run_scaling(
    text: str,
    widths: tuple[int, ...] = WIDTHS,
    steps: tuple[int, ...] = STEPS,
    seed: int = 0,
    notify: Callable[[str], None] = lambda line: None,
) -> dict[str, Any]:
    """Train each model of the grid; {"runs": [{"parameters", "tokens", "loss"}], "fit": {...}}. Blocks for minutes."""
    runs = []
    for width in widths:
        for point in _curve(text, width, steps, seed):
            runs.append(point)
            notify(f"{point['parameters']:,} parameters, {point['tokens']:,} tokens: loss {point['loss']:.3f}")
    return {"runs": runs, "fit": fitted(runs)}


def fitted(runs: list[dict[str, float]]) -> dict[str, float]:
    """Least squares through the logarithms; `error` is the largest relative miss of a loss."""
    rows = np.array([[1.0, -math.log(run["parameters"]), -math.log(run["tokens"])] for run in runs])
    losses = np.log([run["loss"] for run in runs])
    (a, b, c), *_ = np.linalg.lstsq(rows, losses, rcond=None)
    error = float(np.abs(np.exp(rows @ np.array([a, b, c]) - losses) - 1).max())
    return {"a": float(a), "parameters": float(b), "tokens": float(c), "error": error}


def predicted(fit: dict[str, float], run: dict[str, Any]) -> float:
    """The loss that the line has for these parameters and tokens."""
    return math.exp(
        fit["a"] - fit["parameters"] * math.log(run["parameters"]) - fit["tokens"] * math.log(run["tokens"])
    )


def _curve(text: str, width: int, steps: tuple[int, ...], seed: int) -> Iterator[dict[str, float]]:
    """One width, each number of steps with a schedule of its own; loss on the kept-out end of the text."""
    import jax

    from llmos.train import base, forward, vocabulary
    from llmos.train.chatform import ChatForm
    from llmos.train.packing import pack, windows
    from llmos.train.training import Run, Settings

    cut = int(len(text) * (1 - KEPT_OUT))
    tokenizer = vocabulary.train([text[:cut]], VOCAB)
    form = ChatForm(tokenizer)
    rows, kept_out = (pack(windows(form.document(part), TIME), TIME) for part in (text[:cut], text[cut:]))
    config = base.shape(tokenizer.get_vocab_size(), width, 2, TIME)
    held = kept_out.take(np.arange(min(len(kept_out.tokens), 32)))
    for count in steps:
        run = Run(config, rows, Settings(count, batch=BATCH, rate=3e-3, warmup=10, seed=seed, dtype="float32"), None)
        run.run(lambda line: None)
        loss = float(jax.jit(lambda params: forward.loss(config, params, held))(run.state.params))
        size = sum(leaf.size for leaf in jax.tree.leaves(run.state.params))
        yield {"parameters": size, "tokens": count * BATCH * TIME, "loss": loss}


def default_text() -> str:
    """The documents that come with llmos."""
    folder = Path(__file__).parents[1] / "library"
    return "\n\n".join(path.read_text("utf-8") for path in sorted(folder.glob("*.md")))


def table_text(result: dict[str, Any]) -> str:
    lines = [f"{'parameters':>12} {'tokens':>10} {'loss':>7}"]
    lines += [f"{run['parameters']:>12,} {run['tokens']:>10,} {run['loss']:>7.3f}" for run in result["runs"]]
    fit = result["fit"]
    line = f"loss ~ {math.exp(fit['a']):.2f} * parameters^-{fit['parameters']:.3f} * tokens^-{fit['tokens']:.3f}"
    return "\n".join([*lines, f"{line}   (off by at most {fit['error']:.1%})"])
