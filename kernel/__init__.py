"""The kernel of llmos: a deterministic state machine in the standard library alone.

Reading order: `cpu.py` and `ports.py` (the doors), `kernel.py` (the loop), `process.py`, `memory.py`, `thinking.py`,
`calls.py`, `channels.py`, `journal.py`, `view.py` with `look.py` (what the screen sees).
"""
