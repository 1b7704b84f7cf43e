"""What the commands do: assemble a machine for one purpose, run it, and shape the answer.

Knows: options of commands and the fields of their JSON (a contract). Does not know: argument parsing (`cli.py`).
"""

from __future__ import annotations

import inspect
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from . import journal as journals
from . import paths, processor, screens, settings
from .audit import AuditFile, default
from .boot import boot, device_settings, sources
from .errors import LlmosError, UsageError
from .machine import Machine
from .narrate import log_line
from .options import FRAMES, PAGE, SCRIPTED, SYSTEM, Options
from .screens import Look
from .settings import NOTHING, Outside
from .status import SelfTest

# -- the machine room -------------------------------------------------------------------------------------------------


def machine_room(
    model: str | None, mode: str, seed: int, speed: float, look: Look, opening: Callable[[], None]
) -> None:
    """Open the screen at once; the machine boots behind it. `opening` is called when the screen takes the terminal."""
    options = Options(model=model, mode=mode, seed=seed, journal=_journal(), init=("sh", SYSTEM))
    screens.machine(settings.applied(options), speed, look, opening)


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
    options = Options(model=model, mode=mode, seed=seed, lanes=lanes, init=_init(program, args))
    return replace(
        settings.applied(options, outside),
        window=_window(window, replacement),
        replacement=replacement,
        policy=policy,
        victims=victims,
        compact=True,
        adapters=adapter_files(adapters),
    )


def run_screen(options: Options) -> None:
    screens.machine(replace(options, journal=_journal()), 8.0, Look())


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


def _journal() -> Path:
    return journals.fresh(paths.journals())


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


# -- plain lines ------------------------------------------------------------------------------------------------------


def run_plain(program: str, options: Options, json: bool, references: Path | None = None) -> int:
    """A program on standard input and output; its exit status. Ctrl-C interrupts the foreground process."""
    options = replace(options, trace=references is not None)
    machine = boot(options, _boot_lines)
    machine.audit = AuditFile(default())
    threading.Thread(target=_feed, args=(machine,), daemon=True).start()
    write = sys.stderr.write if json else sys.stdout.write
    status, failure, touched = 0, "", list[dict[str, Any]]()
    pending = machine.events(lambda: False)
    while True:
        try:
            for events in pending:
                _print_out(events, write)
                status = next((e[3] for e in events if e[1] == "exit" and e[2] == 1), status)
                failure = next((e[5] for e in events if e[1] == "exit" and e[2] <= 2 and e[5]), failure)
                touched += [
                    {"pid": e[2], "program": e[3], "references": list(e[4])} for e in events if e[1] == "references"
                ]
            break
        except KeyboardInterrupt:
            machine.command("interrupt")
            pending = machine.events(lambda: False)
    if json:
        import json as jsonlib

        print(jsonlib.dumps({"program": program, "status": status, "ticks": machine.kernel.tick}))
    if failure:
        print(f"llmos: {program}: {printable(failure)}", file=sys.stderr)
    machine.close()
    if references is not None:
        from .labs.references import save

        save(references, touched)
    return int(status)


def _feed(machine: Machine) -> None:
    for line in sys.stdin:
        machine.type(line.rstrip("\n"))
    machine.world.end_input()


KERNEL_SIGN = "⛨"  # begins what only the kernel says; programs and models can't print it


def _print_out(events: Sequence[tuple[Any, ...]], write: Callable[[str], Any]) -> None:
    for event in events:
        if event[1] == "out" and event[3] != "u":
            write(printable(event[4]).replace(KERNEL_SIGN, "?"))
        elif event[1] == "ask":
            write(printable(f"\n{KERNEL_SIGN} the kernel asks: {event[4]} {event[5]}\n"))
            write(printable(f"  its words are {event[6]}; {event[8]}. once, process, never or no?\n"))
        elif event[1] in ("deadlock", "oom") and (line := log_line(event)):
            write(printable(f"{KERNEL_SIGN} {line.text}\n"))
    sys.stdout.flush()


def printable(text: str) -> str:
    """Model or file text made inert for a terminal: control characters other than newline and tab become pictures."""
    return "".join(c if c in "\n\t" or c.isprintable() else _picture(c) for c in text)


def _picture(c: str) -> str:
    code = ord(c)
    return chr(0x2400 + code) if code < 32 else "␡" if code == 127 else "�"


def _boot_lines(line: SelfTest) -> None:
    """Boot progress for plain runs: only what is finished, on standard error."""
    if line.state == "ok":
        print(f"{line.part:<8} {line.text}", file=sys.stderr)


def _quiet(line: SelfTest) -> None:
    """For commands whose standard error should stay clean."""


def _suggest(model: str | None) -> None:
    """One line for a person who runs on the embedded model because nothing better was fetched."""
    from . import store

    if model is None and sys.stderr.isatty() and (hint := store.hint()):
        print(f"llmos: {hint}", file=sys.stderr)


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
    _suggest(model)

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


# -- generate ---------------------------------------------------------------------------------------------------------


