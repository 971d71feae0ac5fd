"""Amounts: as text outside, as whole minor units inside."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from domain.money import Amount, CurrencyCode, amount_text, digits_of, minor_units


@pytest.mark.parametrize(
    ("amount", "currency", "minor", "shown"),
    [
        ("12.5", "EUR", 1250, "12.50"),
        ("0.01", "USD", 1, "0.01"),
        ("7", "EUR", 700, "7.00"),
        ("1500", "JPY", 1500, "1500"),
        ("1500.00", "JPY", 1500, "1500"),
        ("1.234", "KWD", 1234, "1.234"),
        ("999999999999.9999", "CLF", 9_999_999_999_999_999, "999999999999.9999"),
    ],
)
def test_an_amount_is_whole_minor_units(amount: str, currency: str, minor: int, shown: str) -> None:
    assert minor_units(amount, currency) == minor
    assert amount_text(minor, currency) == shown


@pytest.mark.parametrize(("amount", "currency"), [("1.234", "EUR"), ("0.5", "JPY"), ("1.23456", "CLF")])
def test_an_amount_with_more_digits_than_its_currency_is_none(amount: str, currency: str) -> None:
    assert minor_units(amount, currency) is None


@pytest.mark.parametrize(
    "amount", ["", "-1", "1.", ".5", "1,5", "1e3", "1234567890123", "1.123456789", "\u0661", 5, 1.5, None]
)
def test_what_is_no_amount_is_refused(amount: object) -> None:
    with pytest.raises(ValidationError) as refused:
        TypeAdapter(Amount).validate_python(amount)
    assert refused.value.errors()[0]["type"] == "invalid_money"


@pytest.mark.parametrize("code", ["EUR", "USD", "JPY", "XCG", "ZWG", "XOF", "CLF"])
def test_a_currency_in_use_is_one(code: str) -> None:
    assert TypeAdapter(CurrencyCode).validate_python(code) == code


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("ZZZ", "enum"),
        ("X" * 3, "enum"),
        ("XTS", "enum"),
        ("DEM", "enum"),
        ("HRK", "enum"),
        ("eur", "string_pattern_mismatch"),
    ],
)
def test_what_is_no_currency_in_use_is_refused(code: str, why: str) -> None:
    with pytest.raises(ValidationError) as refused:
        TypeAdapter(CurrencyCode).validate_python(code)
    assert refused.value.errors()[0]["type"] == why


@given(minor=st.integers(0, 10**16 - 1), currency=st.sampled_from(["EUR", "JPY", "KWD", "CLF"]))
def test_an_amount_comes_back_from_its_text(minor: int, currency: str) -> None:
    text = amount_text(minor, currency)
    assert minor_units(text, currency) == minor
    assert len(text.partition(".")[2]) == digits_of(currency)
