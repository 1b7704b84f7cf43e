"""What a call would do outside: which paths it touches, who learns its arguments, whether it can be taken back.

Knows: the argument forms of the built-in devices and of the kernel's calls, and how a manifest describes others. Does not
know: rights or labels; it only reads. A call it can't read has a `problem`, and the monitor refuses it. It must read a call
exactly as the device will: tests compare the two.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import urlsplit

Path = tuple[str, ...]
"""A file's path in parts below the home folder; an absolute one begins with the part "/"."""

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

MAX_PARTS = 64


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


class Spec(NamedTuple):
    """How a manifest describes a device that is not built in: its kind, and which arguments mean what."""

    kind: str
    to: tuple[str, ...] = ()
    path: tuple[str, ...] = ()
    url: tuple[str, ...] = ()
    content: tuple[str, ...] = CONTENT


def bad(why: str) -> Effect:
    return Effect("run", problem=why)


# -- paths and addresses ------------------------------------------------------------------------------------------------


def path_of(text: Any) -> Path | None:
    """A path in parts; None for one that could name something else than it says (.., ~, backslash, control characters)."""
    if not isinstance(text, str) or text.startswith("~") or "\\" in text or not text.isprintable():
        return None
    parts = text.split("/")
    if "" in parts or "." in parts:
        parts = [part for part in parts if part and part != "."]
    if ".." in parts or len(parts) > MAX_PARTS:
        return None
    return ("/", *parts) if text.startswith("/") else tuple(parts)


_CLEAR = re.compile(r"[!-\[\]-~]*").fullmatch  # what is printable in ASCII, but for the backslash


def host_of(url: str) -> tuple[str, bool] | None:
    """(host or host:port, does it carry data?) of a web address; None for one that can't be read with certainty."""
    if not _CLEAR(url):
        return None
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not host or "@" in parts.netloc:
        return None
    usual = port is None or port == (443 if parts.scheme == "https" else 80)
    return (host if usual else f"{host}:{port}"), bool(parts.query) or len(parts.path) > 60 or "%" in parts.path


def is_web(text: str) -> bool:
    return text[:8].lower().startswith(("http://", "https://"))


# -- one reader for each device -----------------------------------------------------------------------------------------

_TARGET = re.compile(r'(?:"([^"]+)"|(\S+))(?:\s(.*))?', re.DOTALL).fullmatch
_SVG = re.compile(r".*\S\s+to\s+(\S+\.svg)", re.DOTALL)
RECIPIENT = re.compile(r"(?:to\s+)?(\S+?)[:,]?(?:\s(.*))?", re.DOTALL).fullmatch
_PATHS = ("path", "file", "filename", "file_path", "name", "folder")
_TEXTS = ("text", "content", "contents", "body", "data", "message", "subject", "title", "attachments")
_TO = ("to", "recipient", "recipients", "cc", "bcc", "participants", "channel", "pid")
_URLS = ("url", "href", "link", "address")
_VERBS = ("verb", "op", "action", "command", "method", "mode")
_READS = ("cat", "ls", "read", "list", "search", "r", "get", "open", "stat", "")
_WRITES = ("write", "append", "w", "a", "put", "create", "mkdir")
_DELETES = ("rm", "delete", "remove", "unlink", "rmdir")
_MOVES = ("mv", "move", "rename", "cp", "copy")


_PLACES = (*_PATHS, *_VERBS, "dst", "destination", "target", "src", "source")


