"""Mapped documents: a long text lies in an address space, and its pages are computed only when they are first needed.

Knows: which pages belong to a mapped document, which of them were needed so far, how a page is filled. Does not know: where the
text came from, how pages move (`pager.py`). Like `mmap`: to map costs nothing but table entries; the first use of a page is a
fault that reads it. No query can ask for a page that has no keys yet, so what is needed is found by words: those of the newest
question that few pages of the document have. What was computed while other pages were absent is marked, as in a working set.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from . import guard, pager
from .cpu import Burst, Retired
from .errors import BadCall, LimitReached
from .labels import SYSTEM, data
from .limits import MAX_MAPPED_IN, MOST_COMMON
from .process import Process
from .space import ABSENT, AddressSpace, Mapped

if TYPE_CHECKING:
    from .kernel import Kernel

WORDS = re.compile(r"\w{2,}")


# -- calls --------------------------------------------------------------------------------------------------------------


def sys_mmap(kernel: Kernel, process: Process, title: str, text: str) -> int:
    """Put a document into the context; how many pages of it wait to be needed. What is no whole page is read at once."""
    space, page, codec = process.space, kernel.geometry.page, kernel.codec
    if not isinstance(title, str) or not isinstance(text, str):
        raise BadCall("mmap takes a title and a text")
    if space.slot:
        raise BadCall("mmap: a planner keeps words from outside in its slots")
    ids = codec.encode(text)
    filler = codec.encode("\n")[:1]
    head = () if space.tokens else codec.start
    head += filler * (-(len(space.tokens) + len(head)) % page)
    most = page * kernel.geometry.max_pages
    if len(space.tokens) + len(head) + len(ids) >= most:
        raise LimitReached(
            f"{title!r} has {len(ids):,} tokens; an address space has {most:,}, of which {len(space.tokens):,} are used"
        )
    kernel.append(space, head, SYSTEM, "K")
    document = Mapped(title, len(space.tokens) // page, (len(ids) - 1) // page)  # a thought has to end outside of it
    kernel.append(space, ids, guard.of_span(process, data("program")), "d")
    if document.pages > 0:
        space.maps = (*space.maps, document)
    kernel.emit("mmap", process.pid, title, len(ids), document.pages)
    return max(0, document.pages)


def sys_maps(kernel: Kernel, process: Process) -> tuple[tuple[Any, ...], ...]:
    """(title, pages, pages that were needed so far) of each mapped document."""
    space = process.space
    return tuple((m.title, m.pages, sum(m.first <= i < m.first + m.pages for i in space.needed)) for m in space.maps)


# -- what is needed -----------------------------------------------------------------------------------------------------


def ask(kernel: Kernel, space: AddressSpace, asked: int) -> None:
    """A question stands at `asked`: the pages that share its rare words are needed from now on, and the page after each."""
    if not space.maps:
        return
    question = set(WORDS.findall(_text(kernel, space, asked, len(space.tokens)).casefold()))
    found = set(space.needed)
    for document in space.maps:
        found |= set(_relevant(kernel, space, document, question))
    space.needed = tuple(sorted(found))


def _relevant(kernel: Kernel, space: AddressSpace, document: Mapped, question: set[str]) -> list[int]:
    """Pages whose rare words of the question weigh at least half of what the best page's do, best first, and those after."""
    page, end = kernel.geometry.page, document.first + document.pages
    pages = range(document.first, end)
    words = {  # a word that is cut by the page's edge belongs to both sides
        i: question
        & set(WORDS.findall(_text(kernel, space, i * page - page // 2, (i + 1) * page + page // 2).casefold()))
        for i in pages
    }
    count = {word: sum(word in found for found in words.values()) for word in question}
    rare = {word: len(pages) * 100 // n for word, n in count.items() if 0 < n <= max(1, len(pages) // MOST_COMMON)}
    weight = {i: sum(rare.get(word, 0) for word in found) for i, found in words.items()}
    best = max(weight.values())
    chosen = [i for i in sorted(pages, key=lambda i: -weight[i]) if weight[i] * 2 >= best > 0][: MAX_MAPPED_IN // 2]
    return chosen + [i + 1 for i in chosen if i + 1 < end]


def _text(kernel: Kernel, space: AddressSpace, first: int, end: int) -> str:
    return b"".join(kernel.words[t][0] for t in space.tokens[max(first, 0) : end]).decode("utf-8", "replace")


# -- filling ------------------------------------------------------------------------------------------------------------


def stretch(space: AddressSpace, count: int, page: int) -> int:
    """Of the next `count` tokens to feed, those before the next document."""
    edges = [m.first * page - space.resident for m in space.maps if m.first * page > space.resident]
    return min([count, *edges])


def pass_over(space: AddressSpace, page: int) -> None:
    """Where the tokens of a document would be fed next, its pages become table entries without a frame instead."""
    for document in space.maps:
        first, end = document.first, document.first + document.pages
        if first * page <= space.resident < end * page:
            space.frames += (ABSENT,) * (end - len(space.frames))
            space.lossy = min(space.resident, end * page if space.lossy is None else space.lossy)
            space.resident = end * page


def fault(space: AddressSpace) -> int | None:
    """The first page that is needed and was never filled, or has lost what it held; None when there is none."""
    return next(
        (i for i in space.needed if i < len(space.frames) and not space.frames[i] and i not in space.slots), None
    )


def fill(kernel: Kernel, process: Process, i: int) -> Burst | None:
    """The burst that computes page i of a document, beside the pages before it that are there. Raises NoFrames.

    None when the process had to begin again, because a page of its own could not be brought back.
    """
    space, page = process.space, kernel.geometry.page
    pager.arrange(kernel, process, 0)
    if i >= len(space.frames):
        return None
    pager.make_way(kernel, process)
    kernel.memory.take(space, i)
    before = [(frame, n * page) for n, frame in enumerate(space.frames[: i + 1]) if frame != ABSENT]
    frames, starts = zip(*before, strict=True)
    feed = tuple(space.tokens[i * page : (i + 1) * page])
    return Burst(frames, starts, i * page, feed, 0, adapter=space.adapter)


def filled(kernel: Kernel, process: Process, burst: Burst, retired: Retired) -> bool:
    """Was this burst the filling of a page? Then nothing but the page has changed."""
    if burst.pos >= process.space.resident:
        return False
    process.account.prefilled += retired.fed
    kernel.prefilled += retired.fed
    process.account.ran += 1
    process.account.last = kernel.tick
    kernel.emit("mapin", process.pid, burst.pos // kernel.geometry.page, process.program)
    return True
