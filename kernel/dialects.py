"""Dialects: how a model writes a call, and how it is answered.

Knows: two ways to write one, and how to tell a call from text, token by token. Does not know: devices, processes, who may
call what. A dialect has no state of its own: what was said so far is handed in. Read next: `instructions.py`.

    llmos    TRAP calc 37*48 GO  ->  RESULT 1776 DONE                        control ids; nothing else can open a call
    hermes   <tool_call>{"name": "calc", "arguments": {"text": "37*48"}}</tool_call>  ->  a turn with <tool_response>
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

from .ports import Codec


class Heard(NamedTuple):
    """A call that is complete: a device and its arguments, or what is wrong with it."""

    device: str = ""
    args: str = ""
    wrong: str = ""


class Opened(NamedTuple):
    """A call begins: `keep` bytes of what was said are text, `lead` is what of the call came with its opening."""

    keep: int
    lead: bytes


class Dialect(Protocol):
    name: str

    def opens(self, said: bytearray, token: int) -> Opened | None:
        """Does the newest sampled token, whose bytes end `said`, open a call?"""

    def hold(self, said: bytearray) -> int:
        """How many bytes at the end of `said` may yet become the opening of a call, and are not shown."""

    def closes(self, written: bytes, token: int) -> Heard | None:
        """Is the call that was written so far complete with its newest token?"""

    def answer(self, codec: Codec, text: str) -> tuple[int, ...]:
        """What enters the stream as the call's result. Text never becomes a control id."""


class Llmos:
    """Four control ids. TRAP and GO are sampled, RESULT and DONE never."""

    name = "llmos"

    def __init__(self, marks: Sequence[int]) -> None:
        self.trap, self.go, self.result, self.done = marks

    def opens(self, said: bytearray, token: int) -> Opened | None:
        return Opened(len(said), b"") if token == self.trap else None

    def hold(self, said: bytearray) -> int:
        return 0

    def closes(self, written: bytes, token: int) -> Heard | None:
        if token == self.trap:
            return Heard(wrong="a call is written TRAP device arguments GO")
        if token != self.go:
            return None
        device, _, args = written.decode("utf-8", "replace").strip().partition(" ")
        return Heard(device, args.strip())

    def answer(self, codec: Codec, text: str) -> tuple[int, ...]:
        return (self.result, *codec.encode(text), self.done)


OPEN, CLOSE = b"<tool_call>", b"</tool_call>"
LOOK_BACK = 256  # bytes in which an opening is looked for: no token is as long


class Hermes:
    """Ordinary text in the model's own turn, matched here; the answer is a turn of the person's side."""

    name = "hermes"

    def opens(self, said: bytearray, token: int) -> Opened | None:
        at = said.rfind(OPEN, max(0, len(said) - LOOK_BACK))
        return Opened(at, bytes(said[at + len(OPEN) :])) if at >= 0 else None

    def hold(self, said: bytearray) -> int:
        return next((n for n in range(len(OPEN) - 1, 0, -1) if said.endswith(OPEN[:n])), 0)

    def closes(self, written: bytes, token: int) -> Heard | None:
        before, found, _ = written.partition(CLOSE)
        return read_json(before.decode("utf-8", "replace")) if found else None

    def answer(self, codec: Codec, text: str) -> tuple[int, ...]:
        turn = codec.turn("user", f"<tool_response>\n{text}\n</tool_response>", False)
        return (*codec.ends[:1], *codec.closing(), *turn, *codec.cue())


def read_json(text: str) -> Heard:
    """{"name": ..., "arguments": ...}: named arguments stay JSON, unless there is one text alone."""
    try:
        call = json.loads(text)
        name, args = call["name"], call.get("arguments", "")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return Heard(wrong='a call is written {"name": ..., "arguments": {...}} between its tags')
    if not isinstance(name, str) or not isinstance(args, (str, dict)):
        return Heard(wrong="a call has a name and named arguments")
    return Heard(name, args.strip() if isinstance(args, str) else _one_text(name, args))


def _one_text(name: str, args: dict[str, Any]) -> str:
    values = list(args.values())
    if not values:
        return ""
    if len(values) == 1 and isinstance(values[0], str) and "." not in name:
        return values[0].strip()
    return json.dumps(args, ensure_ascii=False)


def by_name(name: str, codec: Codec) -> Dialect:
    """A model without ids to spare can only speak hermes."""
    return Llmos(codec.marks) if name == "llmos" and codec.marks else Hermes()


DIALECTS = ("llmos", "hermes")
