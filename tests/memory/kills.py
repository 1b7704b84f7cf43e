"""kill -9 at random moments: `python -m tests.memory.kills 500 [SEED]` kills that many writers of disk and page file.

Every record that the writer reported as committed must be there afterwards, whole, and the file must open. The seed says after
how many records a writer is killed; what it is doing just then differs from run to run.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

from llmos.devices.library import Library
from llmos.swap import PageFile

from .writers import PAGE_BYTES, SLOTS, page_of, text_of

MOST = {"disk": 25, "swap": 400}  # records of one writer, at most, before it is killed


@contextmanager
def server() -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "tests.memory.writers"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as made:
        try:
            yield made
        finally:
            made.kill()


def killed(writers: subprocess.Popen[str], what: str, path: Path, seed: int, after: int) -> list[int]:
    """Start a writer, kill it once it has reported so many records; the numbers it printed, in order."""
    assert writers.stdin is not None
    assert writers.stdout is not None
    print(what, path, seed, sep="\t", file=writers.stdin, flush=True)
    pid, committed = int(writers.stdout.readline()), list[int]()
    for line in writers.stdout:
        if line == "over\n":
            break
        committed.append(int(line))
        if len(committed) == after:
            os.kill(pid, signal.SIGKILL)
    return committed


def check_disk(path: Path, committed: list[int]) -> int:
    """How many committed documents are lost or damaged."""
    library = Library(path)
    try:
        assert library.stat()["sound"], "SQLite finds the file damaged"
        return sum(library.page(f"Title {n}").text != text_of(n) for n in committed)
    finally:
        library.close()


def check_swap(path: Path, committed: list[int]) -> int:
    """How many pages that were committed and not given up are lost or damaged."""
    alive = {n for n in committed if n >= 0} - {-n for n in committed if n < 0}
    file = PageFile(path, PAGE_BYTES, SLOTS)
    try:
        slots = file.kept()
        return sum(b"%d" % n not in slots or file.get(slots[b"%d" % n]) != page_of(n) for n in alive)
    finally:
        file.close()


def rounds(what: str, count: int, folder: Path, seed: int = 0) -> dict[str, int]:
    """`count` kills. The disk is one file that outlives them all; the page file is a new one each time."""
    random, lost, records, all_committed = Random(seed), 0, 0, list[int]()
    with server() as writers:
        for n in range(1, count + 1):
            path = folder / ("disk.db" if what == "disk" else f"pages{n}")
            committed = killed(writers, what, path, n, random.randint(1, MOST[what]))
            records += len(committed)
            if what == "disk":
                all_committed += committed
                lost += check_disk(path, committed if n % 25 else all_committed)
            else:
                lost += check_swap(path, committed)
                path.unlink()
    if what == "disk":
        lost += check_disk(folder / "disk.db", all_committed)
    return {"kills": count, "records": records, "lost": lost}


if __name__ == "__main__":
    total, begin = (int(n) for n in [*sys.argv[1:], *("500", "0")[len(sys.argv) - 1 :]])
    with tempfile.TemporaryDirectory() as scratch:
        for target in ("disk", "swap"):
            print(target, rounds(target, total // 2, Path(scratch), begin), flush=True)
