"""Writers to be killed. Each line of standard input, `disk|swap PATH SEED`, starts one; it tells its process number, then each
record once it is committed, and after its end stands "over". They are forks of one process, so that a kill costs little."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from random import Random

from llmos.devices.library import Library
from llmos.swap import PageFile

PAGE_BYTES, SLOTS = 4096, 64


def text_of(number: int) -> str:
    return f"record{number} says {' '.join(str(n * n) for n in range(number % 50 + 1))}"


def page_of(number: int) -> bytes:
    return Random(number).randbytes(PAGE_BYTES)


def tell(what: object) -> None:
    """A line at once, or not at all."""
    os.write(1, f"{what}\n".encode())


def disk(path: Path, seed: int) -> None:
    library = Library(path)
    for number in range(seed * 1000, seed * 1000 + 1000):
        library.add(f"Title {number}", text_of(number))
        tell(number)


def swap(path: Path, seed: int) -> None:
    """Like a machine: a slot is given away only after the page that was in it is not needed any more."""
    file = PageFile(path, PAGE_BYTES, SLOTS)
    free, live = list(range(SLOTS)), list[tuple[int, int]]()
    for number in range(seed * 1000, seed * 1000 + 1000):
        if not free:
            given, slot = live.pop(0)
            tell(-given)
            free.append(slot)
        slot = free.pop(0)
        assert file.put(slot, page_of(number), b"%d" % number)
        live.append((number, slot))
        tell(number)


def serve() -> None:
    for line in sys.stdin:
        what, path, seed = line.split("\t")
        if not (child := os.fork()):
            tell(os.getpid())
            {"disk": disk, "swap": swap}[what](Path(path), int(seed))
            os._exit(0)
        os.waitpid(child, 0)
        tell("over")


if __name__ == "__main__":
    serve()
