"""People as they are shown."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

from api_gateway.shapes.common import Linked


class Consumer(Linked):
    """A person, with what they say of themselves."""

    id: UUID
    level: Literal["guest", "registered", "verified"]
    email: str | None
    email_verified: bool
    phone: str | None
    phone_verified: bool
    full_name: str | None
    language_code: str | None
    time_zone: str | None
    email_opt_out: bool
    sms_opt_out: bool
    version: int
    created_at: datetime
    updated_at: datetime


class KeptConsumer(Consumer):
    """A person as the organization sees them."""

    organization_id: UUID
    mode: Literal["live", "test"]
