"""Every limit of the kernel, in one place, with its unit and its reason."""

MAX_PROCESSES = 4096  # processes; a fork bomb stops here
MAX_GROUP = 128  # processes of one job: a fork bomb takes its own job down, not the shell's
PIPE_CHARS = 4_096  # characters that wait in a pipe; a writer of more is blocked until somebody reads
MAX_MAIL = 64  # messages that wait in one mailbox; a sender of more is blocked
DEADLOCK_EVERY = 256  # ticks between two looks for processes that wait for each other
MAX_PRIORITY = 20
KINDS = ("tokens", "frames", "files", "children", "ticks", "output")  # limits of one process
MAX_OPEN = 16  # open channels of one process
MAX_SHELLS = 3  # shells inside each other: a model that asks a shell that asks a model is stopped somewhere
SHELL_TICKS = 5_000  # ticks that one line of a model's shell may take
MAX_TYPED = 400  # characters of such a line
MAX_SAID = 20_000  # characters kept of what it prints
MAX_SLEEP = 10_000  # ticks of one sleep of a model
MAX_CLOSES = 8  # times a program that is being ended may try to go on
MAX_SLOT = 64  # pages of one of a planner's slots
MAX_VALUES = 256  # values of the type that a reader hands back: 8 bits
MAX_BITS = 64  # bits that a planner learns from its readers, where its manifest names no other budget
MAX_CALLS_A_TICK = 256  # calls one program may make before others get their turn: programs think, they don't spin
MAX_CALL_TOKENS = 160  # tokens between TRAP and GO; a longer call is an illegal instruction
MAX_CALLS_A_THOUGHT = 16  # device calls of one thought: a model that traps for ever is stopped and told
MAX_RESULT_CHARS = 4_000  # characters of a device's result that enter the window; the rest is cut with notice
MAX_THOUGHT = 100_000  # tokens one thought may ask for
MAX_LINES = 1_000  # typed lines that wait for a reader; later ones are refused with an event
MAX_SEGMENTS = 64  # named segments of shared memory
MAX_TEXT = 1_000_000  # characters in one argument of a call
KEEP_TIMELINE = 240  # ticks of scheduling history that the screen can see
STREAM = 48  # tokens of context that a lane shows
QUANTUM = 10  # ticks a process may keep a lane while others wait
"""SCREENS.md draws round robin with q=10; long enough to read, short enough to see turns being taken."""
ACCESSED = 65535 // 64  # attention mass of a burst from which a page counts as referenced: 1.6 %
RESTARTS_ASKED = 4  # times the end of a prompt is run again because absent pages would have mattered
RESTARTS = 1  # times one token of a thought, or a stretch of a prompt, is
ROOM = 3  # a burst writes into at most this part of a working set, a third: the rest is there to be looked at
MAX_MAPPED_IN = 8  # pages of a mapped document that one question brings in
MOST_COMMON = 4  # a word in more than this part of a document's pages, one fourth, says nothing about where to look
COMPACT_AT = 75  # percent of the window at which old spans are moved to the disk
COMPACT_TO = 50  # percent that is left then
KEEP_RECENT = 40  # percent of the window, the newest, that is never moved
LEAST_CUT = 32  # tokens: fewer are not worth computing the rest again
MANY = 8  # decoders, from which on they keep their pace beside a prompt: fewer would let it wait too long
DECODE_COST, READ_COST, PASS_COST = (
    5,
    8,
    32,
)  # of a token written, one of a prompt read, a reading at all: till measured
MOST_DEARER = (
    3  # times the last one (or a tick) that a chunk is believed to have cost: perhaps a program was compiled in it
)
MOST_WEIGHT = 20_000  # thousandths of a tick that it is believed to cost: a prompt is read in any case
RESULT_SHARE = 2  # a device's result may fill this part of the window: one half; the rest is cut with notice
