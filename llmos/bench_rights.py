"""`llmos bench rights`: how long deciding a call takes, and how long checking the audit.

Knows: a manifest with a bit of everything, calls of every kind, the clock. Does not know: which decision is right.
The wall's time and the thread's are both given: on a computer that others use too they differ.
"""

from __future__ import annotations

import statistics
import time
from itertools import product
from random import Random
from typing import Any

from llmos_kernel import rights
from llmos_kernel.audit import ROOT, Entry, seal, verify
from llmos_kernel.labels import Label
from llmos_kernel.monitor import Action, Past, check

MANIFEST = {
    "devices": ["calc", "files", "browser", "send", "spawn", "mcp.post"],
    "unveil": {"notes": "rw", "diary": "r", "public": "rw", "notes/locked": "r"},
    "hosts": ["ok.org", "*.docs.org"],
    "recipients": ["bob", "*@work.org"],
    "private": ["diary"],
    "shared": ["public"],
    "quotas": {"output": 400, "children": 2},
}
CALLS: tuple[tuple[str, Any], ...] = (
    ("calc", "37*48"),
    ("files", "cat notes/a.txt"),
    ("files", "write notes/a.txt Buy milk"),
    ("files", {"verb": "write", "path": "public/page.txt", "text": "hello"}),
    ("files", "rm notes/../secret.txt"),
    ("browser", "open https://a.docs.org/page"),
    ("browser", "open https://ok.org/?q=1"),
    ("send", "bob I am late"),
    ("send", {"to": ["ann@work.org"], "text": "hi"}),
    ("mcp.post", {"text": "hello", "path": "notes/a.txt"}),
    ("spawn", "ask"),
    ("shell", "rm -rf /"),
)
WEB = Label(3, (), ("web:x",))
LABELS = (Label(2), Label(2, ("nobody",)), WEB, Label(3, ("alice",), ("web:x",)))
DECISIONS, RECORDS = 20_000, 1_000_000


def bench_rights() -> dict[str, Any]:
    """{"decide": microseconds, "verify": seconds for a million records}."""
    return {"decide_us": deciding(), "verify_million_s": verifying()}


def deciding(count: int = DECISIONS) -> dict[str, float]:
    """Of one call, in microseconds. Each text is new, so that nothing is remembered of it."""
    held = (rights.manifest(MANIFEST),)
    drawn = Random(1).choices(list(product(CALLS, LABELS, LABELS)), k=count)
    walls, threads = [], []
    for number, ((device, args), words, before) in enumerate(drawn):
        fresh = f"{args} {number}" if isinstance(args, str) else args
        act, past = Action(device, fresh, words), Past(before, {"output": 3}, {("notes", "a.txt"): Label(2)})
        wall, thread = time.perf_counter_ns(), time.thread_time_ns()
        check(held, past, act)
        threads.append(time.thread_time_ns() - thread)
        walls.append(time.perf_counter_ns() - wall)
    return {
        "median_thread": statistics.median(threads) / 1000,
        "median_wall": statistics.median(walls) / 1000,
        "slowest_hundredth_thread": statistics.quantiles(threads, n=100)[-1] / 1000,
        "n": count,
    }


def verifying(count: int = RECORDS) -> dict[str, float]:
    """Of a chain of so many records, in seconds. Making the chain is not counted."""
    body = Entry(1, 1, 1, "ask", "model", "calc", "37*48", ("USER", (), ()), "allow", "granted", "").line()
    lines, last = [], ROOT
    for _ in range(count):
        last = seal(last, body)
        lines.append(f"{last} {body}")
    wall, thread = time.perf_counter(), time.thread_time()
    held, _, wrong = verify(lines, (count, last))
    assert (held, wrong) == (count, "")
    return {"thread": time.thread_time() - thread, "wall": time.perf_counter() - wall, "n": count}
