"""Looking through a folder for texts that are new or changed since the last time.

Knows: which files are texts, and how each becomes text. Does not know: where texts go (`mounts.py`). A file is read only when
its size or time differs from what is known; it counts as changed only when its bytes do. One that can't be read now is
reported, and what is known of it stays.
"""

from __future__ import annotations

import os
import re
import stat
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from .base import Context, Deadline, DeviceError
from .charset import Decoded, decoded
from .extractor import Extractor

MAX_DOCUMENT = 2 * 1024 * 1024  # bytes of a file that is mounted; the rest is left out
MAX_DOCUMENTS = 10_000  # files of one mounted folder
MAX_SECONDS = 5.0  # to read one HTML file that is mounted
HTML = (".html", ".htm", ".xhtml")
SUFFIXES = (".md", ".markdown", ".txt", ".text", ".rst", *HTML)
_CONTROLS = re.compile(r"[\0-\x08\x0e-\x1a\x1c-\x1f]")  # in no text whose encoding must be guessed


class File(NamedTuple):
    """A file that may be a text. `place` is its whole path, `written`; `folder` the nearest that is mounted."""

    path: Path
    place: str
    folder: str
    size: int  # bytes that will be read


class Known(NamedTuple):
    """What the disk holds of a place."""

    stamp: str
    hash: str


class Found(NamedTuple):
    """A file to be written. `text` is None when only its time changed."""

    file: File
    before: int  # bytes of the files before it
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
    unreadable: int = 0  # files and folders; what was read of them before stays
    guessed: int = 0  # texts read now of which nothing says how they are encoded, and which are not UTF-8
    passages: int = 0
    skipped: list[tuple[str, str]] = field(default_factory=list)  # (path in the folder, why)
    seen: set[str] = field(default_factory=set)  # places that stay on the disk
    closed: set[str] = field(default_factory=set)  # folders that can't be listed

    def skip(self, place: str, why: str) -> None:
        self.skipped.append((inside(place, self.folder), why))

    def stays(self, place: str) -> bool:
        return place in self.seen or nearest(place, self.closed) is not None


class NoText(DeviceError):
    """The file can be read, and is no text."""


def survey(files: Sequence[File], known: Mapping[str, Known], report: Mounted) -> Iterator[Found]:
    """Files that are not as `known` says, by place. Fills in `report` as it goes."""
    before = 0
    with closing(Extractor()) as extractor:
        for file in files:
            found = _look(file, before, known.get(file.place), report, extractor)
            if found is not None:
                yield found
            before += file.size


def documents(folder: Path, mounted: Collection[str], report: Mounted) -> list[File]:
    """Texts below `folder`, in order of path; links and what begins with a dot are passed over.

    Each belongs to the nearest of the `mounted` folders. What can't be listed goes into the report; DeviceError when
    `folder` itself can't be.
    """
    if not os.path.isdir(folder):
        raise DeviceError(f"{report.folder}: no such folder")

    def closed(error: OSError) -> None:
        place, why = written(Path(error.filename)), error.strerror or "can't be listed"
        if place == report.folder:
            raise DeviceError(f"{place}: {why}")
        if not isinstance(error, FileNotFoundError):
            report.closed.add(place)
            report.unreadable += 1
            report.skip(place, why)

    found: list[Path] = []
    for place, folders, names in os.walk(folder, onerror=closed):
        folders[:] = [name for name in folders if not name.startswith(".")]
        texts = [Path(place, name) for name in names if not name.startswith(".")]
        found += [path for path in texts if path.suffix.lower() in SUFFIXES]
    files = [file for path in sorted(found) if (file := _file(path, mounted))]
    return _limited(files, report)


def _limited(files: list[File], report: Mounted) -> list[File]:
    """The first files of each mounted folder; the others go into the report."""
    counts, taken = Counter[str](), list[File]()
    for file in files:
        counts[file.folder] += 1
        if counts[file.folder] <= MAX_DOCUMENTS:
            taken.append(file)
        else:
            report.skip(file.place, f"more than {MAX_DOCUMENTS:,} files")
    report.total = len(taken)
    return taken


def written(path: Path) -> str:
    """A path as a record and a screen can hold it: bytes that are not UTF-8 are spelled out, as in \\xe9."""
    return os.fsencode(path).decode(errors="backslashreplace")


def nearest(place: str, folders: Collection[str]) -> str | None:
    """Of `folders`, the innermost that `place` is in, or is."""
    path = PurePosixPath(place)
    return next((str(one) for one in (path, *path.parents) if str(one) in folders), None)


def inside(place: str, folder: str) -> str:
    """The path of `place` from `folder`."""
    return PurePosixPath(place).relative_to(folder).as_posix()


def _file(path: Path, mounted: Collection[str]) -> File | None:
    """A plain file, as far as anybody may know; links are none."""
    place = written(path)
    folder = nearest(place, mounted) or ""
    try:
        status = path.lstat()
    except FileNotFoundError:
        return None
    except OSError:
        return File(path, place, folder, 0)  # `_look` will say why it can't be read
    return File(path, place, folder, min(status.st_size, MAX_DOCUMENT)) if stat.S_ISREG(status.st_mode) else None


def _look(file: File, before: int, known: Known | None, report: Mounted, extractor: Extractor) -> Found | None:
    try:
        status = file.path.stat()
        stamp = f"{status.st_size} {status.st_mtime_ns}"
        if status.st_size > MAX_DOCUMENT:
            report.skip(file.place, f"all but the first {MAX_DOCUMENT:,} of {status.st_size:,} bytes")
        if known and known.stamp == stamp:
            report.seen.add(file.place)
            report.unchanged += 1
            return None
        data = _bytes(file.path)
        digest = sha256(data).hexdigest()
        same = known is not None and known.hash == digest
        text = None if same else _text(file.path, data, status.st_size > MAX_DOCUMENT, report, extractor)
    except FileNotFoundError:
        return None
    except NoText as error:
        report.skip(file.place, str(error))
        return None
    except (OSError, DeviceError) as error:
        _keep(file, error, report)
        return None
    report.seen.add(file.place)
    report.unchanged += same
    report.changed += known is not None and not same
    report.added += known is None
    return Found(file, before, stamp, digest, text)


def _keep(file: File, error: Exception, report: Mounted) -> None:
    """A file that can't be read now: what is known of it stays."""
    why = error.strerror or "can't be read" if isinstance(error, OSError) else str(error)
    report.unreadable += 1
    report.skip(file.place, why)
    report.seen.add(file.place)


def _bytes(path: Path) -> bytes:
    with open(path, "rb") as file:
        return file.read(MAX_DOCUMENT)


def _text(path: Path, data: bytes, cut: bool, report: Mounted, extractor: Extractor) -> str:
    """A document's text. NoText when it is none or is empty; DeviceError when it can't be read in time."""
    page = path.suffix.lower() in HTML
    read: Decoded = decoded(data, page=page, cut=cut)
    text = read.text
    if "\0" in text or (read.guessed and _CONTROLS.search(text)):
        raise NoText("not a text")
    if page:
        seen = extractor.read("html", text, Deadline(Context(timeout=MAX_SECONDS)))
        text = f"# {seen.title}\n\n{seen.text}" if seen.title else seen.text
    if not text.strip():
        raise NoText("empty")
    report.guessed += read.guessed
    return text
