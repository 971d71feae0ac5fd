"""A bounded table of what was asked for lately."""

from api_gateway.recent import Recent


def test_what_is_asked_for_stays_and_the_rest_is_let_go() -> None:
    recent = Recent[int, str](10)
    recent.put(0, "asked for")
    recent.put(1, "forgotten")
    for key in range(2, 100):
        recent.put(key, "other")
        assert recent.get(0) == "asked for"
        assert len(recent) <= 10
    assert recent.get(1) is None
    assert recent.get(99) == "other"


def test_the_latest_half_is_always_there() -> None:
    recent = Recent[int, int](10)
    for key in range(1_000):
        recent.put(key, key)
        assert [recent.get(one) for one in range(max(0, key - 4), key + 1)] == list(range(max(0, key - 4), key + 1))


def test_a_value_is_written_anew_and_taken_away() -> None:
    recent = Recent[str, int](4)
    recent.put("a", 1)
    recent.put("a", 2)
    assert (recent.get("a"), len(recent)) == (2, 1)
    for other in "bcd":
        recent.put(other, 0)
    recent.pop("a")
    assert recent.get("a") is None
    recent.clear()
    assert len(recent) == 0
