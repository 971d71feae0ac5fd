"""The kinds that there are: each has a line, and every law looks at each of them."""

from tests.conformance.draws import DRAWS
from tests.conformance.kind import Kind
from tests.conformance.queues import QUEUES

KINDS: tuple[Kind, ...] = (QUEUES, DRAWS)
