"""The wire between a machine and its screens: length-prefixed msgpack, and views as what changed since the last one.

Knows: the frozen types of `status.py` and `llmos_kernel.view`, sockets. Does not know: who speaks, or what a verb does. What
can't be read, or is longer than a message may be, ends the connection: nothing of it is used.
"""

from __future__ import annotations

import socket
import struct
from dataclasses import fields, replace
from operator import attrgetter
from typing import Any

import msgpack

from llmos_kernel import view as kernel_view

from . import status

TYPES: tuple[type[Any], ...] = (
    status.MachineView, status.SelfTest, status.Line, status.Run, status.Mark, status.Fact, status.Inspection,
    kernel_view.Snapshot, kernel_view.ProcessView, kernel_view.TokenView, kernel_view.LaneView, kernel_view.FrameView,
    kernel_view.PageView, kernel_view.SpanView, kernel_view.MovedView, kernel_view.Counters,
)  # fmt: skip
"""What may be sent; a type's place is its number on the wire, so both ends must be of one version."""
WHOLE = (status.MachineView, kernel_view.Snapshot)
"""Types that are sent as the fields that changed."""
LONG = 64  # a tuple of so many is sent as the places that changed
PREFIX = struct.Struct("<I")
MOST = 64 * 2**20  # bytes of a message; a view of a thousand processes takes about one of these 64

_CODES = {kind: code for code, kind in enumerate(TYPES)}
_NAMES = {kind: tuple(f.name for f in fields(kind)) for kind in TYPES}
_VALUES = {kind: attrgetter(*names) for kind, names in _NAMES.items()}


class Garbled(ValueError):
    """What came over the wire is no message."""


def pack(value: Any) -> bytes:
    packed: bytes = msgpack.packb(value, default=_shown, use_bin_type=True, unicode_errors="surrogatepass")
    return packed


def _shown(value: Any) -> msgpack.ExtType:
    return msgpack.ExtType(_CODES[type(value)], pack(_VALUES[type(value)](value)))


def unpack(data: bytes) -> Any:
    """Raises Garbled."""
    try:
        return msgpack.unpackb(
            data, ext_hook=_made, use_list=False, strict_map_key=False, raw=False, unicode_errors="surrogatepass"
        )
    except (ValueError, TypeError, IndexError, msgpack.UnpackException) as e:
        raise Garbled(str(e)) from None


def _made(code: int, data: bytes) -> Any:
    return TYPES[code](*unpack(data))


def changes(old: Any, new: Any) -> dict[str, Any]:
    """The fields of `new` that differ from `old`'s; where one of these is a whole type too, only its changed fields."""
    out: dict[str, Any] = {}
    for name in _NAMES[type(new)]:
        before, now = getattr(old, name), getattr(new, name)
        if before is now or before == now:
            continue
        both = type(now) in WHOLE and type(before) is type(now)
        out[name] = changes(before, now) if both else _places(before, now)
    return out


def _places(old: Any, new: Any) -> Any:
    """Of a long tuple, as RAM is, only the places that changed; of anything else, all."""
    if not (isinstance(new, tuple) and isinstance(old, tuple) and len(old) == len(new) >= LONG):
        return new
    return {i: b for i, (a, b) in enumerate(zip(old, new, strict=True)) if a is not b and a != b}


def changed(old: Any, difference: dict[Any, Any]) -> Any:
    """`old` with a difference applied. Raises Garbled."""
    try:
        if isinstance(old, tuple):
            return tuple(difference.get(i, value) for i, value in enumerate(old))
        news = {k: changed(getattr(old, k), v) if isinstance(v, dict) else v for k, v in difference.items()}
        return replace(old, **news)
    except (TypeError, AttributeError) as e:
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
