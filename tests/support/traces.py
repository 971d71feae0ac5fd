"""What embedded servers might leave behind: processes, and changed permissions."""

from pathlib import Path

import psutil


def at_work(state: Path) -> list[psutil.Process]:
    """The processes whose working folder lies in `state`."""
    return [process for process in psutil.process_iter() if _working_folder(process).startswith(str(state))]


def permissions(*folders: Path) -> dict[Path, tuple[int, int, int]]:
    """Mode and owners of everything in `folders` and of all folders above them."""
    paths = {path for folder in folders for path in (*folder.rglob("*"), folder, *folder.parents)}
    return {path: (facts.st_mode, facts.st_uid, facts.st_gid) for path in paths for facts in [path.lstat()]}


def _working_folder(process: psutil.Process) -> str:
    """Empty when the process is gone or somebody else's."""
    try:
        return process.cwd()
    except psutil.Error:
        return ""
