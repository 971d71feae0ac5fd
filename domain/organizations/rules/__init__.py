"""The rules of organizations and keys: pure functions from state, command and times to a decision."""

from domain.organizations.rules.keeping import create_key, note_use, revoke_key, rotate_key
from domain.organizations.rules.registering import create, slug_asked_for, slug_refused, update

__all__ = ["create", "create_key", "note_use", "revoke_key", "rotate_key", "slug_asked_for", "slug_refused", "update"]
