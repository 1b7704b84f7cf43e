"""The command palette: every key's action and every verb, found by name.

Knows: the tables of keys and verbs. Does not know: how an action is done.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.content import Content

from . import verbs
from .asked import CHOICES, asks


class Finder(Provider):
    """Keys act at once; a verb with arguments opens the command line with its name typed."""

    async def discover(self) -> Hits:
        for name, about, act in self._all():
            yield DiscoveryHit(Content(name), act, text=name, help=about)

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for name, about, act in self._all():
            score = max(matcher.match(name), matcher.match(about) * 0.6)
            if score > 0:
                yield Hit(score, _marked(name, query), act, text=name, help=about)

    def _all(self) -> Iterator[tuple[str, str, Callable[[], Any]]]:
        for key in self.app.keys:  # type: ignore[attr-defined]
            if key.action != "command_palette":
                yield f"{key.word}  ({key.shown})", key.about, partial(self._act, key.action)
        for question in self.app.view.questions:  # type: ignore[attr-defined]
            for choice in CHOICES:
                name = f"answer {question.number}: {choice.word}"
                yield name, asks(question), partial(self._answer, question.number, choice.word)
        for verb in verbs.VERBS:
            yield f":{verb.usage}", verb.about, partial(self._act, f"verb('{verb.name}')")

    async def _answer(self, number: int, word: str) -> None:
        self.app.panel.command("answer", str(number), word)  # type: ignore[attr-defined]

    async def _act(self, action: str) -> None:
        await self.app.run_action(action)


def _marked(name: str, query: str) -> Content:
    """A name with what was typed in bold. What stands in square brackets is a verb's argument and no markup."""
    at = name.lower().find(query.lower())
    return Content(name) if at < 0 else Content(name).stylize("bold", at, at + len(query))
