"""Context paging: what leaves the window is on the disk, comes back by search, and a compaction can be undone."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import lru_cache
from random import Random
from typing import Any

import pytest

from llmos.cpu.scripted import DONE, GO, START, TRAP, ByteCodec, ScriptedCpu
from llmos.cpu.scripted import END as STOP
from llmos.devices.base import Context, DeviceError
from llmos.devices.library import Library
from llmos.devices.search import PageOut, Search, around
from llmos_kernel import compaction, signals
from llmos_kernel.errors import BadCall
from llmos_kernel.journal import Header, Recorder, replay
from llmos_kernel.kernel import Config, Kernel
from llmos_kernel.labels import Label, Ring
from llmos_kernel.ports import Delivery, Request
from llmos_kernel.syscall import trap

PAIRS, HOPS = 140, 4
ORDERS = 6  # at every run; `python -m tests.memory.test_compaction 30` tries as many as it says


class Shelf:
    """A world with a disk and nothing else; answers arrive at the next tick."""

    def __init__(self, broken: bool = False, library: Library | None = None) -> None:
        self.library, self.broken = library or Library(), broken
        self.devices = {"search": Search(self.library, 4, 110), "disk": PageOut(self.library)}
        self.inbox: list[Delivery] = []

    def poll(self) -> Sequence[Delivery]:
        taken, self.inbox = self.inbox, []
        return taken

    def submit(self, request: Request) -> None:
        try:
            if self.broken:
                raise DeviceError("the disk is full")
            result = self.devices[request.device].call(request.text, Context())
            self.inbox.append(Delivery("done", str(request.number), (result.text, result.origin)))
        except DeviceError as error:
            self.inbox.append(Delivery("done", str(request.number), (str(error), request.device), 0))


async def asker(text: str, question: str) -> int:
    thought = await trap("think", (("system", "Follow the keys."), ("user", text), ("user", question)), 400)
    await trap("exit", 0, (thought[0], thought[2]))
    return 0


def machine(text: str, question: str, script: Any = None, pages: int = 96, world: Any = None, **config: Any) -> Kernel:
    cpu = ScriptedCpu(script, frames=pages + 1, lanes=1, max_pages=pages)
    settings = Config(args=(text, question), devices=("search",), compact=1, **config)
    return Kernel(settings, {"init": asker}, cpu, ByteCodec(), world or Shelf())


def run(kernel: Kernel, most: int = 4_000) -> tuple[Any, list[Any]]:
    events: list[Any] = []
    for _ in range(most):
        if kernel.halted:
            return next(e[4] for e in events if e[1] == "exit"), events
        kernel.step()
        kernel.check_integrity()
        events += kernel.take_events()
    raise AssertionError("the machine did not halt")


# -- the nested key-value test ------------------------------------------------------------------------------------------


def pairs(seed: int, hops: int) -> tuple[str, str, str]:
    """(140 pairs in some order, a key, the value after `hops` more lookups), after MemGPT, section 3.2.2."""
    random = Random(f"{seed} {hops}")
    names = [f"{n:08x}" for n in random.sample(range(1 << 28, 1 << 32), 2 * PAIRS)]
    keys, values = names[:PAIRS], names[PAIRS:]
    for i in range(hops):
        values[i] = keys[i + 1]
    both = list(zip(keys, values, strict=True))
    random.shuffle(both)
    return "\n\n".join(f"{key}={value}" for key, value in both), keys[0], values[hops]


def follow(context: Sequence[int]) -> int:
    """A model that looks in its window, and where it finds nothing, on the disk."""
    back = list(reversed(context))
    begin = len(context) - 1 - back.index(START)
    since = max(begin + len("assistant\n"), len(context) - 1 - back.index(DONE) if DONE in back else 0)
    return _reply(tuple(context[: since + 1]))[len(context) - since - 1]


@lru_cache(maxsize=8)
def _reply(context: tuple[int, ...]) -> list[int]:
    seen = bytes(t if t < 256 else 10 for t in context).decode("utf-8", "replace")
    asked = [seen.split("What is ")[-1][:8], *(call[:8] for call in seen.split("\nsearch ")[1:])]
    known = dict(part.split("=") for part in seen.split() if part[8:9] == "=" and len(part) == 17)
    at = asked[-1]
    while at in known:
        at = known[at]
    return [*at.encode(), STOP] if at in asked[1:] else [TRAP, *f"search {at}".encode(), GO]


@pytest.mark.parametrize("hops", range(HOPS + 1))
def test_nested_keys_are_followed_through_a_window_that_does_not_hold_them(hops: int) -> None:
    assert sum(follows(seed, hops) for seed in range(ORDERS)) == ORDERS


def follows(seed: int, hops: int) -> bool:
    """Does the machine answer one case of the test?"""
    text, key, answer = pairs(seed, hops)
    kernel = machine(text, f"What is {key}?", follow)
    assert len(text) > kernel.capacity
    said, events = run(kernel)
    assert any(e[1] == "moved" for e in events)
    return bool(said[0] == answer)


# -- the window ---------------------------------------------------------------------------------------------------------

LONG = "\n".join(f"line {n} of a long story about page {n * 7}" for n in range(60))


def test_what_leaves_is_on_the_disk_with_its_label() -> None:
    world = Shelf()
    kernel = machine(LONG, "And then?", world=world)
    _, events = run(kernel)
    moved = [e for e in events if e[1] == "moved"]
    assert moved
    found = world.library.search("line 3 of a long story", 1)[0]
    assert found.title.startswith("window 1 part")
    assert found.label == Label(Ring.USER)
    kept = "".join(world.library.page(e[3], n).text for e in moved for n in range(1, 99) if _has(world, e[3], n))
    assert "line 0 of" in kept


def _has(world: Shelf, title: str, n: int) -> bool:
    return any(d["title"] == title and n <= d["passages"] for d in world.library.documents())


def before_the_first_burst(kernel: Kernel) -> Any:
    """Step until the process has its context and was just told to move a part of it."""
    while not any(e[1] == "pressure" for e in kernel.events):
        kernel.step()
    return kernel.processes[1]


def test_preview_compaction_and_undo() -> None:
    kernel = machine("\n".join(LONG.split("\n")[:35]), "And then?")
    process = before_the_first_burst(kernel)
    space = process.space
    tokens, who, spans = list(space.tokens), bytes(space.who), list(space.spans)
    shown = compaction.plan(kernel, space)
    assert shown == (space.leaving.at, space.leaving.at + len(space.leaving.tokens))
    while not space.moved:
        kernel.step()
    record = space.moved[0]
    assert len(space.tokens) < len(tokens)
    assert b"moved to the disk" in bytes(t for t in space.tokens if t < 256)
    assert record.tokens == tuple(tokens[record.at : record.at + len(record.tokens)])
    grown = len(space.tokens) - record.at - record.length
    kernel.world.inbox.append(Delivery("command", "undo", (1,)))
    kernel.step()
    kernel.check_integrity()
    assert space.tokens[: len(tokens)] == tokens
    assert bytes(space.who[: len(who)]) == who
    assert [s for s in space.spans if s[0] < len(tokens)] == spans
    assert grown >= 0
    assert not space.moved


async def talker(turns: int) -> int:
    """A conversation that is much longer than the window."""
    for n in range(turns):
        await trap("think", (("user", f"turn {n}: " + "so we talked on about pages and frames\n" * 5),), 8)
    await trap("read", 0)
    return 0


def talked(turns: int = 14, world: Shelf | None = None, compact: int = 1) -> Kernel:
    """A machine whose conversation is over; its process waits for the keyboard."""
    cpu = ScriptedCpu(frames=41, lanes=1, max_pages=40)
    config = Config(args=(turns,), devices=("search",), compact=compact)
    kernel = Kernel(config, {"init": talker}, cpu, ByteCodec(), world or Shelf(), store=None)
    while kernel.processes[1].why != "keyboard":
        kernel.step()
        kernel.check_integrity()
        assert not [e for e in kernel.take_events() if e[1] == "overflow"]
    return kernel


def ordered(kernel: Kernel, verb: str) -> list[str]:
    """What was refused, when somebody asks this of the panel, and a tick later."""
    kernel.world.inbox.append(Delivery("command", verb, (1,)))  # type: ignore[attr-defined]
    kernel.take_events()
    for _ in range(2):
        kernel.step()
        kernel.check_integrity()
    return [e[3] for e in kernel.take_events() if e[1] == "refused"]


def test_a_process_that_waits_for_the_keyboard_is_compacted_and_undone() -> None:
    kernel = talked(2, compact=0)
    process = kernel.processes[1]
    space, tokens, why = process.space, list(process.space.tokens), process.why
    assert ordered(kernel, "undo") == ["undo: nothing of pid 1 was moved out"]
    assert ordered(kernel, "compact") == []
    assert len(space.moved) == 1
    assert len(space.tokens) < len(tokens)
    assert ordered(kernel, "undo") == []
    assert space.tokens == tokens
    assert (process.why, space.moved) == (why, [])


def test_a_compaction_that_a_signal_breaks_off_leaves_the_window_as_it_is() -> None:
    kernel = machine(LONG, "And then?")
    process = before_the_first_burst(kernel)
    tokens = list(process.space.tokens)
    signals.send(kernel, process, "INT", "a test")
    assert process.space.leaving is None
    assert process.space.tokens == tokens
    with pytest.raises(BadCall, match="nothing of pid 1 was moved out"):
        compaction.undo(kernel, process)


def test_machines_that_share_a_disk_do_not_replace_what_the_others_moved() -> None:
    library = Library()
    library.add("window 1 part 1", "a text of the person's own")
    moved = [r for _ in range(2) for r in talked(world=Shelf(library=library)).processes[1].space.moved]
    assert len({record.title for record in moved}) == len(moved) > 8
    assert library.page("window 1 part 1").text == "a text of the person's own"
    for record in moved:
        first = library.page(record.title).text
        assert first.strip()
        assert record.text.strip().startswith(first[:40].strip())


def test_pointers_do_not_pile_up() -> None:
    """What moves next takes the pointers before it along, and undo brings them back."""
    kernel = talked()
    space = kernel.processes[1].space
    assert len(space.moved) > 4
    assert _pointers(space.tokens) == 1
    *_, before, last = space.moved
    assert before.at == last.at
    assert _pointers(last.tokens) == 1, "the older pointer went along"
    compaction.undo(kernel, kernel.processes[1])
    kernel.check_integrity()
    assert space.tokens[last.at : last.at + len(last.tokens)] == list(last.tokens)
    assert _pointers(space.tokens) == 1


def _pointers(tokens: Sequence[int]) -> int:
    return bytes(t for t in tokens if t < 256).count(b"were moved to the disk")


def test_the_window_is_listed_span_by_span() -> None:
    kernel = machine(LONG, "And then?")
    process = before_the_first_burst(kernel)
    listed = compaction.spans(kernel, process.space)
    assert sum(count for _, count, _, _ in listed) == len(process.space.tokens)
    assert [Ring(label.ring).name for _, _, label, _ in listed][:2] == ["SYSTEM", "USER"]


def test_a_disk_that_refuses_loses_nothing_and_the_window_fills_up() -> None:
    kernel = machine(LONG, "And then?", pages=112, world=Shelf(broken=True))
    process = before_the_first_burst(kernel)
    tokens = list(process.space.tokens)
    for _ in range(5):
        kernel.step()
    assert process.space.tokens[: len(tokens)] == tokens
    assert not process.space.moved
    assert any(e[1] == "refused" for e in kernel.events)


def test_a_window_of_nothing_but_system_text_overflows_with_a_notice() -> None:
    async def loud() -> int:
        thought = await trap("think", (("system", "rule " * 300),), 400)
        await trap("exit", 0, (thought[0], thought[2]))
        return 0

    kernel = machine("", "", pages=96)
    kernel.processes[1].coroutine = loud()
    _, events = run(kernel)
    assert any(e[1] == "overflow" for e in events)
    assert not any(e[1] == "moved" for e in events)


def brought(used: int, compact: int) -> tuple[int, str]:
    """What a device's long result takes of a window of 512 tokens, of which about `used` were taken, and how it reads."""
    world = Shelf()
    world.library.add("Big", "needle " + "hay " * 2_000)
    world.devices["search"] = Search(world.library, 8, 700)

    def script(context: Sequence[int]) -> int:
        begin = max(i for i, t in enumerate(context) if t == START) + len("assistant\n") + 1
        return [TRAP, *b"search needle hay", GO, STOP][len(context) - begin]

    cpu = ScriptedCpu(script, frames=33, lanes=1, max_pages=32)
    settings = Config(args=("x" * (used - 100), "y"), devices=("search",), compact=compact)
    kernel = Kernel(settings, {"init": asker}, cpu, ByteCodec(), world)
    while not (came := [e for e in kernel.take_events() if e[1] == "injected"]):
        kernel.step()
    *_, first, count, _ = came[0]
    said = kernel.processes[1].space.tokens[first : first + count]
    return count, bytes(t for t in said if t < 256).decode()


