"""Where llmos keeps its files. The only place that reads the environment for paths.

Knows: the data, state and cache folders (`LLMOS_HOME` moves all three under one folder). Does not know: what is in them.
"""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs


def _folder(kind: str, default: str) -> Path:
    home = os.environ.get("LLMOS_HOME")
    return Path(home).expanduser() / kind if home else Path(default)


def models() -> Path:
    """Fetched model files."""
    return _folder("models", str(Path(platformdirs.user_data_dir("llmos")) / "models"))


def journals() -> Path:
    """Recorded sessions."""
    return _folder("journals", platformdirs.user_state_dir("llmos"))


def sockets() -> Path:
    """Where running machines listen, for this user only. The address of a Unix socket is short: 104 bytes on some systems."""
    return _folder("run", str(Path(platformdirs.user_state_dir("llmos")) / "run"))


def cache() -> Path:
    """Compiled programs; safe to delete."""
    return _folder("cache", platformdirs.user_cache_dir("llmos"))


def answers() -> Path:
    """What students answered in lessons."""
    return _folder("lessons", str(Path(platformdirs.user_state_dir("llmos")) / "lessons"))


def home() -> Path:
    """The files device's folder: what processes may read and write."""
    return _folder("home", str(Path(platformdirs.user_data_dir("llmos")) / "home"))


def mail() -> Path:
    """Messages that processes left for people, a file a name."""
    return _folder("mail", str(Path(platformdirs.user_data_dir("llmos")) / "mail"))


def disk() -> Path:
    """The retrieval disk: one SQLite file."""
    return _folder("disk", str(Path(platformdirs.user_data_dir("llmos")) / "disk")) / "disk.db"


def swap() -> Path:
    """The page file; holds nothing that a machine can't compute again."""
    return _folder("swap", str(Path(platformdirs.user_cache_dir("llmos")) / "swap")) / "pages"


def settings() -> Path:
    """What the machine may use of the world around it."""
    return _folder("config", platformdirs.user_config_dir("llmos")) / "settings.toml"


def keys() -> Path:
    """The person's own key map."""
    return _folder("config", platformdirs.user_config_dir("llmos")) / "keys.toml"
