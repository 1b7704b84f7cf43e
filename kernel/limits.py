"""Every limit of the kernel, in one place, with its unit and its reason."""

MAX_PROCESSES = 4096  # processes; a fork bomb stops here
MAX_OPEN = 16  # open channels of one process
MAX_CALLS_A_TICK = 256  # calls one program may make before others get their turn: programs think, they don't spin
MAX_CALL_TOKENS = 160  # tokens between TRAP and GO; a longer call is an illegal instruction
MAX_CALLS_A_THOUGHT = 16  # device calls of one thought: a model that traps for ever is stopped and told
MAX_RESULT_CHARS = 4_000  # characters of a device's result that enter the window; the rest is cut with notice
MAX_THOUGHT = 100_000  # tokens one thought may ask for
MAX_LINES = 1_000  # typed lines that wait for a reader; later ones are refused with an event
MAX_TEXT = 1_000_000  # characters in one argument of a call
KEEP_TIMELINE = 240  # ticks of scheduling history that the screen can see
STREAM = 48  # tokens of context that a lane shows
QUANTUM = 10  # ticks a process may keep a lane while others wait
"""SCREENS.md draws round robin with q=10; long enough to read, short enough to see turns being taken."""
ACCESSED = 65535 // 64  # attention mass of a burst from which a page counts as referenced: 1.6 %
MAX_RESTARTS = 2  # times one token is run again because absent pages would have mattered
MAX_PREFETCHED = 2  # neighbours brought along with the pages of one fault
