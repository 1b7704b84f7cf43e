"""What holds for all tests: no example of Hypothesis fails because the computer was busy, and NumPy has one thread.

Two workers with two threads each on two cores wait for each other: a product of NumPy's took a hundred times as long.
"""

from __future__ import annotations

import os

from hypothesis import settings

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

settings.register_profile("llmos", deadline=None)
settings.load_profile("llmos")
