"""Planted bugs: the monitor's sources with one edit each, loaded as a package of their own beside the real one.

Knows: how to plant one. Does not know: what must catch it (`test_mutants.py`).
"""

from __future__ import annotations

import sys
import types
from importlib import resources

FILES = ("labels", "names", "forms", "effects", "rights", "case", "rules", "monitor")
PLANTED: tuple[tuple[str, str, str], ...] = (
    # a missing or a wrong join
    ("labels", "Label(max(a.ring, b.ring), readers, origin)", "Label(min(a.ring, b.ring), readers, origin)"),
    ("labels", "Label(max(a.ring, b.ring), readers, origin)", "Label(a.ring, readers, origin)"),
    ("labels", "Label(max(a.ring, b.ring), readers, origin)", "Label(max(a.ring, b.ring), a.readers, origin)"),
    ("labels", "Label(max(a.ring, b.ring), readers, origin)", "Label(max(a.ring, b.ring), readers, b.origin)"),
    ("labels", "set(a) & set(b)", "set(a) | set(b)"),
    ("labels", "or (NOBODY,)", "or ()"),
    ("labels", 'label.origin or (("unknown",) if label.ring >= Ring.DATA else ())', "label.origin"),
    ("labels", "_origin(a if b.ring < 3 else b)", "_origin(a if a.ring < 3 else b)"),
    ("labels", "if origin not in CLEAN:", "if origin in CLEAN:"),
    ("labels", "return not label.origin\n", "return False\n"),
    ("labels", "if label.ring < 3:", "if label.ring <= 3:"),
    ("labels", "not label.readers or who in label.readers", "who not in label.readers"),
    ("case", "return join(self.past.label, self.whole)", "return self.whole"),
    ("monitor", "whole = join(whole, label)", "pass"),
    ("monitor", "steering = join(steering, label)", "pass"),
    ("monitor", "effect.steering is None or plain_name(name) in effect.steering", "effect.steering is None"),
    # a forgotten check
    *(
        ("rules", f'    ("{name}", {name}),\n', "")
        for name in (
            "known",
            "caller",
            "form",
            "quota",
            "place",
            "destination",
            "shrink",
            "refused",
            "readers",
            "latch",
            "provenance",
            "taint",
            "prefix",
        )
    ),
    ("rules", 'act.by == "model" and', 'act.by == "program" and'),
    ("rules", 'in ("free", "rights", "say") or', 'in ("free", "rights", "say", "run") or'),
    ("rules", "    return who\n", "    return ()\n"),
    ("rules", '(*who, "everybody")', "who"),
    ("rules", "who = (case.act.device,)", "pass"),
    ("rules", "if not (case.before or case.dirty):", "if not case.dirty:"),
    ("rules", "if not (case.before or case.dirty):", "if not case.before:"),
    ("rules", "if old.ring <= Ring.SYSTEM:", "if old.ring < Ring.SYSTEM:"),
    ("rules", "return effect.carries", "return False"),
    ("rules", 'return case.act.by != "program"', "return False"),
    ("rules", 'in ("send", "run", "delete", "control")', 'in ("send", "run", "control")'),
    ("monitor", "and not granted.asks(case.rights)", "and False"),
    ("rules", "return not effect.touches or bool(learners(case))", "return bool(learners(case))"),
    ("monitor", "        return device\n", "        return origin\n"),
    ("monitor", "if origin in CLEAN or not origin", "if not origin"),
    ("monitor", "disk[path] = written", "pass"),
    ("monitor", "used[name] = used.get(name, 0) + granted.adds(name, effect)", "used[name] = used.get(name, 0)"),
    ("monitor", "label = join(label, known)", "pass"),
    ("rights", 'if name == "*":\n        return bool(names)', 'if name == "*":\n        return True'),
    ("rights", "name.endswith(n[1:])", "name.endswith(n[2:])"),
    ("rights", "return min(limits)", "return max(limits)"),
    ("rights", "if n >= best and (path", "if (path"),
    ("rights", "(path if letters else fold(path))[:n]", "path[:n]"),
    ("rights", "mode not in _modes(layer.paths, path)", "not _modes(layer.paths, path)"),
    (
        "rights",
        "small[: len(place)] == place:\n                return True",
        "small == place:\n                return True",
    ),
    ("rights", 'if part[0] in "/.":', 'if part[0] in "/":'),
    ("rights", "so_far + adds(name, effect) > limit", "so_far > limit"),
    ("rights", "none: Any = () if whole else None", "none: Any = None"),
    ("rights", "ring = rings.get(str(name).upper(), Ring.DATA)", "ring = rings.get(str(name).upper(), Ring.USER)"),
    ("rights", "return rights if layer in rights else (*rights, layer)", "return (layer,)"),
    ("rights", 'return f"the host {host}"', 'return ""'),
    ("rights", 'return f"the device {device}"', 'return ""'),
    ("names", 'if ".." in parts or', "if"),
    ("names", 'text.startswith(("~", "$")) or', ""),
    ("names", '("/", *parts) if text.startswith("/") else tuple(parts)', "tuple(parts)"),
    ("names", "://([a-z0-9._-]+)", "://(?:[^/]*@)?([a-z0-9._-]+)"),
    ("names", 'host = f"{host}:{int(port)}"', "pass"),
    ("names", "len(query) > 1 or", "False or"),
    ("names", 'return usual.lower() if usual == normalize("NFKC", text) else ""', "return usual.lower()"),
    ("forms", "written[0], len(written[1])", "written[0], 0 * len(written[1])"),
    ("forms", "if len(found) > 1:", "if False:"),
    ("forms", "size=size_of(args), rest=str(args))", "size=size_of(args))"),
    ("effects", "if len(named) != len(args):", "if False:"),
    ("monitor", "whole = join(whole, _taken(rights, past, effect))", "pass"),
    ("monitor", "written = join(written, _taken(rights, past, effect))", "pass"),
    ("monitor", "if decision.verdict == DENY or not _answered(case):", "if not _answered(case):"),
    ("rights", 'and (mark == "." or is_address(name))', ""),
)


def sources() -> dict[str, str]:
    return {name: (resources.files("llmos_kernel") / f"{name}.py").read_text(encoding="utf-8") for name in FILES}


def load(number: int, changed: dict[str, str]) -> types.SimpleNamespace:
    """The modules from these sources, under a package of their own."""
    package = f"planted_{number}"
    root = types.ModuleType(package)
    root.__path__ = []
    sys.modules[package] = root
    loaded = {}
    for name in FILES:
        module = types.ModuleType(f"{package}.{name}")
        module.__package__ = package
        sys.modules[module.__name__] = module
        setattr(root, name, module)
        exec(compile(changed[name], f"<{name}>", "exec"), module.__dict__)
        loaded[name] = module
    return types.SimpleNamespace(**loaded)


def unload(number: int) -> None:
    for name in [n for n in sys.modules if n.split(".")[0] == f"planted_{number}"]:
        del sys.modules[name]
