"""The kernel's only doors to the outside: the CPU, the codec and the world.

Knows: the shape of everything that enters or leaves. Does not know: who stands behind a port (a live machine, a
journal being replayed, a test). Everything that enters is plain: int, str, bytes, None and tuples of these.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

from .cpu import Mask

Plain = int | str | bytes | None | tuple["Plain", ...]


class Codec(Protocol):
    """Text to ids and back, for one model. Text never becomes a control id; only `turn` and `cue` emit those."""

    start: tuple[int, ...]  # what a raw document begins with (the BOS id, or nothing)
    ends: tuple[int, ...]  # ids that end a turn or a document; each stops a thought
    marks: tuple[int, ...]  # TRAP, GO, RESULT, DONE; () when the model has no spare ids
    never: tuple[int, ...]  # <= 14 control ids that only the kernel writes: RESULT, DONE, what opens a turn

    def encode(self, text: str) -> tuple[int, ...]:
        """Ids of `text` with specials off."""

    def turn(self, role: str, text: str, first: bool) -> tuple[int, ...]:
        """One whole turn of `role` ("system", "user", "assistant") in the model's chat form.

        `first` opens the conversation: it adds BOS and, before a first "user" turn, the model's default system turn.
        """

    def cue(self) -> tuple[int, ...]:
        """What opens the assistant's turn."""

    def closing(self) -> tuple[int, ...]:
        """What the chat form writes between the end that the assistant sampled and the next turn."""

    def piece(self, token: int) -> bytes:
        """The bytes one id stands for; control ids give b"" ."""

    def name(self, token: int) -> str:
        """A control id's printable name such as "<|im_end|>"; "" for ordinary ids."""


class Grammar(Protocol):
    """Which ids keep a call legal. Decides nothing that is not visible in what the CPU then samples: a replay needs none."""

    def allowed(self, devices: tuple[str, ...], lead: bytes, written: tuple[int, ...]) -> Mask:
        """The ids that may follow in a call of one of `devices` that begins with `lead` and `written`. At once: nothing is
        reckoned before somebody asks the mask."""


class Delivery(NamedTuple):
    """Something from the world: a typed line, a device's result, a person's command."""

    kind: str  # "line" (input), "done" (a device finished), "command" (from the panel), "devices" (mounted now), "eof",
    # "weight" (what a chunk of prompt was measured to cost beside those who decode)
    target: str  # channel name, request number, verb, or thousandths of a tick without a chunk
    data: Plain = None
    ok: int = 1


class Request(NamedTuple):
    """Work for a device. `number` comes back in the Delivery that ends it."""

    number: int
    pid: int
    device: str
    text: str  # the arguments as one line, the same whether a program or the model wrote them: "cat notes.txt"


class World(Protocol):
    """Devices and people. Never blocks."""

    def poll(self) -> Sequence[Delivery]: ...

    def submit(self, request: Request) -> None: ...


class PageStore(Protocol):
    """The page file: slots for pages that leave RAM."""

    def put(self, slot: int, data: bytes, key: bytes = b"") -> bool:
        """Keep a page; False when there is no room on the disk. Nothing that was kept is lost by that."""

    def get(self, slot: int) -> bytes | None:
        """A page byte for byte; None when it is damaged."""


class NoStore:
    """A machine without swap."""

    def put(self, slot: int, data: bytes, key: bytes = b"") -> bool:
        return False

    def get(self, slot: int) -> bytes | None:
        return None


Event = tuple[Any, ...]
"""(tick, kind, pid, ...plain values). Kinds and their fields are listed in `events.py`."""
