"""The machine room: a Textual screen over frozen values.

Knows: `llmos.status` and `llmos_kernel.view`. Does not know: the engine, JAX, NumPy, any live object of the machine.
Read next: `app.py` (the room), `pane.py` (what every panel shares), `panels/` (one panel a file), `keys.py`.
"""
