"""Who runs an embedded server: ourselves, or as root an unprivileged user, because Postgres refuses root."""

import os
import pwd
import stat
from dataclasses import dataclass
from pathlib import Path

_NOBODY = 65534


@dataclass(frozen=True, slots=True)
class ServerUser:
    """The user and group ids that an embedded server runs under."""

    uid: int
    gid: int

    @property
    def is_somebody_else(self) -> bool:
        """Whether servers run under another user than this process."""
        return self.uid != os.geteuid()

    def reads(self, file: Path) -> bool:
        """Whether this user can open `file`, judged by the mode bits of the file and the folders above it."""
        if not self.is_somebody_else:
            return os.access(file, os.R_OK)
        real = file.resolve()
        return file.exists() and self._may(real, stat.S_IROTH) and self.enters(file.parent) and self.enters(real.parent)

    def enters(self, folder: Path) -> bool:
        """Whether this user can reach files in `folder` whose names it knows."""
        if not self.is_somebody_else:
            return os.access(folder, os.X_OK)
        real = folder.resolve()
        return real.is_dir() and all(self._may(step, stat.S_IXOTH) for step in (real, *real.parents))

    def take(self, path: Path) -> None:
        """Make `path`, which this process has just created, the server's own."""
        if self.is_somebody_else:
            os.chown(path, self.uid, self.gid)

    def _may(self, path: Path, permission: int) -> bool:
        facts = path.stat()
        if facts.st_uid == self.uid:
            permission <<= 6
        elif facts.st_gid == self.gid:
            permission <<= 3
        return bool(facts.st_mode & permission)


def server_user() -> ServerUser:
    """The user for embedded servers: `nobody` when this process is root, otherwise whoever we are."""
    if os.geteuid() != 0:
        return ServerUser(os.geteuid(), os.getegid())
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        return ServerUser(_NOBODY, _NOBODY)
    return ServerUser(nobody.pw_uid, nobody.pw_gid)
