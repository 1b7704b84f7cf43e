"""Lab: page replacement. Which references hit, and who must go? OSTEP, chapter 22.

Knows: how a problem is made, put into words and solved. Does not know: how a policy chooses; it is the kernel's own. What
each policy does about ties is written in its file in `kernel/replacement`.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any

from llmos.errors import UsageError
from llmos_kernel.replacement import REPLACEMENTS, Opt, Own, Replacement

from .numbers import listed
from .own import load

FRAMES = 3
MOST_FRAMES = 1_000_000


def problem(seed: int, count: int = 12, pages: int = 6) -> list[int]:
    random = Random(seed)
    return [random.randrange(pages) for _ in range(count)]


def make_policy(name: str, frames: int, references: Sequence[int]) -> Replacement:
    """The kernel's policy of that name, or one's own out of a file NAME.py. Raises UsageError."""
    if not 1 <= frames <= MOST_FRAMES:
        raise UsageError(f"--frames is {frames}; allowed are 1 to {MOST_FRAMES:,}")
    if name.endswith(".py"):
        return Own(load(name, "victim"))
    name = name.casefold()  # books write LRU and 2Q
    if name == "opt":
        return Opt(references)
    if name not in REPLACEMENTS:
        raise UsageError(
            f"no policy {name!r}; there are {', '.join(REPLACEMENTS)}, opt, or a file of your own: mine.py"
        )
    return REPLACEMENTS[name](frames)


def replay(policy: Replacement, frames: int, references: Sequence[int]) -> tuple[list[bool], list[int | None]]:
    """For each reference: did it hit, and which page had to go."""
    resident: dict[int, None] = {}
    hits: list[bool] = []
    victims: list[int | None] = []
    for page in references:
        victim = None
        hits.append(page in resident)
        if page in resident:
            policy.touch(page)
        else:
            if len(resident) == frames:
                victim = policy.victim()
                policy.remove(victim)
                del resident[victim]
            policy.admit(page)
            resident[page] = None
        victims.append(victim)
    return hits, victims


def run_paging(policy: str, frames: int = FRAMES, refs: Sequence[int] | None = None, seed: int = 0) -> dict[str, Any]:
    """Hits, misses and victims. With no `refs` the seed makes them, and "problem" says what they are."""
    references = list(refs) if refs is not None else problem(seed)
    hits, victims = replay(make_policy(policy, frames, references), frames, references)
    result = {"hits": sum(hits), "misses": len(hits) - sum(hits), "victims": victims}
    return result if refs is not None else {"problem": {"refs": references}, **result}


def problem_text(policy: str, frames: int, refs: Sequence[int]) -> str:
    return "\n".join(
        [
            f"Policy {policy}, {frames} frames, empty at first. References: {listed(refs)}",
            "",
            "Which references hit, which miss, and which page has to go each time?",
            "Then look at the answer: the same command with --solve.",
        ]
    )


def solution_text(policy: str, frames: int, refs: Sequence[int]) -> str:
    hits, victims = replay(make_policy(policy, frames, refs), frames, refs)
    lines = [
        f"  page {page:>6}  {'hit' if hit else 'miss'}" + ("" if victim is None else f"   page {victim} goes")
        for page, hit, victim in zip(refs, hits, victims, strict=True)
    ]
    return "\n".join([*lines, "", f"{sum(hits)} hits, {len(hits) - sum(hits)} misses"])