def generate(
    prompts: Sequence[str],
    model_name: str | None,
    chat: bool,
    limit: int,
    temperature: float,
    min_p: float,
    seed: int,
    mode: str,
) -> list[dict[str, Any]]:
    """Continue each prompt; runs in order: {"prompt_tokens", "tokens", "text", "stop", "tokens_per_second"}."""
    jobs = tuple((p, int(chat), limit, round(temperature * 1000), round(min_p * 1000), seed) for p in prompts)
    options = Options(
        model=model_name, mode=mode, seed=seed, devices=(), tools=False, init=("batch", *jobs), lanes=min(len(jobs), 32)
    )
    _suggest(model_name)
    machine = boot_for(options, [(p, chat) for p in prompts], limit)
    runs: dict[int, dict[str, Any]] = {}
    failures: dict[int, str] = {}
    began, retired = time.perf_counter(), dict[int, list[tuple[float, int]]]()
    for events in machine.events():
        for _, kind, pid, *data in events:
            if kind == "think":
                runs[pid] = {"prompt_tokens": list(data[0])}
            elif kind == "retire":
                retired.setdefault(pid, []).append((time.perf_counter(), len(data[0])))
            elif kind == "exit" and pid in runs and data[1] is not None:
                text, ids, stop = data[1]
                runs[pid] |= {"tokens": list(ids), "text": text, "stop": "end" if stop == "end" else "length"}
                runs[pid]["tokens_per_second"] = _pace(began, retired.get(pid, []))
            elif kind == "exit" and data[2]:
                failures[pid] = data[2]
    machine.close()
    if failures:
        raise LlmosError("; ".join(dict.fromkeys(failures.values())))
    return [runs[pid] for pid in sorted(runs)]


def _pace(began: float, retired: Sequence[tuple[float, int]]) -> float:
    """Tokens a second from (when, how many) of each burst: those after the first burst, so that the prompt is not counted;
    of a single burst all, since the beginning. 0 when there are none."""
    if len(retired) > 1:
        (began, _), *retired = retired
    tokens = sum(count for _, count in retired)
    return round(tokens / max(retired[-1][0] - began, 1e-6), 2) if tokens else 0.0


def boot_for(options: Options, prompts: Sequence[tuple[str, bool]], limit: int) -> Machine:
    """Boot with the frames these prompts need: each its own context, plus the tokens to come.

    Sizes are rounded up, so that the next command with another prompt finds its programs compiled.
    """
    if options.model == SCRIPTED:
        return boot(options, _quiet)
    model = processor.load_model(options.model)
    codec = processor.codec_of(model)
    lengths = [
        len(codec.turn("user", p, True) + codec.cue()) if chat else len(codec.start + codec.encode(p))
        for p, chat in prompts
    ]
    if not min(lengths):
        raise UsageError("an empty prompt: this model needs something to continue")
    longest = max(lengths)
    if longest > model.config.context:
        raise UsageError(f"a prompt of {longest:,} tokens; {model.name} can attend to {model.config.context:,}")
    pages = [-(-min(n + limit, model.config.context) // PAGE) for n in lengths]
    most = min(_rounded(max(pages)), -(-model.config.context // PAGE))
    return boot(replace(options, frames=_rounded(sum(pages)) + 1, max_pages=most), _quiet, model=model)


def _rounded(pages: int) -> int:
    """Up to a multiple of 24 pages, 96 when there are many."""
    step = 24 if pages <= 96 else 96
    return -(-pages // step) * step


# -- replay, devices, bench, progress ---------------------------------------------------------------------------------


def replay(path: Path, tick: int | None, events: bool, quiet: bool = False) -> dict[str, Any]:
    """Run a journal again and, unless `quiet`, tell its story; {"ticks", "events", "processes", "halted"}."""
    import json as jsonlib

    from llmos_apps import PROGRAMS
    from llmos_kernel.accounts import gantt
    from llmos_kernel.errors import Divergence
    from llmos_kernel.journal import replay as run_again
    from llmos_kernel.look import snapshot

    header, records = journals.read(path)
    count, kernel = 0, None
    try:
        for kernel in run_again(header, records, PROGRAMS):
            for event in kernel.take_events():
                count += 1
                line = log_line(event)
                if events:
                    print(jsonlib.dumps(_jsonable(event), ensure_ascii=False))
                elif line and not quiet:
                    print(f"{line.tick:>6} {printable(line.text)}", file=sys.stderr)
            if tick is not None and kernel.tick >= tick:
                break
    except Divergence as e:
        hint = "" if header.sources == sources() else " (the programs have changed since it was recorded)"
        raise LlmosError(f"{path}: the replay took another way: {e}{hint}") from None
    assert kernel is not None
    if not events and not quiet:
        print(f"\nThe lanes in the last ticks:\n{gantt(kernel.timeline)}", file=sys.stderr, end="")
    processes = [asdict(p) for p in snapshot(kernel).processes]
    return {"ticks": kernel.tick, "events": count, "processes": processes, "halted": kernel.halted}


def export(path: Path, strace: bool, outs: dict[str, Path], json: bool) -> dict[str, Any]:
    """What can be made of a journal: {"events": n, and for each thing written its path}. With `json` the calls go aside."""
    from . import exports, recording

    written = {}
    for what, out in outs.items():  # each is a replay of its own: a long session is never in memory as a whole
        written[what] = str(exports.fresh(out, exports.MAKERS[what](recording.events(path))))
    count = 0
    for event in recording.events(path):
        count += 1
        for line in exports.strace([event]) if strace else ():
            print(line, file=sys.stderr if json else sys.stdout)
    return {"events": count, **written}


def _jsonable(value: Any) -> Any:
    if isinstance(value, (tuple, list)):
        return [_jsonable(v) for v in value]
    return value.hex() if isinstance(value, bytes) else value


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


class Meter:
    """A one-line progress bar on standard error; silent when that is no terminal or nobody should see it."""

    def __init__(self, quiet: bool = False) -> None:
        self.shown = not quiet and sys.stderr.isatty()

    def __call__(self, done: int, total: int) -> None:
        if self.shown and total:
            part = done / total
            bar = "█" * round(part * 30) + "─" * (30 - round(part * 30))
            print(f"\r[{bar}] {done / 1e6:6.1f} of {total / 1e6:.1f} MB", end="", file=sys.stderr, flush=True)

    def __enter__(self) -> Meter:
        return self

    def __exit__(self, *_: object) -> None:
        if self.shown:
            print(file=sys.stderr)
