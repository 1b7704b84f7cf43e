"""Tokenizers: text to ids and back, from what model files say about it.

Knows: three ways to cut text (merged pairs, scored pieces, bytes). Does not know: files (`loaders`), chat forms (`isa.py`).
All implement `config.Tokenizer`. Control ids can't come out of `encode` by construction: the written forms of control
tokens are taken out of the vocabulary before the cutting begins.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable

ENDS = ("<|im_end|>", "<|eot_id|>", "<|endoftext|>", "<|end_of_text|>", "<|eom_id|>", "</s>", "<eos>")
"""Control tokens that end a turn or a document wherever they occur."""


class Vocabulary(ABC):
    """What all tokenizers here share. `texts` holds what each id stands for, b"" for nothing."""

    def __init__(
        self,
        texts: list[bytes],
        control: dict[str, int],
        bos: int | None = None,
        adds_bos: bool = False,
        ends: Iterable[int] = (),
        chat_template: str | None = None,
        leading_space: bool = False,
        note: str = "",
    ) -> None:
        self.vocab = len(texts)
        self.control = control
        self.bos, self.adds_bos = bos, adds_bos and bos is not None
        known = (control[name] for name in ENDS if name in control)
        self.ends: tuple[int, ...] = tuple(dict.fromkeys([*ends, *known]))
        self.chat_template = chat_template
        self.leading_space = leading_space
        self.note = note
        self._texts = texts

    @abstractmethod
    def encode(self, text: str) -> list[int]:
        """Ids of `text`; never a control id."""

    def piece(self, token: int) -> bytes:
        """The bytes one id stands for: a control id's written form, b"" for an id that stands for nothing."""
        return self._texts[token] if 0 <= token < self.vocab else b""


def looks_special(form: str) -> bool:
    """Is this written form one that only a control token has?"""
    return form.startswith("<|") and form.endswith("|>") and len(form) > 4
