"""The layers as Linux has them, through ctypes: Landlock, seccomp, namespaces, capabilities.

Knows: numbers of system calls and layouts of structures. Does not know: policies beyond what it is told. Everything here
runs in the child, after fork and before exec, so it allocates little and raises OSError on the first refusal.
"""

from __future__ import annotations

import ctypes
import os
import platform
import struct
from collections.abc import Iterable

_libc = ctypes.CDLL(None, use_errno=True)
MACHINES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446  # the same on both machines
NEW_NAMESPACES = 0x10000000 | 0x00020000 | 0x40000000 | 0x08000000 | 0x20000000  # user, mount, net, ipc, pid
EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1, 2, 4, 8
READ = EXECUTE | READ_FILE | READ_DIR
NOT_EVEN_AT_HOME = EXECUTE | 1 << 6 | 1 << 11 | 1 << 15  # running what was written; making devices; their ioctls
OF_FILES = EXECUTE | WRITE_FILE | READ_FILE | 1 << 14  # rights that a plain file can have; 1 << 14 is truncate

# system calls that no caged program needs: x86-64 numbers, aarch64 numbers
FORBIDDEN = {
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "pidfd_getfd": (438, 438),
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "keyctl": (250, 219),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "move_mount": (429, 429),
    "open_tree": (428, 428),
    "fsopen": (430, 430),
    "unshare": (272, 97),
    "setns": (308, 268),
    "chroot": (161, 51),
    "kexec_load": (246, 104),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "delete_module": (176, 106),
    "reboot": (169, 142),
    "swapon": (167, 224),
    "acct": (163, 89),
    "settimeofday": (164, 170),
    "clock_settime": (227, 112),
    "sethostname": (170, 161),
    "quotactl": (179, 60),
    "open_by_handle_at": (304, 265),
    "name_to_handle_at": (303, 264),
    "personality": (135, 92),
    "memfd_create": (319, 279),
    "execveat": (322, 281),
}
SOCKET = (41, 198)
CLONE3 = (435, 435)
CLONE = (56, 220)
IOCTL = (16, 29)
TIOCSTI = 0x5412


def landlock_version() -> int:
    """The kernel's Landlock ABI, 0 when there is none."""
    return max(int(_libc.syscall(CREATE_RULESET, None, 0, 1)), 0)


def _check(result: int, what: str) -> int:
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{what}: {os.strerror(code)}")
    return result


def landlock(readable: Iterable[str], writable: Iterable[str]) -> None:
    """From now on only these paths, for this process and all that come from it; no TCP; no signals outside."""
    version = landlock_version()
    rights = (1 << (13 if version < 2 else 14 if version < 3 else 15 if version < 5 else 16)) - 1
    net, scoped = (3 if version >= 4 else 0), (3 if version >= 6 else 0)
    attributes = struct.pack("<QQQ", rights, net, scoped)[: 24 if version >= 6 else 16 if version >= 4 else 8]
    ruleset = _check(_libc.syscall(CREATE_RULESET, attributes, len(attributes), 0), "landlock")
    for paths, allowed in ((readable, READ), (writable, rights & ~NOT_EVEN_AT_HOME)):
        for path in paths:
            _beneath(ruleset, path, allowed & rights)
    no_new_privileges()
    _check(_libc.syscall(RESTRICT_SELF, ruleset, 0), "landlock")
    os.close(ruleset)


def _beneath(ruleset: int, path: str, allowed: int) -> None:
    try:
        fd = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    if not os.path.isdir(path):
        allowed &= OF_FILES
    rule = struct.pack("<Qi", allowed, fd)
    _check(_libc.syscall(ADD_RULE, ruleset, 1, rule, 0), f"landlock {path}")
    os.close(fd)


def no_new_privileges() -> None:
    _check(_libc.prctl(38, 1, 0, 0, 0), "no_new_privs")


def unshare() -> None:
    """New user, mount, network, message and process namespaces: no network, no other processes to be seen."""
    _check(_libc.unshare(NEW_NAMESPACES), "namespaces")


def die_with_parent() -> None:
    _check(_libc.prctl(1, 9, 0, 0, 0), "die with parent")


def drop_capabilities() -> None:
    """No capability, now or by exec: root in the cage is nobody."""
    for capability in range(64):
        if _libc.prctl(24, capability, 0, 0, 0) < 0:
            break
    header = struct.pack("<Ii", 0x20080522, 0)
    _check(_libc.capset(header, bytes(24)), "capabilities")


def seccomp(network: bool = False) -> None:
    """Refuse the calls of FORBIDDEN, new namespaces by clone, typing into the terminal, and sockets unless `network`."""
    column = 0 if platform.machine() == "x86_64" else 1
    program = _program(MACHINES[platform.machine()], column, network)
    code = b"".join(struct.pack("<HBBI", *one) for one in program)
    buffer = ctypes.create_string_buffer(code, len(code))
    filters = struct.pack("<HxxxxxxQ", len(program), ctypes.addressof(buffer))
    no_new_privileges()
    _check(_libc.prctl(22, 2, filters, 0, 0), "seccomp")


Instruction = tuple[int, int, int, int]
LOAD, EQUAL, SET, RETURN, AT_LEAST = 0x20, 0x15, 0x45, 0x06, 0x35
ALLOW, REFUSE, ABSENT, KILL = 0x7FFF0000, 0x00050000 | 1, 0x00050000 | 38, 0x80000000


def _program(machine: int, column: int, network: bool) -> list[Instruction]:
    """A classic BPF program over (number, machine, arguments). Other machines' calls kill; x32 numbers are refused."""
    out: list[Instruction] = [(LOAD, 0, 0, 4), (EQUAL, 1, 0, machine), (RETURN, 0, 0, KILL), (LOAD, 0, 0, 0)]
    if column == 0:
        out += [(AT_LEAST, 0, 1, 0x40000000), (RETURN, 0, 0, REFUSE)]
    for numbers in FORBIDDEN.values():
        out += [(EQUAL, 0, 1, numbers[column]), (RETURN, 0, 0, REFUSE)]
    out += [
        (EQUAL, 0, 1, CLONE3[column]),
        (RETURN, 0, 0, ABSENT),
    ]  # its flags are in memory: the caller falls back to clone
    out += [
        (EQUAL, 0, 3, CLONE[column]),
        (LOAD, 0, 0, 16),
        (SET, 0, 1, 0x7E020000),
        (RETURN, 0, 0, REFUSE),
        (LOAD, 0, 0, 0),
    ]
    out += [
        (EQUAL, 0, 3, IOCTL[column]),
        (LOAD, 0, 0, 24),
        (EQUAL, 0, 1, TIOCSTI),
        (RETURN, 0, 0, REFUSE),
        (LOAD, 0, 0, 0),
    ]
    if not network:
        out += [(EQUAL, 0, 1, SOCKET[column]), (RETURN, 0, 0, REFUSE)]
    return [*out, (RETURN, 0, 0, ALLOW)]
