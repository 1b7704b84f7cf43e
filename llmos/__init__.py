"""llmos: an operating system whose CPU is a language model.

Knows: its one public name, `Machine`, loaded when first asked for so that `import llmos` stays instant.
"""

from __future__ import annotations

TYPE_CHECKING = False  # it is `typing`'s, which takes longer to load than all that is here
if TYPE_CHECKING:
    from typing import Any

    from .machine import Machine

__all__ = ["Machine"]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    if name == "Machine":
        from .machine import Machine

        return Machine
    raise AttributeError(f"module 'llmos' has no attribute {name!r}")
