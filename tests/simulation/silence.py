"""Nobody logs: what happened in a world is in its trace."""

from collections.abc import Iterator
from contextlib import contextmanager
from logging import CRITICAL

import structlog

from workers import canonical


class Silence:
    """Takes lines and shows none: what happened is in the trace."""

    def msg(self, line: bytes) -> None:
        """Not shown."""


@contextmanager
def hush() -> Iterator[None]:
    """Nobody logs for the length of a block."""
    shown, told = structlog.get_config(), canonical.log
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(CRITICAL))
    canonical.log = Silence()
    try:
        yield
    finally:
        structlog.configure(**shown)
        canonical.log = told
