"""The one-way street at run time: what a fresh interpreter has loaded after each import."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = ("jax", "jaxlib", "optax")
LOADED = "import sys; print(' '.join(sys.modules))"


def modules_after(code: str) -> set[str]:
    """Names of all modules that a fresh interpreter has loaded once `code` has run."""
    run = subprocess.run([sys.executable, "-c", f"{code}\n{LOADED}"], capture_output=True, text=True, check=True)
    return set(run.stdout.splitlines()[-1].split())


def test_the_kernel_needs_nothing_but_the_standard_library() -> None:
    code = (
        "import pkgutil, importlib, llmos_kernel\n"
        "for m in pkgutil.walk_packages(llmos_kernel.__path__, 'llmos_kernel.'): importlib.import_module(m.name)"
    )
    loaded = modules_after(code)
    before = modules_after("")
    foreign = {m.partition(".")[0] for m in loaded - before} - {"llmos_kernel"} - set(sys.stdlib_module_names)
    assert not foreign


def test_programs_need_nothing_but_the_kernel() -> None:
    loaded, before = modules_after("import llmos_apps"), modules_after("")
    foreign = (
        {m.partition(".")[0] for m in loaded - before} - {"llmos_kernel", "llmos_apps"} - set(sys.stdlib_module_names)
    )
    assert not foreign


@pytest.mark.parametrize(
    "code",
    [
        "import llmos.cli",
        "import llmos.tui.app",
        "import llmos.front, llmos.room",
        "import llmos.journal",
        "import llmos",
    ],
)
def test_jax_is_not_loaded_by(code: str) -> None:
    assert not modules_after(code) & set(HEAVY)


def test_no_second_copy_of_the_kernel() -> None:
    loaded = modules_after("import llmos.boot, llmos.cli")
    assert not loaded & {"kernel", "apps"}


def test_one_machine_boots_and_replays_without_jax(tmp_path: object) -> None:
    code = (
        "from llmos import Machine; from pathlib import Path\n"
        f"m = Machine.boot(model='scripted', journal=Path({str(tmp_path)!r}) / '1.log'); m.type('ps'); m.run(); m.close()\n"
        f"from llmos.retelling import replay; replay(Path({str(tmp_path)!r}) / '1.log', None, False)"
    )
    assert not modules_after(code) & set(HEAVY)
