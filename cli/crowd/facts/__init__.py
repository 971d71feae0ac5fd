"""What must be true after a run, each checked against what the people saw and what the server lists and publishes."""

from __future__ import annotations

from collections.abc import Callable

from cli.crowd.facts.answers import (
    bad_credentials_were_refused,
    grants_verify_offline,
    nothing_unexpected_was_answered,
    purchases_count_once,
)
from cli.crowd.facts.evidence import Evidence, Fact
from cli.crowd.facts.limits import inside_stayed_within_bounds, rate_stayed_within_bounds
from cli.crowd.facts.order import grants_followed_the_order, order_recomputes
from cli.crowd.facts.places import (
    no_shows_made_way,
    nothing_is_pending,
    one_place_for_every_enter,
    positions_never_got_worse,
    pressing_twice_is_one_place,
)

CHECKS: tuple[Callable[[Evidence], Fact], ...] = (
    one_place_for_every_enter,
    pressing_twice_is_one_place,
    order_recomputes,
    grants_followed_the_order,
    inside_stayed_within_bounds,
    rate_stayed_within_bounds,
    positions_never_got_worse,
    bad_credentials_were_refused,
    grants_verify_offline,
    purchases_count_once,
    no_shows_made_way,
    nothing_unexpected_was_answered,
    nothing_is_pending,
)


def check(evidence: Evidence) -> list[Fact]:
    """All facts of a run, in the order in which a life meets them."""
    return [fact(evidence) for fact in CHECKS]


__all__ = ["CHECKS", "Evidence", "Fact", "check"]
