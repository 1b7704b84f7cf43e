"""The process table, printed a few times.

Knows: what `ps` returns. Does not know: the screen.
"""

from __future__ import annotations

from . import ulib


async def main(times: int | str = 1, ticks: int | str = 8) -> int:
    for i in range(int(times)):
        if i:
            await ulib.sleep(int(ticks))
        await ulib.say(table(await ulib.ps()))
    return 0


def table(rows: list[ulib.Row]) -> str:
    lines = [f"{'PID':>4} {'PPID':>4} {'PROGRAM':<10} {'STATE':<8} {'TOKENS':>6} {'PAGES':>5} {'DECODED':>7} WHY"]
    lines += [
        f"{r.pid:>4} {r.ppid:>4} {r.program:<10} {r.state:<8} {r.tokens:>6} {r.pages:>5} {r.decoded:>7} {r.why}"
        for r in rows
    ]
    return "\n".join(lines) + "\n"
