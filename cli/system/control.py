"""What can be done to the processes of a running installation, by their names."""

from __future__ import annotations

import signal
from pathlib import Path

from cli.system.servers import Servers
from cli.system.supervisor import Supervisor

SERVERS = frozenset({"postgres", "redis"})


class Control:
    """The processes of an installation, looked after by `supervisor`, and its servers."""

    servers: Servers
    supervisor: Supervisor

    @property
    def names(self) -> list[str]:
        """The names of the processes: "web", "web.2", "admission" ..."""
        return list(self.supervisor.posts)

    def pid(self, name: str) -> int | None:
        """The process id; None while the process is not running."""
        return self.supervisor.posts[name].child.pid

    def log(self, name: str) -> Path:
        """The log of a process."""
        return self.supervisor.posts[name].child.log

    def restarts(self) -> dict[str, int]:
        """How often each process was started again after it had died."""
        return {name: post.restarts for name, post in self.supervisor.posts.items()}

    def unready(self) -> list[str]:
        """The processes that are not ready now."""
        return [name for name, post in self.supervisor.posts.items() if not post.ready]

    def kill(self, name: str) -> None:
        """SIGKILL to a process and all that it has started. It is started again."""
        self.supervisor.kill(name)

    def stop(self, name: str) -> None:
        """Freeze a process and all that it has started (SIGSTOP), until `cont`."""
        self.supervisor.posts[name].child.send(signal.SIGSTOP)

    def cont(self, name: str) -> None:
        """Let a frozen process go on (SIGCONT)."""
        self.supervisor.posts[name].child.send(signal.SIGCONT)

    def let_go(self, name: str) -> None:
        """End a process as a deploy does (SIGTERM), and leave its place empty until `fill`."""
        self.supervisor.let_go(name)

    def fill(self, name: str) -> None:
        """Start what was let go, and return when it is ready."""
        self.supervisor.fill(name)

    def restart(self, name: str, *, immediate: bool = False) -> None:
        """A deploy of one process: it goes and comes again. For "postgres" and "redis", `immediate` is a crash."""
        if name in SERVERS:
            self.servers.restart(name, immediate=immediate)
            return
        self.supervisor.let_go(name)
        self.supervisor.fill(name)

    def wait_ready(self, name: str, seconds: float = 30.0) -> None:
        """Return when a process is ready, also one that has just been killed. ObstacleError after `seconds`."""
        self.supervisor.wait_ready(name, seconds)
