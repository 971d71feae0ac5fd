"""What processes use: processor time and memory, of a process with all that it has started. From /proc, so on Linux only."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_PARENT, _USER, _SYSTEM = 1, 11, 12


class Meter:
    """The processor time that named groups of processes use from now on; each is given by the id of its first."""

    def __init__(self, groups: Mapping[str, int | None]) -> None:
        self._groups = {name: pid for name, pid in groups.items() if pid is not None}
        self._before = self._now()

    def spent(self) -> dict[str, float]:
        """Seconds of processor time by group. What ended meanwhile is not counted."""
        now = self._now()
        return {name: max(0.0, now[name] - self._before[name]) for name in now}

    def _now(self) -> dict[str, float]:
        return {name: sum(map(_processor_seconds, family(pid))) for name, pid in self._groups.items()}


def family(pid: int) -> list[int]:
    """A process and all that descend from it, itself first."""
    children: dict[int, list[int]] = {}
    for one, parent in _parents():
        children.setdefault(parent, []).append(one)
    found, seen = [pid], 0
    while seen < len(found):
        found += children.get(found[seen], [])
        seen += 1
    return found


def resident_mb(pid: int) -> float:
    """Resident memory of one process, in megabytes of a million bytes; 0 when it is gone."""
    return _memory_mb(pid, "status", "VmRSS:")


def peak_mb(pid: int) -> float:
    """The most resident memory that one process has had since it was started, in megabytes; 0 when it is gone."""
    return _memory_mb(pid, "status", "VmHWM:")


def proportional_mb(pid: int) -> float:
    """Memory of one process, shared pages by their share; 0 when it is gone."""
    return _memory_mb(pid, "smaps_rollup", "Pss:")


def _memory_mb(pid: int, file: str, name: str) -> float:
    try:
        lines = Path(f"/proc/{pid}/{file}").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) * 1024 / 1e6 for line in lines if line.startswith(name)), 0.0)


def _parents() -> Iterator[tuple[int, int]]:
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            fields = _stat(int(entry.name))
            if fields:
                yield int(entry.name), int(fields[_PARENT])


def _processor_seconds(pid: int) -> float:
    fields = _stat(pid)
    return (int(fields[_USER]) + int(fields[_SYSTEM])) / _TICKS if fields else 0.0


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat from the state on; none when the process is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []
