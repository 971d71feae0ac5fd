"""Open files: every connection is one, and a shell's soft limit is often too low for a crowd."""

from __future__ import annotations

import resource

SPARE = 64
"""Files besides connections: the interpreter's own, the terminal, the event loop."""


def raise_file_limit(connections: int) -> str | None:
    """Raises the soft limit of open files as far as is needed; what to do, in a sentence, where that is not enough."""
    needed = connections + SPARE
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    endless = hard == resource.RLIM_INFINITY
    if soft == resource.RLIM_INFINITY or soft >= needed:
        return None
    if not endless and hard < needed:
        return (
            f"The crowd opens up to {needed:,} files, but only {hard:,} are allowed here. Raise the limit with "
            f"`ulimit -Hn {needed}` as an administrator, or use fewer connections with --connections."
        )
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(needed, hard) if not endless else needed, hard))
    return None
