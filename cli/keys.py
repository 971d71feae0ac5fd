"""`drumroll keys`: the keys of organizations. `drumroll signing-keys`: the keys that sign tokens."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import typer

from cli import lines
from cli.errors import ObstacleError
from cli.lines import moment
from cli.organizations import named, show_keys
from cli.reach import Reach, reach
from cli.registering import OPERATOR, decided, draw, imprint_of
from cli.system.preparing import check_sealed
from domain.organizations.commands import CreateKey, RevokeKey, RotateKey
from domain.organizations.state import SCOPES, KeyKind, Mode
from runtime.keys import new_key
from store import signing_keys
from store.reads import installation as reads
from store.reads.installation import KeyRow

app = typer.Typer(no_args_is_help=True, help="Keys of an organization: list, create, rotate, revoke.")
signing = typer.Typer(no_args_is_help=True, help="The keys that sign access tokens and grants: list, rotate, withdraw.")
Organization = Annotated[str, typer.Argument(help="Slug or id of the organization.")]
KeyId = Annotated[str, typer.Argument(help="The key's id, as `drumroll keys list` shows it.")]
PURPOSES = tuple(signing_keys.LONGEST)


@app.command("list")
def list_(organization: Organization) -> None:
    """List the keys of an organization; of their texts, the beginning and the end."""
    with reach().store() as connection:
        held = reads.keys(connection, named(connection, organization).id)
    show_keys(held)


@app.command()
def create(
    organization: Organization,
    kind: Annotated[KeyKind, typer.Option(help="Public, or for servers only.")] = KeyKind.SECRET,
    mode: Annotated[Mode, typer.Option(help="Which of the two data sets it opens.")] = Mode.TEST,
    name: Annotated[str, typer.Option(help="What it is for.")] = "Made by the operator",
) -> None:
    """Make a key and show it, once."""
    place = reach()
    with place.store() as connection:
        one = named(connection, organization)
    tenant_id, key = one.live_tenant_id if mode is Mode.LIVE else one.test_tenant_id, draw(kind, mode)
    scopes = SCOPES if kind is KeyKind.SECRET else ()
    command = CreateKey(tenant_id=tenant_id, name=name, kind=kind, mode=mode, scopes=scopes, imprint=imprint_of(key))
    with place.producer() as producer:
        decided(producer, producer.envelope(tenant_id, command, OPERATOR))
    _show_once(key.text)


@app.command()
def rotate(
    organization: Organization,
    key_id: KeyId,
    overlap: Annotated[int, typer.Option(min=0, max=604_800, help="Seconds for which the old key works on.")] = 86_400,
) -> None:
    """Replace a key, and show its successor, once."""
    place = reach()
    old = _key(place, organization, key_id)
    key = draw(KeyKind(old.kind), Mode(old.mode))
    command = RotateKey(tenant_id=old.tenant_id, key_id=old.id, imprint=imprint_of(key), overlap_seconds=overlap)
    with place.producer() as producer:
        decided(producer, producer.envelope(old.tenant_id, command, OPERATOR))
    _show_once(key.text)


@app.command()
def revoke(organization: Organization, key_id: KeyId) -> None:
    """End a key: within a second it opens nothing more."""
    place = reach()
    key = _key(place, organization, key_id)
    with place.producer() as producer:
        command = RevokeKey(tenant_id=key.tenant_id, key_id=key.id)
        decided(producer, producer.envelope(key.tenant_id, command, OPERATOR))
    typer.echo(f"{key.prefix}…{key.last4} is revoked.")


@signing.command("list")
def list_signing() -> None:
    """List the keys that sign, with the times between which they are listed and sign."""
    with reach().store() as connection:
        shifts = signing_keys.shifts(connection)
    headings = ("purpose", "listed from", "signs from", "signs until", "listed until", "kid")
    times = [(one.listed_at, one.signs_from, one.signs_until, one.listed_until) for one in shifts]
    lines.show(headings, [(one.purpose, *map(moment, at), one.kid) for one, at in zip(shifts, times, strict=True)])


@signing.command("rotate")
def rotate_signing(
    purpose: Annotated[str, typer.Option(help=f"{' or '.join(PURPOSES)}; without it, both.")] = "",
) -> None:
    """Make the next signing key; no token is refused because of it.

    Verifiers see it a day before it signs, and the old one until its last token has ended.
    """
    if purpose and purpose not in PURPOSES:
        raise ObstacleError(f"There are no signing keys for {purpose}: the purposes are {' and '.join(PURPOSES)}.")
    place = reach()
    sealing = place.sealing_key()
    with place.store() as connection:
        check_sealed(connection, sealing)
        for one in [purpose] if purpose else PURPOSES:
            shift = signing_keys.rotate(connection, one, new_key(sealing))
            typer.echo(f"{one}: {shift.kid} signs from {moment(shift.signs_from)} UTC")


@signing.command("withdraw")
def withdraw_signing(
    kid: Annotated[str, typer.Argument(help="The key's id, as `drumroll signing-keys list` shows it.")],
) -> None:
    """Strike a key that others may have: within half a minute nothing that it signed is good any more.

    People get new tokens by themselves. Shops that check grants offline believe the old key until they fetch the key set
    again, which they do within the hour: have them ask validate until then.
    """
    place = reach()
    sealing = place.sealing_key()
    with place.store() as connection:
        check_sealed(connection, sealing)
        successor = signing_keys.withdraw(connection, kid, new_key(sealing))
    if successor is None:
        raise ObstacleError(f"There is no signing key {kid}: `drumroll signing-keys list` shows those there are.")
    typer.echo(f"{kid} is withdrawn; {successor} signs now.")


def _key(place: Reach, organization: str, key_id: str) -> KeyRow:
    with place.store() as connection:
        held = reads.keys(connection, named(connection, organization).id)
    for key in held:
        if str(key.id) == _tidy(key_id):
            return key
    raise ObstacleError(f"{organization} has no key {key_id}: `drumroll keys list {organization}` shows those it has.")


def _tidy(text: str) -> str:
    try:
        return str(UUID(text))
    except ValueError:
        return text


def _show_once(text: str) -> None:
    typer.echo(text)
    typer.echo("It is shown this once: only its hash is kept.", err=True)
