"""A draw is made, changed, held, goes on, ends, and is put away."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from domain.command import SYSTEM_ACTOR, Actor
from domain.distribution.state import Ended, Pause, Scope
from domain.draw import rules
from domain.draw.commands import CreateDraw, KillDraw, PauseDraw, ResumeDraw, UpdateDraw
from domain.draw.events import DrawChanged
from domain.draw.state import Draw, DrawStatus, Status
from domain.draw.view import draw_facts
from domain.settings import actor_text
from tests.domain.draw.draws import (
    DRAW,
    DRAWN_AT,
    NOON,
    SECRET,
    SEQUENCE,
    at,
    drawn,
    logged,
    make_config,
    make_draw,
    make_entry,
    make_sequence_of_draw,
    moment,
    recorded,
    refusal_of,
    reply_of,
    sealed,
    selected,
    the_draw,
)

KEY = Actor("secret", UUID(int=9))
CREATE = CreateDraw(draw_id=DRAW, sequence_id=SEQUENCE, config=make_config(winner_count=3))
HELD = Pause(Scope.ALL, moment(100))


def create(sequence: Any = None, command: CreateDraw = CREATE, made: Draw | None = None) -> Any:
    """A draw is asked for."""
    under = make_sequence_of_draw() if sequence is None else sequence
    return rules.create(made, under, SECRET, DRAW, command, KEY, at(1))


def updating(changes: dict[str, Any], **how: Any) -> UpdateDraw:
    """A change is asked for."""
    return UpdateDraw(draw_id=DRAW, changes=changes, **how)


def update(draw: Draw, changes: dict[str, Any], **how: Any) -> Any:
    """A change is asked for and decided."""
    return rules.update(draw, make_sequence_of_draw(), updating(changes, **how), at(1), by=KEY)


def resume(draw: Draw, seconds: float, *, shift: bool = True) -> Any:
    """Somebody has the draw go on."""
    return rules.resume(draw, ResumeDraw(draw_id=DRAW, shift_schedule=shift), at(seconds))


def kill(draw: Draw, reason: str = "fire", *, revoke: bool = False, seconds: float = 1) -> Any:
    """Somebody ends the draw."""
    return rules.kill(draw, KillDraw(draw_id=DRAW, reason=reason, revoke_grants=revoke), at(seconds), by=KEY)


def test_a_new_draw_has_a_secret_and_belongs_to_its_sequence() -> None:
    decision = create()
    draw = the_draw(decision)
    assert (draw.id, draw.sequence_id, draw.server_seed, draw.config) == (DRAW, SEQUENCE, SECRET, CREATE.config)
    assert (draw.created_at, draw.created_by, draw.version) == (moment(1), "secret:" + str(KEY.id), 1)
    assert (draw.status, decision.outcome.created) == (DrawStatus.PENDING, True)
    assert SECRET.hex() not in str(reply_of(decision).body)
    assert decision.events == (DrawChanged("created", moment(1)),)


def test_a_second_copy_of_a_creation_finds_what_it_made() -> None:
    decision = create(made=make_draw())
    assert decision.saves == ()
    assert reply_of(decision).body["id"] == DRAW


def test_there_is_no_draw_without_a_sequence() -> None:
    decision = rules.create(None, None, SECRET, DRAW, CREATE, KEY, at(1))
    assert refusal_of(decision).code == "SEQUENCE_NOT_FOUND"


@pytest.mark.parametrize(
    ("sequence", "settings", "field"),
    [
        ({"open_at": moment(10)}, {"open_at": 9}, "/openAt"),
        ({"close_at": moment(900)}, {"close_at": 901}, "/closeAt"),
        ({"close_at": moment(900)}, {"draw_at": 901}, "/closeAt"),
        ({"open_at": moment(10), "close_at": moment(900)}, {"open_at": 10, "close_at": 900}, None),
    ],
)
def test_a_draw_takes_entries_while_its_experience_is_on(
    sequence: dict[str, Any], settings: dict[str, Any], field: str | None
) -> None:
    config = make_config(**settings)
    decision = create(make_sequence_of_draw(**sequence), CREATE.model_copy(update={"config": config}))
    assert getattr(decision.outcome, "field", None) == field
    assert getattr(decision.outcome, "code", "INVALID_WINDOW") == "INVALID_WINDOW"


def test_everything_may_change_before_the_first_entry() -> None:
    decision = update(make_draw(), {"winnerCount": 9, "name": "Lottery", "maxTicketsPerEntry": 5})
    draw = the_draw(decision)
    assert (draw.config.winner_count, draw.config.name, draw.version) == (9, "Lottery", 2)
    (event,) = decision.events
    assert event.fields == ("maxTicketsPerEntry", "name", "winnerCount")


@pytest.mark.parametrize("draw", [make_draw(entries=1), sealed(make_draw())], ids=["entered", "frozen"])
@pytest.mark.parametrize(
    "changes",
    [
        {"winnerCount": 9}, {"drawAt": "2026-12-24T12:00:00Z"}, {"closeAt": "2026-11-21T12:10:00Z"}, {"capacity": 9},
        {"maxTicketsPerEntry": 5}, {"onExpiry": "requeue"}, {"claimCloseAt": "2026-12-24T12:00:00Z"},
    ],
    ids=lambda changes: next(iter(changes)),
)  # fmt: skip
def test_after_the_first_entry_people_rely_on_what_was_set(draw: Draw, changes: dict[str, Any]) -> None:
    refused = refusal_of(update(draw, {**changes, "name": "Lottery"}))
    assert (refused.code, refused.field) == ("FIELD_FROZEN", "/" + next(iter(changes)))


@pytest.mark.parametrize("draw", [make_draw(entries=1), selected([make_entry(status=Status.WON)])])
def test_names_may_always_change(draw: Draw) -> None:
    after = the_draw(update(draw, {"name": "Lottery", "metadata": {"a": "b"}, "winnerCount": 1}))
    assert (after.config.name, after.config.metadata) == ("Lottery", {"a": "b"})


def test_a_change_that_changes_nothing_is_no_change() -> None:
    assert update(make_draw(), {"winnerCount": 1}).saves == ()


@pytest.mark.parametrize(
    ("draw", "changes", "how", "code"),
    [
        (make_draw(), {"name": "x"}, {"if_version": 2}, "VERSION_CONFLICT"),
        (make_draw(ended=Ended(NOON, "fire")), {"name": "x"}, {}, "DISTRIBUTION_CLOSED"),
        (make_draw(archived=True), {"name": "x"}, {}, "DISTRIBUTION_CLOSED"),
        (make_draw(), {"winnerCount": 0}, {}, "VALIDATION_ERROR"),
        (make_draw(capacity=5), {"winnerCount": 6}, {}, "VALIDATION_ERROR"),
        (make_draw(), {"closeAt": "2026-12-24T12:00:00Z"}, {}, "INVALID_WINDOW"),
        (make_draw(), {"drawAt": None}, {}, "VALIDATION_ERROR"),
        (make_draw(), {"admitRate": 5}, {}, "VALIDATION_ERROR"),
    ],
)
def test_what_may_not_be_changed_is_refused(draw: Draw, changes: Any, how: dict[str, Any], code: str) -> None:
    assert refusal_of(update(draw, changes, **how)).code == code


def test_a_pause_is_remembered_with_its_scope_and_reason() -> None:
    asked = PauseDraw(draw_id=DRAW, scope=Scope.ALL, reason="rain", resume_at=moment(60))
    decision = rules.pause(make_draw(), asked, at(3))
    assert the_draw(decision).pause == Pause(Scope.ALL, moment(3), moment(60), "rain", actor_text(SYSTEM_ACTOR))
    body = reply_of(decision).body
    assert (body["paused"], body["pauseScope"], body["statusOverride"]) == (True, "ALL", "paused")


@pytest.mark.parametrize(
    ("draw", "code"),
    [
        (make_draw(pause=HELD), "ALREADY_PAUSED"),
        (make_draw(ended=Ended(NOON, "fire")), "DISTRIBUTION_CLOSED"),
        (selected().with_pool(completed_at=NOON), "DISTRIBUTION_CLOSED"),
    ],
)
def test_what_is_over_or_held_is_not_held(draw: Draw, code: str) -> None:
    assert refusal_of(rules.pause(draw, PauseDraw(draw_id=DRAW), at(DRAWN_AT + 1))).code == code


def test_going_on_is_for_what_is_held() -> None:
    assert refusal_of(resume(make_draw(), 1)).code == "NOT_PAUSED"


def test_without_a_shift_every_date_stays() -> None:
    draw = make_draw(close_at=500, pause=HELD)
    after = the_draw(resume(draw, 200, shift=False))
    assert (after.pause, after.config) == (None, draw.config)


def test_a_shift_puts_off_what_had_not_come_when_the_pause_began() -> None:
    after = the_draw(resume(make_draw(open_at=0, close_at=500, claim_close_at=2000, pause=HELD), 130))
    config = after.config
    assert (config.open_at, config.close_at, config.draw_at, config.claim_close_at) == (
        moment(0), moment(530), moment(DRAWN_AT + 30), moment(2030),
    )  # fmt: skip
    after = the_draw(resume(make_draw(close_at=50, pause=HELD), 130))
    assert (after.config.close_at, after.config.draw_at) == (moment(50), moment(DRAWN_AT + 30))


def test_a_shift_before_the_freeze_is_nothing_that_the_log_tells() -> None:
    assert logged(resume(make_draw(pause=HELD), 130)) == []


def test_a_shift_after_the_freeze_is_a_line_of_the_log() -> None:
    held = replace(sealed(make_draw(close_at=50, claim_close_at=2000)), pause=HELD)
    assert logged(resume(held, 130)) == [
        {
            "type": "RESCHEDULED",
            "drawAt": "2026-11-21T12:17:10.250000Z",
            "claimCloseAt": "2026-11-21T12:33:50.250000Z",
        }
    ]
    assert logged(resume(held, 130, shift=False)) == []


def test_a_shift_does_not_open_again_what_was_frozen() -> None:
    """The draw was held before its closing, froze its entries all the same, and goes on after it."""
    for settings in ({"close_at": 500}, {}):
        held = replace(sealed(make_draw(**settings)), pause=Pause(Scope.SERVICE, moment(100)))
        after = the_draw(resume(held, DRAWN_AT + 50))
        assert after.config.draw_at > moment(DRAWN_AT + 50)
        assert after.config.close_at == held.config.closes_at
        assert after.lifecycle(moment(DRAWN_AT + 51)).value == "settling"


def test_a_shift_does_not_put_off_what_has_come_in_spite_of_the_pause() -> None:
    held = the_draw(rules.pause(make_draw(close_at=900), PauseDraw(draw_id=DRAW, scope=Scope.ENTRY), at(890)))
    late = selected(close_at=900, claim_close_at=5000)
    after = the_draw(resume(replace(late, pause=held.pause), 1100))
    assert (after.config.close_at, after.config.draw_at) == (moment(900), moment(1000))
    assert after.config.claim_close_at == moment(5210)
    over = replace(late, pause=held.pause).with_pool(completed_at=moment(1050))
    assert the_draw(resume(over, 1100)).config == over.config


def test_a_draw_goes_on_by_itself_for_whoever_comes_at_the_moment_that_was_announced() -> None:
    held = make_draw(pause=replace(HELD, resume_at=moment(200)))
    assert rules.resume_if_due(held, at(199.9, decided=300)).saves == ()
    assert the_draw(rules.resume_if_due(held, at(200))).pause is None
    assert rules.resume_if_due(make_draw(pause=HELD), at(10_000)).saves == ()


def test_an_end_before_the_freeze_is_one_write() -> None:
    decision = kill(make_draw(entries=3, entered=3, pause=HELD))
    draw = the_draw(decision)
    assert draw.ended == Ended(moment(1), "fire", revoke_grants=False, by="secret:" + str(KEY.id))
    assert (draw.pause, draw.status, decision.saves[:-1]) == (None, DrawStatus.VOID, (draw,))
    assert recorded(decision) == [{"type": "VOID", "reason": "fire"}]


@pytest.mark.parametrize("draw", [make_draw(), sealed(make_draw())])
def test_an_end_for_which_nobody_gave_a_reason_is_an_end(draw: Draw) -> None:
    decision = kill(draw, "", seconds=DRAWN_AT + 1)
    assert the_draw(decision).status is DrawStatus.VOID
    assert recorded(decision)[0]["reason"] == "No reason was given."


@pytest.mark.parametrize("draw", [sealed(make_draw()), drawn(make_draw(entries=1)), selected([make_entry()])])
def test_an_end_after_the_freeze_is_a_line_of_the_log(draw: Draw) -> None:
    decision = kill(draw, "f" * 300, seconds=DRAWN_AT + 1)
    assert logged(decision) == [{"type": "VOID", "reason": "f" * 200}]
    assert the_draw(decision).status is DrawStatus.VOID


def test_a_draw_ends_once() -> None:
    assert refusal_of(kill(make_draw(ended=Ended(NOON, "fire")))).code == "DISTRIBUTION_CLOSED"
    over = selected().with_pool(completed_at=NOON)
    assert refusal_of(kill(over, seconds=DRAWN_AT + 1)).code == "DISTRIBUTION_CLOSED"


def test_a_draw_that_is_void_says_so_and_whether_grants_are_still_taken_back() -> None:
    won = selected([make_entry(status=Status.WON)])
    for revoke, told in ((False, "completed"), (True, "pending")):
        facts = draw_facts(the_draw(kill(won, revoke=revoke, seconds=DRAWN_AT + 1)), at(DRAWN_AT + 2))
        assert (facts["drawStatus"], facts["lifecycle"], facts["statusOverride"]) == ("void", "closed", "ended")
        assert (facts["statusOverrideReason"], facts["teardownStatus"]) == ("fire", told)


@pytest.mark.parametrize(
    ("draw", "code"),
    [
        pytest.param(make_draw(entries=1, entered=1), "HAS_LIVE_PARTICIPANTS", id="somebody takes part"),
        pytest.param(selected([make_entry(status=Status.WON)]), "HAS_LIVE_PARTICIPANTS", id="somebody has won"),
        pytest.param(make_draw(), None, id="nobody came"),
        pytest.param(make_draw(entries=1, entered=0), None, id="everybody left"),
        pytest.param(make_draw(entries=1, entered=1, ended=Ended(NOON, "fire")), None, id="void"),
        pytest.param(selected([make_entry()]).with_pool(completed_at=NOON), None, id="over, with losers"),
    ],
)
def test_a_draw_is_put_away_when_nobody_is_in_it(draw: Draw, code: str | None) -> None:
    decision = rules.archive(draw, None, at(DRAWN_AT + 9))
    if code is None:
        assert the_draw(decision).archived
    else:
        assert refusal_of(decision).code == code


def test_a_draw_is_put_away_in_the_version_that_was_seen() -> None:
    assert refusal_of(rules.archive(make_draw(), 3, at())).code == "VERSION_CONFLICT"