def _first(args: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    return next((args[n] for n in names if n in args), None)


def _strangers(args: Mapping[str, Any], *known: tuple[str, ...]) -> str:
    """Names of arguments that nobody here can read: they might do anything."""
    names = [name for name in args if not any(name in group for group in known)]
    return f"no such argument: {', '.join(map(str, names))[:80]}" if names else ""


SYNONYMS = {
    "read": "cat",
    "show": "cat",
    "list": "ls",
    "dir": "ls",
    "find": "search",
    "grep": "search",
    "save": "write",
}
"""Other words for the commands of the files device."""
HOME_NAMES = ("home", "files", "my files", "home folder", "all files", "here")


def files(args: Any) -> Effect:
    if isinstance(args, Mapping):
        return _files_named(args)
    verb, _, rest = args.strip().partition(" ")
    verb, rest = SYNONYMS.get(verb, verb), rest.strip()
    if verb == "ls" and rest in HOME_NAMES:  # that folder if there is one, else the whole home: both are looked at
        return Effect("read", (((), "r"), ((rest,), "r")), verb=verb)
    if verb in ("write", "append"):
        match = _TARGET(rest)
        if not match:
            return bad("write it as: write PATH TEXT")
        return _file(verb, match[1] or match[2], len(match[3] or ""))
    if verb in ("ls", "cat"):
        return _file(verb, rest[1:-1] if len(rest) > 1 and rest[0] == rest[-1] == '"' else rest, 0)
    if verb == "search":
        return _file(verb, "", 0)
    if verb in _DELETES:
        return _file(verb, rest, 0)
    return bad(f"files has no command {verb[:40]!r}")


def _files_named(args: Mapping[str, Any]) -> Effect:
    text = _first(args, _TEXTS)
    verb = str(_first(args, _VERBS) or ("write" if text is not None else "cat")).lower()
    target = _first(args, ("dst", "destination", "target", "to"))
    source = _first(args, ("path", "file", "filename", "file_path", "name", "folder", "src", "source"))
    wrong = _strangers(args, _VERBS, _TEXTS, _PATHS, ("dst", "destination", "target", "to", "src", "source", "query"))
    if wrong:
        return bad(wrong)
    if verb in _MOVES:
        return _move(verb, source, target)
    if target is not None:
        return bad(f"{verb} has no second path")
    return _file(verb, "" if source is None and verb in ("ls", "list", "search") else source, len(str(text or "")))


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
    kind = "delete" if verb in ("mv", "move", "rename") else "write"
    return Effect(kind, ((a, "w" if kind == "delete" else "r"), (b, "w"), (a, "r")), verb=verb)


def _steering(content: tuple[str, ...], names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(n for n in names if n not in content)


def browser(args: Any) -> Effect:
    if isinstance(args, Mapping):
        wrong = _strangers(args, _VERBS, _URLS, _PATHS, ("n", "number", "text", "query"))
        url = _first(args, _URLS + _PATHS)
        verb = str(_first(args, _VERBS) or ("open" if url is not None else "")).lower()
        return bad(wrong) if wrong else _browse("open" if verb in ("get", "fetch", "visit") else verb, str(url or ""))
    verb, _, rest = args.strip().partition(" ")
    return _browse("open", args.strip()) if is_web(verb) and not rest else _browse(verb, rest.strip())


def _browse(verb: str, address: str) -> Effect:
    if verb in ("find", "more"):
        return Effect("pure", verb=verb)
    if verb == "follow":
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
    if isinstance(args, Mapping):
        path = _first(args, (*_PATHS, "to"))
        return Effect("pure") if path is None else _file("write", path, 4000)
    match = _SVG.fullmatch(args.strip())
    return _file("write", match[1], 4000) if match else Effect("pure")


def send(args: Any) -> Effect:
    """A message: `TO TEXT`, or {"to": ..., "text": ...}."""
    if isinstance(args, Mapping):
        wrong = _strangers(args, _TO, _TEXTS, ("date", "time", "from"))
        people = [p for name in _TO for p in _several(args.get(name))]
        if wrong or not people or not all(people):
            return bad(wrong or "a message without a recipient")
        size = sum(len(str(args.get(t, ""))) for t in _TEXTS)
        return Effect("send", to=tuple(people), size=size, steering=_steering(CONTENT, tuple(map(str, args))))
    match = RECIPIENT(args.strip())
    if not match:
        return bad("a message has a recipient")
    return Effect("send", to=(_person(match[1]),), size=len(match[2] or ""), steering=("to",))


def _several(value: Any) -> list[str]:
    if value is None:
        return []
    return [_person(v) for v in (value if isinstance(value, (list, tuple)) else str(value).split(","))]


def _person(name: Any) -> str:
    """Names are compared exactly but for case; one with anything unprintable in it is nobody's."""
    text = str(name).strip().casefold()
    return text if text.isprintable() else ""


def llm(args: Any) -> Effect:
    return Effect("send", to=("llm",), size=_size(args))


def shell(args: Any) -> Effect:
    return Effect("run", to=("shell",), size=_size(args))


def reading(args: Any) -> Effect:
    """Search and page: texts on the library disk, which is no part of the home folder."""
    return Effect("pure")


def _pure(args: Any) -> Effect:
    return Effect("pure")


def _free(args: Any) -> Effect:
    return Effect("free")


def say(args: Any) -> Effect:
    return Effect("say", size=_size(args))


def spawn(args: Any) -> Effect:
    return Effect("spawn", size=1)


def control(args: Any) -> Effect:
    return Effect("control")


def rights(args: Any) -> Effect:
    return Effect("rights")


def _size(args: Any) -> int:
    return sum(_size(v) for v in args.values()) if isinstance(args, Mapping) else len(str(args))


READERS: dict[str, Callable[[Any], Effect]] = {
    "calc": _pure,
    "clock": _pure,
    "python": _pure,
    "search": reading,
    "page": reading,
    "files": files,
    "plot": plot,
    "browser": browser,
    "send": send,
    "llm": llm,
    "shell": shell,
    "console": say,
    "say": say,
    "write": say,
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
    "read": _free,
    "open": _free,
    "close": _free,
    "wait": _free,
    "exit": _free,
    "sleep": _free,
    "ps": _free,
    "think": _free,
}
CALLS = (
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


def effect_of(device: str, args: Any, specs: Mapping[str, Spec] | None = None) -> Effect:
    """What the call would do. Never raises: what can't be read comes back with a `problem`."""
    if type(args) is str and not specs:
        return _of_text(device, args)
    return _effect_of(device, args, specs)


@lru_cache(maxsize=4096)
def _of_text(device: str, text: str) -> Effect:
    """The same text is read once; reading is a function of the text alone."""
    return _effect_of(device, text, None)


def _effect_of(device: str, args: Any, specs: Mapping[str, Spec] | None) -> Effect:
    if type(args) is not str:
        args = _plain(args)
        if args is None:
            return bad("arguments are text or named values")
    spec = specs.get(device) if specs else None
    if spec is not None:
        return _described(device, spec, args)
    reader = READERS.get(device)
    if reader is not None:
        return reader(args)
    base, dot, verb = device.partition(".")
    if dot and base in ("files", "browser"):
        return _dotted(base, verb, args)
    return READERS[ALIASES[device]](args) if device in ALIASES else _foreign(device, args)


def _plain(args: Any) -> str | Mapping[str, Any] | None:
    if args is None:
        return ""
    if isinstance(args, Mapping):
        return args if all(isinstance(k, str) for k in args) else None
    if isinstance(args, (list, tuple)) and all(isinstance(a, (str, int)) for a in args):
        return " ".join(map(str, args))
    return str(args) if isinstance(args, (int, float)) else None


def _dotted(base: str, verb: str, args: Any) -> Effect:
    """ "files.write" is the files device's command write."""
    verb = {"read": "cat", "list": "ls"}.get(verb, verb)
    return READERS[base]({**args, "verb": verb} if isinstance(args, Mapping) else f"{verb} {args}")


def _foreign(device: str, args: Any) -> Effect:
    """A device nobody described, an MCP tool say: it may do anything with its arguments, so read what can be read."""
    if not isinstance(args, Mapping):
        return Effect("send", to=(device,), size=len(args))
    return _described(device, Spec("send", _TO, ("path", "file", "filename", "file_path"), _URLS), args)


def _described(device: str, spec: Spec, args: Any) -> Effect:
    """A call read by its description; named arguments only, except for kinds that need none."""
    if not isinstance(args, Mapping):
        if spec.kind in ("pure", "read") and not spec.path and not spec.url:
            return Effect(spec.kind)
        return (
            Effect(spec.kind, to=(device,), size=len(args))
            if not (spec.to or spec.path or spec.url)
            else bad("this device needs named arguments")
        )
    paths = [path_of(v) for n in spec.path for v in _values(args.get(n))]
    hosts = [host_of(v) for n in spec.url for v in _values(args.get(n))]
    if None in paths or None in hosts:
        return bad("a path or an address that can't be read")
    people = [p for n in spec.to for p in _several(args.get(n))]
    mode = "w" if spec.kind in ("write", "delete", "send", "run") else "r"
    to = (*(h[0] for h in hosts if h), *people)
    return Effect(
        "web" if hosts and spec.kind in ("web", "read", "pure") else spec.kind,
        tuple((p, mode) for p in paths if p is not None),
        to or ((device,) if spec.kind in ("send", "run") else ()),
        _size(args),
        any(h[1] for h in hosts if h) or spec.kind != "web",
        tuple(n for n in args if n not in spec.content),
    )


def _values(value: Any) -> list[Any]:
    return [] if value is None else list(value) if isinstance(value, (list, tuple)) else [value]
