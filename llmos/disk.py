"""`llmos disk`: the retrieval disk on the command line. Mount folders, look, search.

Knows: where the disk file is, and how answers are printed. Does not know: how texts are kept and ranked
(`devices/library.py`). Machines that boot later search the same file.
"""

from __future__ import annotations

import json as jsonlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from llmos_kernel.labels import Ring

from . import paths
from .errors import LlmosError, UsageError
from .printing import Meter, printable

if TYPE_CHECKING:
    from .devices.library import Library, Passage

disk_app = typer.Typer(help="The retrieval disk: texts that processes can search.", no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="One JSON object on standard output, nothing else.")]
File = Annotated[Path | None, typer.Option("--disk", help="The disk's file; default: the machine's own.")]
SHOWN = 300  # characters of a passage in plain output


@contextmanager
def opened(file: Path | None, write: bool = False) -> Iterator[Library]:
    """The disk; an empty one in memory while the machine has none and nothing will be written. Raises LlmosError."""
    from .devices.base import DeviceError
    from .devices.library import Library

    path = file or paths.disk()
    if file and not write and not file.is_file():
        raise UsageError(f"--disk {file}: there is no such file")
    try:
        if write:
            path.parent.mkdir(parents=True, exist_ok=True)
        library = Library(path if write or path.exists() else ":memory:")
    except (DeviceError, OSError) as error:
        raise LlmosError(f"{path}: {error}") from None
    try:
        yield library
    except DeviceError as error:
        raise LlmosError(str(error)) from None
    finally:
        library.close()


@disk_app.command("mount")
def mount_command(
    folder: Annotated[Path, typer.Argument(help="A folder of text, Markdown or HTML.")],
    disk: File = None,
    json: Json = False,
) -> None:
    """Put a folder's texts on the disk; again: only what has changed since."""
    if not os.path.isdir(folder):
        raise UsageError(f"{folder}: no such folder")
    with opened(disk, write=True) as library, Meter(quiet=json) as meter:
        report = library.mount(folder, meter)
    result = {name: value for name, value in asdict(report).items() if name not in ("seen", "closed")}
    result["skipped"] = [{"path": path, "why": why} for path, why in report.skipped]
    if json:
        _emit(result)
        return
    _say(
        f"{report.folder}: {_many(report.files, 'text')}, {_many(report.passages, 'passage')}; {report.added} added, "
        f"{report.changed} changed, {report.unchanged} unchanged, {report.removed} removed"
    )
    if report.unreadable:
        _say(f"  {report.unreadable} can't be read now; what the disk had of them stays")
    if report.guessed:
        _say(f"  {report.guessed} neither UTF-8 nor declared: their encoding was guessed")
    for path, why in report.skipped:
        _say(f"  left out: {path} ({why})")


@disk_app.command("unmount")
def unmount_command(
    folder: Annotated[Path, typer.Argument(help="A mounted folder; it need not exist any more.")],
    disk: File = None,
    json: Json = False,
) -> None:
    """Take a folder's texts off the disk; the files stay as they are."""
    from .devices.mounts import NotMounted

    with opened(disk) as library:
        try:
            done = library.unmount(folder)
        except NotMounted as error:
            raise UsageError(f"{error}; `llmos disk stat` lists what is") from None
    if json:
        _emit(asdict(done))
    elif done.above:
        _say(
            f"{done.folder}: no longer mounted by itself; its {_many(done.kept, 'text')} stay, for {done.above} is mounted"
        )
    else:
        _say(f"{done.folder}: {_many(done.removed, 'text')} removed")


@disk_app.command("forget")
def forget_command(
    title: Annotated[str | None, typer.Argument(help="Of one document, as `llmos disk ls` lists it.")] = None,
    windows: Annotated[bool, typer.Option("--windows", help="All that was moved out of context windows.")] = False,
    disk: File = None,
    json: Json = False,
) -> None:
    """Take documents off the disk that no folder brings: one, or what earlier conversations left there."""
    if (title is None) != windows:
        raise UsageError("forget what? Give a title, or --windows for all that was moved out of windows")
    with opened(disk) as library:
        removed = library.forget_windows() if title is None else int(library.forget(title))
    if title is not None and not removed:
        raise UsageError(f"no document {title!r}; `llmos disk ls` lists them")
    _emit({"removed": removed}) if json else _say(f"{_many(removed, 'text')} removed")


@disk_app.command("ls")
def ls_command(disk: File = None, json: Json = False) -> None:
    """List the documents."""
    with opened(disk) as library:
        documents = library.documents()
    if json:
        _emit({"documents": documents})
        return
    for one in documents:
        _say(f"{one['label']:<7}{one['passages']:>5}  {one['title'][:40]:<40}  {one['path']}")
    if not documents:
        print("nothing is on the disk; put a folder's texts there: llmos disk mount DIR")


@disk_app.command("search")
def search_command(
    query: Annotated[str, typer.Argument(help="Words.")],
    k: Annotated[int, typer.Option("--results", "-k", min=1, max=100)] = 3,
    disk: File = None,
    json: Json = False,
) -> None:
    """Find passages, best first."""
    if not query.strip():
        raise UsageError("search for what? Give at least one word")
    with opened(disk) as library:
        found = library.search(query, k)
    if json:
        _emit({"query": query, "results": [described(passage) for passage in found]})
        return
    for passage in found:
        text = " ".join(passage.text.split())[:SHOWN]
        _say(f"{passage.score:.4f}  {passage.title}#{passage.n} of {passage.of}  {passage.path}", f"        {text}")
    if not found:
        print("nothing found")


@disk_app.command("stat")
def stat_command(disk: File = None, json: Json = False) -> None:
    """How much is on the disk, and is it sound?"""
    with opened(disk) as library:
        result = {"disk": str(disk or paths.disk()), **library.stat()}
    if json:
        _emit(result)
        return
    for one in result.pop("folders"):
        _say(f"{'folder':<12} {one['folder']}: {_many(one['documents'], 'text')}")
    for name, value in result.items():
        _say(f"{name:<12} {value}")


def described(passage: Passage) -> dict[str, Any]:
    """A search result as JSON: where, what, how good, whose."""
    label = passage.label
    return {
        "path": passage.path,
        "passage": passage.text,
        "score": passage.score,
        "label": Ring(label.ring).name,
        "readers": list(label.readers),
        "origin": list(label.origin),
        "title": passage.title,
        "n": passage.n,
        "of": passage.of,
    }


def _emit(value: Any) -> None:
    print(jsonlib.dumps(value, ensure_ascii=False).encode(errors="backslashreplace").decode())


def _many(count: int, word: str) -> str:
    return f"{count:,} {word}{'s' * (count != 1)}"


def _say(*lines: str) -> None:
    """Lines whose words come from files: nothing in them steers the terminal."""
    for line in lines:
        print(printable(line.replace("\n", " ")))
