"""The wire between a machine and its screens: length-prefixed msgpack, and views as what changed since the last one.

Knows: the frozen types of `status.py` and `llmos_kernel.view`, sockets. Does not know: who speaks, or what a verb does. What
can't be read, or is longer than a message may be, ends the connection: nothing of it is used. A log that gained a line
travels as that line, a growing text as its end, a stream of tokens that moved on as the new ones.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from dataclasses import fields, replace
from itertools import compress, count, islice, repeat
from operator import attrgetter, is_not
from typing import Any, NamedTuple

import msgpack

from llmos_kernel import view as kernel_view

from . import status

TYPES: tuple[type[Any], ...] = (
    status.MachineView, status.SelfTest, status.Line, status.Run, status.Mark, status.Fact, status.Inspection,
    kernel_view.Snapshot, kernel_view.ProcessView, kernel_view.TokenView, kernel_view.LaneView, kernel_view.FrameView,
    kernel_view.PageView, kernel_view.SpanView, kernel_view.MovedView, kernel_view.Counters, status.Attention, status.Wrote,
    status.Parted, status.Found, status.Question,
)  # fmt: skip
"""What may be sent; a type's place is its number on the wire, so both ends must be of one version."""
BY_FIELD = (status.MachineView, kernel_view.Snapshot, kernel_view.LaneView)
"""Of these the fields that changed are sent; smaller values are sent whole."""
HELLO, DO, DETACH, SHUTDOWN = "hello", "do", "detach", "shutdown"
"""How a screen's message begins. Whatever is asked of the panel stands behind DO, so that no verb can mean anything else."""
TRIES = 16  # places where a moved tuple may seem to begin, that are looked at
PREFIX = struct.Struct("<I")
MOST = 64 * 2**20  # bytes of a message; a view of a thousand processes takes about one of these 64

_CODES = {kind: code for code, kind in enumerate(TYPES)}
_NAMES = {kind: tuple(f.name for f in fields(kind)) for kind in TYPES}
_VALUES = {kind: attrgetter(*names) for kind, names in _NAMES.items()}


class Fields(NamedTuple):
    """Of a value of one of these types: name of a field -> its difference."""

    news: dict[str, Any]


class Moved(NamedTuple):
    """A tuple without its first few, with changes at some of the places that are left, and with more at its end."""

    gone: int
    places: tuple[int, ...]
    news: tuple[Any, ...]
    more: tuple[Any, ...]


class Longer(NamedTuple):
    """A text with more at its end."""

    more: str


DIFFERENCES: tuple[type[Any], ...] = (Fields, Moved, Longer)
ROWS, DIFFERENCE = len(TYPES), 2 * len(TYPES)
"""On the wire, kind number n is one value of it; ROWS + n several of them; DIFFERENCE + n a difference."""


class Garbled(ValueError):
    """What came over the wire is no message."""


def pack(value: Any) -> bytes:
    packed: bytes = msgpack.packb(value, default=_shown, strict_types=True, unicode_errors="surrogatepass")
    return packed


def _shown(value: Any) -> Any:
    kind = type(value)
    if kind is tuple:
        return _rows(value)
    if kind in _CODES:
        return msgpack.ExtType(_CODES[kind], pack([*_VALUES[kind](value)]))
    if kind in DIFFERENCES:
        return msgpack.ExtType(DIFFERENCE + DIFFERENCES.index(kind), pack([*value]))
    for plain in (int, str):
        if isinstance(value, plain):  # of an enumeration
            return plain(value)
    raise TypeError(f"{kind.__name__} has no number on the wire")


def _rows(values: tuple[Any, ...]) -> Any:
    """Many of one kind travel as one table; any other tuple as a list."""
    kind = type(values[0]) if values else None
    if kind not in _CODES or any(map(is_not, map(type, values), repeat(kind))):
        return [*values]
    return msgpack.ExtType(ROWS + _CODES[kind], pack([[*row] for row in map(_VALUES[kind], values)]))


