"""Files of a user session: results, temporary voices, and on a shared page its library of voices too."""

import hashlib
import os
import shutil
import threading
import time
import uuid
from pathlib import Path

import gradio as gr
from gradio.utils import get_upload_folder

from vc_core.conversion import STARTER_VOICES
from vc_core.expiry import delete_expired
from vc_core.home import get_studio_home
from vc_core.recipes.voice_sample import get_samples_folder
from vc_core.voices.library import Voice, VoiceLibrary, get_voices_folder

EXPIRY_HOURS = 6.0
"""Age at which results, temporary voices, and the sessions' voices on a shared page, are deleted."""
STATE_SECONDS = round(EXPIRY_HOURS * 3600)
"""How long a value in a page's `gr.State` is kept."""
SWEEP_SECONDS = 600.0
"""The folder of results is searched for expired ones at this interval at most."""

_started = time.time()
_swept = -SWEEP_SECONDS
_sweeping = threading.Lock()


def is_shared() -> bool:
    """Whether this is a public page: then each session has its own temporary library."""
    return os.environ.get("VOICE_STUDIO_SHARED", "1" if "SPACE_ID" in os.environ else "0") != "0"


def create_results_folder() -> Path:
    """Create a folder with an unguessable name; its files are served, and deleted when they expire."""
    folder = Path(get_upload_folder()) / uuid.uuid4().hex
    folder.mkdir(parents=True)
    delete_expired_results()
    return folder


def delete_expired_results() -> None:
    """Gradio deletes what this process has shown. The rest is of jobs that nobody looks at, or of a killed server."""
    global _swept
    with _sweeping:
        if time.monotonic() - _swept < SWEEP_SECONDS:
            return
        _swept = time.monotonic()
    root, process_hours = Path(get_upload_folder()), (time.time() - _started) / 3600
    delete_expired(root.glob("?" * len(uuid.uuid4().hex)), EXPIRY_HOURS)
    # Gradio's folders have longer names. What this process has cached it deletes itself, except for a page's own
    # sounds; a file that is cached again is touched, but not its folder.
    delete_expired(root.glob("*"), max(EXPIRY_HOURS, process_hours), with_files=True)


def get_library(request: gr.Request | None) -> VoiceLibrary:
    """The voices that this session may use."""
    # API clients send no event when they leave.
    delete_expired(_get_sessions_root().glob("*"), EXPIRY_HOURS)
    session = _get_session_folder(request)
    folder = session if is_shared() else get_voices_folder()
    return VoiceLibrary(folder, shipped=[STARTER_VOICES], temporary=session / "temporary")


def get_session_home(request: gr.Request | None) -> Path:
    """The folder of this session's own voices, models and trainings."""
    return _get_session_folder(request) if is_shared() else get_studio_home()


def get_training_folder(request: gr.Request | None) -> Path:
    """The folder of this session's trainings."""
    return get_session_home(request) / "training"


def list_training_folders() -> list[Path]:
    """The folders of all sessions' trainings."""
    return sorted(_get_sessions_root().glob("*/training")) if is_shared() else [get_training_folder(None)]


def get_sample_cache(voice: Voice, request: gr.Request | None) -> Path:
    """The cache of a voice's sample: a voice that is only this session's leaves nothing behind."""
    is_private = voice.is_temporary or (voice.can_be_deleted and is_shared())
    return _get_session_folder(request) / "samples" if is_private else get_samples_folder()


def get_takes_folder(request: gr.Request | None) -> Path:
    """The folder of this session's takes, beside Gradio's folder of served files."""
    return Path(get_upload_folder()).with_name("voice-studio-takes") / _get_session_folder(request).name


def delete_session_files(request: gr.Request) -> None:
    """Called when a user leaves the page."""
    shutil.rmtree(_get_session_folder(request), ignore_errors=True)
    shutil.rmtree(get_takes_folder(request), ignore_errors=True)


def _get_sessions_root() -> Path:
    # Beside Gradio's folder of served files, never in it: voices must not be reachable by URL.
    return Path(get_upload_folder()).with_name("voice-studio-visitors")


def _get_session_folder(request: gr.Request | None) -> Path:
    session = (request and request.session_hash) or "nobody"
    # The session id comes from the browser, so it is hashed before it becomes a folder name.
    return _get_sessions_root() / hashlib.sha256(session.encode()).hexdigest()
