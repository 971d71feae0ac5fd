"""`python -m cli` is `drumroll`."""

from cli.main import app

app(prog_name="drumroll")
