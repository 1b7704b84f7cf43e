"""Rights: what a process may touch at all. A manifest grants; `pledge`, `unveil` and inheritance only take away.

Knows: manifests and how to read one, and what several of them permit together. Does not know: labels, who asks, what a call
means. A process holds a tuple of manifests, its *layers*, and may do what every layer permits. The only operation is to
add a layer, so rights can't grow: not by a mistake in a formula either. A child starts with its parent's layers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from .effects import plain_name
from .forms import BASES, CONTENT, KINDS, Effect, Spec, canonical
from .labels import NOBODY, Label, Ring
from .names import Path, fold, host_of, is_address, path_of, person

QUOTAS = ("calls", "tokens", "ticks", "frames", "disk", "output", "children")
"""Calls judged; tokens and ticks run; frames held; characters written to disk; characters sent out or said; children made."""
MAX_LAYERS = 16  # narrowings of one process; each costs a little at every call


class Manifest(NamedTuple):
    """One layer. None says nothing about that kind of right (a pledge of devices leaves paths alone)."""

    devices: tuple[str, ...] | None = None  # "files", "files.cat", "*"
    paths: tuple[tuple[Path, str], ...] | None = None  # what is unveiled, and how: "r", "rw"; the longest match counts
    hosts: tuple[str, ...] | None = None  # "example.org", "*.example.org", "example.org:8080", "*"
    recipients: tuple[str, ...] | None = None  # "alice", "*@example.org", "*"
    quotas: tuple[tuple[str, int], ...] = ()
    private: tuple[tuple[Path, tuple[str, ...]], ...] = ()  # paths whose content only these may read
    shared: tuple[Path, ...] = ()  # paths that others can read: to write there is to publish
    own: tuple[Path, ...] | None = None  # where what is written stays its own; None = wherever it may write
    specs: Mapping[str, Spec] = {}  # devices described by the manifest
    asks: bool = True  # may the person be asked? If not, every Ask is a Deny


Rights = tuple[Manifest, ...]
EVERYTHING = Manifest(("*",), (((), "rw"), (("/",), "rw")), ("*",), ("*",))


# -- what is permitted --------------------------------------------------------------------------------------------------


def device_granted(rights: Rights, device: str, verb: str = "") -> bool:
    """Every layer names the device, or this command of it."""
    for layer in rights:
        names = layer.devices
        if names is not None and device not in names and "*" not in names and f"{device}.{verb}" not in names:
            return False
    return bool(rights)


def path_granted(rights: Rights, path: Path, mode: str) -> bool:
    for layer in rights:
        if layer.paths is not None and mode not in _modes(layer.paths, path):
            return False
    return bool(rights)


def _modes(paths: tuple[tuple[Path, str], ...], path: Path) -> str:
    """The modes of the longest unveiled prefix of `path`; the same path twice permits what both do.

    What is hidden is hidden in any capitals: not every disk tells them apart.
    """
    best, modes = -1, ""
    for prefix, letters in paths:
        n = len(prefix)
        if n >= best and (path if letters else fold(path))[:n] == prefix and (n or path[:1] != ("/",)):
            modes = letters if n > best else _both(modes, letters)
            best = n
    return modes


def _both(a: str, b: str) -> str:
    return "".join([c for c in a if c in b])


def host_granted(rights: Rights, host: str) -> bool:
    return bool(rights) and all(layer.hosts is None or _named(layer.hosts, host, ".") for layer in rights)


def recipient_granted(rights: Rights, who: str) -> bool:
    return bool(rights) and all(layer.recipients is None or _named(layer.recipients, who, "@") for layer in rights)


def _named(names: tuple[str, ...], name: str, mark: str) -> bool:
    """`name`, "*", or a star and the end of the name from `mark` on. "*" as a name (any host) needs some host at all."""
    if name == "*":
        return bool(names)
    if name in names or "*" in names:
        return True
    return any(n[:2] == "*" + mark and name.endswith(n[1:]) for n in names) and (mark == "." or is_address(name))


def quota(rights: Rights, name: str) -> int | None:
    """The smallest limit of any layer; None when there is none."""
    limits = [limit for layer in rights for key, limit in layer.quotas if key == name]
    return min(limits) if limits else None


def is_own(rights: Rights, path: Path) -> bool:
    """Does what is written there stay with the program? Never an absolute path or a hidden file."""
    for part in path:
        if part[0] in "/.":
            return False
    return all(layer.own is None or any(path[: len(own)] == own for own in layer.own) for layer in rights)


def is_shared(rights: Rights, path: Path) -> bool:
    small = fold(path)
    for layer in rights:
        for place in layer.shared:
            if small[: len(place)] == place:
                return True
    return False


def readers_of(rights: Rights, path: Path) -> tuple[str, ...]:
    """Who may read a file's content by the manifests; () is everybody."""
    small = fold(path)
    found = [readers for layer in rights for place, readers in layer.private if small[: len(place)] == place]
    if not found:
        return ()
    return tuple(sorted(set(found[0]).intersection(*found[1:]))) or (NOBODY,)


