"""The recipe of `nano`, the CPU that ships in the package: data, tokenizer, shape, run, export.

Knows: every choice that makes nano what it is. Does not know: how a step is computed (`training`). Run it again with

    python -m llmos.train.nano --out DIR            (hours and figures: llmos/cpu/nano/README.md)
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from tokenizers import Tokenizer

from llmos.cpu.config import ModelConfig

from . import export, texts, vocabulary
from .chatform import IM_END, ChatForm
from .dialogue import Call, Dialogue, Exchange
from .dialogues import dialogues
from .forward import Params
from .packing import Rows, join, pack, windows
from .sampling import continuation
from .training import Run, Settings

VOCAB, TIME, SEED = 1024, 128, 1
DIALOGUES, CHAPTERS = 80_000, 300
DOCUMENT_WEIGHT = 0.3
"""What a document's token counts beside an assistant's: every one of a document is learned, a third of a dialogue."""
STEPS = 2600


def shape(vocab: int) -> ModelConfig:
    return ModelConfig("llama", vocab, dim=192, layers=4, heads=4, kv_heads=2, head_dim=48, hidden=512, context=TIME)


def tokenizer_of(spoken: list[Dialogue], documents: list[str]) -> Tokenizer:
    """BPE of what the model will read and write: some dialogues and all documents."""
    lines = [line for dialogue in spoken[:8000] for exchange in dialogue.exchanges for line in spoken_lines(exchange)]
    return vocabulary.train(lines + documents, VOCAB)


def spoken_lines(exchange: Exchange) -> list[str]:
    parts = [
        text
        for part in exchange.reply
        for text in ((part.text, part.result) if isinstance(part, Call) else (part.text,))
    ]
    return [exchange.request, *parts]


def data(form: ChatForm, spoken: list[Dialogue], documents: list[str]) -> Rows:
    """Rows of both kinds of text."""
    pieces = [piece for text in documents for piece in windows(form.document(text), TIME)]
    return join([pack(map(form.dialogue, spoken), TIME), pack(pieces, TIME, DOCUMENT_WEIGHT)])


def sampler(config: ModelConfig, form: ChatForm, tokenizer: Tokenizer) -> Callable[[Params], str]:
    """Shows what the model says now to three prompts."""
    ask = [form.prompt(Dialogue("", (Exchange(text, ()),))) for text in ("what is 37*48?", "what is a page?")]
    prompts = [*ask, form.encode("The with statement")]

    def sample(params: Params) -> str:
        extend = continuation(config, params, 128)
        outs = [extend(prompt, 40, (form.ids[IM_END],), 0.0, 0) for prompt in prompts]
        return "\n".join("  | " + repr(tokenizer.decode(out, skip_special_tokens=False)) for out in outs)

    return sample


def make(out: Path, settings: Settings, notify: Callable[[str], None] = print) -> Path:
    """Train into `out` (resuming what is there), export to `out/model`, return that folder."""
    spoken, documents = dialogues(SEED, DIALOGUES), texts.manual() + texts.handbook(SEED, CHAPTERS)
    tokenizer = tokenizer_of(spoken, documents)
    form, config = ChatForm(tokenizer), shape(tokenizer.get_vocab_size())
    rows = data(form, spoken, documents)
    run = Run(config, rows, settings, out)
    notify(f"{len(spoken):,} dialogues, {len(documents)} documents: {len(rows.tokens):,} rows of {TIME} tokens")
    run.run(notify, sampler(config, form, tokenizer))
    return export.write(out / "model", config, run.state.params, tokenizer)


def main() -> None:
    parser = argparse.ArgumentParser(description="Train nano from scratch.")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=STEPS)
    make(parser.parse_args().out, Settings(parser.parse_args().steps, rate=3e-3))


if __name__ == "__main__":
    main()
