"""Refresh tokens: made from their command, recognized without a look at the store."""

from uuid import uuid4

from hypothesis import given
from hypothesis import strategies as st

from api_gateway.auth import RefreshTokens, guest_ids, new_guest, token_hash

TOKENS = RefreshTokens(b"secret")
IDS = tuple(uuid4() for _ in range(4))


def test_a_token_names_its_session() -> None:
    token = TOKENS.issue(*IDS)
    presented = TOKENS.read(IDS[0], token)
    assert presented is not None
    assert (presented.consumer_id, presented.session_id, presented.hash) == (IDS[1], IDS[2], token_hash(token))


def test_the_same_command_issues_the_same_token() -> None:
    assert TOKENS.issue(*IDS) == TOKENS.issue(*IDS)
    assert TOKENS.issue(*IDS) != TOKENS.issue(*IDS[:3], uuid4())


def test_a_token_is_no_good_for_another_tenant_or_installation() -> None:
    token = TOKENS.issue(*IDS)
    assert TOKENS.read(uuid4(), token) is None
    assert RefreshTokens(b"other").read(IDS[0], token) is None


@given(st.text(max_size=200))
def test_a_made_up_token_is_nobodys(text: str) -> None:
    assert TOKENS.read(IDS[0], text) is None
    assert TOKENS.read(IDS[0], "rt_" + text) is None


def test_a_changed_token_is_nobodys() -> None:
    token = TOKENS.issue(*IDS)
    for at in range(3, len(token), 7):
        other = "A" if token[at] != "A" else "B"
        assert TOKENS.read(IDS[0], token[:at] + other + token[at + 1 :]) is None


def test_only_the_hash_of_a_token_travels() -> None:
    token = TOKENS.issue(*IDS)
    assert token not in new_guest(IDS[2], token).model_dump_json()


def test_a_command_makes_one_guest() -> None:
    command_id = uuid4()
    assert guest_ids(command_id) == guest_ids(command_id)
    ids = guest_ids(command_id)
    assert len({command_id, ids.consumer_id, ids.session_id}) == 3
