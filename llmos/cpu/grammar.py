"""Masks that keep a call legal while it is being written, one step at a time.

Knows: llguidance, one grammar for all mounted devices, and how many tokens a call may have. Does not know: what devices
do, when a call begins (`kernel/instructions.py`). A mask is reckoned when the CPU asks for it, from the matcher of a token
earlier, and kept by what was written so far; a call that grows long is led to its shortest end. Implements
`llmos_kernel.ports.Grammar`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from llmos_kernel.cpu import Mask
from llmos_kernel.limits import MAX_CALL_TOKENS
from llmos_kernel.ports import Codec

KEPT = 1024  # states; a mask takes 6 KB for a vocabulary of 49,152
LONG = MAX_CALL_TOKENS - 64  # tokens of a call, from which on only its shortest end is legal
CLOSERS = "\"}])'>"  # what ends something, tried before anything else
OTHERS = "1023456789-. \n{[(<abcdefghijklmnopqrstuvwxyz_/:,"

State = tuple[tuple[str, ...], bytes, tuple[int, ...]]
"""(devices, lead, ids written): everything a mask depends on."""


class Reached:
    """What is kept of a state: its mask, and its matcher until the next state takes it."""

    __slots__ = ("mask", "matcher")

    def __init__(self, mask: bytes | None, matcher: Any) -> None:
        self.mask, self.matcher = mask, matcher


class Masks:
    """`rules` makes the Lark grammar of the named devices; `end` is the id that ends a call."""

    def __init__(self, codec: Codec, vocab: int, end: int, rules: Callable[[tuple[str, ...]], str]) -> None:
        self.codec, self.vocab, self.end, self.rules = codec, vocab, end, rules
        self._tokenizer: Any = None
        self._starts: dict[tuple[str, ...], Any] = {}
        self._size = -(-vocab // 8)
        self._kept: dict[State, Reached] = {}  # the oldest first
        self._single = _single(codec)

    def allowed(self, devices: tuple[str, ...], lead: bytes, written: tuple[int, ...]) -> Mask:
        return Mask(partial(self._bits, (devices, lead, written)))

    def _bits(self, state: State) -> bytes | None:
        """The mask of a state: the one that is kept, or a new one; None where there is nothing to hold a call to."""
        kept = self._kept.get(state)
        if kept is None:
            kept = self._kept[state] = self._reach(state)
            if len(self._kept) > KEPT:
                del self._kept[next(iter(self._kept))]
        return kept.mask

    def _reach(self, state: State) -> Reached:
        devices, lead, written = state
        if not devices:
            return Reached(None, None)
        before = self._kept.get((devices, lead, written[:-1])) if written else None
        if before is not None and before.matcher is not None:
            matcher, before.matcher = before.matcher, None
            matcher.consume_token(written[-1])
        else:
            matcher = self._fresh(devices, lead)
            matcher.consume_tokens(list(written))
        if matcher.is_error():
            return Reached(None, matcher)
        if matcher.is_stopped():  # nothing can follow but the end
            return Reached(self._only(self.end), matcher)
        mask = matcher.compute_bitmask()[: self._size].ljust(self._size, b"\0")
        return Reached(self._shortest(mask) if len(written) >= LONG else mask, matcher)

    def _shortest(self, mask: bytes) -> bytes:
        """Of the legal ids only the one that ends the call soonest."""
        for token in (self.end, *self._single):
            if mask[token // 8] >> token % 8 & 1:
                return self._only(token)
        return mask

    def _only(self, token: int) -> bytes:
        only = bytearray(self._size)
        only[token // 8] = 1 << token % 8
        return bytes(only)

    def _fresh(self, devices: tuple[str, ...], lead: bytes) -> Any:
        """A matcher at the beginning of a call. Reading a grammar takes tens of milliseconds, copying a matcher none."""
        from llguidance import LLMatcher

        if devices not in self._starts:
            grammar = LLMatcher.grammar_from_lark(self.rules(devices))
            self._starts[devices] = LLMatcher(self._table(), grammar)
        matcher = self._starts[devices].deep_copy()
        if lead:
            matcher.consume_tokens(list(self.codec.encode(lead.decode("utf-8", "replace"))))
        return matcher

    def _table(self) -> Any:
        if self._tokenizer is None:
            from llguidance import LLTokenizer, TokenizerWrapper

            self._tokenizer = LLTokenizer(TokenizerWrapper(_Vocabulary(self.codec, self.vocab, self.end)))
        return self._tokenizer


def _single(codec: Codec) -> list[int]:
    """Ids of single characters, those that end something first."""
    encoded = [codec.encode(char) for char in CLOSERS + OTHERS]
    return [ids[0] for ids in encoded if len(ids) == 1]


class _Vocabulary:
    """The tokenizer as llguidance wants it; a call's end stands for the end of the text."""

    def __init__(self, codec: Codec, vocab: int, end: int) -> None:
        self.codec = codec
        names = [codec.name(token) for token in range(vocab)]
        self.eos_token_id, self.bos_token_id = end, None
        self.special_token_ids = [token for token, name in enumerate(names) if name]
        self.tokens = [name.encode() if name else codec.piece(token) for token, name in enumerate(names)]

    def __call__(self, text: bytes | str) -> Sequence[int]:
        return list(self.codec.encode(text.decode("utf-8", "replace") if isinstance(text, bytes) else text))
