"""The whole app, launched once, and programs that call it."""

import pytest
from gradio_client import Client

from vc_core.ui.suite import build_suite, launch


@pytest.fixture(scope="session")
def studio():
    """The address of a running app."""
    suite = build_suite()
    yield launch(suite)
    suite.close()


@pytest.fixture
def client(studio, tmp_path):
    return Client(studio, verbose=False, download_files=str(tmp_path / "downloads"), analytics_enabled=False)
