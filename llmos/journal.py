"""The journal as a file: msgpack records, each with its length and checksum.

Knows: bytes. Does not know: what a record means (`llmos_kernel.journal` does). A file that was cut anywhere is read up to
its last good record; what follows a damaged record is never used.

Layout: `LLMOSJ1\\n`, then records of: length (u32), crc32 of the payload (u32), payload (msgpack). The first is the header.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO
from zlib import crc32

import msgpack

from llmos_kernel.journal import Header, Record, freeze

from .errors import LlmosError

MAGIC = b"LLMOSJ1\n"
PREFIX = struct.Struct("<II")
MAX_RECORD = 64 * 2**20  # bytes; a longer length can only be damage


class JournalError(LlmosError):
    """The file is not a journal we can read, or it can't be written."""


def _pack(value: Any) -> bytes:
    payload: bytes = msgpack.packb(value, use_bin_type=True, unicode_errors="surrogatepass")
    return PREFIX.pack(len(payload), crc32(payload)) + payload


class Writer:
    """Appends records; owns the open file. Buffered: `flush` when a person may look away."""

    def __init__(self, path: Path, header: Header) -> None:
        self.path = path
        self.problem = ""  # why recording stopped, "" = it goes on
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file: BinaryIO = path.open("xb")
        except OSError as e:
            raise JournalError(f"can't write the journal {path}: {e.strerror}") from None
        self._write(MAGIC + _pack(header.to_plain()))
        self.flush()

    def __call__(self, record: Record) -> None:
        self._write(_pack(record))

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


def fresh(folder: Path) -> Path:
    """A name for the next session: 0001.log, 0002.log, ..."""
    try:
        taken = [int(p.stem) for p in folder.glob("*.log") if p.stem.isdigit()]
    except OSError:
        taken = []
    return folder / f"{max(taken, default=0) + 1:04d}.log"


def read(path: Path) -> tuple[Header, Iterator[Record]]:
    """The header and the good records, lazily. Raises JournalError when there is no readable header."""
    try:
        file = path.open("rb")
    except OSError as e:
        raise JournalError(f"can't read the journal {path}: {e.strerror}") from None
    if file.read(len(MAGIC)) != MAGIC:
        file.close()
        raise JournalError(f"{path} is not a llmos journal")
    records = _records(file)
    try:
        return Header.from_plain(next(records, None)), (r for r in records if isinstance(r, tuple))
    except ValueError as e:
        raise JournalError(f"{path}: {e}") from None


def _records(file: BinaryIO) -> Iterator[Any]:
    """Every record up to the end or the first damage."""
    with file:
        while len(prefix := file.read(PREFIX.size)) == PREFIX.size:
            length, check = PREFIX.unpack(prefix)
            if length > MAX_RECORD:
                return
            payload = file.read(length)
            if len(payload) < length or crc32(payload) != check:
                return
            try:
                value = msgpack.unpackb(payload, raw=False, unicode_errors="surrogatepass", strict_map_key=False)
            except (ValueError, msgpack.UnpackException):
                return
            yield freeze(value) if isinstance(value, list) else value
