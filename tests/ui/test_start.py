"""What the start page plays: small files of one length, in step, and marked where they are generated."""

import httpx
import numpy as np
import pytest

from vc_core.files.provenance import read_origin
from vc_core.files.reading import read_audio
from vc_core.ui.start.panel import CLIPS, STEPS, WORDS
from vc_core.ui.suite import PANELS

MAX_KILOBYTES = 300


@pytest.fixture(scope="module")
def clips():
    return {step: read_audio(CLIPS / f"{step}.mp3") for step in STEPS}


def test_each_step_has_a_sound_words_and_a_tab():
    assert {path.stem for path in CLIPS.iterdir()} == set(STEPS)
    assert sum(path.stat().st_size for path in CLIPS.iterdir()) < 1000 * MAX_KILOBYTES
    assert {f"start_{step}{suffix}" for step in STEPS for suffix in ("", "_about")} <= set(WORDS)
    assert set(STEPS.values()) <= set(PANELS)


def test_all_are_of_one_line_and_the_song_is_vocals_and_more(clips):
    frames = {clip.frames for clip in clips.values()}
    assert len(frames) == 1
    song, vocals = (clips[name].to_mono().samples[0] for name in ("song", "separate"))
    assert np.corrcoef(song, vocals)[0, 1] > 0.5
    levels = {name: float(np.sqrt(np.mean(clip.samples**2))) for name, clip in clips.items()}
    assert min(levels.values()) > 0.02
    assert levels["separate"] < levels["song"]


@pytest.mark.parametrize("step", STEPS)
def test_what_is_generated_says_so(step):
    provenance = read_origin(CLIPS / f"{step}.mp3").provenance
    if step in ("song", "separate"):
        assert provenance is None
    else:
        assert provenance.ai_generated
        assert provenance.settings["emotion"] == (None if step == "convert" else "sad")


def test_browsers_get_them_also_in_ranges(studio):
    """Safari plays nothing that it can't get in ranges."""
    for step in STEPS:
        answer = httpx.get(f"{studio}example/{step}.mp3", headers={"Range": "bytes=0-99"})
        assert (answer.status_code, len(answer.content)) == (206, 100)
        assert answer.headers["content-type"] == "audio/mpeg"
