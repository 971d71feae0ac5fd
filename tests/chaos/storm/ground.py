"""The installation that the storm is about: several of every process, on lines that can break and with clocks that are wrong."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cli.installation import Installation
from cli.processes import Process
from cli.system.shape import Shape
from tests.chaos.storm.clocks import noted, wrong_clock
from tests.chaos.storm.network import MAIL, Network
from tests.support.inside import inside
from tests.support.installation import Grounds
from tests.support.receiver import Receiver, receiving
from tests.support.servers import temporary_state

COUNTS = {"web": 2, "admission": 2, "selection": 2, "people": 2, "administration": 2, "scheduler": 2, "mail": 2}
PROCESSES = tuple(
    name if number == 1 else f"{name}.{number}" for name, count in COUNTS.items() for number in range(1, count + 1)
)
GATEWAYS = tuple(name for name in PROCESSES if name.startswith("web"))
SCHEDULERS = tuple(name for name in PROCESSES if name.startswith("scheduler"))
WORKERS = tuple(name for name in PROCESSES if name not in GATEWAYS + SCHEDULERS)
SELECTING = tuple(name for name in PROCESSES if name.startswith("selection"))
OPERATOR = "operator@storm.test"
_GROUPS = {"web": "gateways", "scheduler": "schedulers"}


class StormyInstallation(Installation):
    """An installation whose processes reach their servers through a network, each with a clock of its own."""

    def __init__(self, state: Path, shape: Shape, network: Network, seed: int) -> None:
        super().__init__(state, shape, _unsaid)
        self.network, self.seed = network, seed
        self.clocks = state / "clocks"

    def _settings(self, name: str, process: Process) -> dict[str, str]:
        """What any process is told, its servers by way of the network."""
        group, told = _GROUPS.get(process.name, "workers"), super()._settings(name, process)
        self.clocks.mkdir(exist_ok=True)
        by_line = {
            setting: self.network.url(group, server, told[setting])
            for setting, server in (
                ("DATABASE_URL", "postgres"), ("MAINTENANCE_DATABASE_URL", "postgres"), ("REDIS_URL", "redis"),
            )
        }  # fmt: skip
        by_line["SMTP_URL"] = self.network.url(*MAIL, self.shape.environment["SMTP_URL"])
        return told | by_line | wrong_clock(self.clocks, self.seed, name)


def _unsaid(mishap: str) -> None:
    """Mishaps are what a storm is made of; the logs tell of them."""


class Ground(Grounds):
    """The installation, its network, and the receiver of its mail."""

    def __init__(self, system: StormyInstallation, network: Network, receiver: Receiver) -> None:
        super().__init__(system)
        self.network, self.receiver, self._clocks = network, receiver, system.clocks

    @property
    def skews(self) -> list[float]:
        """By how many seconds the clock of each process was off, start by start."""
        return noted(self._clocks)


@contextmanager
def stormy_ground(seed: int, *calls: str) -> Iterator[Ground]:
    """A running installation to raise storms over. The seed decides how wrong the clocks are.

    `calls`, each "module:function", are made inside all of its processes before anything else.
    """
    with temporary_state() as state, receiving() as receiver, Network() as network:
        told = {"SMTP_URL": receiver.url, "OPERATOR_EMAIL": OPERATOR, "CORES": "shared"}
        shape = Shape(COUNTS, environment=told | inside("tests.chaos.storm.clocks:begin", *calls))
        with StormyInstallation(state, shape, network, seed) as system:
            yield Ground(system, network, receiver)
