"""Code of a test inside the project's own processes: a clock that is wrong, a guard that is missing.

The code lives here and not in the product, so that nothing that runs for people can be told to do without a guard.
"""

import os
from pathlib import Path

ROOT = Path(__file__).parents[3]
CALLS = "DRUMROLL_TEST_INSIDE"


def inside(*calls: str) -> dict[str, str]:
    """The environment under which a Python process makes these calls before anything else, each "module:function".

    A process that cannot make them ends with a traceback and status 70.
    """
    path = [str(Path(__file__).parent), str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {"PYTHONPATH": os.pathsep.join(path), CALLS: ",".join(calls)}
