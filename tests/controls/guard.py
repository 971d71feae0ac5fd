"""What a guard is, for those who take it away."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from tests.controls.removing import Removal
from tests.support.works import Works

Scene = Callable[[Works], Iterable[str]]


@dataclass(frozen=True, slots=True)
class Guard:
    """A guard of the product, the promise that it keeps, and what a scene sees when it is gone.

    `scene` plays what the guard is for and says what is wrong in the end: nothing, or without the guard exactly
    `missed`. The guard is taken away by `removal` in this process, or by `statement` in the scene's database, or both.
    """

    name: str
    promise: str
    missed: tuple[str, ...]
    scene: Scene
    removal: Removal | None = None
    statement: str | None = None
