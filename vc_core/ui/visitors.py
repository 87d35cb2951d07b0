"""What belongs to one visitor alone: results, and on a shared page the library of voices too."""

import hashlib
import os
import shutil
import time
import uuid
from pathlib import Path

import gradio as gr
from gradio.utils import get_upload_folder

from vc_core.conversion import STARTER_VOICES
from vc_core.home import studio_home
from vc_core.voices import VoiceLibrary, voices_home

EXPIRY_HOURS = 6.0
"""Results and visitors' voices are deleted when they are this old."""


def is_shared() -> bool:
    """Whether strangers use this page: then each has a library of their own, and nothing of it is kept."""
    return os.environ.get("VOICE_STUDIO_SHARED", "1" if "SPACE_ID" in os.environ else "0") != "0"


def results_folder() -> Path:
    """A new folder whose name nobody can guess; files in it are served, and deleted when they expire."""
    folder = Path(get_upload_folder()) / uuid.uuid4().hex
    folder.mkdir(parents=True)
    return folder


def library_of(request: gr.Request | None) -> VoiceLibrary:
    """The voices that this visitor may see."""
    if not is_shared():
        return VoiceLibrary(voices_home(), shipped=[STARTER_VOICES])
    _forget_the_expired()
    return VoiceLibrary(_visitor_folder(request), shipped=[STARTER_VOICES])


def home_of(request: gr.Request | None) -> Path:
    """Where this visitor's own things are."""
    return _visitor_folder(request) if is_shared() else studio_home()


def training_folder(request: gr.Request | None) -> Path:
    """Where this visitor's trainings are."""
    return home_of(request) / "training"


def forget(request: gr.Request) -> None:
    """A visitor has left a shared page: what was theirs is deleted."""
    if is_shared():
        shutil.rmtree(_visitor_folder(request), ignore_errors=True)


def _forget_the_expired() -> None:
    """Visitors who came by program never say that they leave."""
    oldest = time.time() - EXPIRY_HOURS * 3600
    for folder in _visitors_root().glob("*"):
        if folder.stat().st_mtime < oldest:
            shutil.rmtree(folder, ignore_errors=True)


def _visitors_root() -> Path:
    # Beside Gradio's folder of served files, never in it: voices must not be reachable by address.
    return Path(get_upload_folder()).with_name("voice-studio-visitors")


def _visitor_folder(request: gr.Request | None) -> Path:
    session = (request and request.session_hash) or "nobody"
    # A session's name comes from its browser, so it is hashed before it names a folder.
    return _visitors_root() / hashlib.sha256(session.encode()).hexdigest()
