"""Known vulnerabilities of the locked packages: `python -m tests.support.audit` is for `make audit` and `make check`.

A vulnerability fails. A service that cannot be asked, as on a machine whose only network is a package index, audits nothing and
is no fault of the packages: that is said aloud, and passes. pip-audit itself reports such a run as one that found nothing.
Further arguments go to pip-audit, for example `-s osv`.
"""

import json
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parents[2]
UNREACHABLE = re.compile(r"ConnectionError|ConnectTimeout|ReadTimeout|SSLError|ProxyError|ServiceError|HTTPError")
BEAM = "!" * 78


class Excuse(NamedTuple):
    """Why a vulnerability does not concern this project, and until when that is believed."""

    reason: str
    until: date


EXCUSED: Mapping[str, Excuse] = {}
"""By the id of the vulnerability. Whoever adds one says what was looked at, and looks again when the day has come."""


class Audited(NamedTuple):
    """What came of an audit: packages that were asked about, those that were not with the reason, and faults by package."""

    asked: Sequence[str]
    unasked: Mapping[str, str]
    faults: Mapping[str, Sequence[str]]


def audit(lock: Path, *more: str) -> Audited:
    """Ask about every package of a lock. RuntimeError when pip-audit itself fails; nothing is asked where nobody answers."""
    words = ["--requirement", str(lock), "--no-deps", "--disable-pip", "--progress-spinner", "off", "--format", "json"]
    command = [sys.executable, "-m", "pip_audit", *words, *more]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=300)
    try:
        found = json.loads(ran.stdout)
    except ValueError:
        last = (ran.stderr.strip().splitlines() or ["it said nothing"])[-1]
        if not UNREACHABLE.search(ran.stderr):
            raise RuntimeError(f"pip-audit failed: {last}") from None
        return Audited([], {"every package": last}, {})
    return read(found["dependencies"])


def read(dependencies: Sequence[Mapping[str, Any]]) -> Audited:
    """What pip-audit told, without what is excused."""
    asked = [one["name"] for one in dependencies if "vulns" in one]
    unasked = {one["name"]: one["skip_reason"] for one in dependencies if "skip_reason" in one}
    faults = {f"{one['name']} {one['version']}": _faults(one) for one in dependencies if "vulns" in one}
    return Audited(asked, unasked, {name: told for name, told in faults.items() if told})


def _faults(dependency: Mapping[str, Any]) -> list[str]:
    return [
        f"{one['id']}, mended in {', '.join(one['fix_versions']) or 'no version yet'}"
        for one in dependency["vulns"]
        if not any(excused(name) for name in (one["id"], *one.get("aliases", ())))
    ]


def excused(name: str) -> bool:
    """Whether a vulnerability does not count today."""
    excuse = EXCUSED.get(name)
    return excuse is not None and datetime.now(UTC).date() <= excuse.until


def told(audited: Audited) -> str:
    """What there is to say."""
    faults = "".join(f"{name}: {fault}\n" for name, all_of in audited.faults.items() for fault in all_of)
    if not audited.asked:
        why = next(iter(audited.unasked.values()), "the lock is empty")
        return f"{BEAM}\nNOTHING WAS AUDITED: {why}\nRun `make audit` where a vulnerability service can be reached.\n{BEAM}\n"
    unasked = f"NOT AUDITED: {', '.join(audited.unasked)}\n" if audited.unasked else ""
    summary = f"{len(audited.asked)} packages were audited, {len(audited.faults)} have known vulnerabilities.\n"
    return unasked + faults + summary


def main(*more: str, lock: Path = ROOT / "requirements.lock") -> int:
    """Audit, say what was found, and return the exit status."""
    try:
        audited = audit(lock, *more)
    except (RuntimeError, subprocess.TimeoutExpired) as failure:
        sys.stderr.write(f"{failure}\n")
        return 1
    sys.stdout.write(told(audited))
    return 1 if audited.faults else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
