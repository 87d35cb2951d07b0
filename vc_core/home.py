"""Where a person's own voices and the downloaded models are kept."""

import os
from pathlib import Path


def studio_home() -> Path:
    """A folder in the user's home; VOICE_STUDIO_HOME moves it."""
    return Path(os.environ.get("VOICE_STUDIO_HOME", Path.home() / ".voice-studio")).expanduser()
