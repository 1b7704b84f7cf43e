"""Mapped documents: nothing is computed until a question needs it, then what it needs, and no law of memory is broken."""

from __future__ import annotations

from typing import Any

import pytest

from llmos_kernel import pager
from llmos_kernel.errors import KernelError
from llmos_kernel.kernel import Config, Kernel
from llmos_kernel.labels import Ring
from llmos_kernel.look import snapshot
from llmos_kernel.syscall import trap

from . import machines
from .machines import build, run

PLACES = ["harbour", "market", "station", "library", "garden", "bridge", "tower", "mill", "school", "museum"]
LINE = "On the shelf of the {} stands a box that holds {} old lamps and a rope."
TEXT = " ".join(LINE.format(place, n + 2) for n, place in enumerate(PLACES))


async def reader(*questions: str) -> int:
    """Maps the text, asks, and gives what it said and how much of the document was needed after each question."""
    waiting = await trap("mmap", "boxes", TEXT)
    said: list[Any] = [waiting]
    for question in questions:
        thought = await trap("think", (("user", question),), 12)
        said.append((thought[1], (await trap("maps"))[0]))
    await trap("exit", 0, tuple(said))
    return 0


@pytest.fixture(autouse=True)
def _installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(machines.PROGRAMS, "reader", reader)


def asked(*questions: str, **config: Any) -> Kernel:
    return build(init="reader", args=questions, **config)


def filled(kernel: Kernel) -> list[int]:
    """Mapped pages that are in RAM."""
    space = kernel.processes[1].space
    document = space.maps[0]
    return [i for i in range(document.first, document.first + document.pages) if space.frames[i]]


def test_only_what_the_question_needs_is_computed() -> None:
    kernel, seen, most = asked("what is in the museum?", frames=200), list[Any](), list[int]()

    def each(kernel: Kernel) -> None:
        seen.extend(e for e in kernel.events if e[1] == "mapin")
        if 1 in kernel.processes and kernel.processes[1].space.frames:
            most[:] = filled(kernel) or most
            snapshot(kernel, 1)

    given = run(kernel, each)[1]
    title, pages, needed = given[1][1]
    at = TEXT.index("museum") // kernel.geometry.page
    assert (title, pages) == ("boxes", given[0])
    assert at in most
    assert 1 <= needed == len(seen) == len(most) <= 4 < pages
    assert kernel.prefilled < len(TEXT) // 2


def test_a_second_question_brings_in_more_and_a_stranger_nothing() -> None:
    said = run(asked("what is in the museum?", "and in the harbour?", "how are you?", frames=200))[1]
    first, second, third = (entry[1][2] for entry in said[1:])
    assert first < second == third


def test_pages_that_were_not_needed_are_not_seen() -> None:
    """The answer depends on the page that was asked for, and on no other."""
    one, other = (run(asked(f"what is in the {place}?", frames=200))[1][1][0] for place in ("museum", "harbour"))
    assert one != other


@pytest.mark.parametrize(
    "config",
    [
        {"frames": 200},
        {"frames": 24},
        {"window": 8, "replacement": "attention"},
        {"window": 6, "replacement": "attention", "slots": 3},
        {"window": 6, "replacement": "fifo"},
        {"window": 6, "replacement": "2q"},
    ],
)
def test_it_ends_with_few_frames_and_in_a_window_too(config: dict[str, Any]) -> None:
    def each(kernel: Kernel) -> None:
        if config.get("window") and 1 in kernel.processes:
            assert kernel.processes[1].space.held() <= config["window"]

    said = run(asked("what is in the museum?", "and in the harbour?", **config), each)[1]
    assert all(len(ids) for ids, _ in said[1:])


def test_swapped_out_at_every_token_it_says_the_same() -> None:
    calm = run(asked("what is in the museum?", "and in the harbour?", frames=200))

    def swap(kernel: Kernel) -> None:
        for process in list(kernel.processes.values()):
            assert pager.swap_out(kernel, process)

    assert run(asked("what is in the museum?", "and in the harbour?", frames=200), swap) == calm


def test_pages_that_were_lost_are_computed_again() -> None:
    kernel, seen = asked("what is in the museum?", frames=200), list[Any]()

    def drop(kernel: Kernel) -> None:
        seen.extend(e for e in kernel.events if e[1] == "mapin")
        if kernel.tick == 3:
            kernel.memory.drop(kernel.processes[1].space)

    _, pages, needed = run(kernel, drop)[1][1][1]
    assert needed < len(seen) <= 2 * needed < pages


def test_the_words_keep_their_label_and_are_never_shared() -> None:
    kernel = asked("what is in the museum?", frames=200)

    def each(kernel: Kernel) -> None:
        if 1 in kernel.processes and kernel.processes[1].space.maps:
            space = kernel.processes[1].space
            first = space.maps[0].first * kernel.geometry.page
            assert space.label_of(first, first).ring == space.tail.ring == Ring.DATA
            assert len(space.chain) <= space.maps[0].first, "a page that was computed without others was published"

    run(kernel, each)


def test_what_is_too_long_is_refused() -> None:
    async def greedy() -> int:
        with pytest.raises(KernelError, match="address space has"):
            await trap("mmap", "all", TEXT * 100)
        with pytest.raises(KernelError, match="takes a title"):
            await trap("mmap", "all", 5)
        return 0

    machines.PROGRAMS["greedy"] = greedy
    try:
        run(build(init="greedy", args=()))
    finally:
        del machines.PROGRAMS["greedy"]


def test_a_short_text_is_read_at_once() -> None:
    async def brief() -> int:
        assert await trap("mmap", "note", "short") == 0
        await trap("think", (("user", "short?"),), 3)
        await trap("exit", 0, await trap("maps"))
        return 0

    machines.PROGRAMS["brief"] = brief
    try:
        assert run(build(init="brief", args=()))[1] == ()
    finally:
        del machines.PROGRAMS["brief"]


def test_it_replays() -> None:
    events, again, _ = machines.twice(
        build(frames=200), Config(init="reader", args=("what is in the museum?",), slots=machines.SLOTS)
    )
    assert again == events
    assert any(e[1] == "mapin" for e in events)
