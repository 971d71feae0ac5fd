"""What the ordinary service is told from outside, by environment variables named BENCH_..."""

from __future__ import annotations

from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Addresses, the key that signed the access tokens, and the limits.

    The limits are (calls, seconds) for publishable key, consumer and address; the address ceiling is
    raised for a benchmark, in which a whole crowd comes from one address, but it is still counted.
    """

    model_config = SettingsConfigDict(env_prefix="BENCH_")

    database_url: str
    redis_url: str
    token_key: str
    issuer: str = "http://consumer.localhost"
    pool_size: int = 8
    limit_key: tuple[int, int] = (1_200_000, 60)
    limit_consumer: tuple[int, int] = (10, 10)
    limit_address: tuple[int, int] = (1_200_000, 60)
