"""A Postgres cluster on disk: made once, protected by a random password, checked for its version."""

import secrets
import shutil
import subprocess
from pathlib import Path

from runtime.embedded.child import Child
from runtime.embedded.errors import EmbeddedServerError
from runtime.embedded.user import ServerUser

# Codepoint order whatever the machine's locales are, with checksums so that a bad disk is noticed.
_INITDB = (
    "--username=postgres",
    "--auth=scram-sha-256",
    "--data-checksums",
    "--encoding=UTF8",
    "--locale=C",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--no-instructions",
)


class Cluster:
    """The cluster in ``folder/data``, which belongs to the servers' user; the folder itself stays ours."""

    def __init__(self, folder: Path, user: ServerUser) -> None:
        """Touch nothing yet."""
        self.data = folder / "data"
        self._fresh = folder / "data.new"
        self._password = folder / "password"
        self._password_for_initdb = folder / "password.new"
        self._user = user

    @property
    def password(self) -> str:
        """The superuser's password."""
        return self._password.read_text()

    def ensure(self, programs: Path, child: Child) -> None:
        """Create the cluster unless it exists; EmbeddedServerError when another major version made it."""
        if (self.data / "PG_VERSION").exists():
            self._check_version(programs)
            return
        shutil.rmtree(self._fresh, ignore_errors=True)  # left by a first run that was interrupted
        self._fresh.mkdir(mode=0o700)
        self._user.take(self._fresh)
        write_private(self._password, secrets.token_hex(24))
        write_private(self._password_for_initdb, self.password)
        self._user.take(self._password_for_initdb)
        child.run(programs / "initdb", f"--pgdata={self._fresh}", f"--pwfile={self._password_for_initdb}", *_INITDB)
        self._password_for_initdb.unlink()
        self._fresh.rename(self.data)

    def _check_version(self, programs: Path) -> None:
        made_by = (self.data / "PG_VERSION").read_text().strip()
        version = subprocess.run([programs / "postgres", "--version"], capture_output=True, text=True, check=True)  # noqa: S603 - the wheel's own program
        ours = version.stdout.split()[-1]
        if ours.split(".")[0] != made_by:
            message = (
                f"{self.data} was made by PostgreSQL {made_by} and this is {ours}; dump it with the older version, "
                f"or remove {self.data.parent} to begin afresh"
            )
            raise EmbeddedServerError(message)


def write_private(path: Path, text: str) -> None:
    """Write `text` to a new file that only its owner can read, in place of an older one."""
    path.unlink(missing_ok=True)
    path.touch(mode=0o600, exist_ok=False)
    path.write_text(text)
