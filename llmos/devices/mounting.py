"""Looking through a folder for texts that are new or changed since the last time.

Knows: which files are texts, and how each becomes text. Does not know: where texts go (`library.py`). A file is read only when
its size or time differs from what is known; it counts as changed only when its bytes do.
"""

from __future__ import annotations

import codecs
import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from .base import Context, Deadline, DeviceError
from .extractor import Extractor

MAX_DOCUMENT = 2 * 1024 * 1024  # bytes of a file that is mounted; the rest is left out
MAX_DOCUMENTS = 10_000  # files of one mounted folder
MAX_SECONDS = 5.0  # to read one HTML file that is mounted
HTML = (".html", ".htm", ".xhtml")
SUFFIXES = (".md", ".markdown", ".txt", ".text", ".rst", *HTML)


class Found(NamedTuple):
    """A file to be written. `text` is None when only its time changed."""

    number: int
    place: str  # its whole path, `written`
    stamp: str
    hash: str
    text: str | None


@dataclass
class Mounted:
    """What came of mounting a folder."""

    folder: str
    total: int = 0  # files to look at
    files: int = 0  # texts that are on the disk now
    added: int = 0
    changed: int = 0
    unchanged: int = 0
    removed: int = 0
    passages: int = 0
    skipped: list[tuple[str, str]] = field(default_factory=list)  # (path in the folder, why)
    seen: set[str] = field(default_factory=set)


def survey(folder: Path, known: Mapping[str, tuple[str, str]], report: Mounted) -> Iterator[Found]:
    """Files that are not as `known` says: place -> (stamp, hash). Fills in `report` as it goes. Raises DeviceError."""
    paths = documents(folder, report)
    report.total = min(len(paths), MAX_DOCUMENTS)
    for path in paths[MAX_DOCUMENTS:]:
        _skip(report, folder, path, f"more than {MAX_DOCUMENTS:,} files")
    with closing(Extractor()) as extractor:
        for number, path in enumerate(paths[:MAX_DOCUMENTS], 1):
            found = _look(number, folder, path, known, report, extractor)
            if found is not None:
                yield found


def documents(folder: Path, report: Mounted) -> list[Path]:
    """Texts below `folder`, in order of path; links and what begins with a dot are passed over.

    Folders that can't be listed go into the report. DeviceError when `folder` itself is one of them.
    """
    if not os.path.isdir(folder):
        raise DeviceError(f"{written(folder)}: no such folder")

    def closed(error: OSError) -> None:
        if Path(error.filename) == folder:
            raise DeviceError(f"{written(folder)}: {error.strerror}")
        _skip(report, folder, Path(error.filename), error.strerror or "can't be listed")

    found: list[Path] = []
    for place, folders, names in os.walk(folder, onerror=closed):
        folders[:] = [name for name in folders if not name.startswith(".")]
        texts = [Path(place, name) for name in names if not name.startswith(".")]
        found += [path for path in texts if path.suffix.lower() in SUFFIXES and _is_file(path)]
    return sorted(found)


def written(path: Path) -> str:
    """A path as a record and a screen can hold it: bytes that are not UTF-8 are spelled out, as in \\xe9."""
    return os.fsencode(path).decode(errors="backslashreplace")


def _is_file(path: Path) -> bool:
    """Is it a plain file, as far as anybody may know? Links are none."""
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except FileNotFoundError:
        return False
    except OSError:
        return True  # `_look` will say why it can't be read


def _skip(report: Mounted, folder: Path, path: Path, why: str) -> None:
    report.skipped.append((written(path.relative_to(folder)), why))


def _look(
    number: int, folder: Path, path: Path, known: Mapping[str, tuple[str, str]], report: Mounted, extractor: Extractor
) -> Found | None:
    place = written(path)
    stamp, digest = known.get(place, ("", ""))
    try:
        status = path.stat()
        now = f"{status.st_size} {status.st_mtime_ns}"
        if now != stamp:
            data = _bytes(path)
            text = None if sha256(data).hexdigest() == digest else _text(path, data, extractor)
    except (OSError, DeviceError) as error:
        why = error.strerror or "can't be read" if isinstance(error, OSError) else str(error)
        _skip(report, folder, path, why)
        return None
    report.seen.add(place)
    report.files += 1
    if status.st_size > MAX_DOCUMENT:
        _skip(report, folder, path, f"all but the first {MAX_DOCUMENT:,} of {status.st_size:,} bytes")
    if now == stamp:
        report.unchanged += 1
        return None
    report.unchanged += text is None
    report.changed += text is not None and bool(stamp)
    report.added += not stamp
    return Found(number, place, now, sha256(data).hexdigest(), text)


def _bytes(path: Path) -> bytes:
    with open(path, "rb") as file:
        return file.read(MAX_DOCUMENT)


def _text(path: Path, data: bytes, extractor: Extractor) -> str:
    """A document's text; DeviceError when it is not text, is empty, or can't be read in time."""
    wide = data[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
    text = data.decode("utf-16" if wide else "utf-8-sig", errors="replace")
    if "\0" in text:
        raise DeviceError("not a text")
    if path.suffix.lower() in HTML:
        page = extractor.read("html", text, Deadline(Context(timeout=MAX_SECONDS)))
        text = f"# {page.title}\n\n{page.text}" if page.title else page.text
    if not text.strip():
        raise DeviceError("empty")
    return text
