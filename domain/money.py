"""Money: decimal text on the wire, whole minor units inside; how many digits a currency has is said by ISO 4217."""

from __future__ import annotations

import re
from typing import Annotated, Any, Final

from pydantic import BeforeValidator, Field
from pydantic_core import PydanticCustomError

_AMOUNT: Final = re.compile(r"\d{1,12}(\.\d{1,8})?", re.ASCII)
_USUAL_DIGITS: Final = 2
_NO_DIGITS: Final = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
_THREE_DIGITS: Final = "BHD IQD JOD KWD LYD OMR TND"
_FOUR_DIGITS: Final = "CLF UYW"
_DIGITS: Final = {
    **dict.fromkeys(_NO_DIGITS.split(), 0), **dict.fromkeys(_THREE_DIGITS.split(), 3),
    **dict.fromkeys(_FOUR_DIGITS.split(), 4),
}  # fmt: skip


def _amount(value: Any) -> str:
    if not isinstance(value, str) or not _AMOUNT.fullmatch(value):
        raise PydanticCustomError("invalid_money", 'Give an amount as text, such as "12.50".')
    return value


Amount = Annotated[str, BeforeValidator(_amount), Field(pattern=r"^\d{1,12}(\.\d{1,8})?$")]
"""An amount as it is sent: up to twelve digits, and after a point no more than the currency has."""
CurrencyCode = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]


def digits_of(currency: str) -> int:
    """How many digits an amount of this currency has after the point."""
    return _DIGITS.get(currency, _USUAL_DIGITS)


def minor_units(amount: str, currency: str) -> int | None:
    """An amount in the smallest units of its currency: 12.50 EUR is 1250. None when it has digits beyond those."""
    whole, _, fraction = amount.partition(".")
    digits = digits_of(currency)
    if len(fraction.rstrip("0")) > digits:
        return None
    return int(whole + fraction[:digits].ljust(digits, "0"))


def amount_text(minor: int, currency: str) -> str:
    """The amount of so many of a currency's smallest units, with all its digits: 1250 of EUR is 12.50."""
    digits = digits_of(currency)
    text = str(minor).rjust(digits + 1, "0")
    return f"{text[:-digits]}.{text[-digits:]}" if digits else text
