"""The data directory: user voices, downloaded models and training runs."""

import os
from pathlib import Path


def get_studio_home() -> Path:
    """`~/.voice-studio`, or the directory in the environment variable VOICE_STUDIO_HOME."""
    return Path(os.environ.get("VOICE_STUDIO_HOME", Path.home() / ".voice-studio")).expanduser()
