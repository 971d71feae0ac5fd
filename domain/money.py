"""Money: decimal text on the wire, whole minor units inside; how many digits a currency has is said by ISO 4217."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo
from pydantic_core import PydanticCustomError

from domain.values import KEPT

_AMOUNT: Final = re.compile(r"\d{1,12}(\.\d{1,8})?", re.ASCII)
_USUAL_DIGITS: Final = 2
_NO_DIGITS: Final = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
_THREE_DIGITS: Final = "BHD IQD JOD KWD LYD OMR TND"
_FOUR_DIGITS: Final = "CLF UYW"
# ISO 4217 list one with the amendments in force in 2026. Metals, units of account, testing (XTS) and the code for no currency
# are left out, because nothing is paid in them.
_CODES: Final = (
    "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BHD BIF BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE "
    "CHF CHW CLF CLP CNY COP COU CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF "
    "GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR "
    "LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN "
    "PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS "
    "TMT TND TOP TRY TTD TWD TZS UAH UGX USD USN UYI UYU UYW UZS VED VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR "
    "ZMW ZWG"
)
_ACTIVE: Final = frozenset(_CODES.split())
_DIGITS: Final = {
    **dict.fromkeys(_NO_DIGITS.split(), 0), **dict.fromkeys(_THREE_DIGITS.split(), 3),
    **dict.fromkeys(_FOUR_DIGITS.split(), 4),
}  # fmt: skip


def _amount(value: Any) -> str:
    if not isinstance(value, str) or not _AMOUNT.fullmatch(value):
        raise PydanticCustomError("invalid_money", 'Give an amount as text, such as "12.50".')
    return value


def _currency(value: str, info: ValidationInfo) -> str:
    """An active code. What is kept already stays readable, because a currency may be withdrawn after it was used."""
    if value not in _ACTIVE and info.context is not KEPT:
        raise PydanticCustomError("enum", "Give the code of an active currency of ISO 4217, such as EUR.")
    return value


Amount = Annotated[str, BeforeValidator(_amount), Field(pattern=r"^\d{1,12}(\.\d{1,8})?$")]
"""An amount as it is sent: up to twelve digits, and after a point no more than the currency has."""
CurrencyCode = Annotated[str, Field(pattern=r"^[A-Z]{3}$"), AfterValidator(_currency)]
"""The code of a currency that is in use."""


def names_currency(changes: Mapping[str, Any], *, replace: bool) -> bool:
    """Whether a change of settings may be one of the currency; in a replacement silence is a change too."""
    return replace or "currencyCode" in changes


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