def asks(rights: Rights) -> bool:
    return all(layer.asks for layer in rights)


def specs(rights: Rights) -> Mapping[str, Spec]:
    """Descriptions come from the first layer, the machine's own: a later one may not explain a device away."""
    return rights[0].specs if rights else {}


# -- narrowing ----------------------------------------------------------------------------------------------------------


def narrow(rights: Rights, layer: Manifest) -> Rights:
    """With one condition more. The same condition twice is one."""
    return rights if layer in rights else (*rights, layer)


def excess(rights: Rights, wanted: Manifest) -> str:
    """What `wanted` names that `rights` do not permit, as a phrase; "" when it only narrows."""
    for device in wanted.devices or ():
        base, _, verb = device.partition(".")
        if not (device_granted(rights, device) or (verb and device_granted(rights, base, verb))):
            return f"the device {device}"
    for path, modes in wanted.paths or ():
        if not all(path_granted(rights, path, mode) for mode in modes):
            return f"{modes} on {'/'.join(path) or 'the home folder'}"
    for host in wanted.hosts or ():
        if not host_granted(rights, host) or (
            host == "*" and not all(n.hosts is None or "*" in n.hosts for n in rights)
        ):
            return f"the host {host}"
    for who in wanted.recipients or ():
        if not recipient_granted(rights, who) or (
            who == "*" and not all(n.recipients is None or "*" in n.recipients for n in rights)
        ):
            return f"the recipient {who}"
    for name, limit in wanted.quotas:
        have = quota(rights, name)
        if have is not None and limit > have:
            return f"{limit} {name}"
    return ""


# -- reading a manifest -------------------------------------------------------------------------------------------------


def manifest(raw: Any, whole: bool = True) -> Manifest:
    """A manifest from plain values (docs/security.md lists the fields). Never raises: what makes no sense grants nothing.

    `whole`: what is missing grants nothing. A layer of a pledge is not whole: what is missing says nothing.
    """
    if not isinstance(raw, Mapping):
        return Manifest((), (), (), ()) if whole else Manifest()
    none: Any = () if whole else None
    devices = raw.get("devices", raw.get("allow"))
    return Manifest(
        devices=none if devices is None else tuple(map(_device, names_in(devices))),
        paths=none if _paths_in(raw) is None else unveiled(_paths_in(raw)),
        hosts=none if raw.get("hosts") is None else tuple(map(_host, names_in(raw["hosts"]))),
        recipients=none if raw.get("recipients") is None else tuple(map(person, names_in(raw["recipients"]))),
        quotas=_quotas(raw.get("quotas", raw.get("quota"))),
        private=_private(raw.get("private")),
        shared=tuple(fold(p) for p in map(place, names_in(raw.get("shared"))) if p is not None),
        own=None if raw.get("own") is None else tuple(p for p in map(place, names_in(raw["own"])) if p is not None),
        specs=_specs(devices),
        asks=raw.get("ask", True) is not False,
    )


def _paths_in(raw: Mapping[str, Any]) -> Any:
    return raw.get("unveil", raw.get("paths"))


def names_in(raw: Any) -> list[str]:
    """The names of a list, of a mapping (its keys, but those that are false), or one name; anything else is none."""
    if isinstance(raw, str):
        return [raw]
    if isinstance(raw, Mapping):
        return [name for name, value in raw.items() if isinstance(name, str) and value is not False]
    return [item for item in raw if isinstance(item, str)] if isinstance(raw, (list, tuple)) else []


def _device(name: str) -> str:
    """ "files.read" is "files.cat" by another name."""
    base, dot, verb = name.partition(".")
    return f"{base}.{canonical(verb)}" if dot and base in BASES[:1] else name


def unveiled(raw: Any) -> tuple[tuple[Path, str], ...]:
    """{"notes": "rw"}, [["notes", "rw"]], [{"path": "notes", "mode": "rw"}], ["notes:rw"] or ["notes"] (read only)."""
    pairs = list(raw.items()) if isinstance(raw, Mapping) else [_pair(item) for item in _items(raw)]
    found = [(place(path), _letters(mode)) for path, mode in pairs]
    return tuple((path if letters else fold(path), letters) for path, letters in found if path is not None)


def _items(raw: Any) -> list[Any]:
    return [raw] if isinstance(raw, str) else list(raw) if isinstance(raw, (list, tuple)) else []


def _pair(item: Any) -> tuple[Any, Any]:
    if isinstance(item, str):
        path, colon, mode = item.rpartition(":")
        return (path, mode) if colon else (item, "r")
    if isinstance(item, Mapping):
        return item.get("path"), item.get("mode", item.get("modes", "r"))
    return (item[0], item[1]) if isinstance(item, (list, tuple)) and len(item) == 2 else (None, "")


