"""`drumroll`: what an operator types, in the order in which a newcomer needs it."""

from __future__ import annotations

import sys
from typing import Any

import typer
from typer.core import TyperGroup

from cli import keys, migrations, organizations
from cli.crowd.command import crowd
from cli.dead import dead_app
from cli.demo import demo
from cli.errors import MISUSED, ObstacleError
from cli.local import at_hand
from cli.run import gateway, migrate, scheduler, settings, worker
from cli.up import up
from cli.verify import verify
from runtime.embedded import EmbeddedServerError

SEE, RUN, KEEP = "See it", "Run each process on its own", "Look after it"


class Story(TyperGroup):
    """The commands in the order in which they were told, with every obstacle said in a sentence."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Let `drumroll crowd` find the installation that runs here; one that is named by --url is not told its keys."""
        if "crowd" in args and not any(word.partition("=")[0] == "--url" for word in args):
            ctx.default_map = {"crowd": at_hand()}
        return super().parse_args(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        """Run a command; exit status 2 when something stands in its way."""
        try:
            return super().invoke(ctx)
        except (ObstacleError, EmbeddedServerError) as obstacle:
            typer.secho(str(obstacle), err=True, fg=None if not sys.stderr.isatty() else typer.colors.RED)
            raise typer.Exit(MISUSED) from None


app = typer.Typer(
    cls=Story,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["--help", "-h"]},
)


@app.callback()
def drumroll() -> None:
    """Drumroll runs the moments when more people want something than there is of it.

    Begin with `drumroll demo`: it lets a crowd through a waiting room of the real system and checks what must be true.
    """


for panel, commands in (
    (SEE, (demo, up, crowd, verify)),
    (RUN, (migrate, gateway, worker, scheduler, settings)),
):
    for command in commands:
        app.command(rich_help_panel=panel)(command)
for name, group in (
    ("organizations", organizations.app),
    ("keys", keys.app),
    ("signing-keys", keys.signing),
    ("dead", dead_app),
    ("migrations", migrations.app),
):
    app.add_typer(group, name=name, rich_help_panel=KEEP)
