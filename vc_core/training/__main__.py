"""Worker process: `python -m vc_core.training FOLDER` trains a run until it is finished or stopped."""

import logging
import signal
import sys
from pathlib import Path

from vc_core.training.run.job import Run
from vc_core.training.run.worker import train_run


def main(folder: Path) -> int:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    run = Run(folder)
    # A shutdown sends SIGTERM first: the current step is saved.
    signal.signal(signal.SIGTERM, lambda *_: run.request_stop())
    return 0 if train_run(run).state in ("finished", "stopped") else 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