def unpack(data: bytes) -> Any:
    """Raises Garbled."""
    try:
        return msgpack.unpackb(
            data, ext_hook=_made, use_list=False, strict_map_key=False, raw=False, unicode_errors="surrogatepass"
        )
    except (ValueError, TypeError, IndexError, msgpack.UnpackException) as e:
        raise Garbled(str(e)) from None


def _made(code: int, data: bytes) -> Any:
    if code < ROWS:
        return TYPES[code](*unpack(data))
    if code < DIFFERENCE:
        kind = TYPES[code - ROWS]
        return tuple(kind(*row) for row in unpack(data))
    return DIFFERENCES[code - DIFFERENCE](*unpack(data))


def changes(old: Any, new: Any) -> Any:
    """What to do with `old` to get `new`, where that is shorter than `new`; else `new` itself."""
    kind = type(new)
    if type(old) is not kind:
        return new
    if kind in BY_FIELD:
        pairs = zip(_NAMES[kind], _VALUES[kind](old), _VALUES[kind](new), strict=True)
        return Fields({name: changes(a, b) for name, a, b in pairs if a is not b and a != b})
    if kind is tuple and old:
        return _moved(old, new)
    if kind is str and old and new.startswith(old):
        return Longer(new[len(old) :])
    return new


def _moved(old: tuple[Any, ...], new: tuple[Any, ...]) -> Any:
    for gone in islice(_shifts(old, new), TRIES):
        kept = len(old) - gone
        if old[gone:] == new[:kept]:
            return Moved(gone, (), (), new[kept:])
    if len(new) < len(old):
        return new
    places = tuple(i for i in compress(count(), map(is_not, old, new)) if old[i] != new[i])
    deep = type(new[0]) in (tuple, *BY_FIELD)
    if not deep and 2 * len(places) > len(new):
        return new
    news = tuple(changes(old[i], new[i]) if deep else new[i] for i in places)
    return Moved(0, places, news, new[len(old) :])


def _shifts(old: tuple[Any, ...], new: tuple[Any, ...]) -> Iterator[int]:
    """How far `old` may have moved on, nearest first; what stands in two views of one machine is the same object."""
    if new:
        head = new[0]
        yield from (gone for gone, value in enumerate(old) if value is head and len(old) - gone <= len(new))


def changed(old: Any, difference: Any) -> Any:
    """`old` with a difference applied. Raises Garbled."""
    try:
        if isinstance(difference, Fields):
            return replace(old, **{k: changed(getattr(old, k), v) for k, v in difference.news.items()})
        if isinstance(difference, Moved):
            kept = [*old[difference.gone :], *difference.more]
            for i, value in zip(difference.places, difference.news, strict=True):
                kept[i] = changed(kept[i], value)
            return tuple(kept)
        return old + difference.more if isinstance(difference, Longer) else difference
    except (TypeError, ValueError, AttributeError, IndexError) as e:
        raise Garbled(str(e)) from None


def send(connection: socket.socket, *message: Any) -> None:
    """Raises OSError when nobody listens any more."""
    data = pack(message)
    connection.sendall(PREFIX.pack(len(data)) + data)


def receive(connection: socket.socket) -> tuple[Any, ...] | None:
    """The next message; None when the other end is gone. Raises Garbled."""
    head = _exactly(connection, PREFIX.size)
    if head is None:
        return None
    (length,) = PREFIX.unpack(head)
    if length > MOST:
        raise Garbled(f"a message of {length:,} bytes")
    data = _exactly(connection, length)
    message = unpack(data) if data is not None else None
    if message is not None and not (isinstance(message, tuple) and message and isinstance(message[0], str)):
        raise Garbled("no message")
    return message


def _exactly(connection: socket.socket, count: int) -> bytes | None:
    data = bytearray()
    while len(data) < count:
        try:
            part = connection.recv(min(count - len(data), 1 << 20))
        except OSError:
            part = b""
        if not part:
            return None
        data += part
    return bytes(data)
