"""Looking inside without a screen: a line such as `:token`, `:mem 2` or `:why` typed to a plain run, and the answer as lines.

Knows: the inspector and the verbs of the command line that only look. Does not know: what the running program makes of other
lines. A look waits until everything typed before it is done, so that it means the same in a pipe and at a keyboard.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator, Sequence
from queue import SimpleQueue

from .attention import attention
from .choices import Choices
from .inspection import Inspector
from .machine import Machine
from .narrate import Story
from .printing import printable
from .status import Attention, Inspection
from .tui.verbs import LOOKS, parse

NAMED = 3  # pages that are named of each row
LEAST = 0.01  # share of attention below which a page is not named


class Onlooker:
    """Follows one machine's events. `typed` may be called by any thread, the rest by the machine's."""

    def __init__(self, machine: Machine, show: Callable[[str], object]) -> None:
        self.machine, self.show = machine, show
        self.story, self.choices, self.inspector = Story(), Choices(), Inspector()
        self._asked: SimpleQueue[tuple[str, threading.Event]] = SimpleQueue()

    @staticmethod
    def wants(line: str) -> bool:
        """Is it a look, or meant as one, and nothing for the program?"""
        return re.match(r":[a-z]+( |$)", line) is not None

    def typed(self, line: str) -> None:
        """Ask, and wait for the answer."""
        answered = threading.Event()
        self._asked.put((line, answered))
        self.machine.world.ring()
        answered.wait()

    def follow(self, events: Sequence[tuple[object, ...]]) -> None:
        """What a tick brought."""
        self.choices.watch(self.machine.kernel)
        self.story.take(events, self.machine.watch)

    def answer(self) -> bool:
        """Between two ticks: answer, if somebody asked and nothing is left to do before it. Never ends a run."""
        while not self._asked.empty() and self.machine.waits():
            line, answered = self._asked.get()
            self.show("".join(f"{printable(one)}\n" for one in self._look(line)))
            answered.set()
        return False

    def _look(self, line: str) -> Iterator[str]:
        kernel = self.machine.kernel

        def look(pid: int, position: int) -> Attention:
            return attention(kernel, kernel, self.machine.prober, pid, position)

        name = line[1:].split(" ")[0]
        if name not in LOOKS:
            looks = ", ".join(f":{look}" for look in LOOKS)
            yield f":{name}: no such look; there are {looks}. With a space before it, it is the program's."
            return
        try:
            _, kind, *args = parse(line)
            yield from told(self.inspector.ask(kernel, self.story, self.choices, look, kind, *args))
        except (TypeError, ValueError) as e:
            yield f"{line}: {e}"


def told(inspection: Inspection) -> Iterator[str]:
    """What a sheet shows, as lines that can be read aloud."""
    yield inspection.title
    for fact in inspection.facts:
        yield f"  {fact.name}: {fact.text}"
    for text, p in inspection.top:
        yield f"  {p:.0%} {text!r}{', the one it took' if text == inspection.chosen else ''}"
    if inspection.attention:
        yield from looked(inspection.attention)


def looked(attention: Attention) -> Iterator[str]:
    """Each layer's pages, then each of its heads' first one."""
    yield f"  where it looked, all {attention.layers} layers and {attention.heads} heads: {_pages(attention, None, None)}"
    for layer in range(attention.layers):
        heads = "; ".join(
            f"head {head} {_pages(attention, layer, head, 1) or 'everywhere'}" for head in range(attention.heads)
        )
        yield f"  layer {layer}: {_pages(attention, layer, None)} ({heads})"


def _pages(attention: Attention, layer: int | None, head: int | None, most: int = NAMED) -> str:
    row = attention.row(layer, head)
    best = sorted(range(len(row)), key=lambda i: (-row[i], i))[:most]
    return ", ".join(f"page {attention.pages[i]} {row[i]:.0%}" for i in best if row[i] >= LEAST)
