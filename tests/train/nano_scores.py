"""What the shipped nano does on requests written by hand, run by NumPy code that shares nothing with ours.

    python -m tests.train.nano_scores requests|blind [FOLDER]      prints the table of llmos/cpu/nano/README.md

Devices are the real ones, with the clock pinned, a fresh home folder a request, and the library that comes with llmos.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterable
from datetime import datetime
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer

from llmos.devices import registry
from llmos.devices.base import Context, DeviceError
from llmos.train import dialogues, measure
from llmos.train.chatform import ChatForm
from llmos.train.dialogue import Dialogue, Exchange
from llmos.train.measure import Spoken, Verdict

from .numpy_llama import Reference


def shipped() -> Path:
    return Path(str(resources.files("llmos.cpu") / "nano"))


def requests(name: str) -> list[dict[str, Any]]:
    """ "requests": looked at while the generator was written. "blind": written before and scored only after."""
    path = Path(__file__).parent / f"nano_{name}.jsonl"
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


class Nano:
    """One model folder, and what it says to a request."""

    def __init__(self, folder: Path) -> None:
        self.tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.form, self.reference = ChatForm(self.tokenizer), Reference(folder)

    def answer(self, item: dict[str, Any], system: str = "") -> Spoken:
        with tempfile.TemporaryDirectory() as home:
            devices = mounted(Path(home), item["setup"].get("files", {}))
            context = Context(now=lambda: datetime.fromisoformat(item["setup"]["now"]))

            def device(text: str) -> str:
                name, _, args = text.partition(" ")
                if name not in devices:
                    return f"error: no device {name}"
                try:
                    return devices[name].call(args, context).text
                except DeviceError as error:
                    return f"error: {error}"

            prompt = self.form.prompt(Dialogue("", (Exchange(item["request"], ()),), system))
            return measure.converse(self.form, self.form.decode, self.reference.extend, device, prompt)


def mounted(home: Path, files: dict[str, str]) -> dict[str, Any]:
    for name, text in files.items():
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text(text + "\n")
    return dict(registry.mounted(registry.CORE, registry.Settings(home=home)))


@cache
def instructions() -> str:
    """The machine's own system text for four devices: that for all eight would fill more than half of nano's window, so the
    machine leaves it out."""
    with tempfile.TemporaryDirectory() as home:
        return registry.instructions(registry.mounted(dialogues.MOUNTED, registry.Settings(home=Path(home))))


def table(items: Iterable[dict[str, Any]], verdicts: Iterable[Verdict]) -> list[str]:
    """One line a category, one for all, and one for all without `further` devices: devices, arguments, values, answers."""
    pairs = list(zip(items, verdicts, strict=True))
    groups = {"all": pairs, "four devices": [pair for pair in pairs if pair[0]["category"] != "further"]}
    for item, verdict in pairs:
        groups.setdefault(item["category"], []).append((item, verdict))
    return [f"| {name} | {row(group)} |" for name, group in groups.items()]


def row(pairs: list[tuple[dict[str, Any], Verdict]]) -> str:
    calling = [v for item, v in pairs if item["expect"]["device"]]
    valued = [v for item, v in pairs if "result" in item["expect"]]
    return " | ".join(
        str(measure.share(flags)) if flags else "-"
        for flags in (
            [v.device for _, v in pairs],
            [v.args for v in calling],
            [v.value for v in valued],
            [v.answer for _, v in pairs],
        )
    )


def main(folder: Path, name: str) -> None:
    nano, items = Nano(folder), requests(name)
    for title, system in (("without a system text", ""), ("with the machine's system text", instructions())):
        spoken = [nano.answer(item, system) for item in items]
        verdicts = [measure.judge(item["expect"], said) for item, said in zip(items, spoken, strict=True)]
        print(f"\n{title}\n| | right device | arguments | value | answer |\n|---|---|---|---|---|")
        print("\n".join(table(items, verdicts)))
        for item, said, verdict in zip(items, spoken, verdicts, strict=True):
            if not all(verdict):
                calls = "; ".join(f"{call.text} -> {call.result!r}" for call in said.calls)
                print(
                    f"  {item['id']}: {item['request']!r} [{calls}] {said.answer!r} {tuple(map(int, verdict))}",
                    file=sys.stderr,
                )


if __name__ == "__main__":
    main(Path(sys.argv[2]) if len(sys.argv) > 2 else shipped(), sys.argv[1])
