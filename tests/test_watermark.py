"""The optional mark in the sound is found again, keeps the sound, and says loudly if it can't work."""

import sys

import numpy as np
import pytest

from vc_core import watermark
from vc_core.errors import UserError
from vc_core.provenance import Provenance
from vc_core.reading import read_audio
from vc_core.torchaudio_guard import ensure_torchaudio
from vc_core.writing import write_audio

MADE = Provenance("convert", "Nari", "instant")
needs_perth = pytest.mark.skipif(not watermark.is_installed(), reason="the extra `watermark` is not installed")


@pytest.fixture(autouse=True)
def fresh():
    watermark._perth.cache_clear()


def test_without_the_extra_it_says_what_to_install(tmp_path, tone, monkeypatch):
    monkeypatch.setitem(sys.modules, "perth", None)
    monkeypatch.setenv("VOICE_STUDIO_WATERMARK", "1")
    with pytest.raises(UserError, match="pip install|can't work"):
        write_audio(tmp_path / "x.flac", tone(), provenance=MADE)
    assert list(tmp_path.iterdir()) == []


def test_what_was_not_generated_is_never_marked(tmp_path, tone, monkeypatch):
    monkeypatch.setenv("VOICE_STUDIO_WATERMARK", "1")
    write_audio(tmp_path / "x.wav", tone(), format_name="wav32")
    np.testing.assert_array_equal(read_audio(tmp_path / "x.wav").samples, tone().samples)


@pytest.mark.slow
@needs_perth
class TestWithPerth:
    def test_a_perth_that_is_broken_is_told(self, monkeypatch):
        ensure_torchaudio()
        import perth

        monkeypatch.setattr(perth, "PerthImplicitWatermarker", None)
        with pytest.raises(UserError, match="can't work here"):
            watermark.stream()

    def test_the_mark_is_found_in_what_was_written_and_not_before(self, tmp_path, song_vocals, monkeypatch):
        monkeypatch.setenv("VOICE_STUDIO_WATERMARK", "1")
        write_audio(tmp_path / "x.mp3", song_vocals, format_name="mp3", provenance=MADE)
        heard = read_audio(tmp_path / "x.mp3")
        assert heard.samples.shape == song_vocals.samples.shape
        assert watermark.confidence(song_vocals) < watermark.MARKED < watermark.confidence(heard)

    def test_the_treble_is_kept_and_the_change_is_small(self, tone):
        """Perth's own output ends at 16 kHz."""
        high = tone(18_000, seconds=3)
        marked = watermark.marked(high)
        spectrum = np.abs(np.fft.rfft(marked.samples[0]))
        assert np.argmax(spectrum) / 3 == pytest.approx(18_000, abs=1)
        assert marked.frames == high.frames

    def test_torchaudio_can_be_used_whether_or_not_its_compiled_part_fits(self):
        assert ensure_torchaudio() in ("native", "python only")
        import torch
        import torchaudio

        wave = torch.sin(2 * torch.pi * 440 * torch.arange(44_100) / 44_100)
        resampled = torchaudio.transforms.Resample(44_100, 22_050)(wave)
        spectrum = resampled.numpy()
        assert np.argmax(np.abs(np.fft.rfft(spectrum))) == 440
