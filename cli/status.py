"""The calm line under a running system: whether all is well, and what is not."""

from __future__ import annotations

import time

from rich.console import Console
from rich.live import Live
from rich.text import Text

from cli.errors import ObstacleError
from cli.installation import Installation
from store.reads import installation as reads
from store.reads.installation import Waiting

EVERY_SECONDS = 1.0
LATE_SECONDS = 2.0


class StatusLine:
    """Shown once a second on a terminal; elsewhere one line for each change."""

    def __init__(self, system: Installation, console: Console) -> None:
        self._system, self._console = system, console
        self._since = time.monotonic()

    def show_on(self) -> None:
        """Show until interrupted."""
        if not self._console.is_terminal:
            self._show_changes()
        with Live(console=self._console, auto_refresh=False, transient=True) as live:
            while True:
                live.update(
                    Text.assemble(
                        self._health(), (f" · up {_span(time.monotonic() - self._since)} · Ctrl-C stops it", "dim")
                    ),
                    refresh=True,
                )
                time.sleep(EVERY_SECONDS)

    def _show_changes(self) -> None:
        shown = ""
        while True:
            health = self._health().plain
            if health != shown:
                self._console.print(health, soft_wrap=True)
                shown = health
            time.sleep(EVERY_SECONDS)

    def _health(self) -> Text:
        unready, waiting = self._system.unready(), self._waiting()
        if waiting is None:
            return Text("● the store does not answer", style="red")
        if unready:
            return Text(f"● {', '.join(unready)}: being started again", style="yellow")
        if waiting.seconds is not None and waiting.seconds > LATE_SECONDS:
            return Text(f"● {waiting.commands:,} commands wait, the oldest {waiting.seconds:.0f} s", style="yellow")
        return Text(f"● all {len(self._system.names)} processes are ready", style="green")

    def _waiting(self) -> Waiting | None:
        try:
            with self._system.reach().store() as connection:
                return reads.waiting(connection)
        except ObstacleError:
            return None


def _span(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min" if minutes else f"{rest} s"
