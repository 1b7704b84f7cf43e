"""Dialogues and documents as token ids, each with a mark for what is to be learned.

Knows: the ChatML form and where the control ids stand. Does not know: what is said. The mask is the whole of supervised
fine-tuning: the assistant's words, its calls (TRAP ... GO) and its end of turn are learned; what the person says, what
the kernel injects (RESULT ... DONE) and the frame around turns are only read.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, Protocol

from .dialogue import Call, Dialogue, Exchange

IM_START, IM_END, END_OF_TEXT = "<|im_start|>", "<|im_end|>", "<|endoftext|>"
TRAP, GO, RESULT, DONE = "<|trap|>", "<|go|>", "<|result|>", "<|done|>"
SPECIALS = (END_OF_TEXT, IM_START, IM_END, TRAP, GO, RESULT, DONE)
CHAT_TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


class Encoded(Protocol):
    @property
    def ids(self) -> list[int]: ...


class TextToIds(Protocol):
    """What is needed of a tokenizer; one of the tokenizers package has it."""

    def encode(self, text: str, *, add_special_tokens: bool = True) -> Encoded: ...

    def decode(self, ids: list[int]) -> str: ...

    def token_to_id(self, name: str) -> int | None: ...

    def id_to_token(self, token: int) -> str | None: ...


class Example(NamedTuple):
    """`learned[i]` is 1 when token i, given those before it, is to be predicted. Equal lengths."""

    tokens: list[int]
    learned: list[int]


class ChatForm:
    """Writes examples with one tokenizer. Text is cut at the control ids only, as the kernel cuts it.

    `stand_ins`: which of the tokenizer's special tokens stand for ours. `persona`: the system text that the model's own
    chat form puts first where nobody gave one.
    """

    def __init__(self, tokenizer: TextToIds, stand_ins: Mapping[str, str] | None = None, persona: str = "") -> None:
        self._tokenizer, self._persona = tokenizer, persona
        self.ids: dict[str, int] = {name: _id(tokenizer, (stand_ins or {}).get(name, name)) for name in SPECIALS}

    def encode(self, text: str) -> list[int]:
        """Ids of ordinary text. Raises ValueError for text that holds a control token's name: our data never does."""
        if any(name in text for name in SPECIALS):
            raise ValueError("control token in text")
        return list(self._tokenizer.encode(text, add_special_tokens=False).ids)

    def dialogue(self, dialogue: Dialogue) -> Example:
        out = Example([], [])
        if dialogue.system:
            self._turn(out, f"system\n{dialogue.system}")
        for exchange in dialogue.exchanges:
            self._turn(out, f"user\n{exchange.request}")
            self._reply(out, exchange)
        return out

    def exchange(self, exchange: Exchange) -> Example:
        """One request and its reply, as they stand after a system text."""
        out = Example([], [])
        self._turn(out, f"user\n{exchange.request}")
        self._reply(out, exchange)
        return out

    def request(self, text: str) -> list[int]:
        """One request, up to where the assistant answers it."""
        out = Example([], [])
        self._turn(out, f"user\n{text}")
        return [*out.tokens, self.ids[IM_START], *self.encode("assistant\n")]

    def opening(self, system: str) -> list[int]:
        """The ids that come before the first request."""
        out = Example([], [])
        if system or self._persona:
            self._turn(out, f"system\n{system or self._persona}")
        return out.tokens

    def document(self, text: str) -> Example:
        tokens = [*self.encode(text), self.ids[END_OF_TEXT]]
        return Example(tokens, [1] * len(tokens))

    def prompt(self, dialogue: Dialogue) -> list[int]:
        """Everything up to where the assistant answers the last request."""
        out = self.dialogue(Dialogue(dialogue.kind, dialogue.exchanges[:-1], dialogue.system))
        self._turn(out, f"user\n{dialogue.exchanges[-1].request}")
        return [*out.tokens, self.ids[IM_START], *self.encode("assistant\n")]

    def injected(self, result: str) -> list[int]:
        """What the kernel puts into the stream after a call."""
        return [self.ids[RESULT], *self.encode(result), self.ids[DONE]]

    def decode(self, ids: list[int]) -> str:
        """Text of ids, control ids left out."""
        return str(self._tokenizer.decode(ids))

    def begins_word(self, token: int) -> bool:
        """Does the id stand for a space, or for something that begins with one?"""
        return (self._tokenizer.id_to_token(int(token)) or "").startswith("Ġ")

    def _turn(self, out: Example, text: str) -> None:
        self._add(out, [self.ids[IM_START], *self.encode(text), self.ids[IM_END], *self.encode("\n")], 0)

    def _reply(self, out: Example, exchange: Exchange) -> None:
        self._add(out, [self.ids[IM_START], *self.encode("assistant\n")], 0)
        for part in exchange.reply:
            if isinstance(part, Call):
                self._add(out, [self.ids[TRAP], *self.encode(part.text), self.ids[GO]], 1)
                self._add(out, self.injected(part.result), 0)
            else:
                self._add(out, self.encode(part.text), 1)
        self._add(out, [self.ids[IM_END]], 1)
        self._add(out, self.encode("\n"), 0)

    @staticmethod
    def _add(out: Example, ids: list[int], learned: int) -> None:
        out.tokens.extend(ids)
        out.learned.extend([learned] * len(ids))


def _id(tokenizer: TextToIds, name: str) -> int:
    found = tokenizer.token_to_id(name)
    if found is None:
        raise ValueError(f"the tokenizer has no {name}")
    return int(found)
