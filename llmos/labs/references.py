"""Lab: which pages did the model really touch, and how would each policy have done? OSTEP, chapter 22, on recorded strings.

Knows: how a saved reference string is read, replayed through every policy, and searched for Belady's anomaly. Does not know:
how it was recorded (`llmos run --references FILE`: a page is referenced when it gets 1.6 % of a burst's attention).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

from llmos.errors import UsageError
from llmos_kernel.replacement import REPLACEMENTS

from .paging import make_policy, replay

MOST_FRAMES = 64
SHOWN = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64)  # numbers of frames in the table, when it would be too wide
SEARCHES = 20_000  # random strings that are tried for an anomaly


def save(path: Path, strings: Sequence[dict[str, Any]]) -> None:
    """Raises UsageError when the file can't be written."""
    try:
        path.write_text(json.dumps({"processes": list(strings)}) + "\n", encoding="utf-8")
    except OSError as error:
        raise UsageError(f"can't write {path}: {error.strerror}") from None


def load(path: Path) -> list[int]:
    """The longest reference string of a saved file. Raises UsageError."""
    try:
        strings = [one["references"] for one in json.loads(path.read_text(encoding="utf-8"))["processes"]]
        best: list[int] = max(strings, key=len)
        if not best or not all(isinstance(page, int) and page >= 0 for page in best):
            raise ValueError
    except OSError as error:
        raise UsageError(f"can't read {path}: {error.strerror}") from None
    except (ValueError, KeyError, TypeError, RecursionError):
        raise UsageError(f"{path} holds no reference strings of `llmos run --references`") from None
    return best


def misses(policy: str, frames: int, refs: Sequence[int]) -> int:
    return replay(make_policy(policy, frames, refs), frames, refs)[0].count(False)


def run_references(refs: Sequence[int], most: int = 0) -> dict[str, Any]:
    """Misses of every policy with 1, 2, ... frames, how far each is from OPT, and every place where more frames hurt."""
    pages = len(set(refs))
    counts = range(1, min(most or pages, pages, MOST_FRAMES) + 1)
    table = {name: [misses(name, n, refs) for n in counts] for name in (*REPLACEMENTS, "opt")}
    gaps = {name: [m - best for m, best in zip(row, table["opt"], strict=True)] for name, row in table.items()}
    return {
        "references": len(refs),
        "pages": pages,
        "frames": list(counts),
        "misses": table,
        "beyond_opt": gaps,
        "belady": [one for name, row in table.items() for one in anomalies(name, row)],
    }


def anomalies(policy: str, row: Sequence[int]) -> list[dict[str, Any]]:
    """Where one frame more made more misses; `row` are the misses with 1, 2, ... frames."""
    pairs = enumerate(pairwise(row), 1)
    return [{"policy": policy, "frames": n, "misses": a, "with_one_more": b} for n, (a, b) in pairs if b > a]


def search(policy: str, seed: int, length: int = 20, pages: int = 5, frames: int = 3) -> dict[str, Any]:
    """Look for a string on which `policy` misses more with one frame more. {"found", "tried", "refs", "misses", ...}."""
    random = Random(seed)
    for tried in range(1, SEARCHES + 1):
        refs = [random.randrange(pages)]
        while len(refs) < length:  # a page again at once can only hit
            refs.append((refs[-1] + random.randrange(1, pages)) % pages)
        few, more = misses(policy, frames, refs), misses(policy, frames + 1, refs)
        if more > few:
            return {"found": True, "tried": tried, "refs": refs, "frames": frames, "misses": few, "with_one_more": more}
    return {"found": False, "tried": SEARCHES, "refs": None, "frames": frames, "misses": None, "with_one_more": None}


def table_text(result: dict[str, Any]) -> str:
    frames = result["frames"]
    shown = [n for n in frames if len(frames) <= len(SHOWN) or n in SHOWN[:-1] or n == frames[-1]]
    some = "" if shown == frames else f" (some of 1 to {frames[-1]}; --json has all)"
    lines = [f"{result['references']:,} references to {result['pages']} pages; misses by frames{some}:"]
    lines.append(f"{'':<10}" + "".join(f"{n:>7}" for n in shown))
    lines += [f"{name:<10}" + "".join(f"{row[n - 1]:>7}" for n in shown) for name, row in result["misses"].items()]
    lines += [
        f"Belady: {one['policy']} misses {one['misses']} with {one['frames']} frames and {one['with_one_more']} with one more"
        for one in result["belady"]
    ]
    return "\n".join(lines)
