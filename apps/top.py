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
    """The adapters are shown where somebody has one."""
    adapted = any(r.adapter != "none" for r in rows)
    head = f"{'ADAPTER':<8} " if adapted else ""
    lines = [f"{'PID':>4} {'PPID':>4} {'PROGRAM':<10} {'STATE':<8} {'TOKENS':>6} {'PAGES':>5} {'DECODED':>7} {head}WHY"]
    for r in rows:
        used = f"{r.tokens:>6} {r.pages:>5} {r.decoded:>7}" + (f" {r.adapter:<8}" if adapted else "")
        lines.append(f"{r.pid:>4} {r.ppid:>4} {r.program:<10} {r.state:<8} {used} {r.why}")
    return "\n".join(lines) + "\n"
