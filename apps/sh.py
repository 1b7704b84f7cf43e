"""The shell: runs programs by name; anything else is a question for the model.

Knows: its built-in words, jobs, history, and the programs a person may start. Does not know: how the console is drawn.
Each program and each question is a process of its own and the head of a job, so that it can be seen in the process table,
stopped with Ctrl-C, and killed with all its children. `a | b` joins two programs with a pipe; `&` does not wait. `once` runs
one line for a model, behind the device `shell`: programs and pipes only, and no question unless it says `ask`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from . import ulib
from .pipeline import launch

HELP = """programs: ask TEXT · chat · agent GOAL · research QUESTION · dreams QUESTION · vote QUESTION · tree QUESTION
          notebook · browse PAGE · summarize TEXT · mmap PATH QUESTION · demo · top [TIMES] · ps · starve · bomb
pipes:    story TOPIC | critic | translate LANGUAGE       at the end of a line & does not wait
text:     ls [PATH] · cat PATH · echo TEXT · date · call DEVICE TEXT · grep WORDS · head · tail · sort · wc
shell:    jobs · wait · sleep TICKS · kill [-SIGNAL] PID (-PID: its job) · nice PID LEVEL · history · !N
          park PID · unpark PID · adapter PID NAME (or none) · complete TEXT · echo $? · exit [STATUS]
anything else is a question for the model, such as: what is 37*48?
"""
NUMERIC = (
    "chat",
    "demo",
    "top",
    "starve",
    "bomb",
    "sleep",
)  # take numbers only; with words behind them they begin a question
TEXTUAL = ("vote", "tree", "agent", "research", "dreams")  # take the rest of the line as one argument
SINGLE = ("cat", "date", "ls", "notebook", "browse", "head", "tail", "sort", "wc")  # take one word, or none
PIPED = ("story", "critic", "translate", "summarize", "pipeline", "grep", "echo", "mmap")
BUILTINS = ("adapter", "complete", "exit", "help", "history", "jobs", "kill", "nice", "park", "ps", "unpark", "wait")
SIGNALS = ("INT", "TERM", "KILL", "STOP", "CONT")


@dataclass
class Shell:
    """What one shell remembers."""

    system: str = ""
    jobs: dict[int, str] = field(
        default_factory=dict
    )  # pid of the last process of a line in the background -> the line
    past: list[str] = field(default_factory=list)
    status: int = 0  # of the last line that was waited for: `$?`


async def main(system: str = "") -> int:
    shell = Shell(system)
    while True:
        await _reap(shell)
        await ulib.say("> ")
        try:
            line = (await ulib.hear()).strip()
        except ulib.EndOfInput:
            return 0
        except ulib.Interrupted:
            await ulib.say("^C\n")
            continue
        if (ended := _exits(line)) is not None:
            return ended
        try:
            await run(shell, line)
        except ulib.Interrupted:
            shell.status = 130
            await ulib.say("^C\n")
        except ulib.KernelError as e:
            await ulib.say(f"sh: {e}\n")


def _exits(line: str) -> int | None:
    """The status with which the shell is to end, as `exit` or `exit 3` says; None for any other line."""
    word, _, status = line.partition(" ")
    if word != "exit" or not (status.isdigit() or not status):
        return None
    return int(status or 0) % 256


async def once(line: str) -> int:
    """One line of programs and pipes; the worst of their statuses. It is waited for, with & at its end or without."""
    line = line.strip().removesuffix("&").strip()
    if line == "help":
        await ulib.say(HELP)
        return 0
    parts = stages(line, "")
    if parts is None:
        await ulib.say(
            f"sh: no program for {line[:60]!r}; `help` lists them, and a question is written: ask QUESTION\n"
        )
        return 2
    statuses = [(await ulib.wait(child))[1] for child in await launch(parts)]
    return max(statuses)


async def run(shell: Shell, line: str) -> None:
    """One line: a built-in, programs joined by pipes, or a question."""
    if line.startswith("!") and line[1:].isdigit() and 0 < int(line[1:]) <= len(shell.past):
        line = shell.past[int(line[1:]) - 1]
        await ulib.say(line + "\n")
    if not line:
        return
    shell.past.append(line)
    line = line.replace("$?", str(shell.status))
    if await _builtin(shell, line):
        return
    background = line.endswith("&") and stages(line[:-1], shell.system) is not None
    parts = stages(line.removesuffix("&") if background else line, shell.system)
    children = await launch(parts or (_question(line, shell.system),))
    for child in children:
        await ulib.group(child)
    if background:
        shell.jobs[children[-1]] = line
        await ulib.say(f"[{len(shell.jobs)}] {' '.join(map(str, children))}\n")
    else:
        shell.status = await _wait(children, parts[-1][0] if parts else "ask")


def _question(line: str, system: str) -> tuple[str, tuple[str, ...]]:
    word, _, rest = line.partition(" ")
    return ("ask", (rest.strip() if word == "ask" and rest.strip() else line, system))


def stages(line: str, system: str) -> tuple[tuple[str, tuple[str, ...]], ...] | None:
    """The programs of a line with their arguments; None when it is a question."""
    found = [_stage(part.strip(), system) for part in line.split("|")]
    return tuple(s for s in found if s) if all(found) else None


def _stage(part: str, system: str) -> tuple[str, tuple[str, ...]] | None:
    word, _, rest = part.partition(" ")
    rest = rest.strip()
    if word == "ps" and not rest:
        return ("top", ())
    if word == "ask" and rest:
        return ("ask", (rest, system))
    if word == "chat" and not rest:
        return ("chat", (system,))
    if word in TEXTUAL and rest:
        return (word, (rest,))
    if word in PIPED:
        return (word, tuple(rest.split()))
    if word == "call" and rest:
        device, _, words = rest.partition(" ")
        return ("call", (device, words.strip()))
    if word in SINGLE and len(rest.split()) <= 1:
        return (word, tuple(rest.split()))
    if word in NUMERIC and all(one.isdigit() for one in rest.split()):
        return (word, tuple(rest.split()))
    return None


async def _builtin(shell: Shell, line: str) -> bool:
    """Was it a word of the shell's own?"""
    word, _, rest = line.partition(" ")
    rest = rest.strip()
    if word == "help" and not rest:
        await ulib.say(HELP)
    elif word == "jobs" and not rest:
        await ulib.say("".join(f"[{n}] {pid} {text}\n" for n, (pid, text) in enumerate(shell.jobs.items(), 1)))
    elif word == "history" and not rest:
        await ulib.say("".join(f"{n:>4}  {text}\n" for n, text in enumerate(shell.past, 1)))
    elif word == "wait" and not rest:
        for pid, text in [*shell.jobs.items()]:
            shell.status = await _wait([pid], text)
            shell.jobs.pop(pid, None)
    elif word == "kill":
        await _kill(rest)
    elif word == "nice" and (not rest or rest[0].isdigit()):
        await _nice(rest.split())
    elif word == "adapter" and len(rest.split()) == 2 and rest.split()[0].isdigit():
        await ulib.adapter(rest.split()[1], int(rest.split()[0]))
    elif word in ("park", "unpark") and rest.isdigit():
        await (ulib.park if word == "park" else ulib.unpark)(int(rest))
    elif word == "complete":
        await ulib.say(" ".join(complete(rest)) + "\n")
    else:
        return False
    return True


