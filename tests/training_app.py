"""The app with the fast training method of the tests, and a separate home."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import tiny_training
from conftest import ROOT

from vc_core.training import TRAINING_METHODS
from vc_core.training.run import job
from vc_core.ui.suite import build_suite, launch


@contextmanager
def app_that_trains(home: Path, *, shared: bool = False) -> Iterator[str]:
    """Yield its address; worker processes have the method registered too."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VOICE_STUDIO_HOME", str(home))
        patch.setenv("VOICE_STUDIO_SHARED", "1" if shared else "0")
        patch.setenv("PYTHONPATH", str(ROOT / "tests"))
        patch.setattr(job, "WORKER", (sys.executable, tiny_training.__file__))
        tiny_training.register()
        suite = build_suite(["train_voice", "voices", "convert_singer"])
        try:
            yield launch(suite)
        finally:
            suite.close()
            TRAINING_METHODS.pop("tiny", None)
