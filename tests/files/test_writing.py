"""Writing is atomic and exact; limiting and resampling are reported; generated files have provenance."""

import errno
import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import soundfile

from vc_core.audio import Audio
from vc_core.errors import UserError
from vc_core.files.provenance import Provenance, read_origin
from vc_core.files.reading import read_audio
from vc_core.files.writing import FORMATS, MP3_SAMPLE_RATES, AudioWriter, write_audio
from vc_core.signal.loudness import apply_gain, measure_true_peak_db


@pytest.mark.parametrize("name", FORMATS)
def test_written_samples_are_read_back(tmp_path, song, name):
    path = tmp_path / f"x{FORMATS[name].suffix}"
    assert write_audio(path, song, format_name=name) == []
    decoded = read_audio(path)
    assert decoded.samples.shape == song.samples.shape
    error = np.abs(decoded.samples - song.samples).max()
    bits = {"wav16": 15, "flac16": 15, "wav24": 23, "flac24": 23}
    assert error <= (2.0 ** -bits[name] if name in bits else 0.0 if name == "wav32" else 0.2)
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("level", [0.001, 0.1, 0.9])
def test_levels_are_not_normalised(tmp_path, tone, level):
    write_audio(tmp_path / "x.flac", tone(level=level))
    assert np.abs(read_audio(tmp_path / "x.flac").samples).max() == pytest.approx(level, rel=0.001)


@pytest.mark.parametrize("name", ["wav16", "flac24", "mp3"])
def test_clipping_peaks_are_limited_and_reported(tmp_path, song, name):
    path = tmp_path / f"x{FORMATS[name].suffix}"
    (note,) = write_audio(path, apply_gain(song, 15.0), format_name=name)
    assert "Peaks were lowered by" in note
    decoded = read_audio(path)
    assert measure_true_peak_db(decoded) < 0.0
    assert np.corrcoef(decoded.samples[0], song.samples[0])[0, 1] > 0.95  # it is still the same song


def test_float_files_keep_values_beyond_full_scale(tmp_path, song):
    loud = apply_gain(song, 15.0)
    assert write_audio(tmp_path / "x.wav", loud, format_name="wav32") == []
    np.testing.assert_array_equal(read_audio(tmp_path / "x.wav").samples, loud.samples)


@pytest.mark.parametrize("rate", [8_000, 11_500, 44_100, 96_000, 192_000])
def test_mp3_uses_the_nearest_supported_sample_rate(tmp_path, tone, rate):
    notes = write_audio(tmp_path / "x.mp3", tone(440, sample_rate=rate), format_name="mp3")
    decoded = read_audio(tmp_path / "x.mp3")
    assert decoded.sample_rate in MP3_SAMPLE_RATES
    assert decoded.sample_rate == (rate if rate in MP3_SAMPLE_RATES else {11_500: 12_000}.get(rate, 48_000))
    assert decoded.seconds == pytest.approx(1.0, abs=0.001)
    assert bool(notes) == (rate not in MP3_SAMPLE_RATES)
    spectrum = np.abs(np.fft.rfft(decoded.samples[0]))
    assert np.argmax(spectrum) * decoded.sample_rate / decoded.frames == pytest.approx(440, abs=1.5)


def test_writing_blocks_equals_writing_the_whole(tmp_path, song):
    loud = apply_gain(song, 15.0)
    write_audio(tmp_path / "whole.wav", loud, format_name="wav24")
    with AudioWriter(tmp_path / "blocks.wav", loud.sample_rate, loud.channels, format_name="wav24") as writer:
        for start in range(0, loud.frames, 12_345):
            writer.write(loud.slice(start, start + 12_345))
    np.testing.assert_array_equal(
        read_audio(tmp_path / "blocks.wav").samples, read_audio(tmp_path / "whole.wav").samples
    )


