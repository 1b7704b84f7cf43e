"""Writers to be killed: `python writers.py disk|swap PATH SEED` writes records and prints each once it is committed."""

from __future__ import annotations

import sys
from pathlib import Path
from random import Random

PAGE_BYTES, SLOTS = 4096, 64


def text_of(number: int) -> str:
    return f"record{number} says {' '.join(str(n * n) for n in range(number % 50 + 1))}"


def page_of(number: int) -> bytes:
    return Random(number).randbytes(PAGE_BYTES)


def disk(path: Path, seed: int) -> None:
    from llmos.devices.library import Library

    library = Library(path)
    for number in range(seed * 1000, seed * 1000 + 1000):
        library.add(f"Title {number}", text_of(number))
        print(number, flush=True)


def swap(path: Path, seed: int) -> None:
    """Like a machine: a slot is given away only after the page that was in it is not needed any more."""
    from llmos.swap import PageFile

    file = PageFile(path, PAGE_BYTES, SLOTS)
    free, live = list(range(SLOTS)), list[tuple[int, int]]()
    for number in range(seed * 1000, seed * 1000 + 1000):
        if not free:
            given, slot = live.pop(0)
            print(f"-{given}", flush=True)
            free.append(slot)
        slot = free.pop(0)
        assert file.put(slot, page_of(number), b"%d" % number)
        live.append((number, slot))
        print(number, flush=True)


if __name__ == "__main__":
    {"disk": disk, "swap": swap}[sys.argv[1]](Path(sys.argv[2]), int(sys.argv[3]))
