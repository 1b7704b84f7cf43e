"""What a call would do outside: which paths it touches, who learns its arguments, whether it can be taken back.

Knows: which reader a call goes to, how a manifest describes devices that are not built in, and what can be seen in the
arguments of one that nobody described. Does not know: rights or labels; it only reads. A call it can't read has a `problem`,
and the monitor refuses it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .forms import (
    ALIASES,
    BASES,
    CONTENT,
    PATHS,
    READERS,
    TO,
    URLS,
    VERBS,
    Effect,
    Spec,
    Unreadable,
    bad,
    canonical,
    people_in,
    size_of,
)
from .names import host_of, is_address, is_web, path_of


def effect_of(device: str, args: Any, specs: Mapping[str, Spec] | None = None) -> Effect:
    """What the call would do. Never raises: what can't be read comes back with a `problem`."""
    try:
        args = args if type(args) is str else _plain(args)
        reader = READERS.get(device)
        if reader is not None:  # a manifest can't explain a built-in device away
            return reader(args)
        return _others(device, args, specs.get(device) if specs else None)
    except (Unreadable, RecursionError) as error:
        return bad(str(error))


def _others(device: str, args: str | Mapping[str, Any], spec: Spec | None) -> Effect:
    if spec is not None:
        return _described(device, spec, args)
    base, dot, verb = device.partition(".")
    if dot and base in BASES:
        verb = canonical(verb) if base == "files" else verb
        if isinstance(args, Mapping) and any(name in args for name in VERBS):
            raise Unreadable(f"{device} has its command in its name")
        return READERS[base]({**args, "verb": verb} if isinstance(args, Mapping) else f"{verb} {args}")
    if device in ALIASES:
        return READERS[ALIASES[device]](args)
    if (
        not device.isascii()
        or device != device.strip()
        or not device
        or (device.lower() in READERS and not device.islower())
    ):
        raise Unreadable("a device's name that looks like another's")
    return _foreign(device, args)


def _plain(args: Any) -> str | Mapping[str, Any]:
    """Text, or named values with their names in small letters."""
    if isinstance(args, Mapping):
        named = {plain_name(name): value for name, value in args.items() if isinstance(name, str)}
        if len(named) != len(args):
            raise Unreadable("two arguments of one name")
        return named
    if args is None:
        return ""
    if isinstance(args, (list, tuple)) and all(isinstance(a, (str, int)) for a in args):
        return " ".join(map(str, args))
    if isinstance(args, (int, float)):
        return str(args)
    raise Unreadable("arguments are text or named values")


def plain_name(name: str) -> str:
    return name.strip().lower()


# -- devices that are not built in --------------------------------------------------------------------------------------


def _foreign(device: str, args: str | Mapping[str, Any]) -> Effect:
    """A device nobody described, an MCP tool say: it may do anything, so all that can be seen in its arguments is judged."""
    if isinstance(args, str):
        return Effect("send", to=(device,), size=len(args), rest=args)
    people, places, addresses = list[str](), list[Any](), list[Any]()
    for name, value in _leaves("", args):
        if name in TO:
            people += people_in(value)
        elif (name in PATHS and name not in ("name", "folder")) or _is_place(name, value):
            places.append(value)
        elif name in URLS or (name not in CONTENT and is_web(str(value))):
            addresses.append(value)
        elif name not in CONTENT and is_address(str(value).strip()):
            people += people_in([value])
    return _outside(device, Spec("send"), args, people, places, addresses)


def _is_place(name: str, value: Any) -> bool:
    return name not in CONTENT and isinstance(value, str) and (value[:1] in ("/", "~") or "../" in value)


def _leaves(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    """The single values inside named ones and lists, each with the nearest name."""
    if isinstance(value, Mapping):
        for inner, one in value.items():
            yield from _leaves(plain_name(str(inner)), one)
    elif isinstance(value, (list, tuple)):
        for one in value:
            yield from _leaves(name, one)
    elif value is not None:
        yield name, value


def _described(device: str, spec: Spec, args: str | Mapping[str, Any]) -> Effect:
    """A call read by its description; named arguments only, except for kinds that need none."""
    if isinstance(args, str):
        if spec.to or spec.path or spec.url:
            return bad("this device needs named arguments")
        return Effect(spec.kind, to=() if spec.kind in ("pure", "read") else (device,), size=len(args), rest=args)
    people = [p for n in spec.to for p in people_in(args.get(n))]
    places = [v for n in spec.path for v in _values(args.get(n))]
    if spec.path and not places and spec.kind in ("write", "delete"):
        return bad("it does not say which path")
    return _outside(device, spec, args, people, places, [v for n in spec.url for v in _values(args.get(n))])


def _outside(
    device: str, spec: Spec, args: Mapping[str, Any], people: list[str], places: list[Any], addresses: list[Any]
) -> Effect:
    paths = [path_of(v) for v in places]
    hosts = [host_of(v) if isinstance(v, str) else None for v in addresses]
    if None in paths or None in hosts:
        return bad("a path or an address that can't be read")
    kind = "web" if hosts and spec.kind in ("web", "read", "pure") else spec.kind
    mode = "w" if kind in ("write", "delete", "send", "run") else "r"
    named = tuple(h[0] for h in hosts if h)
    to = (*named, *people)
    known = (*spec.content, *spec.to, *spec.path, *spec.url)
    return Effect(
        kind,
        tuple((p, mode) for p in paths if p is not None),
        to or ((device,) if kind in ("send", "run") else ()),
        size_of(args),
        any(h[1] for h in hosts if h) or spec.kind != "web",
        tuple(n for n in args if n not in spec.content),
        hosts=named,
        rest=repr(sorted((n, repr(v)) for n, v in args.items() if n not in known)),
    )


def _values(value: Any) -> list[Any]:
    return [] if value is None else list(value) if isinstance(value, (list, tuple)) else [value]
