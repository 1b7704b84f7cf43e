"""How a screen looks and which keys it has, and the options that say so: the same for every command that opens a screen.

Knows: names of options. Does not know: colours, keys, widgets; `screens.py` makes them of a `Look`.
"""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Annotated, Any

import typer


@dataclass(frozen=True)
class Look:
    """Each field is an option of its name; a field's type says what `--help` tells of it."""

    theme: Annotated[str, typer.Option("--theme", help="Colours: night, day, contrast, clear.")] = "night"
    keys: Annotated[str, typer.Option("--keys", help="Key map: default or vim.")] = "default"
    ascii: Annotated[bool, typer.Option("--ascii", help="Only ASCII on the screen.")] = False
    still: Annotated[bool, typer.Option("--still", help="Nothing blinks.")] = False

    @property
    def plain(self) -> bool:
        """Can only ASCII be shown?"""
        return self.ascii or "utf" not in (sys.stdout.encoding or "").lower()


OPTIONS = tuple(inspect.signature(Look, eval_str=True).parameters.values())


def with_look(command: Callable[..., None]) -> Callable[..., None]:
    """A command whose parameter `look` is given as these options."""
    own = inspect.signature(command, eval_str=True)

    @functools.wraps(command)
    def dressed(**given: Any) -> None:
        look = Look(**{field.name: given.pop(field.name) for field in fields(Look)})
        command(look=look, **given)

    kept = [p.replace(kind=p.KEYWORD_ONLY) for p in own.parameters.values() if p.name != "look"]
    options = [p.replace(kind=p.KEYWORD_ONLY) for p in OPTIONS]
    dressed.__signature__ = own.replace(parameters=[*kept, *options])  # type: ignore[attr-defined]
    return dressed
