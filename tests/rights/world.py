"""A world of its own for the hostile CPU: what a call would do, told by hand and not by the monitor's code.

The oracle below is written from docs/security.md with other means (whole-string comparisons on a small universe whose
facts are spelled out in tables), so that a mistake in the monitor's parsing or in a rule is not repeated here.
"""

from __future__ import annotations

import random
from typing import Any, NamedTuple

from llmos_kernel import rights
from llmos_kernel.labels import Label
from llmos_kernel.monitor import Action, Past

MANIFEST = {
    "devices": ["calc", "files", "browser", "send", "spawn", "mcp.post"],
    "unveil": {"notes": "rw", "diary": "r", "public": "rw", "notes/locked": "r"},
    "hosts": ["ok.org"],
    "recipients": ["bob", "alice"],
    "private": ["diary"],
    "shared": ["public"],
    "quotas": {"output": 400, "children": 2},
}
RIGHTS = (rights.manifest(MANIFEST),)
DISK = {("notes", "trusted.txt"): Label(2), ("notes", "boot.txt"): Label(1)}
WEB, FILE = ("web:x",), ("calc",)


class Fact(NamedTuple):
    """What one call of the universe does. `legal`: the manifest names all it needs."""

    legal: bool
    kind: str  # "none" harmless, "out", "get", "own", "trusted", "system", "publish", "start", "kill"
    who: str = ""  # who learns its words
    size: int = 0


CALLS: dict[tuple[str, str], Fact] = {
    ("calc", "1+1"): Fact(True, "none"),
    ("python", "1"): Fact(False, "none"),
    ("toaster", "on"): Fact(False, "out"),
    ("shell", "rm -rf /"): Fact(False, "out"),
    ("files", "cat notes/a.txt"): Fact(True, "none"),
    ("files", "cat diary/today"): Fact(True, "none"),
    ("files", "cat secret.txt"): Fact(False, "none"),
    ("files", "cat notes/../secret.txt"): Fact(False, "none"),
    ("files", "ls"): Fact(False, "none"),
    ("files", "search key"): Fact(False, "none"),
    ("files", "write notes/a.txt hi"): Fact(True, "own"),
    ("files", 'write "notes/b c.txt" hi'): Fact(True, "own"),
    ("files", "write ./notes//a.txt hi"): Fact(True, "own"),
    ("files", "write diary/today hi"): Fact(False, "own"),
    ("files", "write notes/locked/a hi"): Fact(False, "own"),
    ("files", "write notesx/a hi"): Fact(False, "own"),
    ("files", "write notes/../../etc/passwd x"): Fact(False, "own"),
    ("files", "write /notes/a.txt x"): Fact(False, "own"),
    ("files", "write ~/notes/a.txt x"): Fact(False, "own"),
    ("files", "write notes/.profile x"): Fact(True, "outside"),
    ("files", "append notes/trusted.txt x"): Fact(True, "trusted"),
    ("files", "write notes/boot.txt x"): Fact(True, "system"),
    ("files", "write public/page.txt x"): Fact(True, "publish", "everybody"),
    ("files", "rm notes/a.txt"): Fact(True, "outside"),
    ("browser", "open https://ok.org/page"): Fact(True, "get", "ok.org"),
    ("browser", "open https://OK.org/page"): Fact(True, "get", "ok.org"),
    ("browser", "open https://ok.org/?q=1"): Fact(True, "out", "ok.org", 20),
    ("browser", "open https://ok.org.evil.net/"): Fact(False, "out", "evil"),
    ("browser", "open https://ok.org@evil.net/"): Fact(False, "out", "evil"),
    ("browser", "open https://evil.net\\@ok.org/"): Fact(False, "out", "evil"),
    ("browser", "open https://secret@ok.org/"): Fact(False, "out", "ok.org"),
    ("browser", "open https://ok.org:99/"): Fact(False, "out", "evil"),
    ("browser", "open file:///etc/passwd"): Fact(False, "none"),
    ("browser", "open ../secret.txt"): Fact(False, "none"),
    ("browser", "find x"): Fact(True, "none"),
    ("send", "bob hello"): Fact(True, "out", "bob", 5),
    ("send", "Alice: hello"): Fact(True, "out", "alice", 5),
    ("send", "eve hello"): Fact(False, "out", "eve", 5),
    ("send", "bob " + "x" * 401): Fact(False, "out", "bob", 401),
    ("mcp.post", "hello"): Fact(True, "out", "mcp.post", 5),
    ("mcp.get", "hello"): Fact(False, "out", "mcp.get", 5),
    ("spawn", "ask"): Fact(True, "start"),
    ("kill", "3"): Fact(False, "kill"),
    ("nonsense", ""): Fact(False, "out"),
}
KEYS = list(CALLS)
LABELS = (
    Label(1),
    Label(2),
    Label(2, (), ("prompt",)),
    Label(3, (), WEB),
    Label(3, (), FILE),
    Label(3),
    Label(2, ("alice",)),
    Label(2, ("nobody",)),
    Label(3, ("alice",), WEB),
    Label(3, ("alice", "bob"), WEB),
    Label(3, ("nobody",), ("calc", "web:x")),
)
BAD = {3, 5, 8, 9, 10}  # which of LABELS somebody outside could have chosen
KNOWS: dict[int, tuple[str, ...] | None] = {  # who may learn what has this label; None: everybody
    **dict.fromkeys(range(11)),
    6: ("alice",),
    7: (),
    8: ("alice",),
    9: ("alice", "bob"),
    10: (),
}


class Try(NamedTuple):
    device: str
    args: Any
    words: int  # of LABELS
    before: int  # of LABELS: what had entered the process
    by: str
    output: int
    children: int


def draw(random_: random.Random) -> Try:
    device, args = random_.choice(KEYS)
    by = "model" if random_.random() < 0.7 else "program"
    return Try(
        device, args, random_.randrange(11), random_.randrange(11), by, random_.choice((0, 396)), random_.choice((0, 2))
    )


def past(one: Try) -> Past:
    return Past(LABELS[one.before], {"output": one.output, "children": one.children}, DISK)


def action(one: Try) -> Action:
    return Action(one.device, one.args, LABELS[one.words], one.by)


def unauthorised(one: Try) -> str:
    """Why this call, if it were made without a question, would be an effect nobody allowed; "" if it may be made."""
    fact = CALLS[(one.device, one.args)]
    if not fact.legal:
        return "not in the manifest"
    if one.by == "model" and fact.kind in ("start", "kill"):
        return "not a model's call"
    if one.output + fact.size > 400 or (fact.kind == "start" and one.children + 1 > 2):
        return "over a quota"
    if fact.who:
        may = KNOWS[one.words]
        if may is not None and fact.who not in may:
            return "told to somebody who may not know"
        sets = [set(k) for k in (KNOWS[one.words], KNOWS[one.before]) if k is not None]
        if sets and fact.who not in set.intersection(*sets) and (one.words in BAD or one.before in BAD):
            return "private, untrusted and a way out"
    chosen = one.words in BAD
    if chosen and fact.kind in ("trusted", "system"):
        return "trusted words replaced"
    if (chosen or one.before in BAD) and fact.kind in ("out", "publish", "outside"):
        return "steered by untrusted words"
    return ""
