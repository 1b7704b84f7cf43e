"""Masks that keep a call legal while it is being written, one step at a time.

Knows: llguidance, one grammar for all mounted devices, and how many tokens a call may have. Does not know: what devices
do, when a call begins (`kernel/instructions.py`). Masks are cached by what was written so far; a call that grows long is
led to its shortest end. Implements `llmos_kernel.ports.Grammar`.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any

from llmos_kernel.limits import MAX_CALL_TOKENS
from llmos_kernel.ports import Codec

MASKS = 1024  # kept; 6 KB each for a vocabulary of 49,152
MATCHERS = 128  # kept, so that a call in progress is not read again from its start
LONG = MAX_CALL_TOKENS - 64  # tokens of a call, from which on only its shortest end is legal
CLOSERS = "\"}])'>"  # what ends something, tried before anything else
OTHERS = "1023456789-. \n{[(<abcdefghijklmnopqrstuvwxyz_/:,"

State = tuple[tuple[str, ...], bytes, tuple[int, ...]]
"""(devices, lead, ids written): everything a mask depends on."""


class Masks:
    """`rules` makes the Lark grammar of the named devices; `end` is the id that ends a call."""

    def __init__(self, codec: Codec, vocab: int, end: int, rules: Callable[[tuple[str, ...]], str]) -> None:
        self.codec, self.vocab, self.end, self.rules = codec, vocab, end, rules
        self._tokenizer: Any = None
        self._starts: dict[tuple[str, ...], Any] = {}
        self._masks: OrderedDict[State, bytes | None] = OrderedDict()
        self._matchers: OrderedDict[State, Any] = OrderedDict()
        self._single = _single(codec)

    def allowed(self, devices: tuple[str, ...], lead: bytes, written: tuple[int, ...]) -> bytes | None:
        state = (devices, lead, written)
        if state not in self._masks:
            self._masks[state] = self._mask(state)
            while len(self._masks) > MASKS:
                self._masks.popitem(last=False)
        self._masks.move_to_end(state)
        return self._masks[state]

    def _mask(self, state: State) -> bytes | None:
        if not state[0]:
            return None
        matcher = self._matcher(state)
        if matcher.is_error():
            return None
        if matcher.is_stopped():  # nothing can follow but the end
            return self._only(self.end)
        size = -(-self.vocab // 8)
        mask: bytes = matcher.compute_bitmask()[:size].ljust(size, b"\0")
        return self._shortest(mask) if len(state[2]) >= LONG else mask

    def _shortest(self, mask: bytes) -> bytes:
        """Of the legal ids only the one that ends the call soonest."""
        for token in (self.end, *self._single):
            if mask[token // 8] >> token % 8 & 1:
                return self._only(token)
        return mask

    def _only(self, token: int) -> bytes:
        only = bytearray(-(-self.vocab // 8))
        only[token // 8] = 1 << token % 8
        return bytes(only)

    def _matcher(self, state: State) -> Any:
        """A matcher in this state, made from the one a token earlier if it is still here."""
        devices, lead, written = state
        before = self._matchers.pop((devices, lead, written[:-1]), None) if written else None
        matcher = before if before is not None else self._fresh(devices, lead)
        matcher.consume_tokens(list(written[-1:] if before is not None else written))
        self._matchers[state] = matcher
        while len(self._matchers) > MATCHERS:
            self._matchers.popitem(last=False)
        return matcher

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
