"""Settings, all from the environment: what a process is told, and nothing that it could find out."""

from __future__ import annotations

from functools import lru_cache

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """One process's settings: a variable that is empty counts as not set.

    `drumroll settings` prints them with their meaning, secrets left out.
    """

    model_config = SettingsConfigDict(env_ignore_empty=True, extra="ignore", frozen=True)

    database_url: str = Field(
        "postgresql://postgres@127.0.0.1:5432/drumroll", description="The store, under this process's role."
    )
    maintenance_database_url: str | None = Field(
        None, description="The store under the maintenance role: for the scheduler's janitor."
    )
    reads_database_url: str | None = Field(
        None, description="A replica of the store under the gateway's role, for long reads; without it, the store."
    )
    redis_url: str = Field("redis://127.0.0.1:6379/0", description="Replies, nudges and write limits.")
    broker_url: str | None = Field(
        None, pattern=r"^(rediss?|unix|amqps?)://.+$",
        description="The broker of the bell: redis:// or amqp:// (RabbitMQ); without it, Redis.",
    )  # fmt: skip
    domain: str = Field("localhost", description="The public domain: consumer.<domain>, admin.<domain>.")
    public_url: str | None = Field(
        None, description="How people reach the Consumer API; without it, from domain and port."
    )
    host: str = Field("127.0.0.1", description="The address a gateway listens on.")
    port: int = Field(8080, ge=0, le=65535, description="The port a gateway listens on.")
    trusted_proxies: str = Field(
        "", description="Addresses or networks, comma separated, whose X-Forwarded-For is believed."
    )
    gateway_secret: SecretStr = Field(
        SecretStr(""), description="Makes ids from Idempotency-Keys and refresh tokens. Gateways only."
    )
    key_encryption_key: SecretStr = Field(
        SecretStr(""), description="Opens the signing keys. Workers only; 32 bytes in hex."
    )
    metrics_port: int = Field(
        0, ge=0, le=65535, description="Where a worker or scheduler shows its metrics; 0 = nowhere."
    )
    worker_threads: int = Field(
        8, ge=1, le=256, description="Threads of a worker process; at least one for each partition it serves."
    )
    allow_unsafe_store: bool = Field(
        default=False, description="Start on a Postgres that may lose commits: for a store that is thrown away."
    )
    log_level: str = Field("info", description="debug, info, warning or error.")
    smtp_url: str | None = Field(None, description="Where e-mail goes: smtp://user:password@host:port.")
    mail_from: str | None = Field(
        None, pattern=r"^[^@\s<>]+@[^@\s<>]+$",
        description="The sender of e-mail, an address alone; without it, no-reply@<domain>.",
    )  # fmt: skip
    operator_email: str | None = Field(None, description="Who is told about commands that could not be decided.")
    beacon_urls: str = Field(
        "https://api.drand.sh,https://api2.drand.sh,https://api3.drand.sh,https://drand.cloudflare.com",
        description="Relays of the public beacon, comma separated. All are asked, and what they say is verified.",
    )
    undecided_per_organization: int = Field(50_000, ge=1, description="Beyond it an organization gets 503.")
    undecided_per_aggregate: int = Field(25_000, ge=1, description="Beyond it one queue, draw or auction gets 503.")
    writes_in_hand: int = Field(
        512,
        ge=2,
        description="Writes that a gateway works on at once; one organization alone gets half of them, then 503.",
    )

    @property
    def issuer(self) -> str:
        """The consumer host's URL: the `iss` of every token and the base of every absolute link."""
        return self.public_url or f"http://consumer.{self.domain}:{self.port}"

    @property
    def relays(self) -> tuple[str, ...]:
        """The public beacon's relays, by their base addresses."""
        return tuple(part.strip() for part in self.beacon_urls.split(",") if part.strip())

    @property
    def bell_url(self) -> str:
        """Where the bell rings: the broker, or Redis where none is set."""
        return self.broker_url or self.redis_url


@lru_cache(maxsize=1)
def settings() -> Settings:
    """The settings of this process."""
    return Settings()
