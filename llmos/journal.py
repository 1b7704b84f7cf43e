"""The journal as a file: msgpack records, each with its length and checksum.

Knows: bytes. Does not know: what a record means (`llmos_kernel.journal` does). A file that was cut anywhere is read up to
its last good record; what follows a damaged record is never used.

Layout: `LLMOSJ1\\n`, then records of: length (u32), crc32 of the payload (u32), payload (msgpack). The first is the header.
A redacted recording (`film.py`) has the same layout under another name.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, BinaryIO
from zlib import crc32

import msgpack

from .errors import LlmosError

if TYPE_CHECKING:
    from llmos_kernel.journal import Header, Record

MAGIC = b"LLMOSJ1\n"
REDACTED = b"LLMOSR1\n"
PREFIX = struct.Struct("<II")
MAX_RECORD = 64 * 2**20  # bytes; a longer length can only be damage


class JournalError(LlmosError):
    """The file is not a journal we can read, or it can't be written."""


def pack(value: Any) -> bytes:
    packed: bytes = msgpack.packb(value, use_bin_type=True, unicode_errors="surrogatepass")
    return packed


def unpack(packed: bytes) -> Any:
    """Raises ValueError or msgpack.UnpackException."""
    from llmos_kernel.journal import freeze  # a screen that only names a journal need not load the kernel

    value = msgpack.unpackb(packed, raw=False, unicode_errors="surrogatepass", strict_map_key=False)
    return freeze(value) if isinstance(value, list) else value


def framed(value: Any) -> bytes:
    payload = pack(value)
    return PREFIX.pack(len(payload), crc32(payload)) + payload


class Writer:
    """Appends records; owns the open file. Buffered: `flush` when a person may look away."""

    def __init__(self, path: Path, header: Header) -> None:
        self.path = path
        self.problem = ""  # why recording stopped, "" = it goes on
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file: BinaryIO = path.open("ab")
        except OSError as e:
            raise JournalError(f"can't write the journal {path}: {e.strerror}") from None
        if self._file.tell():
            self._file.close()
            raise JournalError(f"can't write the journal {path}: it holds a session already")
        self._write(MAGIC + framed(header.to_plain()))
        self.flush()

    def __call__(self, record: Record) -> None:
        self._write(framed(record))

    def flush(self) -> None:
        if not self.problem:
            try:
                self._file.flush()
            except OSError as e:
                self.problem = e.strerror or str(e)

    def _write(self, data: bytes) -> None:
        """A full disk stops the recording, not the machine; what was written stays readable."""
        if not self.problem:
            try:
                self._file.write(data)
            except OSError as e:
                self.problem = e.strerror or str(e)

    def close(self) -> None:
        self.flush()
        try:
            self._file.close()
        except OSError as e:
            self.problem = self.problem or e.strerror or str(e)

    def __enter__(self) -> Writer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def fresh(folder: Path, *beside: Path) -> Path:
    """An empty file for the next session: 0001.log, 0002.log, ... Whoever made it has that name alone; of what was deleted, no
    name comes again while a file in the folders `beside` has it. Raises JournalError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        names = [p.stem for p in folder.glob("*.log")] + [p.stem for other in beside for p in other.glob("*")]
        number = max((int(name) for name in names if name.isdecimal()), default=0) + 1
        while True:
            path = folder / f"{number:04d}.log"
            with suppress(FileExistsError), path.open("x"):
                return path
            number += 1
    except OSError as e:
        raise JournalError(f"can't write journals in {folder}: {e.strerror}") from None


def discard(path: Path) -> None:
    """A session that never began leaves no file."""
    with suppress(OSError):
        if not path.stat().st_size:
            path.unlink()


def read(path: Path) -> tuple[Header, Iterator[Record]]:
    """The header and the good records, lazily. Raises JournalError when there is no readable header."""
    header, file = opened(path)
    return header, (record for _, record in records(file))


def opened(path: Path) -> tuple[Header, BinaryIO]:
    """The header, and the file at its first record. Raises JournalError."""
    from llmos_kernel.journal import Header

    name, header, file = begun(path)
    try:
        if name == REDACTED:
            raise ValueError("this recording is redacted, and can only be looked at: llmos replay does that")
        return Header.from_plain(header), file
    except ValueError as e:
        file.close()
        raise JournalError(f"{path}: {e}") from None


def begun(path: Path) -> tuple[bytes, Any, BinaryIO]:
    """What a file calls itself, MAGIC or REDACTED; its header; the file at its first record. Raises JournalError."""
    try:
        file = path.open("rb")
    except OSError as e:
        raise JournalError(f"can't read the journal {path}: {e.strerror}") from None
    try:
        name = file.read(len(MAGIC))
        if name and name not in (MAGIC, REDACTED):
            raise JournalError(f"{path} is not a llmos journal")
        header = _record(file)
        if header is None:
            raise JournalError(f"{path} breaks off in its header: nothing of that session was kept")
        return name, header, file
    except (OSError, JournalError):
        file.close()
        raise


def records(file: BinaryIO) -> Iterator[tuple[int, Record]]:
    """(place in the file, record), from where the file stands up to its end or the first damage. Closes the file."""
    with file:
        place = file.tell()
        while isinstance(record := _record(file), tuple):
            yield place, record
            place = file.tell()


def _record(file: BinaryIO) -> Any:
    """What is written next; None at the end and for anything damaged."""
    prefix = file.read(PREFIX.size)
    if len(prefix) < PREFIX.size:
        return None
    length, check = PREFIX.unpack(prefix)
    payload = file.read(length) if length <= MAX_RECORD else b""
    if len(payload) < length or crc32(payload) != check:
        return None
    try:
        return unpack(payload)
    except (ValueError, msgpack.UnpackException):
        return None
