"""Found by Python on its way up, in processes whose environment was made by `tests.support.inside.inside`."""

import os
import traceback
from importlib import import_module

CANNOT = 70


def begin() -> None:
    """Make the calls that were asked for."""
    for call in filter(None, os.environ["DRUMROLL_TEST_INSIDE"].split(",")):
        module, _, function = call.partition(":")
        getattr(import_module(module), function)()


try:
    begin()
except BaseException:  # noqa: BLE001 (Python would go on without it, and a control would control nothing)
    traceback.print_exc()
    os._exit(CANNOT)
