"""How calls of the built-in devices and of the kernel are written, and what each would do.

Knows: the argument forms of each. Does not know: rights or labels, devices that a manifest describes (`effects.py`). A call
must be read exactly as the device will read it: tests compare the two. What can't be read with certainty is not guessed at.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from .names import Path, host_of, is_web, path_of, person

KINDS = ("free", "pure", "read", "write", "delete", "send", "web", "run", "spawn", "control", "rights", "say")
CONTENT = (
    "text",
    "body",
    "content",
    "contents",
    "message",
    "subject",
    "data",
    "title",
    "description",
    "value",
    "values",
)
"""Names of arguments that are only passed on; all others steer the call."""


class Effect(NamedTuple):
    """`kind` is one of KINDS; `touches` are (path, "r" | "w"); `to` are recipients, or hosts for "web"."""

    kind: str
    touches: tuple[tuple[Path, str], ...] = ()
    to: tuple[str, ...] = ()
    size: int = 0  # characters stored or sent
    carries: bool = True  # for "web": can the address carry data of the caller's choice?
    steering: tuple[str, ...] | None = None  # names of the arguments that steer it; None = all of them
    verb: str = ""
    problem: str = ""
    hosts: tuple[str, ...] = ()  # those of `to` that are hosts; of a "web" call all are
    rest: str = ""  # what else decides what happens: an answer is about this and no other


class Spec(NamedTuple):
    """How a manifest describes a device that is not built in: its kind, and which arguments mean what."""

    kind: str
    to: tuple[str, ...] = ()
    path: tuple[str, ...] = ()
    url: tuple[str, ...] = ()
    content: tuple[str, ...] = CONTENT


class Unreadable(ValueError):
    """A call that can't be read with certainty, and why."""


def bad(why: str) -> Effect:
    return Effect("run", problem=why)


# -- one reader for each device -----------------------------------------------------------------------------------------

_TARGET = re.compile(r"""(?:"([^"]+)"|'([^']+)'|(\S+))(?:\s(.*))?""", re.DOTALL)
_SVG = re.compile(r".*\S\s+to\s+(\S+\.svg)", re.DOTALL)
RECIPIENT = re.compile(r"(?:to\s+)?(\S+?)[:,]?(?:\s(.*))?", re.DOTALL).fullmatch
PATHS = ("path", "file", "filename", "file_path", "name", "folder")
_TEXTS = ("text", "content", "contents", "body", "data", "message", "subject", "title")
TO = ("to", "recipient", "recipients", "cc", "bcc", "participants", "channel", "pid")
URLS = ("url", "href", "link", "address")
VERBS = ("verb", "op", "action", "command", "method", "mode")
_READS = ("cat", "ls", "search", "stat", "")
_WRITES = ("write", "append", "mkdir")
_DELETES = ("rm", "rmdir")
_MOVES = ("mv", "cp")
_TARGETS = ("dst", "destination", "target", "to")
_SOURCES = (*PATHS, "src", "source")
_PLACES = (*_SOURCES, *VERBS, *_TARGETS)
_OF_FILES = frozenset((*_PLACES, *_TEXTS, "query"))
_OF_BROWSER = frozenset((*VERBS, *URLS, *PATHS, "n", "number", "text", "query"))
_OF_SEND = frozenset((*TO, *_TEXTS, "date", "time", "from", "attachments"))
_OF_SPAWN = frozenset(("program", "name", "args", "words", "text", "seed", "manifest"))


