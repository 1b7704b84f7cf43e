"""The labs: textbook problems made from a seed, answered by the same policy classes that the live kernel runs.

Knows: problems and their answers as plain dictionaries. Does not know: models, JAX, the live machine. `cli.py` is the only
file that prints. Read next: `onecpu.py`, then `sched.py`.
"""
