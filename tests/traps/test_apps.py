"""The programs that use devices, on a machine without a model."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from llmos.cpu.scripted import ByteCodec, ScriptedCpu, replies
from llmos.devices import registry
from llmos.front import program_options
from llmos.machine import Machine
from llmos.settings import Outside
from llmos.world import HostWorld
from llmos_apps import PROGRAMS
from llmos_kernel.kernel import Config, Kernel

NAMES = ("calc", "files", "search", "python", "browser")
Run = Callable[..., tuple[str, int]]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs a program whose model answers by `reply`, with lines typed beforehand: what it printed, and its status."""
    home, shelf = tmp_path / "home", tmp_path / "shelf"
    home.mkdir()
    shelf.mkdir()
    (shelf / "velvet.md").write_text("# Velvet\n\nVelvet is blue. See [wool](wool.md).\n", encoding="utf-8")
    (shelf / "wool.md").write_text("# Wool\n\nWool is white.\n", encoding="utf-8")

    def go(reply: Callable[[str], str], *args: str, typed: tuple[str, ...] = ()) -> tuple[str, int]:
        devices = registry.mounted(NAMES, registry.Settings(home=home, library=shelf))
        world = HostWorld(devices)
        kernel = Kernel(
            Config(args=args, devices=NAMES), PROGRAMS, ScriptedCpu(replies(reply), 257), ByteCodec(), world
        )
        machine = Machine(kernel, world)
        for line in typed:
            machine.type(line)
        world.end_input()
        events = [e for batch in machine.events() for e in batch]
        machine.close()
        registry.close(devices)
        status = next(e[3] for e in events if e[1] == "exit" and e[2] == 2)
        return "".join(e[4] for e in events if e[1] == "out" and e[3] != "u"), status

    return go


def test_agent_acts_observes_and_stops_when_it_makes_no_call(run: Run) -> None:
    said, status = run(
        lambda q: "Done, 1776." if "Go on" in q else "{calc 37*48}", "agent", "multiply", "37", "by", "48"
    )
    assert status == 0
    assert "step 2" in said
    assert "step 3" not in said
    assert "[calc]" in said


def test_agent_has_a_limit_on_steps(run: Run) -> None:
    said, status = run(lambda q: "{calc 1+1}again", "agent", "never", "stop")
    assert status == 1
    assert "6 steps are used up" in said


def test_research_answers_with_its_sources(run: Run) -> None:
    said, status = run(lambda q: "It is blue.", "research", "what", "colour", "is", "velvet")
    assert status == 0
    assert "It is blue." in said
    assert "[disk:Velvet#1]" in said


def test_research_says_when_nothing_is_found(run: Run) -> None:
    said, status = run(lambda q: "never asked", "research", "zzzz")
    assert (status, "never asked" in said) == (1, False)


def test_dreams_shows_closed_and_open_book(run: Run) -> None:
    said, status = run(lambda q: "blue" if "Velvet is blue" in q else "perhaps red", "dreams", "what is velvet")
    assert status == 0
    assert "closed book [dreamed]" in said
    assert "open book [disk]" in said


def test_notebook_runs_cells_and_saves_them(run: Run, tmp_path: Path) -> None:
    said, status = run(lambda q: "It is {calc 2+2}$.", "notebook", typed=("> print(6*7)", "what is 2+2", "show", ""))
    assert status == 0
    assert "42" in said
    kept = tmp_path / "home" / "notebook.md"
    first = kept.read_text(encoding="utf-8")
    assert first.startswith("> print(6*7) -> 42\nwhat is 2+2 -> It is 4.")
    run(lambda q: "Yes.", "notebook", typed=("again?",))
    assert kept.read_text(encoding="utf-8") == f"{first}again? -> Yes.  [dreamed]\n"


def test_dreams_without_passages_has_no_open_book(run: Run) -> None:
    said, status = run(lambda q: "who knows", "dreams", "zzzz")
    assert (status, "open book [disk]" in said) == (1, False)
    assert "closed book [dreamed]" in said
    assert "no open book: nothing found on the disk" in said


def test_what_a_program_can_not_do_without_is_mounted_unless_devices_are_named() -> None:
    def mounted(program: str, devices: str | None) -> tuple[str, ...]:
        outside = Outside(devices=devices)
        return program_options(program, [], None, "exact8", 0, 1, 0, "lru", "rr", "lru", "", outside).devices

    assert "browser" in mounted("browse", None)
    assert "python" in mounted("notebook", None)
    assert mounted("browse", "calc,files") == ("calc", "files")


def test_browse_without_a_browser_ends_and_says_how_to_mount_one(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("traps.test_apps.NAMES", ("calc",), raising=False)
    said, status = run(lambda q: "", "browse", typed=("open velvet.md", "open wool.md"))
    assert (status, said.count("no device 'browser'"), "--devices browser" in said) == (1, 1, True)


def test_browse_opens_and_follows(run: Run) -> None:
    said, status = run(lambda q: "", "browse", "velvet.md", typed=("follow 1", "open nowhere.md", ""))
    assert status == 0
    assert "Velvet is blue" in said
    assert "Wool is white" in said
    assert "browse: " in said