def _one(args: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    """The value of the one argument that has such a name. Of two, nobody knows which the device would take."""
    found = [args[name] for name in names if name in args]
    if len(found) > 1:
        raise Unreadable(f"more than one of {', '.join(name for name in names if name in args)}")
    return found[0] if found else None


def _no_strangers(args: Mapping[str, Any], known: frozenset[str]) -> None:
    """An argument that nobody here can read might do anything."""
    if names := args.keys() - known:
        raise Unreadable(f"no such argument: {', '.join(sorted(names))[:80]}")


SYNONYMS = {
    "read": "cat",
    "show": "cat",
    "map": "cat",
    "list": "ls",
    "dir": "ls",
    "find": "search",
    "grep": "search",
    "save": "write",
}
"""Other words for the commands of the files device."""
_WORDS = {
    **SYNONYMS,
    **dict.fromkeys(("r", "get", "open"), "cat"),
    **dict.fromkeys(("w", "put", "create"), "write"),
    **dict.fromkeys(("delete", "remove", "unlink"), "rm"),
    "a": "append",
    "move": "mv",
    "rename": "mv",
    "copy": "cp",
}
"""Words for them in named values too."""


def command(args: str) -> tuple[str, str]:
    """The command of a line for the files device by its own name, and what follows it. `ls` takes flags and says nothing of
    them; the home folder has other names there."""
    verb, _, rest = args.strip().partition(" ")
    verb, rest = SYNONYMS.get(verb.lower(), verb.lower()), rest.strip()
    if verb == "ls":
        rest = re.sub(r"^-[a-z]+(?:\s+|$)", "", rest, flags=re.I)
    return verb, "" if verb == "ls" and rest in ("/", "~", "~/", "*") else rest


def target(rest: str) -> tuple[str, str] | None:
    """The path, quoted where it has blanks, and the text of `write PATH TEXT`; None when there is no path."""
    match = _TARGET.fullmatch(rest)
    return match and (match[1] or match[2] or match[3], match[4] or "")


def unquoted(path: str) -> str:
    return path[1:-1] if len(path) > 1 and path[0] == path[-1] and path[0] in "\"'" else path


def canonical(verb: str) -> str:
    """The command's own name."""
    return _WORDS.get(verb, verb)


HOME_NAMES = ("home", "files", "my files", "home folder", "all files", "here")


def files(args: Any) -> Effect:
    if not isinstance(args, str):
        return _files_named(args)
    verb, rest = command(args)
    if verb == "ls" and rest in HOME_NAMES:  # that folder if there is one, else the whole home: both are looked at
        return Effect("read", (((), "r"), ((rest,), "r")), verb=verb)
    if verb in ("write", "append"):
        written = target(rest)
        return _file(verb, written[0], len(written[1])) if written else bad("write it as: write PATH TEXT")
    if verb in ("ls", "cat"):
        return _file(verb, unquoted(rest), 0)
    if verb == "search":
        return _file(verb, "", 0)
    if verb in _DELETES:
        return _file(verb, rest, 0)
    return bad(f"files has no command {verb[:40]!r}")


def _files_named(args: Mapping[str, Any]) -> Effect:
    _no_strangers(args, _OF_FILES)
    texts = [str(args[name]) for name in _TEXTS if args.get(name) is not None]
    verb = canonical(str(_one(args, VERBS) or ("write" if texts else "cat")).lower())
    source, target = _one(args, _SOURCES), _one(args, _TARGETS)
    if verb in _MOVES:
        return _move(verb, source, target)
    if target is not None:
        return bad(f"{verb} has no second path")
    return _file(verb, "" if source is None and verb in ("ls", "search") else source, sum(map(len, texts)))


def _file(verb: str, path: Any, size: int) -> Effect:
    parts = path_of(path)
    if parts is None:
        return bad(f"a path that leaves its folder or can't be read: {str(path)[:60]!r}")
    if verb in _READS:
        return Effect("read", ((parts, "r"),), verb=verb)
    if verb in _WRITES and parts:
        return Effect("write", ((parts, "w"),), (), size, True, _PLACES, verb)
    if verb in _DELETES and parts:
        return Effect("delete", ((parts, "w"),), verb=verb)
    return bad(f"files has no command {verb[:40]!r} for {'/'.join(parts)[:60]!r}")


def _move(verb: str, source: Any, target: Any) -> Effect:
    a, b = path_of(source), path_of(target)
    if not a or not b:
        return bad("a path that leaves its folder or can't be read")
    kind = "delete" if verb == "mv" else "write"
    return Effect(kind, ((a, "w" if kind == "delete" else "r"), (b, "w"), (a, "r")), verb=verb)


def browser(args: Any) -> Effect:
    if isinstance(args, str):
        verb, _, rest = args.strip().partition(" ")
        return _browse("open", args.strip()) if is_web(verb) and not rest else _browse(verb, rest.strip())
    _no_strangers(args, _OF_BROWSER)
    url = _one(args, URLS + PATHS)
    verb = str(_one(args, VERBS) or ("open" if url is not None else "")).lower()
    effect = _browse("open" if verb in ("get", "fetch", "visit") else verb, str(url or ""))
    more = sum(len(str(args[name])) for name in ("text", "query") if args.get(name))
    return effect._replace(carries=True, size=effect.size + more) if more and effect.kind == "web" else effect


def _browse(verb: str, address: str) -> Effect:
    if verb in ("find", "more"):
        return Effect("pure", verb=verb)
    if verb == "follow" and not address.strip("0123456789"):
        return Effect("web", to=("*",), carries=False, verb=verb)
    if verb != "open" or not address:
        return bad(f"browser has no command {verb[:40]!r}")
    if is_web(address):
        found = host_of(address)
        return (
            Effect("web", to=(found[0],), size=len(address), carries=found[1], verb=verb)
            if found
            else bad("no address")
        )
    if re.match(r"[a-zA-Z][a-zA-Z0-9+.-]*:", address):
        return bad("only http, https and local pages can be opened")
    return _file("cat", address, 0)


def plot(args: Any) -> Effect:
    if not isinstance(args, str):
        path = _one(args, (*PATHS, "to"))
        strange = [v for name, v in args.items() if name not in (*PATHS, "to") and str(v).endswith(".svg")]
        return bad("a file under another name") if strange else Effect("pure") if path is None else _drawn(path)
    match = _SVG.fullmatch(args.strip())
    return _drawn(match[1]) if match else Effect("pure")


def _drawn(path: Any) -> Effect:
    return _file("write", path, 4000)


def send(args: Any) -> Effect:
    """A message: `TO TEXT`, or {"to": ..., "text": ..., "attachments": [PATH]}."""
    if not isinstance(args, str):
        _no_strangers(args, _OF_SEND)
        people = [p for name in TO for p in people_in(args.get(name))]
        if not people:
            return bad("a message without a recipient")
        size = sum(len(str(args.get(t, ""))) for t in _TEXTS)
        names = tuple(n for n in args if n not in CONTENT)
        return Effect("send", _attached(args.get("attachments")), tuple(people), size, steering=names)
    match = RECIPIENT(args.strip())
    if not match:
        return bad("a message has a recipient")
    who = person(match[1])
    return Effect("send", (), (who,), len(match[2] or ""), True, ("to",)) if who else bad(NOBODY)


NOBODY = "a recipient that is nobody, or drawn like somebody else"


def _attached(value: Any) -> tuple[tuple[Path, str], ...]:
    paths = [path_of(v) for v in (value if isinstance(value, list) else [value] if value else [])]
    if not all(paths):
        raise Unreadable("an attachment is a path")
    return tuple((path, "r") for path in paths if path)


def people_in(value: Any) -> list[str]:
    """The recipients that an argument names: a name, several with commas, or a list of names."""
    if value is None:
        return []
    given = (
        value
        if isinstance(value, (list, tuple))
        else str(value).split(",")
        if isinstance(value, (str, int))
        else [None]
    )
    if not all(isinstance(v, (str, int)) for v in given):
        raise Unreadable("a recipient that is no name")
    people = [person(str(v)) for v in given]
    if not all(people):
        raise Unreadable(NOBODY)
    return people


def llm(args: Any) -> Effect:
    return Effect("send", to=("llm",), size=size_of(args))


def shell(args: Any) -> Effect:
    return Effect("run", to=("shell",), size=size_of(args), rest=str(args))


def _pure(args: Any) -> Effect:
    return Effect("pure")


def _free(args: Any) -> Effect:
    return Effect("free")


def say(args: Any) -> Effect:
    return Effect("say", size=size_of(args))


def spawn(args: Any) -> Effect:
    if not isinstance(args, str):
        _no_strangers(args, _OF_SPAWN)
    return Effect("spawn", size=1, rest=str(args))


def control(args: Any) -> Effect:
    return Effect("control", rest=str(args))


def rights(args: Any) -> Effect:
    return Effect("rights")


def size_of(args: Any) -> int:
    return sum(size_of(v) for v in args.values()) if isinstance(args, dict) else len(str(args))


READERS: dict[str, Callable[[Any], Effect]] = {
    "calc": _pure,
    "clock": _pure,
    "python": _pure,
    "search": _pure,  # like page: texts on the library disk, which is no part of the home folder
    "page": _pure,
    "files": files,
    "plot": plot,
    "browser": browser,
    "send": send,
    "llm": llm,
    "shell": shell,
    "console": say,
    "spawn": spawn,
    "fork": spawn,
    "exec": spawn,
    "share": spawn,
    "attach": spawn,
    "kill": control,
    "nice": control,
    "adapter": control,
    "pledge": rights,
    "unveil": rights,
    "wait": _free,
    "exit": _free,
    "sleep": _free,
    "ps": _free,
    "think": _free,
}
CALLS = frozenset(
    (
        "spawn",
        "fork",
        "exec",
        "share",
        "attach",
        "kill",
        "nice",
        "adapter",
        "pledge",
        "unveil",
        "think",
        "wait",
        "ps",
    )
)
"""The kernel's calls that a model may not make by itself."""
ALIASES = {
    "email": "send",
    "mail": "send",
    "message": "send",
    "bash": "shell",
    "sh": "shell",
    "http": "browser",
    "fetch": "browser",
    "web": "browser",
    "file": "files",
    "fs": "files",
}
"""Names under which others mount devices that are read like ours. They need a grant under their own name."""
BASES = ("files", "browser")
"""Devices whose commands can be named like devices: "files.write"."""
