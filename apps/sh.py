"""The shell: runs programs by name; anything else is a question for the model.

Knows: its built-in words and the programs a person may start. Does not know: how the console is drawn.
Each question runs as a process of its own, so that it can be seen in the process table and stopped with Ctrl-C.
"""

from __future__ import annotations

from . import ulib

HELP = """programs: ask TEXT · chat · demo · top [TIMES] · ps       shell: kill PID · call DEVICE TEXT · help · exit
anything else is a question for the model, such as: what is 37*48?
"""
PROGRAMS = ("chat", "demo", "top")


async def main(system: str = "") -> int:
    while True:
        await ulib.say("> ")
        try:
            line = (await ulib.hear()).strip()
        except ulib.EndOfInput:
            return 0
        except ulib.Interrupted:
            await ulib.say("^C\n")
            continue
        if line == "exit":
            return 0
        try:
            await run(line, system)
        except ulib.Interrupted:
            await ulib.say("^C\n")
        except ulib.KernelError as e:
            await ulib.say(f"sh: {e}\n")


async def run(line: str, system: str) -> None:
    """One line: a built-in, a program, or a question."""
    word, _, rest = line.partition(" ")
    rest = rest.strip()
    if not line:
        return
    if word == "help" and not rest:
        await ulib.say(HELP)
    elif word == "ps" and not rest:
        await _child("top")
    elif word == "kill":
        await _kill(rest)
    elif word == "call":
        device, _, text = rest.partition(" ")
        await ulib.say(f"{await ulib.call(device, text)}  [{device}]\n")
    elif word == "chat" and not rest:
        await _child("chat", system)
    elif word in PROGRAMS and _plain(rest):
        await _child(word, *rest.split())
    else:
        await _child("ask", rest if word == "ask" and rest else line, system)


def _plain(rest: str) -> bool:
    """Arguments of a program, not the rest of a sentence that happens to begin with its name: "top of the hill"."""
    return all(part.isdigit() for part in rest.split())


async def _kill(rest: str) -> None:
    if not rest.isdigit():
        await ulib.say("kill: give a process number, as in `kill 5`; ps lists them\n")
        return
    await ulib.kill(int(rest))


async def _child(program: str, *args: str) -> None:
    """Run a program in the foreground and say how it ended if it did not end well."""
    _, status = await ulib.wait(await ulib.spawn(program, *args))
    if status == 130:
        await ulib.say("^C\n")
    elif status:
        await ulib.say(f"sh: {program} ended with status {status}\n")
