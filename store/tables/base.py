"""What the tables share: naming of constraints, and the column that leads every key of tenant data."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, DateTime, MetaData
from sqlalchemy.dialects.postgresql import UUID

metadata = MetaData(
    naming_convention={
        "ix": "%(table_name)s_%(column_0_N_name)s",
        "uq": "%(table_name)s_%(column_0_N_name)s_key",
        "ck": "%(table_name)s_%(constraint_name)s_check",
        "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
        "pk": "%(table_name)s_pkey",
    }
)


def tenant() -> Column[Any]:
    """The tenant: (organization, mode). It leads every primary key, unique key and index."""
    return Column("tenant_id", UUID, primary_key=True, nullable=False)


def identity(name: str = "id") -> Column[Any]:
    """A primary id."""
    return Column(name, UUID, primary_key=True, nullable=False)


def moment(name: str, *, nullable: bool = True) -> Column[Any]:
    """A moment, by the ledger's clock."""
    return Column(name, DateTime(timezone=True), nullable=nullable)
