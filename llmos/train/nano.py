"""The recipe of `nano`, the CPU that ships in the package: data, tokenizer, shape, eight stages, export.

Knows: every choice that makes nano what it is. Does not know: how a step is computed (`training`). Run it again with

    python -m llmos.train.nano --out DIR            (time and figures: llmos/cpu/nano/README.md)

First short rows, where most is learned quickly; then long ones, with the machine's system text, several exchanges and
whole search results in one context; then the same with runs of chance tokens that come again, for what must be copied; then
all of that with more ways to ask, and rarer words; then more of what was still copied badly; then with two more layers,
which begin as copies that change nothing, and again more ways to ask; last, twice, with the other core devices, too.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import jax
import numpy as np
from tokenizers import Tokenizer

from llmos.cpu.config import ModelConfig
from llmos.cpu.loaders import load
from llmos.errors import UsageError

from . import export, texts, vocabulary
from .chatform import IM_END, ChatForm
from .dialogue import Call, Dialogue, Exchange
from .dialogues import AIMED, EVERY, EXACT, SHARES, dialogues
from .echoes import echoes
from .forward import Params
from .packing import Rows, join, pack, windows
from .sampling import continuation
from .training import Run, Settings

VOCAB, CHAPTERS, CONTEXT = 1024, 300, 384
DOCUMENT_WEIGHT = 0.4
"""What a document's token counts beside an assistant's: all of a document is learned, a third of a dialogue."""
ECHO_WEIGHT = 0.3


class Stage(NamedTuple):
    name: str
    time: int  # tokens in a row
    dialogues: int
    copies: int  # of each document
    settings: Settings
    echoes: int = 0  # runs of chance tokens that come again
    shares: Mapping[str, int] = SHARES  # of the kinds of dialogue
    layers: int = 4


STAGES = (
    Stage("short", 128, 80_000, 6, Settings(steps=2600, batch=16, rate=3e-3, seed=1)),
    Stage("long", CONTEXT, 30_000, 5, Settings(steps=620, batch=6, rate=2e-3, seed=2)),
    Stage("copy", CONTEXT, 10_000, 1, Settings(steps=700, batch=6, rate=1.5e-3, seed=3), 5_000),
    Stage("wide", CONTEXT, 28_000, 2, Settings(steps=2200, batch=8, rate=2e-3, seed=4), 7_000, AIMED),
    Stage("exact", CONTEXT, 60_000, 2, Settings(steps=3000, batch=8, rate=2e-3, seed=5), 16_000, EXACT),
    Stage("deep", CONTEXT, 60_000, 2, Settings(steps=3000, batch=8, rate=2e-3, seed=6), 16_000, EXACT, layers=6),
    Stage("every", CONTEXT, 40_000, 1, Settings(steps=1700, batch=8, rate=1.5e-3, seed=7), 10_000, EVERY, layers=6),
    Stage("again", CONTEXT, 30_000, 1, Settings(steps=1250, batch=8, rate=1.5e-3, seed=8), 8_000, EVERY, layers=6),
)


def shape(vocab: int, layers: int) -> ModelConfig:
    """1.8 million parameters in four layers, 2.6 in six."""
    return ModelConfig(
        "llama", vocab, dim=192, layers=layers, heads=4, kv_heads=2, head_dim=48, hidden=512, context=CONTEXT
    )


def deepened(params: Params, layers: int) -> Params:
    """The same function in more layers: spread evenly, some are followed by a copy whose last products are zero, so that it
    adds nothing yet (block expansion: Wu et al. 2024, arXiv 2401.02415)."""
    old = params["layers"]
    doubled = {len(old) * (n + 1) // (layers - len(old)) - 1 for n in range(layers - len(old))}
    grown = []
    for at, layer in enumerate(old):
        grown.append(layer)
        if at in doubled:
            grown.append(layer | {name: np.zeros_like(layer[name]) for name in ("o", "down")})
    return params | {"layers": grown}


def documents(seed: int) -> list[str]:
    return texts.manual() + texts.handbook(seed, CHAPTERS)


def tokenizer_of(spoken: list[Dialogue], documents: list[str]) -> Tokenizer:
    """BPE of what the model will read and write: some dialogues and all documents."""
    lines = [line for dialogue in spoken[:8000] for exchange in dialogue.exchanges for line in spoken_lines(exchange)]
    return vocabulary.train(lines + documents, VOCAB)


def spoken_lines(exchange: Exchange) -> list[str]:
    """A request, and each call, result and saying of its reply."""
    parts = ((part.text, part.result) if isinstance(part, Call) else (part.text,) for part in exchange.reply)
    return [exchange.request, *(text for part in parts for text in part)]


def data(form: ChatForm, stage: Stage, vocab: int) -> Rows:
    """Rows of every kind of text, the same for the same stage."""
    spoken = map(form.dialogue, dialogues(stage.settings.seed, stage.dialogues, shares=stage.shares))
    pieces = [piece for text in documents(stage.settings.seed) for piece in windows(form.document(text), stage.time)]
    words = sorted(set(range(vocab)) - set(form.ids.values()))
    copied = pack(echoes(words, stage.settings.seed, stage.echoes), stage.time, ECHO_WEIGHT)
    return join([pack(spoken, stage.time), *[pack(pieces, stage.time, DOCUMENT_WEIGHT)] * stage.copies, copied])


def make(
    out: Path, stages: tuple[Stage, ...] = STAGES, notify: Callable[[str], None] = print, after: Path | None = None
) -> Path:
    """Train into `out`, a folder a stage (resuming what is there); export to `out/model` and return that folder.

    `after`: a folder that this recipe made, to go on from its model.
    """
    tokenizer = kept_tokenizer(out, after)
    form, vocab = ChatForm(tokenizer), tokenizer.get_vocab_size()
    params: Params | None = begun(after, vocab) if after else None
    for stage in stages:
        config, rows = shape(vocab, stage.layers), data(form, stage, vocab)
        notify(f"stage {stage.name}: {len(rows.tokens):,} rows of {stage.time} tokens, {stage.settings.steps:,} steps")
        if params and len(params["layers"]) < stage.layers:
            params = deepened(params, stage.layers)
        run = Run(config, rows, stage.settings, out / stage.name, params)
        run.run(notify, sampler(config, form, tokenizer))
        params = run.state.params
    assert params is not None
    return export.write(out / "model", config, params, tokenizer)


def begun(folder: Path, vocab: int) -> Params:
    """The parameters in a model folder. Raises UsageError when they are not of nano's shape at some stage."""
    model = load(folder)
    shapes = [shape(vocab, layers) for layers in {stage.layers for stage in STAGES}]
    if replace(model.config, norm_eps=shapes[0].norm_eps) not in shapes:
        raise UsageError(f"{folder}: not of the shape that this recipe makes")
    params: Params = jax.tree.map(lambda array: np.asarray(array, np.float32), model.params)
    return params


