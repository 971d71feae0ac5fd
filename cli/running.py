"""A system for the length of a command: brought up with a word about it, taken down whatever happens."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from rich.console import Console

from cli.crowd.limits import raise_file_limit
from cli.installation import Installation
from cli.signals import Interruptions
from cli.system.shape import LOOPBACK, Shape
from runtime.embedded import default_state_folder

GATEWAY_FILES = 4096


@contextmanager
def running(shape: Shape, console: Console) -> Iterator[tuple[Installation, Interruptions]]:
    """An installation in the default state folder. The first signal interrupts the block; nothing interrupts its end."""

    def tell(sentence: str) -> None:
        console.print(sentence, style="yellow", highlight=False, soft_wrap=True)

    raise_file_limit(GATEWAY_FILES)  # because gateways inherit it, and every listener is a file
    system, began = Installation(default_state_folder(), shape, tell), time.monotonic()
    with Interruptions() as interruptions:
        try:
            with console.status("Starting Postgres, Redis and the processes (the first time takes a little longer)"):
                system.bring_up()
            console.print(
                f"Up after {time.monotonic() - began:.1f} s: {', '.join(system.names)}. Logs are in {system.folder.logs}.",
                soft_wrap=True,
            )
            _say_ports(system, console)
            yield system, interruptions
        finally:
            interruptions.hold()
            if system.folder.is_ours:
                console.print("Stopping.")
            system.take_down()


def shape_of(counts: Mapping[str, int], *, host: str = LOOPBACK, port: int) -> Shape:
    """An installation on the servers that DATABASE_URL and REDIS_URL name, else on embedded ones."""
    database, redis = os.environ.get("DATABASE_URL"), os.environ.get("REDIS_URL")
    return Shape(counts, host=host, port=port, database_url=database, redis_url=redis)


def _say_ports(system: Installation, console: Console) -> None:
    wanted, got = system.shape.port, system.ports["web"]
    if wanted and wanted != got:
        console.print(f"Port {wanted} is taken, so it is {got} this time.", style="yellow")
