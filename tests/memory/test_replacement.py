"""Each policy against its definition, worked out here from the whole history, on random strings with many ties."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmos.labs.paging import make_policy, replay, run_paging
from llmos_kernel.replacement.attention import FULL, Attention


@dataclass
class Past:
    """What can be known of a resident page: when it came in, and all references since then."""

    entered: int
    uses: list[int]


Choose = Callable[[dict[int, Past], Sequence[int]], int]

DEFINITIONS: dict[str, Choose] = {
    "fifo": lambda held, future: min(held, key=lambda p: held[p].entered),
    "lru": lambda held, future: min(held, key=lambda p: held[p].uses[-1]),
    "mru": lambda held, future: max(held, key=lambda p: held[p].uses[-1]),
    "lfu": lambda held, future: min(held, key=lambda p: (len(held[p].uses), held[p].entered)),
    "attention": lambda held, future: min(
        held, key=lambda p: (len(held[p].uses), held[p].entered)
    ),  # nobody tells masses
    "opt": lambda held, future: max(held, key=lambda p: (_distance(future, p), held[p].entered)),
}


def _distance(future: Sequence[int], page: int) -> int:
    return future.index(page) if page in future else len(future)


def by_definition(choose: Choose, frames: int, refs: Sequence[int]) -> list[int | None]:
    held: dict[int, Past] = {}
    victims: list[int | None] = []
    for now, page in enumerate(refs):
        victims.append(None)
        if page not in held:
            if len(held) == frames:
                victims[-1] = choose(held, refs[now:])
                del held[victims[-1]]
            held[page] = Past(now, [])
        held[page].uses.append(now)
    return victims


def clock(frames: int, refs: Sequence[int]) -> list[int | None]:
    """A ring of [page, bit] and a hand; a page that comes in is referenced by that."""
    ring: list[list[int]] = []
    hand, victims = 0, list[int | None]()
    for page in refs:
        victims.append(None)
        found = [entry for entry in ring if entry[0] == page]
        if found:
            found[0][1] = 1
        elif len(ring) < frames:
            ring.append([page, 1])
        else:
            while ring[hand][1]:
                ring[hand][1] = 0
                hand = (hand + 1) % frames
            victims[-1] = ring[hand][0]
            ring[hand] = [page, 1]
            hand = (hand + 1) % frames
    return victims


def two_queues(frames: int, refs: Sequence[int]) -> list[int | None]:
    """The full version of the paper's figure 2, with its A1in, A1out and Am; newest on the left."""
    a1in, a1out, am = deque[int](), deque[int](), deque[int]()
    kin, kout = max(1, frames // 4), max(1, frames // 2)

    def reclaim() -> int | None:
        if len(a1in) + len(am) < frames:
            return None
        if len(a1in) > kin or not am:
            gone = a1in.pop()
            a1out.appendleft(gone)
            if len(a1out) > kout:
                a1out.pop()
            return gone
        return am.pop()

    victims: list[int | None] = []
    for page in refs:
        victims.append(None)
        if page in am:
            am.remove(page)
            am.appendleft(page)
        elif page in a1out:
            victims[-1] = reclaim()
            if page in a1out:
                a1out.remove(page)
            am.appendleft(page)
        elif page not in a1in:
            victims[-1] = reclaim()
            a1in.appendleft(page)
    return victims


references = st.lists(st.integers(0, 8), max_size=80)


@pytest.mark.parametrize("name", ["clock", "2q", *DEFINITIONS])
@settings(max_examples=150, deadline=None)
@given(frames=st.integers(1, 8), refs=references)
def test_every_policy_evicts_what_its_definition_says(name: str, frames: int, refs: list[int]) -> None:
    whole = {"clock": clock, "2q": two_queues}.get(name)
    expected = whole(frames, refs) if whole else by_definition(DEFINITIONS[name], frames, refs)
    assert replay(make_policy(name, frames, refs), frames, refs)[1] == expected


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("aatvw"), st.integers(0, 6), st.integers(0, 9)), max_size=120))
def test_attention_evicts_what_was_worth_least_and_came_first(steps: list[tuple[str, int, int]]) -> None:
    """Against a plain minimum, with pages that leave of themselves and worths that rise and fall."""
    policy, came, worth = Attention(9), dict[int, int](), dict[int, int]()
    for now, (step, page, value) in enumerate(steps):
        if step == "w":
            worth = {one: (value + one * one) % 7 for one in range(7)}
            policy.attend(worth)
        elif page not in came and step == "a":
            policy.admit(page)
            came[page] = now
            worth.setdefault(page, FULL // 4)
        elif page in came and step == "t":
            policy.touch(page)
            worth[page] += FULL // 4
        elif page in came and step == "v":
            assert policy.victim() == min(came, key=lambda p: (worth[p], came[p]))
            gone = page if value < 5 else policy.victim()
            policy.remove(gone)
            del came[gone], worth[gone]


def test_a_second_use_proves_a_page_even_with_one_ghost() -> None:
    """With two frames 2Q remembers one page; that page is known when it returns, whoever goes to make room for it."""
    assert run_paging("2q", 2, [1, 2, 3, 1, 4]) == {"hits": 0, "misses": 5, "victims": [None, None, 1, 2, 1]}


def resident(name: str, frames: int, refs: list[int]) -> list[set[int]]:
    """Which pages are there after each reference."""
    held: set[int] = set()
    out = []
    for page, victim in zip(refs, replay(make_policy(name, frames, refs), frames, refs)[1], strict=True):
        held = (held - {victim}) | {page}
        out.append(held)
    return out


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(["lru", "opt"]), st.integers(1, 7), references)
def test_fewer_frames_hold_a_part_of_what_more_hold(name: str, frames: int, refs: list[int]) -> None:
    """The stack property, after every reference. For OPT of the pages that are needed again: among the others the contract's
    rule, who came in last, depends on when each came in, and so on the number of frames."""
    few, more = (resident(name, count, refs) for count in (frames, frames + 1))
    for now, (small, large) in enumerate(zip(few, more, strict=True), 1):
        assert (small & set(refs[now:]) if name == "opt" else small) <= large


@pytest.mark.parametrize("name", ["clock", "2q", *DEFINITIONS])
def test_hits_and_misses_add_up_and_every_full_miss_names_a_victim(name: str) -> None:
    refs = [1, 2, 3, 1, 4, 1, 2, 5, 5, 3]
    answer = run_paging(name, 3, refs)
    assert answer["hits"] + answer["misses"] == len(refs) == len(answer["victims"])
    assert sum(victim is not None for victim in answer["victims"]) == answer["misses"] - 3


def test_policies_are_known_as_books_write_them() -> None:
    assert run_paging("LRU", 3, [1, 2, 3, 4]) == run_paging("lru", 3, [1, 2, 3, 4])
    assert run_paging("2Q", 3, [1, 2, 3, 4]) == run_paging("2q", 3, [1, 2, 3, 4])