def test_unfinished_file_is_deleted(tmp_path, song):
    (tmp_path / "x.flac").write_bytes(b"the old file")
    writer = AudioWriter(tmp_path / "x.flac", song.sample_rate, song.channels)
    with pytest.raises(ZeroDivisionError), writer:
        writer.write(song)
        raise ZeroDivisionError
    assert (tmp_path / "x.flac").read_bytes() == b"the old file"
    assert list(tmp_path.iterdir()) == [tmp_path / "x.flac"]


def test_missing_folder_is_created(tmp_path, tone):
    write_audio(tmp_path / "a" / "b" / "x.flac", tone())
    assert (tmp_path / "a" / "b" / "x.flac").is_file()


def test_unwritable_path_is_explained(tmp_path, tone):
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match="can't be written"):
        write_audio(tmp_path / "file" / "x.flac", tone())


@pytest.mark.parametrize("name", ["wav16", "flac24", "mp3", "ogg"])
def test_full_disk_is_explained_and_nothing_is_left(tmp_path, tone, name):
    """On a small tmpfs, which only a superuser can mount."""
    mounted = (
        os.geteuid() == 0
        and not subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(tmp_path)], check=False, capture_output=True
        ).returncode
    )
    if not mounted:
        pytest.skip("only the superuser can make a disk small")
    try:
        with pytest.raises(UserError, match="disk is full"):
            write_audio(tmp_path / f"x{FORMATS[name].suffix}", tone(seconds=60, level=0.9), format_name=name)
        assert list(tmp_path.iterdir()) == []
    finally:
        subprocess.run(["umount", str(tmp_path)], check=True)


def test_other_os_errors_are_reported(tmp_path, tone, monkeypatch):
    def refuse(*_, **__):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(soundfile, "SoundFile", refuse)
    with pytest.raises(UserError, match="read-only file system"):
        write_audio(tmp_path / "x.flac", tone())


@pytest.mark.parametrize("name", FORMATS)
def test_generated_file_has_provenance(tmp_path, tone, name):
    provenance = Provenance("convert", "나리", "instant", {"pitch_semitones": 2.0, "formant": None})
    path = tmp_path / f"x{FORMATS[name].suffix}"
    write_audio(path, tone(), format_name=name, provenance=provenance)
    assert read_origin(path).provenance == provenance
    with soundfile.SoundFile(path) as file:
        assert file.title == "AI-generated"


def test_file_that_was_not_generated_has_no_provenance(tmp_path, tone):
    write_audio(tmp_path / "x.flac", tone())
    assert read_origin(tmp_path / "x.flac").provenance is None


def test_silence_stays_digital_silence(tmp_path):
    silence = Audio(np.zeros((2, 44_100), np.float32), 44_100)
    for name in ("wav16", "flac24"):
        path = tmp_path / f"x{FORMATS[name].suffix}"
        write_audio(path, silence, format_name=name)
        assert not read_audio(path).samples.any()


def test_unknown_format_raises(tmp_path):
    assert replace(FORMATS["mp3"]) == FORMATS["mp3"]
    with pytest.raises(KeyError):
        AudioWriter(tmp_path / "x.xyz", 44_100, 1, format_name="xyz")


NOT_FINITE = """
import sys
import numpy as np
from pathlib import Path
from vc_core.audio import Audio
from vc_core.errors import UserError
from vc_core.files.writing import FORMATS, write_audio

for name in FORMATS:
    for value in (np.nan, np.inf, -np.inf, 1e30):
        samples = np.full((1, 44_100), 0.1, np.float32)
        samples[0, 30_000] = value
        try:
            write_audio(Path(sys.argv[1]) / "x", Audio(samples, 44_100), format_name=name)
        except UserError as error:
            print(error)
"""


def test_samples_that_are_not_finite_are_refused_and_nothing_is_left(tmp_path):
    """In another process: LAME aborts the whole process for them."""
    done = subprocess.run([sys.executable, "-c", NOT_FINITE, tmp_path], capture_output=True, text=True, check=True)
    assert done.stdout.count("values that are not numbers, or far beyond full scale") == 4 * len(FORMATS)
    assert list(tmp_path.iterdir()) == []