def kept_tokenizer(out: Path, after: Path | None = None) -> Tokenizer:
    """The run's tokenizer: trained once, then kept beside the checkpoints. Raises UsageError when `after` has none."""
    path = (after or out) / "tokenizer.json"
    if path.exists():
        try:
            return Tokenizer.from_file(str(path))
        except Exception as error:  # the library raises nothing narrower
            raise UsageError(f"{path}: not a tokenizer ({error})") from None
    if after:
        raise UsageError(f"{after}: no model that `llmos train nano` made: there is no tokenizer.json")
    first = STAGES[0]
    tokenizer = tokenizer_of(dialogues(first.settings.seed, 8000), documents(first.settings.seed))
    out.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(path))
    return tokenizer


def sampler(config: ModelConfig, form: ChatForm, tokenizer: Tokenizer) -> Callable[[Params], str]:
    """Shows what the model says now to three prompts."""
    ask = [form.prompt(Dialogue("", (Exchange(text, ()),))) for text in ("what is 37*48?", "what is a page?")]
    prompts = [*ask, form.encode("The with statement")]

    def sample(params: Params) -> str:
        extend = continuation(config, params, 128)
        outs = [extend(prompt, 40, (form.ids[IM_END],), 0.0, 0) for prompt in prompts]
        return "\n".join("  | " + repr(tokenizer.decode(out, skip_special_tokens=False)) for out in outs)

    return sample


def scaled(scale: float) -> tuple[Stage, ...]:
    """The stages with a share of their steps. Raises UsageError when it is none."""
    if not 0 < scale < math.inf:
        raise UsageError(f"--scale {scale:g}: a share of the steps must be more than 0")
    return tuple(s._replace(settings=replace(s.settings, steps=max(1, int(s.settings.steps * scale)))) for s in STAGES)


def main() -> None:
    parser = argparse.ArgumentParser(description="Train nano from scratch.")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--scale", type=float, default=1.0, help="share of the steps of each stage, for a quick look")
    wanted = parser.parse_args()
    print("exported to", make(wanted.out, scaled(wanted.scale)))


if __name__ == "__main__":
    main()
