"""What people say of themselves, with its ranges."""

from __future__ import annotations

from typing import Annotated

from pydantic import StringConstraints

from domain.settings import Settings, Text
from domain.values import LanguageCode, TimeZoneName


class ProfileConfig(Settings):
    """What a person may say: a name, a language, a time zone, and which announcements are not wanted."""

    full_name: Annotated[Text, StringConstraints(strip_whitespace=True, max_length=200)] | None = None
    language_code: LanguageCode | None = None
    time_zone: TimeZoneName | None = None
    email_opt_out: bool = False
    sms_opt_out: bool = False
