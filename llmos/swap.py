"""The page file: swap space as raw slots of one size, each with a checksum.

Knows: slots, bytes, what each slot was written for (its key). Does not know: frames, processes, when to swap; the kernel
decides (`kernel/swap.py`). Implements the kernel's `PageStore`.

Layout: one header of 4,096 bytes, then slots of `SLOT.size + slot_bytes` bytes: checksum, length, sequence number, key, and the
page. A page counts once its slot's header is written, which happens last; a slot cut short by a crash fails its checksum and is
empty. The file is bounded: `slots` never grows. Nothing here is the only copy of anything: tokens can be computed again.
"""

from __future__ import annotations

import errno
import os
import struct
from pathlib import Path
from zlib import crc32

from .errors import LlmosError

MAGIC = b"LLMOSSW1"
HEAD = struct.Struct("<8sQQ32sI")  # magic, bytes of a page, slots, fingerprint, checksum
HEAD_BYTES = 4096
SLOT = struct.Struct("<IIQ32s")  # checksum, length, sequence number, key
KEY_BYTES = 32


class SwapError(LlmosError):
    """The page file can't be used, or has no room; the message says which."""


class PageFile:
    """Owns the open file; one thread uses it."""

    def __init__(self, path: Path, slot_bytes: int, slots: int, fingerprint: str = "") -> None:
        """Opens the page file, or makes a new one when there is none, or when it is another machine's. Raises SwapError."""
        self.path, self.slot_bytes, self.slots = path, slot_bytes, slots
        self.problem = ""  # why the last page was not kept, in one line
        self._stride = SLOT.size + slot_bytes
        self._sequence = 1
        head = HEAD.pack(MAGIC, slot_bytes, slots, fingerprint.encode()[:32].ljust(32, b"\0"), 0)[:-4]
        head += struct.pack("<I", crc32(head))
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o600)
            if os.pread(self._file, HEAD.size, 0) != head:
                os.ftruncate(self._file, 0)
                os.pwrite(self._file, head.ljust(HEAD_BYTES, b"\0"), 0)
        except OSError as error:
            raise SwapError(f"can't open the page file {path}: {error.strerror}") from None

    def put(self, slot: int, data: bytes, key: bytes = b"") -> bool:
        """Keep a page; False, with the reason in `problem`, when it can't be kept. Then nothing that was kept is lost."""
        if not 0 <= slot < self.slots or len(data) > self.slot_bytes:
            self.problem = f"the page file has {self.slots} slots of {self.slot_bytes} bytes; this page has no place"
            return False
        key = key[:KEY_BYTES].ljust(KEY_BYTES, b"\0")
        body = SLOT.pack(0, len(data), self._sequence, key)[4:]
        self._sequence += 1
        at = HEAD_BYTES + slot * self._stride
        try:
            self._write(data, at + SLOT.size)
            self._write(struct.pack("<I", crc32(data, crc32(body))) + body, at)
        except OSError as error:
            full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
            self.problem = f"no room on the disk for {self.path}" if full else f"{self.path}: {error.strerror}"
            return False
        self.problem = ""
        return True

    def _write(self, data: bytes, at: int) -> None:
        """All of `data`: one call may write less."""
        while data:
            n = os.pwrite(self._file, data, at)
            data, at = data[n:], at + n

    def get(self, slot: int) -> bytes | None:
        """A page byte for byte; None when the slot is empty or damaged."""
        found = self._read(slot)
        return found[1] if found else None

    def _read(self, slot: int) -> tuple[bytes, bytes, int] | None:
        """Key, page and sequence number of a slot that is whole."""
        try:
            raw = os.pread(self._file, self._stride, HEAD_BYTES + slot * self._stride)
        except OSError:
            return None
        if len(raw) < SLOT.size:
            return None
        checksum, length, sequence, key = SLOT.unpack_from(raw)
        data = raw[SLOT.size : SLOT.size + length]
        if not sequence or len(data) != length or crc32(data, crc32(raw[4 : SLOT.size])) != checksum:
            return None
        return key, data, sequence

    def kept(self) -> dict[bytes, int]:
        """After a restart: the slot of each key that was given, the newest where there are several. Reads the whole file."""
        newest: dict[bytes, tuple[int, int]] = {}
        for slot in range(self.slots):
            found = self._read(slot)
            if found is None:
                continue
            key, _, sequence = found
            self._sequence = max(self._sequence, sequence + 1)
            if key.strip(b"\0") and sequence > newest.get(key, (0, 0))[0]:
                newest[key] = (sequence, slot)
        return {key.rstrip(b"\0"): slot for key, (_, slot) in newest.items()}

    def close(self) -> None:
        os.close(self._file)


class RamPages:
    """A page store that is a dictionary, for machines that should leave no file behind, and for tests."""

    def __init__(self, slots: int) -> None:
        self.slots = slots
        self.pages: dict[int, bytes] = {}

    def put(self, slot: int, data: bytes, key: bytes = b"") -> bool:
        if not 0 <= slot < self.slots:
            return False
        self.pages[slot] = data
        return True

    def get(self, slot: int) -> bytes | None:
        return self.pages.get(slot)
