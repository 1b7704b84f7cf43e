"""What the commands do: assemble a machine for one purpose, run it, and shape the answer.

Knows: options of commands and the fields of their JSON (a contract). Does not know: argument parsing (`cli.py`).
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from . import paths, screens, settings
from .boot import device_settings
from .errors import UsageError
from .looks import Look
from .options import FRAMES, SYSTEM, Options
from .printing import printable, suggest
from .settings import NOTHING, Outside

# -- the machine room -------------------------------------------------------------------------------------------------


def machine_room(
    model: str | None, mode: str, seed: int, speed: float, look: Look, opening: Callable[[], None]
) -> None:
    """Open the screen at once; the machine boots behind it. `opening` is called when the screen takes the terminal."""
    options = Options(model=model, mode=mode, seed=seed, init=("sh", SYSTEM))
    screens.machine(settings.applied(options), speed, look, opening)


NEEDED = {"browse": ("browser",), "notebook": ("python",)}
"""What a program can't do without is mounted for it, unless the person names the devices."""


def program_options(
    program: str,
    args: Sequence[str],
    model: str | None,
    mode: str,
    seed: int,
    lanes: int,
    window: int,
    replacement: str,
    policy: str,
    victims: str,
    adapters: str,
    outside: Outside,
) -> Options:
    """The machine that `llmos run` wants, on a screen or as lines. Raises UsageError."""
    options = settings.applied(
        Options(model=model, mode=mode, seed=seed, lanes=lanes, init=_init(program, args)), outside
    )
    needed = NEEDED.get(program, ()) if outside.devices is None else ()
    return replace(
        options,
        devices=tuple(dict.fromkeys([*options.devices, *needed])),
        window=_window(window, replacement),
        replacement=replacement,
        policy=policy,
        victims=victims,
        compact=True,
        adapters=adapter_files(adapters),
    )


def run_screen(options: Options, look: Look) -> None:
    screens.machine(options, 8.0, look)


def adapter_files(given: str) -> tuple[tuple[str, str], ...]:
    """ "traps,mine=FILE" as names and files; a name without a file is the shipped adapter. Raises UsageError."""
    found = tuple(
        (name.strip(), file.strip()) for name, _, file in (one.partition("=") for one in given.split(",") if one)
    )
    names = [name for name, _ in found]
    if "none" in names or not all(names) or len(set(names)) < len(names):
        raise UsageError(f"--adapters takes names, each alone or as NAME=FILE, each once, and not none: {given!r}")
    for _, file in found:
        if file and not Path(file).is_file():
            raise UsageError(f"--adapters: there is no file {file}")
    return found


def _window(window: int, replacement: str) -> int:
    """A window the kernel will take; a name is looked at without a window, too. Raises UsageError."""
    from llmos_kernel.errors import BadCall
    from llmos_kernel.workingset import build

    try:
        build(window or FRAMES, replacement)
    except BadCall as e:
        raise UsageError(str(e)) from None
    return window


def _init(program: str, args: Sequence[str]) -> tuple[Any, ...]:
    from llmos_apps import PROGRAMS, sh

    if program not in PROGRAMS:
        named = sorted({"sh", "ask", *sh.NUMERIC, *sh.TEXTUAL, *sh.SINGLE, *sh.PIPED})
        raise UsageError(f"no program {program!r}; there are {', '.join(named)}")
    if program in ("sh", "chat"):
        if args:
            raise UsageError(
                f"{program} takes no arguments; it reads lines, as in `echo 'calc 37*48' | llmos run {program}`"
            )
        return (program, SYSTEM)
    if program == "ask":
        return (program, _question(" ".join(args)), SYSTEM)
    try:
        inspect.signature(PROGRAMS[program]).bind(*args)
    except TypeError as e:
        raise UsageError(f"{program}: {e}") from None
    return (program, *args)


def _question(text: str) -> str:
    if not text.strip():
        raise UsageError("an empty question; ask something, such as: what is 37*48?")
    return text


# -- ask --------------------------------------------------------------------------------------------------------------


def ask(
    text: str,
    quiet: bool,
    model: str | None,
    mode: str,
    seed: int,
    limit: int,
    temperature: float,
    now: str | None,
    tools: bool,
    grammar: bool = True,
    check: bool = False,
    adapter: bool = True,
    outside: Outside = NOTHING,
) -> dict[str, Any]:
    """One question; asking.py has the fields."""
    from .asking import ask as ask_machine

    options = Options(
        model=model,
        mode=mode,
        seed=seed,
        lanes=1,
        now=moment(now),
        tools=tools,
        grammar=grammar,
        adapter=adapter,
    )
    options = settings.applied(options, outside)
    suggest(model)

    def show(text: str) -> None:
        sys.stdout.write(printable(text))
        sys.stdout.flush()

    return ask_machine(_question(text), options, limit, round(temperature * 1000), check, None if quiet else show)


def device_names(given: str | None, default: tuple[str, ...]) -> tuple[str, ...]:
    """Names with commas, as a tuple."""
    return default if given is None else tuple(name for part in given.split(",") if (name := part.strip()))


def moment(given: str | None) -> datetime | None:
    """An ISO time, in this machine's zone where it names none. Raises UsageError."""
    try:
        return None if given is None else datetime.fromisoformat(given.strip()).astimezone()
    except (ValueError, OverflowError, OSError):
        raise UsageError(f"--now takes a time such as 2026-05-20T10:30, not {given!r}") from None


# -- devices, mail ---------------------------------------------------------------------------------------------------


def list_devices(outside: Outside = NOTHING) -> list[dict[str, Any]]:
    """Of those that were named, else of all that can be mounted here: {"name", "help", "usage", "outside"}."""
    from .devices import registry

    options = settings.applied(Options(), outside)
    forgiven = () if outside.devices is not None else (UsageError,)  # `llmos doctor` says what is missing
    found: list[dict[str, Any]] = []
    for name in registry.available() if forgiven else options.devices:
        with suppress(*forgiven):
            devices = registry.mounted([name], device_settings(options))
            found += [
                {"name": d.name, "help": d.help, "usage": list(d.usage), "outside": d.outside} for d in devices.values()
            ]
            registry.close(devices)
    return found


def read_mail(name: str, empty: bool) -> list[str]:
    """The lines of a mailbox; the names of all boxes for the name ""."""
    from .devices.mailbox import NAME, Mailboxes

    boxes = Mailboxes(paths.mail())
    if not name:
        return boxes.names()
    if not NAME.fullmatch(name):
        raise UsageError(f"no name: {name!r}")
    messages = [printable(line) for line in boxes.read(name)]
    if empty:
        boxes.empty(name)
    return messages
