"""`llmos train RECIPE`: one command a recipe.

Knows: names and options. Does not know: how anything is trained; JAX is imported by the recipe that is asked for. Every
recipe continues what it finds in its folder, and Ctrl-C leaves a checkpoint there.
"""

from __future__ import annotations

import importlib.util
import json as jsonlib
import math
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from llmos.errors import LlmosError, UsageError

train_app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
Out = Annotated[Path, typer.Option("--out", "-o", help="Folder of the run: checkpoints, and what comes out.")]
Steps = Annotated[int | None, typer.Option("--steps", min=1, help="Optimiser steps.")]
Seed = Annotated[int, typer.Option("--seed", min=0, max=2**31 - 1)]
Json = Annotated[bool, typer.Option("--json", help="One JSON object on standard output, nothing else.")]


def _positive(value: float | None) -> float | None:
    """An option that must be more than 0 and have an end."""
    if value is not None and not 0 < value < math.inf:
        raise typer.BadParameter(f"{value} is not more than 0, or has no end.")
    return value


Scale = Annotated[float, typer.Option("--scale", callback=_positive, help="Share of each stage's steps.")]


def _train(out: Path, make: Callable[[Callable[[str], None]], Path], json: bool) -> None:
    """Run a recipe; progress goes to standard error where standard output is for JSON."""
    if importlib.util.find_spec("optax") is None:
        raise UsageError('training needs an extra: pip install "llmos[train]"')
    _writable(out)
    try:
        made = make(lambda line: print(line, file=sys.stderr if json else sys.stdout, flush=True))
    except KeyboardInterrupt:
        raise LlmosError("stopped; the same command goes on from the checkpoint") from None
    result: dict[str, Any] = {"path": str(made)}
    print(jsonlib.dumps(result) if json else f"made {made}")


def _writable(out: Path) -> None:
    """Raises UsageError where a run could not keep what it learned: better now than after the first minutes."""
    place = next(place for place in (out.absolute(), *out.absolute().parents) if place.exists())
    if not place.is_dir():
        raise UsageError(f"--out {out}: {place} is no folder")
    if not os.access(place, os.W_OK | os.X_OK):
        raise UsageError(f"--out {out}: no permission to write in {place}")


@train_app.command()
def base(
    file: Annotated[Path, typer.Argument(help="A UTF-8 text file.")],
    out: Out = Path("base"),
    minutes: Annotated[
        float | None, typer.Option("--minutes", callback=_positive, help="How long; or give --steps.")
    ] = None,
    steps: Steps = None,
    vocab: Annotated[int, typer.Option("--vocab", help="263 is characters; more is a BPE trained on the text.")] = 1024,
    dim: Annotated[int, typer.Option("--dim", help="Width, a multiple of 64.")] = 192,
    layers: Annotated[int, typer.Option("--layers", min=1)] = 4,
    time: Annotated[int, typer.Option("--time", min=8, help="Tokens in a row.")] = 128,
    seed: Seed = 0,
    devices: Annotated[int, typer.Option("--devices", min=1, help="Accelerators that share the rows of a step.")] = 1,
    json: Json = False,
) -> None:
    """Pre-train a small Transformer on a text: it learns to dream more of it."""
    from .base import train_base

    minutes = 10.0 if minutes is None and steps is None else minutes
    _train(
        out, lambda notify: train_base(file, out, minutes, steps, vocab, time, dim, layers, seed, devices, notify), json
    )


@train_app.command()
def nano(out: Out = Path("nano"), scale: Scale = 1.0, json: Json = False) -> None:
    """The embedded CPU from scratch: the recipe of what ships in the package."""
    from .nano import make, scaled

    _train(out, lambda notify: make(out, scaled(scale), notify), json)


@train_app.command()
def assistant(
    out: Out = Path("assistant"),
    scale: Scale = 1.0,
    after: Annotated[
        Path | None, typer.Option("--after", help="A folder that `train nano` made, to go on from.")
    ] = None,
    json: Json = False,
) -> None:
    """Full weights, loss on the assistant's words only: nano's last stage, on dialogues with a system text."""
    from .nano import make, scaled

    _train(out, lambda notify: make(out, scaled(scale)[-1:], notify, after), json)


@train_app.command()
def preferences(
    model: Annotated[str, typer.Option("--model", "-m", help="nano, or a folder that a recipe made.")] = "nano",
    out: Out = Path("preferences"),
    pairs: Annotated[int, typer.Option("--pairs", min=8, help="Pairs of replies to learn from.")] = 400,
    steps: Steps = None,
    rate: Annotated[float, typer.Option("--rate", callback=_positive)] = 5e-5,
    seed: Seed = 1,
    json: Json = False,
) -> None:
    """Which of two answers is better: the third stage, with what changed."""
    from dataclasses import replace

    from llmos import store
    from llmos.cpu.loaders import load

    from .preferences import Recipe, make

    recipe = Recipe(pairs=pairs, seed=seed)
    recipe = replace(recipe, settings=replace(recipe.settings, steps=steps or recipe.settings.steps, rate=rate))
    place = store.resolve(model)
    _train(out, lambda notify: make(load(place), out, recipe, notify), json)


@train_app.command()
def traps(
    model: Annotated[str | None, typer.Option("--model", "-m", help="A name or a path.")] = None,
    out: Out = Path("traps"),
    examples: Annotated[int, typer.Option("--examples", min=8)] = 3000,
    steps: Steps = None,
    batch: Annotated[int, typer.Option("--batch", min=1, max=64, help="Rows in a step.")] = 4,
    time: Annotated[int, typer.Option("--time", min=32, max=1024, help="Tokens in a row.")] = 128,
    rank: Annotated[int, typer.Option("--rank", min=1, max=256)] = 16,
    rate: Annotated[float, typer.Option("--rate", callback=_positive)] = 3e-3,
    seed: Seed = 1,
    after: Annotated[Path | None, typer.Option("--after", help="An adapter to go on from.")] = None,
    json: Json = False,
) -> None:
    """A low-rank adapter that teaches a model when to call devices, and how."""
    from dataclasses import replace

    from llmos import store
    from llmos.cpu.loaders import load

    from .traps import SETTINGS, Recipe, make

    settings = replace(SETTINGS, steps=steps or SETTINGS.steps, batch=batch, rate=rate, seed=seed)
    recipe = Recipe(examples=examples, time=time, rank=rank, seed=seed, settings=settings, after=after)
    place = store.resolve(model) if model else store.default()
    if after and not after.is_file():
        raise UsageError(f"--after {after}: there is no such file")
    _train(out, lambda notify: make(load(place), out, recipe, notify), json)
