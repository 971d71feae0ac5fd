"""The lines of the Procfile, and commands as an operator types them."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
LINES = dict(line.split(": drumroll ", 1) for line in (ROOT / "Procfile").read_text().splitlines())
UP = {"web": "gateway.up", "scheduler": "scheduler.up"}

Environment = dict[str, str]


def drumroll(words: str, environment: Environment) -> subprocess.CompletedProcess[str]:
    """A command, run to its end."""
    command = [sys.executable, "-m", "cli", *words.split()]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
