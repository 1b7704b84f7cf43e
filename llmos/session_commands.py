"""The commands for machines that run on their own: up, attach, down, serve.

Knows: names and options of these commands. Does not know: what they do (`sessions.py`, `screens.py`, `web.py`).
"""

from __future__ import annotations

from typing import Annotated

import typer

from .looks import Look, with_look

Name = Annotated[str, typer.Argument(help="A machine's name; the one that was started last if left out.")]
Model = Annotated[str | None, typer.Option("--model", "-m", help="A name (see `llmos models`) or a path.")]
Seed = Annotated[int, typer.Option("--seed", help="Of all random streams.")]
Speed = Annotated[float, typer.Option("--speed", min=0, help="Tokens a second; 0 is as fast as it can.")]


def up(model: Model = None, seed: Seed = 0, speed: Speed = 8.0) -> None:
    """Start a machine without a screen."""
    name = _start(model, seed, speed)
    print(f"machine {name} is up: llmos attach {name} looks at it, llmos down {name} stops it")


@with_look
def attach(
    look: Look,
    name: Name = "",
    watch: Annotated[bool, typer.Option("--watch", help="Only look: the keys stay with another screen.")] = False,
    show: Annotated[bool, typer.Option("--list", help="List the machines that run.")] = False,
) -> None:
    """Look at a machine that runs; closing the screen leaves it running."""
    from . import screens, sessions

    if show:
        for address in sessions.running():
            print(address.stem)
        return
    screens.attached(name, look, watch)


def down(name: Name = "") -> None:
    """Stop a machine that runs, and end its journal."""
    from . import sessions

    print(sessions.stop(sessions.find(name)))


def serve(
    name: Annotated[str, typer.Argument(help="A machine that runs; a new one is started if left out.")] = "",
    host: Annotated[
        str, typer.Option("--host", help="Which addresses may connect: this computer's only.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=1, max=65535)] = 8765,
    model: Model = None,
    seed: Seed = 0,
    speed: Speed = 8.0,
) -> None:
    """The machine room in a browser, for one who drives and others who watch."""
    from . import sessions, web

    web.check()
    machine = sessions.find(name).stem if name else _start(model, seed, speed)
    try:
        web.serve(machine, host, port)
    finally:
        if not name:
            print(sessions.stop(sessions.find(machine)))


def _start(model: str | None, seed: int, speed: float) -> str:
    from . import sessions, store
    from .options import SCRIPTED, SYSTEM, Options

    if model and model != SCRIPTED:
        store.resolve(model)  # so that it is said here and not in a machine that nobody sees
    address = sessions.start(Options(model=model, seed=seed, init=("sh", SYSTEM)), speed)
    sessions.wait_until_up(address)
    return address.stem


COMMANDS = (up, attach, down, serve)