def _letters(mode: Any) -> str:
    """The letters r and w of a mode; a word that is no mode gives none."""
    words = {"read": "r", "readonly": "r", "write": "w", "readwrite": "rw", "read-write": "rw", "create": "w"}
    if isinstance(mode, (list, tuple)):
        return "".join(sorted({c for m in mode for c in _letters(m)}))
    text = words.get(str(mode).lower(), str(mode).lower())
    letters = text.replace("c", "w")
    return "".join(c for c in "rw" if c in letters) if set(letters) <= set("rwx") else ""


def place(text: Any) -> Path | None:
    """A manifest's path; "notes/*" and "notes/**" mean the folder."""
    if isinstance(text, str):
        text = text.removesuffix("/**").removesuffix("/*")
        text = "" if text in ("*", "**", "~") else text.removeprefix("~/")
    return path_of(text)


def _host(text: str) -> str:
    text = text.strip().lower()
    found = host_of(text) if "://" in text else None
    return found[0] if found else text.partition("/")[0].rstrip(".")


def _quotas(raw: Any) -> tuple[tuple[str, int], ...]:
    """A limit that is no number is 0."""
    if not isinstance(raw, Mapping):
        return ()
    return tuple((k, _limit(v)) for k, v in raw.items() if isinstance(k, str) and v is not None)


def _limit(value: Any) -> int:
    whole = int(value) if isinstance(value, float) and value.is_integer() else value
    return max(whole, 0) if type(whole) is int else 0


def _private(raw: Any) -> tuple[tuple[Path, tuple[str, ...]], ...]:
    """["secrets"] (only the person may read) or {"mail": ["alice"]}."""
    pairs = raw.items() if isinstance(raw, Mapping) else [(name, ()) for name in names_in(raw)]
    found = [
        (place(name), tuple(sorted(person(r) or NOBODY for r in names_in(who))) or (NOBODY,)) for name, who in pairs
    ]
    return tuple((fold(path), who) for path, who in found if path is not None)


def _specs(raw: Any) -> dict[str, Spec]:
    if not isinstance(raw, Mapping):
        return {}
    return {name: _spec(one) for name, one in raw.items() if isinstance(one, Mapping) and one.get("effect") is not None}


def _spec(raw: Mapping[str, Any]) -> Spec:
    """An effect nobody knows is the strongest: `run`."""
    kind = str(raw.get("effect"))
    content = tuple(map(plain_name, names_in(raw["content"]))) if raw.get("content") is not None else CONTENT
    to, path, url = (tuple(map(plain_name, names_in(raw.get(name)))) for name in ("to", "path", "url"))
    return Spec(kind if kind in KINDS and kind not in ("free", "rights", "say") else "run", to, path, url, content)


def label(raw: Any) -> Label:
    """{"ring", "readers", "origin"}; no label at all is UNKNOWN, a missing or odd ring is data, odd readers are nobody."""
    if not isinstance(raw, Mapping) or not raw:
        return Label(Ring.DATA, (NOBODY,), ("unknown",))
    name = raw.get("ring")
    rings = {ring.name: ring for ring in Ring}
    ring = rings.get(str(name).upper(), Ring.DATA)
    return Label(ring, _readers(raw.get("readers")), tuple(sorted(set(names_in(raw.get("origin"))))))


def _readers(raw: Any) -> tuple[str, ...]:
    """[] and a missing field: everybody; "*", "everyone", "public" in it too."""
    if raw is None:
        return ()
    if not isinstance(raw, (list, tuple, str)):
        return (NOBODY,)
    names = {person(name) or NOBODY for name in names_in(raw)}
    if names & {"*", "all", "anyone", "everybody", "everyone", "public"}:
        return ()
    return tuple(sorted(names)) if names or not raw else (NOBODY,)


def used_up(rights: Rights, used: Mapping[str, int], effect: Effect) -> str:
    """The first quota that the call would exceed; ""."""
    for layer in rights:
        for name, limit in layer.quotas:
            so_far = used.get(name, 0)
            if so_far + adds(name, effect) > limit:
                return f"{name} ({so_far} of {limit} used)"
    return ""


def spent(rights: Rights, purses: Sequence[Mapping[str, int]]) -> dict[str, int]:
    """What counts as used of each quota: the layer that has least left decides."""
    least: dict[str, int] = {}
    for layer, purse in zip(rights, purses, strict=True):
        for name, limit in layer.quotas:
            least[name] = min(limit - purse.get(name, 0), least.get(name, limit))
    return {name: (quota(rights, name) or 0) - left for name, left in least.items()}


def adds(name: str, effect: Effect) -> int:
    """What one call adds to a quota."""
    if name == "calls":
        return 1
    if name == "disk":
        return effect.size if effect.kind == "write" else 0
    if name == "output":
        return effect.size if effect.kind in ("send", "web", "say", "run") else 0
    return int(name == "children" and effect.kind == "spawn")
