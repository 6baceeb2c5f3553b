"""Looks at real processes: who has which children, and who is still alive."""

from __future__ import annotations

from pathlib import Path

from tests.upstream import wait_until


def children(pid: int) -> list[int]:
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        state, parent = _fields(stat)
        if parent == pid and state != "Z":
            found.append(int(stat.parent.name))
    return sorted(found)


def alive(pid: int) -> bool:
    return _fields(Path(f"/proc/{pid}/stat"))[0] not in {"", "Z"}


def wait_gone(*pids: int, within: float = 15) -> None:
    wait_until(lambda: not any(alive(pid) for pid in pids), within)


def _fields(stat: Path) -> tuple[str, int]:
    try:
        state, parent, *_ = stat.read_text().rpartition(")")[2].split()
    except OSError:
        return "", 0  # it has just ended
    return state, int(parent)
