"""Private TCP ports on 127.0.0.1."""

import secrets
import socket
from pathlib import Path

from runtime.embedded.errors import EmbeddedServerError

# Below every system's ephemeral range, because a client that dials a port of that range while its server is down
# may be given the same port for its own end and connect to itself.
_FIRST, _LAST = 15_000, 30_000
_TRIES = 200


def is_free(port: int) -> bool:
    """Whether a server could listen on `port` of 127.0.0.1 now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def remembered_port(file: Path) -> int:
    """The port written in `file` while it is free, otherwise another free one, which is written there."""
    remembered = file.read_text().strip() if file.exists() else ""
    if remembered.isdecimal() and is_free(int(remembered)):
        return int(remembered)
    for _ in range(_TRIES):
        port = _FIRST + secrets.randbelow(_LAST - _FIRST)
        if is_free(port):
            file.write_text(f"{port}\n")
            return port
    message = f"no free port on 127.0.0.1 among {_TRIES} tried between {_FIRST} and {_LAST}; close some servers"
    raise EmbeddedServerError(message)
