"""The worker: `python -m vc_core.training FOLDER` works on a run until it is done or stopped."""

import logging
import signal
import sys
from pathlib import Path

from vc_core.training.job import Run
from vc_core.training.worker import work


def main(folder: Path) -> int:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    run = Run(folder)
    # A machine that is shut down asks first: the step at hand is kept.
    signal.signal(signal.SIGTERM, lambda *_: run.ask_to_stop())
    return 0 if work(run).state in ("finished", "stopped") else 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