@pytest.mark.parametrize("used", [100, 300, 380])
@pytest.mark.parametrize("compact", [0, 1])
def test_a_result_larger_than_its_share_is_cut_with_notice(used: int, compact: int) -> None:
    count, text = brought(used, compact)
    assert "[cut: the window holds 512 tokens, this result has " in text
    assert "needle" in text
    assert 25 < count <= 256
    if not compact:
        assert used + count < 512 - 20, "nothing may be moved out, and there is no room for an answer"


def test_compaction_replays_byte_for_byte() -> None:
    records: list[Any] = []
    world, cpu = Shelf(), ScriptedCpu(follow, frames=97, lanes=1, max_pages=96)
    text, key, answer = pairs(1, 2)
    config = Config(args=(text, f"What is {key}?"), devices=("search",), compact=1)
    recorder = Recorder(cpu, ByteCodec(), world, records.append)
    kernel = Kernel(config, {"init": asker}, recorder, recorder, recorder)
    said, events = run(kernel)
    recorder.close()
    assert said[0] == answer
    again: list[Any] = []
    for replayed in replay(Header.of(config, cpu, ByteCodec(), ""), records, {"init": asker}):
        again += replayed.take_events()
    assert again == events


@pytest.mark.parametrize("limit", [40, 80, 300])
def test_a_long_passage_is_shown_where_the_word_stands(limit: int) -> None:
    text = " ".join(f"word{n}" for n in range(200))
    assert "word150" in around(text, "where is word150", limit)
    assert len(around(text, "word150", limit)) <= limit + 10
    assert around("short", "x", limit) == "short"


if __name__ == "__main__":
    for depth in range(HOPS + 1):
        print(f"{depth} hops: {sum(follows(n, depth) for n in range(int(sys.argv[1])))} of {sys.argv[1]}", flush=True)
