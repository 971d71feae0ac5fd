"""The last step before a child of ours: keep to its cores, give up root, be tied to the parent, become the program.

Run as a script, never imported: ``python -I -S launch.py PARENT UID GID SIGNAL CORES PROGRAM [ARGUMENT ...]``.
It is a process of its own because code between fork and exec in a process with threads may hang for ever.
"""

import os
import sys
from collections.abc import Callable
from contextlib import suppress

PR_SET_PDEATHSIG = 1


def main(arguments: list[str]) -> None:
    """Become PROGRAM as UID:GID on CORES ("0,2"; "" for any), which receives SIGNAL when process PARENT dies.

    Without root the user stays who it is. Exits with a message when the user cannot be changed.
    """
    parent, uid, gid, signal_number = (int(number) for number in arguments[:4])
    cores, *command = arguments[4:]
    if cores:
        with suppress(OSError):  # because they may be gone since they were shared out, and any others will do
            os.sched_setaffinity(0, map(int, cores.split(",")))
    prctl = _prctl()  # while we are still root, because another user may not be let into root's Python
    if os.geteuid() == 0:
        _become(uid, gid)
    os.umask(0o077)
    _die_with(parent, signal_number, prctl)
    os.execv(command[0], command)  # noqa: S606 - replacing this process is the purpose, and no shell is wanted


def _become(uid: int, gid: int) -> None:
    try:
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    except OSError as refusal:
        sys.exit(f"cannot change from root to user {uid}: {refusal}; run Drumroll as an ordinary user instead")


def _prctl() -> Callable[..., object] | None:
    """The kernel's prctl(2); None where there is none."""
    if not sys.platform.startswith("linux"):
        return None
    try:
        import ctypes  # noqa: PLC0415 - a Python built without libffi has none, and the server runs without as well
    except ImportError:
        return None
    function: Callable[..., object] = ctypes.CDLL(None, use_errno=True).prctl
    return function


def _die_with(parent: int, signal_number: int, prctl: Callable[..., object] | None) -> None:
    """Ask the kernel for SIGNAL at the parent's death (Linux); elsewhere the next start ends what was left."""
    if prctl is None:
        return
    # After setuid, because a change of user clears the wish (prctl(2), PR_SET_PDEATHSIG).
    prctl(PR_SET_PDEATHSIG, signal_number, 0, 0, 0)
    if os.getppid() != parent:  # the parent died before the wish was made
        sys.exit("the parent is gone")


if __name__ == "__main__":
    main(sys.argv[1:])
