"""Tapes: the records of a session from any number on, without all of them in memory as objects.

Knows: packed records, and where each stands in a journal file. Does not know: what a record means. A live machine keeps a
`Reel`, packed in memory; a recording is read from its `FileTape`, of which only every 64th place is remembered.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

from llmos_kernel.journal import Record

from . import journal

EVERY = 64  # records between two remembered places


class Reel:
    """In memory, one bytes object a record. Owned by one machine's thread."""

    def __init__(self) -> None:
        self._packed: list[bytes] = []
        self.size = 0  # bytes, all records together

    def __len__(self) -> int:
        return len(self._packed)

    def __call__(self, record: Record) -> None:
        self._packed.append(journal.pack(record))
        self.size += len(self._packed[-1])

    def __iter__(self) -> Iterator[Record]:
        return self.tail(0)

    def tail(self, first: int) -> Iterator[Record]:
        for i in range(first, len(self._packed)):
            record: Record = journal.unpack(self._packed[i])
            yield record


class FileTape:
    """A journal file. What was read once is found again without reading what stands before it. Raises JournalError."""

    def __init__(self, path: Path, opened: Callable[[Path], tuple[Any, BinaryIO]] = journal.opened) -> None:
        self.path, self._opened = path, opened
        self.header, file = opened(path)
        with file:
            self._places = array("Q", [file.tell()])  # of records 0, 64, 128, ...
        self._count = 0

    def __len__(self) -> int:
        """Records that were seen so far."""
        return self._count

    def tail(self, first: int) -> Iterator[Record]:
        known = min(first // EVERY, len(self._places) - 1)
        _, file = self._opened(self.path)
        file.seek(self._places[known])
        for number, (place, record) in enumerate(journal.records(file), known * EVERY):
            if number == len(self._places) * EVERY:
                self._places.append(place)
            self._count = max(self._count, number + 1)
            if number >= first:
                yield record
