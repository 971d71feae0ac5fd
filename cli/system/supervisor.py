"""Who looks after the processes: starts them, waits until they are ready, starts again what dies, stops all in order."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import structlog

from cli.errors import ObstacleError
from cli.system.child import Child
from runtime.embedded import EmbeddedServerError

LOOK_SECONDS = 0.05
FIRST_PAUSE, LONGEST_PAUSE = 0.25, 15.0
STEADY_SECONDS = 20.0
LAST_WORK_SECONDS = 25.0
log = structlog.get_logger("supervisor")
Mend = Callable[[], Sequence[str]]


@dataclass(slots=True)
class Post:
    """A process that is wanted: who fills it, how to see that it is ready, and when it may be filled again."""

    child: Child
    is_ready: Callable[[], bool]
    wanted: bool = True
    ready: bool = False
    restarts: int = 0
    pause: float = FIRST_PAUSE
    since: float = field(default_factory=time.monotonic)
    again_at: float | None = None


class Supervisor:
    """Looks after children in a thread of its own. `tell` hears a sentence about everything that goes wrong."""

    def __init__(self, posts: Mapping[str, Post], mend: Mend, tell: Callable[[str], None]) -> None:
        self.posts = dict(posts)
        self._mend, self._tell = mend, tell
        self._lock = threading.RLock()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="supervisor", daemon=True)

    def start(self, seconds: float) -> None:
        """Start all and return when all are ready. ObstacleError, with its last words, when one dies before or takes too long."""
        for post in self.posts.values():
            post.child.start()
        until = time.monotonic() + seconds
        while waited := [post for post in self.posts.values() if not self._look_ready(post)]:
            for post in waited:
                if post.child.pid is None:
                    raise _failed(post.child, f"ended with status {post.child.status} before it was ready")
                if time.monotonic() > until:
                    raise _failed(post.child, f"was not ready after {seconds:.0f} s")
            time.sleep(LOOK_SECONDS)
        self._thread.start()

    def stop(self, stages: Iterable[Iterable[str]]) -> None:
        """Stop stage after stage: each finishes what it has in hand; what does not end in time is ended."""
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join()
        for stage in stages:
            self._end([self.posts[name].child for name in stage])
        self._end([post.child for post in self.posts.values()])

    def let_go(self, name: str) -> None:
        """Stop one process as a deploy does, and leave its post empty until `fill`. The others are looked after meanwhile."""
        with self._lock:
            post = self.posts[name]
            post.wanted = post.ready = False
        self._end([post.child])

    def fill(self, name: str, seconds: float = 30.0) -> None:
        """Start a process whose post is empty, and return when it is ready. ObstacleError otherwise."""
        with self._lock:
            post = self.posts[name]
            post.wanted, post.again_at = True, None
            if post.child.pid is None:
                self._fill(post)
        self.wait_ready(name, seconds)

    def kill(self, name: str) -> None:
        """Kill a process and all that it has started; it is started again, as after any death."""
        with self._lock:
            self.posts[name].ready = False
            self.posts[name].child.end_rest()

    def wait_ready(self, name: str, seconds: float = 30.0) -> None:
        """Return when a process is ready, also one that has just been killed. ObstacleError after `seconds`."""
        until, post = time.monotonic() + seconds, self.posts[name]
        while not (post.child.pid is not None and post.ready):
            if time.monotonic() > until:
                raise _failed(post.child, f"was not ready after {seconds:.0f} s")
            time.sleep(LOOK_SECONDS)

    def _watch(self) -> None:
        pause = FIRST_PAUSE
        while not self._stopping.wait(LOOK_SECONDS):
            with self._lock:
                for name, post in self.posts.items():
                    if post.wanted and not self._stopping.is_set():
                        self._look_after(name, post)
            try:
                for server in self._mend():
                    self._tell(f"{server} had died and was started again")
                pause = FIRST_PAUSE
            except EmbeddedServerError as failure:
                self._tell(str(failure))
                self._stopping.wait(pause)
                pause = min(pause * 2, LONGEST_PAUSE)

    def _look_after(self, name: str, post: Post) -> None:
        now = time.monotonic()
        if post.child.pid is not None:
            post.ready = self._look_ready(post)
            if post.ready and now - post.since > STEADY_SECONDS:
                post.pause = FIRST_PAUSE
        elif post.again_at is None:
            post.ready, post.again_at = False, now + post.pause
            post.pause = min(post.pause * 2, LONGEST_PAUSE)
            self._tell(f"{name} ended with status {post.child.status} and is started again; see {post.child.log}")
        elif now >= post.again_at:
            post.restarts += 1
            self._fill(post)

    def _fill(self, post: Post) -> None:
        post.ready, post.again_at, post.since = False, None, time.monotonic()
        post.child.start()

    @staticmethod
    def _look_ready(post: Post) -> bool:
        if not post.ready and post.child.pid is not None:
            post.ready = post.is_ready()
        return post.ready and post.child.pid is not None

    @staticmethod
    def _end(children: Sequence[Child]) -> None:
        for child in children:
            child.terminate()
        until = time.monotonic() + LAST_WORK_SECONDS
        for child in children:
            if not child.gone_within(max(0.0, until - time.monotonic())):
                log.warning("process.killed", name=child.name, because="it did not end in time")
            child.end_rest()


def _failed(child: Child, what: str) -> ObstacleError:
    words = "\n  ".join(child.last_words())
    return ObstacleError(f"{child.name} {what}; the end of {child.log}:\n  {words}")
