"""`llmos eval WHAT`: one command a measurement.

Knows: names and options. Does not know: how anything is measured.
"""

from __future__ import annotations

import json as jsonlib
from pathlib import Path
from typing import Annotated, Any

import typer

eval_app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
Json = Annotated[bool, typer.Option("--json", help="One JSON object on standard output, nothing else.")]


def show(result: dict[str, Any], json: bool, *fields: str) -> None:
    """The whole as JSON, or some of its fields as lines."""
    if json:
        print(jsonlib.dumps(result, ensure_ascii=False))
        return
    for field in fields:
        print(f"{field:<16} {result[field]}")


@eval_app.command()
def monitor(
    file: Annotated[Path, typer.Argument(help="Cases, one JSON object a line; docs/security.md has the fields.")],
    json: Json = False,
) -> None:
    """Send given calls straight at the monitor, no model in the way."""
    from .monitor import evaluate

    show(evaluate(file), json, "n", "violations", "false_denials", "asks")
