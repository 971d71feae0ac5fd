"""Whether the migrations make the tables that the code describes. `python -m store.migrations.check` is for `make check`."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence

from sqlalchemy import Connection

from store.migrations.run import drift, migrate
from store.roles import RolePasswords


def differences(connection: Connection) -> Sequence[str]:
    """How an empty database, migrated in this transaction, differs from the tables: empty when it does not."""
    migrate(connection, RolePasswords("of a store that is not kept"))
    return drift(connection)


if __name__ == "__main__":
    # In a process of its own, because the throw-away server to try it on is the command line's to start.
    sys.exit(subprocess.call([sys.executable, "-m", "cli", "migrations", "check"]))
