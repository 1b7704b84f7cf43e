"""What the machine may use of the world around it: a small file of the person's, and options that go before it.

Knows: settings.toml (docs/devices.md shows one) and how its values and the options are read. Does not know: devices. What is
configured is mounted: an MCP server brings the device `mcp`, an allowed host `browser`, a model's address `llm`. Bad values are
one line. The key of a remote model comes from the environment variable that `llm.key_env` names, else from LLMOS_LLM_KEY.
"""

from __future__ import annotations

import os
import re
import shlex
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from . import paths
from .errors import UsageError
from .options import DEVICES, Options

KEY = "LLMOS_LLM_KEY"
FIELDS = ("home", "library", "devices", "hosts", "mcp", "llm")
LLM_FIELDS = ("url", "model", "key_env")
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,30}")
_HOST = re.compile(r"[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::\d{1,5})?")
_URL = re.compile(r"https?://[^\s/]+(?:/\S*)?")
Server = tuple[str, tuple[str, ...] | str]


@dataclass(frozen=True)
class Outside:
    """As given on the command line; what is None or empty is the file's to say."""

    home: Path | None = None
    library: Path | None = None
    devices: str | None = None
    hosts: tuple[str, ...] = ()
    mcp: tuple[str, ...] = ()
    llm: str = ""


NOTHING = Outside()


def applied(options: Options, given: Outside = NOTHING) -> Options:
    """The options with the settings file and what was given. Raises UsageError."""
    path = paths.settings()
    kept = _read(path)
    llm = kept.get("llm", {})
    servers = tuple(_server(one, "--mcp") for one in given.mcp) or tuple(
        _server(f"{name}={target}", f"{path}: mcp.{name}") for name, target in kept.get("mcp", {}).items()
    )
    hosts = tuple(_host(one, "--host") for one in given.hosts) or tuple(
        _host(one, str(path)) for one in kept.get("hosts", ())
    )
    url = _url(given.llm, "--llm") if given.llm else _url(llm["url"], f"{path}: llm.url") if llm.get("url") else ""
    brought = [name for name, there in (("mcp", servers), ("browser", hosts), ("llm", url)) if there]
    return replace(
        options,
        home=given.home or _folder(kept.get("home")) or options.home,
        library=given.library or _folder(kept.get("library")) or options.library,
        devices=_devices(given.devices, kept.get("devices"), brought, options.devices),
        hosts=hosts,
        servers=servers,
        llm_url=url,
        llm_model=llm.get("model", "default"),
        llm_key=os.environ.get(llm.get("key_env", KEY), ""),
    )


def _devices(
    given: str | None, kept: Sequence[str] | None, brought: Sequence[str], usual: Sequence[str]
) -> tuple[str, ...]:
    """Named ones as they are named; otherwise the file's or the usual ones, and what the rest of the settings brings."""
    if given is not None:
        return tuple(name for part in given.split(",") if (name := part.strip()))
    return tuple(dict.fromkeys([*(kept if kept is not None else usual or DEVICES), *brought]))


def _read(path: Path) -> dict[str, Any]:
    """The file's fields with their types checked; {} when there is none."""
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"{path}: can't be read: {error}") from None
    _known(path, raw, FIELDS)
    for name, value in raw.items():
        if name in ("home", "library"):
            good = isinstance(value, str)
        elif name in ("devices", "hosts"):
            good = isinstance(value, list) and all(isinstance(one, str) for one in value)
        else:
            good = isinstance(value, dict) and all(isinstance(one, str) for one in value.values())
        if not good:
            kind = (
                "a text"
                if name in ("home", "library")
                else "a list of texts"
                if name in ("devices", "hosts")
                else "texts by name"
            )
            raise UsageError(f"{path}: {name} is {kind}")
    _known(path, raw.get("llm", {}), LLM_FIELDS, "llm.")
    return raw


def _known(path: Path, fields: Mapping[str, Any], names: Sequence[str], prefix: str = "") -> None:
    for name in fields:
        if name not in names:
            raise UsageError(f"{path}: no setting {prefix}{name}; there are {', '.join(prefix + n for n in names)}")


def _folder(text: str | None) -> Path | None:
    return Path(text).expanduser() if text else None


def _server(text: str, where: str) -> Server:
    """NAME=COMMAND or NAME=URL; without a name it is the command's last word or the address's host."""
    name, mark, target = text.partition("=")
    if not mark or not _NAME.fullmatch(name):
        name, target = "", text
    target = target.strip()
    if _URL.fullmatch(target):
        return name or _called(target.split("/")[2].split(":")[0]), target
    try:
        words = tuple(shlex.split(target))
    except ValueError as error:
        raise UsageError(f"{where}: {target!r} is no command: {error}") from None
    if not words:
        raise UsageError(f'{where} takes a command or an address, such as time="python -m mcp_server_time"')
    plain = [word for word in words if not word.startswith("-")]
    return name or _called(Path(plain[-1] if plain else words[0]).stem), words


def _called(text: str) -> str:
    name = re.sub(r"[^a-z0-9_-]+", "-", text.lower()).strip("-")
    return name if _NAME.fullmatch(name) else "server"


def _host(text: str, where: str) -> str:
    host = text.strip().lower()
    if not _HOST.fullmatch(host):
        raise UsageError(f"{where}: {text!r} is no host; write it as example.org or localhost:8080")
    return host


def _url(text: str, where: str) -> str:
    if not _URL.fullmatch(text.strip()):
        raise UsageError(f"{where}: {text!r} is no address; write it as http://127.0.0.1:8080/v1")
    return text.strip()
