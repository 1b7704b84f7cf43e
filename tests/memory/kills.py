"""kill -9 at random moments: `python -m tests.memory.kills 500` kills that many writers of the disk and of the page file.

Every record that the writer reported as committed must be there afterwards, whole, and the file must open.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from random import Random

from llmos.devices.library import Library
from llmos.swap import PageFile

from .writers import PAGE_BYTES, SLOTS, page_of, text_of

WRITER = Path(__file__).with_name("writers.py")
LONGEST = 0.25  # seconds after the first record until the kill


def killed(what: str, path: Path, seed: int, random: Random) -> list[int]:
    """Start a writer, kill it at a random moment after its first record; the numbers it printed, in order."""
    command = [sys.executable, str(WRITER), what, str(path), str(seed)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as writer:
        assert writer.stdout is not None
        first = writer.stdout.readline()
        time.sleep(random.random() * LONGEST)
        writer.kill()
        lines = [first, *writer.stdout.readlines()]
    return [int(line) for line in lines if line.endswith("\n")]


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
    for n in range(1, count + 1):
        path = folder / ("disk.db" if what == "disk" else f"pages{n}")
        committed = killed(what, path, n, random)
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
    total = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    with tempfile.TemporaryDirectory() as scratch:
        for target in ("disk", "swap"):
            print(target, rounds(target, total // 2, Path(scratch)), flush=True)
