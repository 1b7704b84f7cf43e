"""What holds for all tests: no example of Hypothesis fails because the computer was busy."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("llmos", deadline=None)
settings.load_profile("llmos")
