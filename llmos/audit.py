"""The audit on disk: decisions appended as they are made, and read back as a list, a proof, or the story of one call.

Knows: the file and its head beside it. Does not know: how records are chained (`llmos_kernel.audit`), who decides.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
from collections import deque
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from llmos_kernel.audit import ROOT, WIDTH, Entry, read, seal, verify

from . import paths
from .errors import LlmosError, UsageError

PAGE = 16  # tokens of a page of context


def default() -> Path:
    return paths.journals() / "audit.log"


def head_of(path: Path) -> Path:
    return path.with_name(path.name + ".head")


class AuditFile:
    """Appends entries of any number of machines to one chain. A lock makes each append whole."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)

    def append(self, bodies: Iterable[str]) -> None:
        """Seal and append records, then move the head."""
        bodies = list(bodies)
        if not bodies:
            return
        with self.path.open("a", encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            count, last = _head(self.path) or (0, ROOT)
            for body in bodies:
                last = seal(last, body)
                file.write(f"{last} {body}\n")
            file.flush()
            temporary = head_of(self.path).with_suffix(".new")
            temporary.write_text(f"{count + len(bodies)} {last}\n", encoding="utf-8")
            os.replace(temporary, head_of(self.path))


def _head(path: Path) -> tuple[int, str] | None:
    """The head beside a file; None when there is none. Raises LlmosError for one that is damaged."""
    try:
        count, last = head_of(path).read_text(encoding="utf-8").split()
        return int(count), last
    except FileNotFoundError:
        return None
    except (ValueError, OSError):
        raise LlmosError(f"{head_of(path)}: not a head") from None


def verified(path: Path, head: str = "") -> dict[str, Any]:
    """{"ok", "records", "head", "problem"}. `head` is "COUNT:SEAL" that was kept elsewhere."""
    kept = _given(head) if head else _head(path)
    count, last, wrong = _verify(path, kept)
    if wrong and not count and not _looks_like_one(path):
        raise UsageError(f"{path}: no audit file")
    if not wrong and kept is None and count:
        wrong = "the head is missing: records may have been removed at the end"
    return {"ok": not wrong, "records": count, "head": f"{count}:{last}", "problem": wrong}


def _looks_like_one(path: Path) -> bool:
    with _open(path) as file:
        return re.match(f"[0-9a-f]{{{WIDTH}}} ", file.read(WIDTH + 1)) is not None


def _verify(path: Path, head: tuple[int, str] | None) -> tuple[int, str, str]:
    with _open(path) as file:
        return verify(file, head)


def _open(path: Path) -> Any:
    try:
        return path.open(encoding="utf-8", errors="replace", newline="\n")
    except FileNotFoundError:
        raise UsageError(f"{path}: there is no audit; a machine begins it with its first call") from None
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from None


def _given(text: str) -> tuple[int, str]:
    count, _, last = text.partition(":")
    if not count.isdigit() or len(last) != WIDTH:
        raise UsageError("a head is written COUNT:SEAL, as `llmos audit verify` prints it")
    return int(count), last


def entries(path: Path) -> Iterator[Entry]:
    """Every record. Raises LlmosError at the first that can't be read."""
    with _open(path) as file:
        for number, line in enumerate(file, 1):
            try:
                yield read(line[WIDTH + 1 :])
            except ValueError:
                raise LlmosError(f"{path}: record {number} can't be read; run `llmos audit verify`") from None


def why(path: Path, number: int) -> dict[str, Any]:
    """The story of one call: the decision, and the tokens and pages whose labels it rests on."""
    for position, entry in enumerate(entries(path), 1):
        if position == number:
            return {**plain(entry, position), "story": list(_story(entry))}
    raise UsageError(f"no call {number} in {path}")


def plain(entry: Entry, position: int) -> dict[str, Any]:
    ring, readers, origin = entry.label
    causes = [
        {"tokens": [a, b], "pages": list(range(a // PAGE, b // PAGE + 1)), "ring": r.lower(), "origin": o, "text": t}
        for a, b, r, o, t in entry.causes
    ]
    label = {"ring": ring.lower(), "readers": readers, "origin": origin}
    return {**entry._asdict(), "number": position, "label": label, "causes": causes, "n_in_machine": entry.number}


def _story(entry: Entry) -> Iterator[str]:
    who = "the model" if entry.by == "model" else "the program"
    yield f"tick {entry.tick}: {who} of {entry.program} (pid {entry.pid}) called {entry.device} {entry.args}"
    if entry.call[0] >= 0:
        yield f"  it was written in tokens {entry.call[0]} to {entry.call[1]}"
    for first, last, ring, origin, text in entry.causes:
        yield f"  after tokens {first} to {last} (pages {first // PAGE} to {last // PAGE}), {ring} from {', '.join(origin)}:"
        yield f"    {text!r}"
    yield f"{entry.verdict} by the rule {entry.rule}" + (f": {entry.why}" if entry.why else "")


# -- commands -----------------------------------------------------------------------------------------------------------

audit_app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
File = Annotated[Path | None, typer.Option("--file", help="An audit file; default: this machine's.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object on standard output, nothing else.")]


@audit_app.command("verify")
def verify_command(
    file: File = None,
    head: Annotated[str, typer.Option("--head", help="COUNT:SEAL that was kept elsewhere.")] = "",
    json: Json = False,
) -> None:
    """Check that no record was changed, removed or moved."""
    path = file or default()
    report = verified(path, head)
    if json:
        print(jsonlib(report))
    elif report["ok"]:
        print(f"{path}: {report['records']:,} records hold; head {report['head']}")
    if not report["ok"]:
        raise LlmosError(f"{path}: {report['problem']}")


@audit_app.command()
def show(
    file: File = None,
    last: Annotated[int, typer.Option("--last", min=1, help="How many, from the end.")] = 20,
    json: Json = False,
) -> None:
    """List decisions, the newest last."""
    newest = deque(enumerate(entries(file or default()), 1), maxlen=last)
    found = [plain(entry, n) for n, entry in newest]
    if json:
        print(jsonlib({"records": found}))
        return
    for one in found:
        print(
            f"{one['number']:>6} tick {one['tick']:>6} pid {one['pid']:<3} {one['verdict']:<5} {one['rule']:<11} ",
            end="",
        )
        print(printable(f"{one['device']} {one['args']}")[:80])


@audit_app.command("why")
def why_command(
    call: Annotated[int, typer.Argument(help="The number of a record, as `show` lists it.")],
    file: File = None,
    json: Json = False,
) -> None:
    """Tell the story of a call, back to the tokens and pages that caused it."""
    story = why(file or default(), call)
    if json:
        print(jsonlib(story))
        return
    for line in story["story"]:
        print(printable(line))


def printable(text: str) -> str:
    """Nothing in a record may move the cursor."""
    return "".join(c if c.isprintable() else "�" for c in text)


def jsonlib(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
