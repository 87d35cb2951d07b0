"""The optional audio watermark: detection, transparency, and errors if Perth is not usable."""

import sys

import numpy as np
import pytest

from vc_core.checkpoints.torchaudio_guard import ensure_torchaudio
from vc_core.errors import UserError
from vc_core.files import watermark
from vc_core.files.provenance import Provenance
from vc_core.files.reading import read_audio
from vc_core.files.writing import write_audio

PROVENANCE = Provenance("convert", "Nari", "instant")
needs_perth = pytest.mark.skipif(not watermark.is_installed(), reason="the extra `watermark` is not installed")


@pytest.fixture(autouse=True)
def clear_cache():
    watermark._load_perth.cache_clear()


def test_missing_package_raises_with_the_pip_command(tmp_path, tone, monkeypatch):
    monkeypatch.setitem(sys.modules, "perth", None)
    monkeypatch.setenv("VOICE_STUDIO_WATERMARK", "1")
    with pytest.raises(UserError, match="pip install|can't work"):
        write_audio(tmp_path / "x.flac", tone(), provenance=PROVENANCE)
    assert list(tmp_path.iterdir()) == []


def test_recordings_that_were_not_generated_have_no_watermark(tmp_path, tone, monkeypatch):
    monkeypatch.setenv("VOICE_STUDIO_WATERMARK", "1")
    write_audio(tmp_path / "x.wav", tone(), format_name="wav32")
    np.testing.assert_array_equal(read_audio(tmp_path / "x.wav").samples, tone().samples)


@pytest.mark.slow
@needs_perth
class TestWithPerth:
    def test_broken_perth_raises(self, monkeypatch):
        ensure_torchaudio()
        import perth

        monkeypatch.setattr(perth, "PerthImplicitWatermarker", None)
        with pytest.raises(UserError, match="can't work here"):
            watermark.make_watermark_stream()

    def test_watermark_is_detected_after_writing_only(self, tmp_path, song_vocals, monkeypatch):
        monkeypatch.setenv("VOICE_STUDIO_WATERMARK", "1")
        write_audio(tmp_path / "x.mp3", song_vocals, format_name="mp3", provenance=PROVENANCE)
        decoded = read_audio(tmp_path / "x.mp3")
        assert decoded.samples.shape == song_vocals.samples.shape
        assert (
            watermark.detect_watermark(song_vocals)
            < watermark.DETECTION_THRESHOLD
            < watermark.detect_watermark(decoded)
        )

    def test_treble_is_preserved(self, tone):
        """Perth's own output is band-limited to 16 kHz."""
        high = tone(18_000, seconds=3)
        marked = watermark.add_watermark(high)
        spectrum = np.abs(np.fft.rfft(marked.samples[0]))
        assert np.argmax(spectrum) / 3 == pytest.approx(18_000, abs=1)
        assert marked.frames == high.frames

    def test_torchaudio_works_with_or_without_its_extension(self):
        assert ensure_torchaudio() in ("native", "python only")
        import torch
        import torchaudio

        wave = torch.sin(2 * torch.pi * 440 * torch.arange(44_100) / 44_100)
        resampled = torchaudio.transforms.Resample(44_100, 22_050)(wave)
        spectrum = resampled.numpy()
        assert np.argmax(np.abs(np.fft.rfft(spectrum))) == 440
