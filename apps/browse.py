"""Reading pages: open one, follow its numbered links, find words in it.

Knows: the browser device's commands and who types. Does not know: where pages come from or which hosts are allowed.
"""

from __future__ import annotations

from . import ulib

HELP = "open PAGE · follow N · find WORDS · more · an empty line leaves\n"


async def main(page: str = "") -> int:
    line = f"open {page}" if page else ""
    if not line:
        await ulib.say(HELP)
    while line or (line := await _line()):
        try:
            await ulib.say((await ulib.call("browser", line)) + "\n")
        except ulib.NoSuchChannel as error:
            await ulib.complain(f"browse: {error}; `llmos run browse` mounts it, or --devices browser\n")
            return 1
        except ulib.Interrupted:
            await ulib.say("^C\n")
        except ulib.KernelError as error:
            await ulib.say(f"browse: {error}\n")
        line = ""
    return 0


async def _line() -> str:
    await ulib.say("browse> ")
    try:
        return (await ulib.hear()).strip()
    except (ulib.EndOfInput, ulib.Interrupted):
        return ""
