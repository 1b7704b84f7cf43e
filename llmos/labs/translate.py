"""Lab: address translation. A virtual address is a token's position; which frame is it in? OSTEP, chapter 18.

Knows: page tables. Does not know: the live machine; but its numbers are the machine's: a page is 16 tokens, and a
table is a list of frames. An address whose page has no frame, or lies beyond the table, is a fault.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any

from llmos.errors import UsageError

from .numbers import listed, number

PAGE = 16
ABSENT = "-"
Table = Sequence[int | None]


def parse_table(text: str) -> list[int | None]:
    """A page table out of 3,-,7: one frame a page, `-` for a page that is not there. Raises UsageError."""
    return [None if part.strip() == ABSENT else number(part, "--table") for part in text.split(",")]


def problem(seed: int, page_size: int = PAGE, pages: int = 6, count: int = 4) -> tuple[list[int | None], list[int]]:
    """A page table and addresses to translate, new for each seed."""
    random = Random(seed)
    frames = random.sample(range(1, 32), pages)
    table = [frame if random.random() < 0.75 else None for frame in frames]
    return table, [random.randrange(page_size * pages) for _ in range(count)]


def translate(address: int, table: Table, page_size: int = PAGE) -> dict[str, Any]:
    page, offset = divmod(address, page_size)
    frame = table[page] if page < len(table) else None
    return {"address": address, "page": page, "offset": offset, "frame": frame, "fault": frame is None}


def run_translate(
    addresses: Sequence[int] | None = None, table: Table | None = None, page_size: int = PAGE, seed: int = 0
) -> dict[str, Any]:
    """{"page_size", "table", "translations": [{"address", "page", "offset", "frame", "fault"}, ...]}.

    The seed makes what is not given. Raises UsageError for an impossible page size.
    """
    if page_size < 1:
        raise UsageError(f"--page-size is {page_size}; the least is 1")
    made_table, made_addresses = problem(seed, page_size)
    used = list(made_table if table is None else table)
    asked = made_addresses if addresses is None else addresses
    return {
        "page_size": page_size,
        "table": used,
        "translations": [translate(address, used, page_size) for address in asked],
    }


def problem_text(result: dict[str, Any]) -> str:
    table = [ABSENT if frame is None else frame for frame in result["table"]]
    return "\n".join(
        [
            f"A page is {result['page_size']} tokens. Page table (frame of each page, {ABSENT} = absent): {listed(table)}",
            "",
            f"Token addresses: {listed([one['address'] for one in result['translations']])}",
            "For each: which page, which offset, which frame? Or is it a fault?",
            "Then look at the answer: the same command with --solve.",
        ]
    )


def solution_text(result: dict[str, Any]) -> str:
    return "\n".join(
        f"  address {one['address']:>5}: page {one['page']}, offset {one['offset']}, "
        + ("fault" if one["fault"] else f"frame {one['frame']}")
        for one in result["translations"]
    )
