"""The scheduler process: `python -m workers.processes.scheduler`."""

import sys

from workers.scheduler import main

if __name__ == "__main__":
    sys.exit(main())
