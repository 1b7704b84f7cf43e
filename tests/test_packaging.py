"""What the wheel holds: every package of the tree, and every file that is read at run time."""

from __future__ import annotations

import fnmatch
import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["setuptools"]
FOLDERS = {"llmos_kernel": "kernel", "llmos_apps": "apps", "llmos": "llmos"}


def folder_of(package: str) -> Path:
    top, _, rest = package.partition(".")
    return ROOT / FOLDERS[top] / rest.replace(".", "/")


def test_every_package_of_the_tree_is_listed() -> None:
    found = {
        ".".join([top, *path.parent.relative_to(ROOT / folder).parts])
        for top, folder in FOLDERS.items()
        for path in (ROOT / folder).rglob("__init__.py")
    }
    assert found == set(SETTINGS["packages"])
    assert all((folder_of(name) / "__init__.py").is_file() for name in SETTINGS["packages"])


def test_every_data_file_goes_into_the_wheel() -> None:
    patterns = SETTINGS["package-data"]
    for package in SETTINGS["packages"]:
        for path in folder_of(package).rglob("*"):
            inner = path.relative_to(folder_of(package)).as_posix()
            if path.suffix in (".py", ".pyc") or path.is_dir() or "__pycache__" in inner:
                continue
            owner = any(path.is_relative_to(folder_of(p)) for p in SETTINGS["packages"] if p.startswith(package + "."))
            wanted = [*patterns["*"], *patterns.get(package, [])]
            assert owner or any(fnmatch.fnmatch(inner, p) for p in wanted), f"{path} is in no wheel"


def test_renamed_folders_say_so() -> None:
    given = SETTINGS["package-dir"]
    for package in SETTINGS["packages"]:
        if package.startswith("llmos_") and package not in FOLDERS:
            parent = package.rpartition(".")[0]
            assert given.get(package, f"{given.get(parent, '')}/{package.rpartition('.')[2]}") == str(
                folder_of(package).relative_to(ROOT)
            )
