"""What this process asks of Postgres, overheard: the texts of the statements that mention something."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import psycopg
import pytest
from psycopg import sql

from store.libpq import Pipeline, Statement


@dataclass(slots=True)
class Overheard:
    """Every statement with its values, in the order in which they were sent."""

    sent: list[tuple[str, str]] = field(default_factory=list)

    def about(self, *named: str, without: str = "nothing") -> list[str]:
        """The texts of the statements that say any of these and not what they are to be `without`, in alphabetical order.

        Many threads speak at once, so that the order in which they are heard means nothing. A look after an answer
        that is late in coming depends on how busy the machine is, and on nothing else.
        """
        said = [(text, values) for text, values in self.sent if any(one in values or one in text for one in named)]
        return sorted(text for text, values in said if without not in values and "journal_outcomes" not in text)


@contextmanager
def overheard() -> Iterator[Overheard]:
    """Listen to everything that Postgres is asked to execute, on whatever connection of this process."""
    heard, patch = Overheard(), pytest.MonkeyPatch()
    execute, execute_later, run = psycopg.Cursor.execute, psycopg.AsyncCursor.execute, Pipeline.run

    def listen(self: Any, query: Any, params: Any = None, **how: Any) -> Any:
        heard.sent.append((_text(query), repr(params)))
        return execute(self, query, params, **how)

    async def listen_later(self: Any, query: Any, params: Any = None, **how: Any) -> Any:
        heard.sent.append((_text(query), repr(params)))
        return await execute_later(self, query, params, **how)

    def listen_to_all(self: Pipeline, statements: Sequence[Statement]) -> None:
        heard.sent.extend((_text(one.query), repr(one.parameters)) for one in statements)
        run(self, statements)

    patch.setattr(Pipeline, "run", listen_to_all)
    patch.setattr(psycopg.Cursor, "execute", listen)
    patch.setattr(psycopg.AsyncCursor, "execute", listen_later)
    try:
        yield heard
    finally:
        patch.undo()


def _text(query: Any) -> str:
    if isinstance(query, sql.Composable):
        return query.as_string(None)
    return query.decode() if isinstance(query, bytes) else str(query)
