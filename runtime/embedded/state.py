"""Where embedded servers keep what they own, and who owns it at the moment."""

import fcntl
import hashlib
import os
import shutil
import tempfile
from pathlib import Path

from runtime.embedded.errors import EmbeddedServerError
from runtime.embedded.user import ServerUser, server_user

_PROJECT = Path(__file__).resolve().parents[2]


def default_state_folder() -> Path:
    """The folder for everything that a local installation keeps.

    ``DRUMROLL_STATE`` when set; else ``.drumroll`` in the project; else, when the project is read-only or the
    servers' user cannot reach it, ``drumroll-<hash of user and project path>`` in the first temporary folder it can.
    The folder need not exist yet.
    """
    chosen = os.environ.get("DRUMROLL_STATE")
    if chosen:
        return Path(chosen).expanduser().absolute()
    if (_PROJECT / "pyproject.toml").exists() and os.access(_PROJECT, os.W_OK) and server_user().enters(_PROJECT):
        return _PROJECT / ".drumroll"
    digest = hashlib.sha256(f"{os.geteuid()}:{_PROJECT}".encode()).hexdigest()[:12]
    return shared_folder() / f"drumroll-{digest}"


def shared_folder() -> Path:
    """A temporary folder in which both this process and the servers' user can work."""
    candidates = [Path("/var/tmp"), Path(tempfile.gettempdir()), Path("/tmp")]  # noqa: S108 - only as a parent of folders that are checked to be ours
    for candidate in candidates:
        if os.access(candidate, os.W_OK) and server_user().enters(candidate):
            return candidate
    tried = ", ".join(str(candidate) for candidate in candidates)
    message = (
        f"none of {tried} can be used by this process and by the servers' user; set DRUMROLL_STATE to a folder that can"
    )
    raise EmbeddedServerError(message)


def prepare_state_folder(state: Path, user: ServerUser) -> None:
    """Create `state` and the folders above it where missing, or check that it is ours and reachable for `user`.

    Only folders created here get permissions; an existing one is refused with a message instead of being changed.
    """
    try:
        _make_folders(state)
    except OSError as failure:
        message = f"the state folder {state} cannot be made ({failure.strerror or failure}); name another one in DRUMROLL_STATE"
        raise EmbeddedServerError(message) from None
    for facts in (state.lstat(), state.stat()):
        if facts.st_uid != os.geteuid():
            message = (
                f"the state folder {state} belongs to user {facts.st_uid} and this process runs as {os.geteuid()}; "
                "run as that user, remove the folder, or name another one in DRUMROLL_STATE"
            )
            raise EmbeddedServerError(message)
    if not user.enters(state):
        message = (
            f"Postgres refuses to run as root, and user {user.uid}, which it runs under instead, cannot enter {state}; "
            "name a folder in DRUMROLL_STATE that everybody may enter, or run as an ordinary user"
        )
        raise EmbeddedServerError(message)


def _make_folders(state: Path) -> None:
    for folder in (*reversed(state.parents), state):
        if not folder.exists():
            folder.mkdir(mode=0o711)
            folder.chmod(0o711)  # again, because the mode of mkdir is cut by the umask


def remove_state(state: Path) -> None:
    """Forget everything that embedded servers keep in `state`; refused while they run."""
    for name in ("postgres", "redis"):
        folder = state / name
        if folder.exists():
            with Claim(folder):
                shutil.rmtree(folder)


class Claim:
    """The exclusive use of a server's folder by one process, given back by the kernel when that process dies."""

    def __init__(self, folder: Path) -> None:
        """Claim nothing yet; `folder` must exist when `take` is called."""
        self._path = folder / "lock"
        self._descriptor: int | None = None

    def take(self) -> None:
        """Own the folder, or raise EmbeddedServerError naming the process that does."""
        if self._descriptor is not None:
            return
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            owner = os.read(descriptor, 20).decode() or "unknown"
            os.close(descriptor)
            message = (
                f"process {owner} already runs a server in {self._path.parent}; "
                "stop it first, or name another folder in DRUMROLL_STATE"
            )
            raise EmbeddedServerError(message) from None
        os.ftruncate(descriptor, 0)
        os.write(descriptor, str(os.getpid()).encode())
        self._descriptor = descriptor

    def release(self) -> None:
        """Give the folder up; nothing happens when it was not owned."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def __enter__(self) -> None:
        """Take the folder for a block."""
        self.take()

    def __exit__(self, *_: object) -> None:
        """Release it."""
        self.release()