def complete(text: str) -> list[str]:
    """Words that the last word of an unfinished line may become: a command at its beginning and behind a pipe."""
    before, _, last = text.rpartition(" ")
    if last.startswith("-"):
        return [f"-{signal}" for signal in SIGNALS if f"-{signal}".startswith(last)]
    if before.strip() and not before.strip().endswith("|"):
        return []
    words = ("ask", "call", *NUMERIC, *TEXTUAL, *SINGLE, *PIPED, *(() if before.strip() else BUILTINS))
    return sorted(word for word in words if word.startswith(last))


async def _kill(rest: str) -> None:
    words = rest.split()
    signal = words.pop(0)[1:].upper() if words and words[0][1:].upper() in SIGNALS else "TERM"
    if len(words) != 1 or not words[0].removeprefix("-").isdigit():
        await ulib.say("kill: give a process number, as in `kill 5` or `kill -STOP 5`; ps lists them\n")
        return
    await ulib.kill(int(words[0]), signal)


async def _nice(words: list[str]) -> None:
    if len(words) != 2 or not all(word.isdigit() for word in words):
        await ulib.say("nice: give a process number and a level of 1 to 20, as in `nice 5 10`; ps lists them\n")
        return
    await ulib.nice(*map(int, words))


async def _wait(children: list[int], program: str) -> int:
    """Wait for a job in the foreground and say how it ended if it did not end well; its last status."""
    status = 0
    for child in children:
        _, status = await ulib.wait(child)
    if status == 130:
        await ulib.say("^C\n")
    elif status:
        await ulib.say(f"sh: {program} ended with status {status}\n")
    return status


async def _reap(shell: Shell) -> None:
    """Say which jobs in the background have ended."""
    rows = {row.pid: row for row in await ulib.ps()}
    me = await ulib.me()
    for row in rows.values():
        if row.ppid == me and row.state == "ZOMBIE":
            _, status = await ulib.wait(row.pid)
            if row.pid in shell.jobs:
                await ulib.say(f"[done, status {status}] {shell.jobs.pop(row.pid)}\n")
