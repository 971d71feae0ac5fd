"""The settings of an organization, with their ranges: what may be asked for, and nothing else."""

from __future__ import annotations

import ipaddress
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, ValidationInfo, model_serializer
from pydantic_core import PydanticCustomError

from domain.money import CurrencyCode
from domain.settings import Free, Name, NotYet, NullMeansOff, Settings, Text, bounded, only
from domain.values import KEPT, LanguageCode, Metadata, TimeZoneName

Seconds = int
HttpsUrl = Annotated[str, Field(max_length=2000, pattern=r"^https://[^\s\"'<>\\]+$")]


def _below_a_name(value: str, info: ValidationInfo) -> str:
    """A wildcard stands below a name that somebody has: `*.com` would be everybody. What is kept stays readable."""
    _, wild, domain = value.partition("*.")
    if wild and "." not in domain and info.context is not KEPT:
        raise PydanticCustomError(
            "pattern", "A wildcard stands below a name of two parts or more: https://*.example.org."
        )
    return value


Origin = Annotated[
    str, Field(max_length=255, pattern=r"^https?://(\*\.)?[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:\d{1,5})?$"),
    AfterValidator(_below_a_name),
]  # fmt: skip
CountryCode = Annotated[str, Field(pattern=r"^[A-Z]{2}$")]


def _network(value: str) -> str:
    try:
        return str(ipaddress.ip_network(value))
    except ValueError:
        raise PydanticCustomError("pattern", "Give a network as CIDR, such as 192.0.2.0/24.") from None


class EmailSender(Settings):
    """Who e-mail to people comes from."""

    from_name: Name
    from_email: Annotated[str, Field(max_length=254, pattern=r"^[^@\s<>]+@[^@\s<>]+$")]
    reply_to: Annotated[str, Field(max_length=254, pattern=r"^[^@\s<>]+@[^@\s<>]+$")] | None = None


class SmsSender(Settings):
    """Who text messages to people come from."""

    from_number: Annotated[str, Field(pattern=r"^\+[1-9]\d{6,14}$")] | None = None


class Notifications(Settings):
    """The senders of messages; without one, the installation's own."""

    email: EmailSender | None = None
    sms: SmsSender | None = None


class Randomness(Settings):
    """Where the chance of draws and shuffles comes from."""

    source: Annotated[Literal["beacon", "commit_reveal"], only("commit_reveal")] = "commit_reveal"
    beacon_url: HttpsUrl | None = None
    beacon_chain_hash: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None
    fallback_seconds: Seconds = Field(60, ge=1, le=86_400)


class Limit(Settings):
    """So many calls in so many seconds; `burst` is a second ceiling, over one second."""

    limit: int = Field(ge=1, le=1_000_000_000)
    window_seconds: Seconds = Field(ge=1, le=86_400)
    burst: int | None = Field(None, ge=1, le=1_000_000_000)


class ClassLimits(Settings):
    """The three counters of a class of calls; one that is null is off, one that is not named keeps its ceiling."""

    key: Limit | None = None
    consumer: Limit | None = None
    address: Limit | None = None

    @model_serializer
    def _as_sent(self) -> dict[str, Any]:
        """Exactly what was named is written, because null says that it is off and silence that it is not."""
        named = {name: getattr(self, name) for name in type(self).model_fields if name in self.model_fields_set}
        return {name: limit and limit.model_dump(mode="json", by_alias=True) for name, limit in named.items()}


CallClass = Literal[
    "session", "otp-request", "otp-verify", "refresh", "authorize", "route", "entry", "bid", "book", "status", "public",
    "stream", "server", "beacon", "admin-read", "admin-write", "admin-bulk", "analytics",
]  # fmt: skip


class OrganizationConfig(Settings):
    """Every setting of an organization. Durations in seconds; what does not exist yet takes its default only."""

    name: Name
    slug: Annotated[str, Field(max_length=200)]
    status: Literal["ACTIVE", "INACTIVE", "PENDING"] = "ACTIVE"
    time_zone: TimeZoneName = "UTC"
    country_code: CountryCode | None = None
    language_code: LanguageCode = "en"
    currency_code: CurrencyCode
    logo_url: HttpsUrl | None = None
    favicon_url: HttpsUrl | None = None
    theme: Annotated[Free, AfterValidator(bounded)] = Field(default_factory=dict)
    allowed_origins: list[Origin] = Field(default_factory=list, max_length=50)
    frame_ancestors: list[Origin] = Field(default_factory=list, max_length=50)
    notifications: Notifications = Field(default_factory=Notifications)
    allow_guests: bool = True
    require_fingerprint: NotYet = False
    protection_level: Annotated[Literal["STANDARD", "ENHANCED", "MAXIMUM"], only("STANDARD")] = "STANDARD"
    bot_check_provider: Annotated[Literal["pow", "turnstile", "hcaptcha", "none"], only("pow", "none")] = "pow"
    access_token_seconds: Seconds = Field(3600, ge=300, le=86_400)
    refresh_token_seconds: Seconds = Field(2_592_000, ge=3600, le=7_776_000)
    randomness: Randomness = Field(default_factory=Randomness)
    rate_limits: Annotated[dict[CallClass, ClassLimits], NullMeansOff(2)] = Field(default_factory=dict)
    trusted_networks: list[Annotated[Text, AfterValidator(_network)]] = Field(default_factory=list, max_length=200)
    audit_retention_days: Annotated[int, only(365)] = 365
    consumer_retention_days: Annotated[int | None, only(None)] = None
    metadata: Metadata = Field(default_factory=dict)
