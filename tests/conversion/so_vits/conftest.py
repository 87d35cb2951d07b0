"""Fixtures of the tests that import so-vits checkpoints."""

import shutil

import pytest
from conversion.so_vits_maker import write_checkpoint
from hub_server import Repo

from vc_core.conversion.so_vits.repo import SoVitsFiles
from vc_core.voices.library import VoiceLibrary


@pytest.fixture
def library(tmp_path):
    return VoiceLibrary(tmp_path / "voices")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A function that writes a tiny checkpoint once, and gives a copy of its own."""
    folder = tmp_path_factory.mktemp("checkpoints")

    def make(name: str, place) -> SoVitsFiles:
        own = folder / name.replace(" ", "-")
        if not own.exists():
            write_checkpoint(own, name)
        shutil.copytree(own, place, dirs_exist_ok=True)
        return SoVitsFiles(place / "G_100.pth", place / "config.json")

    return make


@pytest.fixture
def files(made, tmp_path):
    return made("upstream 4.1", tmp_path / "mine")


@pytest.fixture
def repo(hub, files):
    """Like the tutorial's, with more checkpoints than one."""
    config, generator = files.config.read_bytes(), files.generator.read_bytes()
    names = ("G_106000.pth", "G_98400.pth", "G_0.pth", "D_106000.pth")
    hub.repos["me/drake"] = Repo({"config.json": config, "README.md": b"#"} | dict.fromkeys(names, generator))
    return hub.repos["me/drake"]
