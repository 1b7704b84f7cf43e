"""A byte-level BPE trained on the spot, with the control tokens first and every digit on its own.

Knows: the `tokenizers` library's trainer. Does not know: models. Digits stand alone so that numbers can be copied.
"""

from __future__ import annotations

from collections.abc import Iterable

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from .chatform import SPECIALS


def train(texts: Iterable[str], size: int) -> Tokenizer:
    """A tokenizer of at most `size` ids: the control tokens, all 256 bytes, then the commonest pairs."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        special_tokens=list(SPECIALS),
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer
