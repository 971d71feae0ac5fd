"""`drumroll organizations`: the operator's view of who uses the installation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.table import Table
from sqlalchemy import Connection

from cli import lines
from cli.errors import ObstacleError
from cli.lines import moment
from cli.reach import reach
from cli.registering import OPERATOR, KeyPair, NewOrganization, create_organization, decided
from domain.organizations.commands import UpdateOrganization
from domain.organizations.config import OrganizationConfig
from domain.slugs import slug_of
from store.reads import installation as reads
from store.reads.installation import OrganizationRow

app = typer.Typer(
    no_args_is_help=True, help="Organizations: make one with its keys, list them, show one, put one to sleep."
)
SLUG_LENGTHS = (3, 50)


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="What people call it.")],
    slug: Annotated[str | None, typer.Option(help="Its name in addresses; without it, made from the name.")] = None,
    currency: Annotated[str, typer.Option(help="ISO 4217, such as EUR.")] = "EUR",
    time_zone: Annotated[str, typer.Option(help="IANA, such as Europe/Vienna.")] = "UTC",
) -> None:
    """Make an organization with a publishable and a secret key in each mode, and show the keys, once."""
    chosen = slug or slug_of(name, *SLUG_LENGTHS, otherwise="")
    config = config_of(name=name, slug=chosen, currency_code=currency, time_zone=time_zone)
    with reach().producer() as producer:
        made = create_organization(producer, config)
    show_new(made, Console())


@app.command("list")
def list_() -> None:
    """List all organizations."""
    with reach().store() as connection:
        found = reads.organizations(connection)
    rows = [(one.slug, one.name, one.status, moment(one.created_at), one.id) for one in found]
    lines.show(("slug", "name", "status", "since", "id"), rows)
    if not found:
        typer.echo("There is no organization yet: drumroll organizations create NAME", err=True)


@app.command()
def show(organization: Annotated[str, typer.Argument(help="Its slug or id.")]) -> None:
    """Show one organization with its keys (of their texts, the beginning and the end)."""
    with reach().store() as connection:
        one = named(connection, organization)
        held = reads.keys(connection, one.id)
    typer.echo(f"{one.name} ({one.slug}), {one.status}, since {moment(one.created_at)} UTC")
    typer.echo(f"id {one.id}  live tenant {one.live_tenant_id}  test tenant {one.test_tenant_id}")
    show_keys(held)


@app.command()
def activate(organization: Annotated[str, typer.Argument(help="Its slug or id.")]) -> None:
    """Let an organization's keys open again what they opened."""
    _put(organization, "ACTIVE")


@app.command()
def deactivate(organization: Annotated[str, typer.Argument(help="Its slug or id.")]) -> None:
    """Let an organization's keys open nothing, in both modes, until it is activated again."""
    _put(organization, "INACTIVE")


def _put(organization: str, status: str) -> None:
    place = reach()
    with place.store() as connection:
        one = named(connection, organization)
    with place.producer() as producer:
        command = UpdateOrganization(changes={"status": status})
        decided(producer, producer.envelope(one.live_tenant_id, command, OPERATOR))
    typer.echo(f"{one.name} is {status} now.")


def named(connection: Connection, slug_or_id: str) -> OrganizationRow:
    """An organization. ObstacleError when there is none of that name."""
    found = reads.organization(connection, slug_or_id)
    if found is None:
        raise ObstacleError(
            f"There is no organization {slug_or_id}: `drumroll organizations list` shows those there are."
        )
    return found


def show_keys(held: Sequence[reads.KeyRow]) -> None:
    """Print keys, of their texts the beginning and the end."""
    rows = [
        (key.mode, key.kind, f"{key.prefix}…{key.last4}", key.name, key.status, moment(key.expires_at), key.id)
        for key in held
    ]
    lines.show(("mode", "kind", "key", "name", "status", "until", "id"), rows)


def show_new(made: NewOrganization, console: Console) -> None:
    """The keys of an organization just made: the only time that the secret ones are shown."""
    console.print(f"{made.name} ({made.slug}), organization {made.id}", highlight=False, soft_wrap=True)
    console.print(pairs_table({"live": made.live, "test": made.test}))
    console.print("The secret keys are shown this once: only their hashes are kept.", style="yellow")


def pairs_table(pairs: Mapping[str, KeyPair]) -> Table:
    """Key pairs by mode, whole."""
    table = Table(box=None, pad_edge=False, show_header=False)
    for mode, pair in pairs.items():
        table.add_row(f"{mode} publishable", pair.publishable)
        table.add_row(f"{mode} secret", pair.secret)
    return table


def config_of(**settings: object) -> OrganizationConfig:
    """Settings of an organization. ObstacleError, with the member, when one is out of its range."""
    try:
        return OrganizationConfig.model_validate(settings)
    except ValidationError as wrong:
        faults = "; ".join(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in wrong.errors())
        raise ObstacleError(f"These settings will not do: {faults}.") from None
