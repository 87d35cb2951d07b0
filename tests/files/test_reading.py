"""Decoding of all supported files: exact samples, surround downmix, and an error message for every fault."""

import struct
import time

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st
from media import cut, encode

from vc_core.audio import Audio, join_blocks
from vc_core.errors import UserError
from vc_core.files.containers import sniff
from vc_core.files.provenance import read_origin
from vc_core.files.reading import Limits, open_audio, read_audio
from vc_core.files.writing import write_audio

SOUNDFILE_KINDS = [("WAV", "PCM_16"), ("WAV", "PCM_24"), ("WAV", "FLOAT"), ("FLAC", "PCM_16"), ("AIFF", "PCM_16"),
                   ("OGG", "VORBIS"), ("OGG", "OPUS"), ("MP3", "MPEG_LAYER_III"), ("RF64", "PCM_16")]  # fmt: skip


def measure_snr_db(decoded: Audio, original: Audio) -> float:
    """Signal-to-error ratio over the common length."""
    frames = min(decoded.frames, original.frames)
    error = decoded.samples[:, :frames] - original.samples[:, :frames]
    return float(10 * np.log10((original.samples[:, :frames] ** 2).sum() / ((error**2).sum() + 1e-20)))


@pytest.mark.parametrize(("container", "encoding"), SOUNDFILE_KINDS)
def test_libsndfile_formats_are_read_exactly(tmp_path, tone, container, encoding):
    audio = tone(440, seconds=1.7, sample_rate=48_000, channels=2)
    path = tmp_path / f"x.{container.lower()}"
    soundfile.write(path, audio.samples.T, 48_000, encoding, format=container)
    decoded = read_audio(path)
    assert (decoded.samples.shape, decoded.sample_rate) == (audio.samples.shape, 48_000)
    assert measure_snr_db(decoded, audio) > (25 if encoding in ("VORBIS", "OPUS", "MPEG_LAYER_III") else 80)


@pytest.mark.parametrize("suffix", [".m4a", ".mp4", ".mov", ".webm", ".aac", ".mkv"])
def test_ffmpeg_containers_and_video_are_read(tmp_path, tone, suffix):
    audio = tone(440, seconds=1.7, sample_rate=48_000, channels=2)
    path = encode(tmp_path / f"x{suffix}", audio, video=suffix in (".mp4", ".mov", ".mkv"))
    decoded = read_audio(path)
    assert (decoded.channels, decoded.sample_rate) == (2, 48_000)
    if suffix in (".m4a", ".mp4", ".mov", ".webm"):  # these containers state the end of the audio
        assert decoded.frames == audio.frames
        assert measure_snr_db(decoded, audio) > 25
    else:
        assert 0 <= decoded.frames - audio.frames < 4096


@pytest.mark.parametrize("rate", [8_000, 11_025, 16_000, 22_050, 44_100, 96_000, 192_000])
def test_all_sample_rates_are_read(tmp_path, tone, rate):
    soundfile.write(tmp_path / "x.wav", tone(seconds=0.5, sample_rate=rate).samples.T, rate)
    assert read_audio(tmp_path / "x.wav").sample_rate == rate


@pytest.mark.parametrize(
    ("suffix", "layout", "channels"),
    [(suffix, layout, channels) for suffix in (".wav", ".flac")
     for layout, channels in (("3.0", 3), ("quad", 4), ("5.0", 5), ("5.1", 6), ("7.1", 8))]
    + [(suffix, "5.1", 6) for suffix in (".ogg", ".opus", ".mkv", ".m4a", ".webm")],
)  # fmt: skip
def test_surround_downmix_includes_the_centre(tmp_path, suffix, layout, channels):
    rate, times = 48_000, np.arange(48_000) / 48_000
    samples = np.zeros((channels, rate), np.float32)
    tones = {"FL": 300, "FR": 600}
    samples[0], samples[1] = (0.2 * np.sin(2 * np.pi * hertz * times) for hertz in tones.values())
    has_centre = layout != "quad"
    if has_centre:
        samples[2] = 0.2 * np.sin(2 * np.pi * 900 * times)
    decoded = read_audio(encode(tmp_path / f"x{suffix}", Audio(samples, rate), layout=layout))
    assert decoded.channels == 2
    spectrum = np.abs(np.fft.rfft(decoded.samples[:, 8_000:40_000], axis=1)) / 16_000
    level = {hertz: spectrum[:, round(hertz * 32_000 / rate)] for hertz in (300, 600, 900)}
    np.testing.assert_allclose(level[300], [0.2, 0], atol=0.02)
    np.testing.assert_allclose(level[600], [0, 0.2], atol=0.02)
    np.testing.assert_allclose(level[900], [0.1414, 0.1414] if has_centre else [0, 0], atol=0.02)


def test_long_file_is_read_in_blocks(tmp_path, tone):
    soundfile.write(tmp_path / "x.flac", tone(seconds=7).samples.T, 44_100)
    blocks = list(open_audio(tmp_path / "x.flac").blocks(block_seconds=2))
    assert [block.frames for block in blocks] == [88_200, 88_200, 88_200, 44_100]


def test_file_suffix_is_ignored(tmp_path, tone):
    path = encode(tmp_path / "x.m4a", tone(channels=2, sample_rate=48_000))
    renamed = path.rename(tmp_path / "song.wav")
    assert read_audio(renamed).sample_rate == 48_000


def test_id3_tag_is_skipped(tmp_path, tone):
    soundfile.write(tmp_path / "x.mp3", tone().samples.T, 44_100)
    tagged = tmp_path / "tagged.mp3"
    tagged.write_bytes(b"ID3\x03\x00\x00\x00\x00\x02\x00" + bytes(256) + (tmp_path / "x.mp3").read_bytes())
    assert sniff(tagged) == "mp3"
    assert abs(read_audio(tagged).frames - 44_100) <= 1152


def test_wav_of_unknown_length_is_read(tmp_path, tone):
    """Recorders that write to a pipe leave the length of a WAV at its maximum."""
    soundfile.write(tmp_path / "x.wav", tone().samples.T, 44_100, "PCM_16")
    content = bytearray((tmp_path / "x.wav").read_bytes())
    at = content.index(b"data") + 4
    content[at : at + 4] = b"\xff\xff\xff\xff"
    (tmp_path / "x.wav").write_bytes(content)
    assert read_audio(tmp_path / "x.wav").frames == 44_100


class TestFaults:
    """Faulty files that users really upload."""

    def refused(self, path, limits=Limits()) -> str:
        with pytest.raises(UserError) as refusal:
            read_audio(path, limits)
        message = str(refusal.value)
        assert message.endswith(".")
        assert "Traceback" not in message
        assert str(path.parent) not in message
        return message

    def test_missing(self, tmp_path):
        assert "no file “nothing.wav”" in self.refused(tmp_path / "nothing.wav")

    def test_folder(self, tmp_path):
        (tmp_path / "sub").mkdir()
        assert "is a folder" in self.refused(tmp_path / "sub")

    def test_empty(self, tmp_path):
        (tmp_path / "x.wav").touch()
        assert "empty (0 bytes)" in self.refused(tmp_path / "x.wav")

    @pytest.mark.parametrize("kind", ["WAV", "OGG", "AIFF"])
    def test_header_only(self, tmp_path, kind):
        path = tmp_path / "x"
        soundfile.write(path, np.zeros((0, 2)), 44_100, format=kind)
        assert "no sound in it" in self.refused(path)

    def test_unreadable(self, tmp_path, monkeypatch):
        """Simulated, since permissions don't apply to a superuser running the tests."""
        import errno
        from pathlib import Path

        (tmp_path / "x.wav").write_bytes(b"RIFF")

        def refuse(*_, **__):
            raise PermissionError(errno.EACCES, "Permission denied")

        monkeypatch.setattr(Path, "open", refuse)
        assert "can't be read: permission denied" in self.refused(tmp_path / "x.wav")

    def test_no_sound_track(self, tmp_path, tone):
        path = encode(tmp_path / "x.mp4", tone(), video=True, sound=False)
        assert "no sound track" in self.refused(path)

    @pytest.mark.parametrize(
        "content",
        [
            b"hello, this is a text\n" * 50,
            b"\x89PNG\r\n\x1a\n" + bytes(100),
            b"PK\x03\x04" + bytes(100),
            b"%PDF-1.7\n" + bytes(100),
            b"#EXTM3U\n/etc/passwd\n",
            b"ffconcat version 1.0\nfile /etc/passwd\n",
            b"\x00" * 4096,
            b"\x80\x04\x95" + bytes(50),
        ],
    )
    def test_not_audio(self, tmp_path, content):
        path = tmp_path / "x.wav"
        path.write_bytes(content)
        assert "not a sound file" in self.refused(path)

    @pytest.mark.parametrize("kind", ["WAV", "FLAC", "OGG", "MP3", "AIFF"])
    @pytest.mark.parametrize("share", [0.6, 0.99])
    def test_truncated(self, tmp_path, song, kind, share):
        path = tmp_path / "x"
        soundfile.write(path, song.slice(0, 300_000).samples.T, song.sample_rate, format=kind)
        assert "cut off" in self.refused(cut(path, share))

    @pytest.mark.parametrize("suffix", [".m4a", ".mp4", ".webm", ".aac", ".mkv", ".opus", ".wav", ".flac"])
    def test_truncated_in_other_containers(self, tmp_path, tone, suffix):
        layout = "5.1" if suffix in (".wav", ".flac") else "stereo"
        audio = tone(seconds=3, sample_rate=48_000, channels=6 if layout == "5.1" else 2)
        path = encode(tmp_path / f"x{suffix}", audio, layout=layout, video=suffix == ".mp4")
        assert "cut off" in self.refused(cut(path, 0.6))

    def test_damaged_in_the_middle(self, tmp_path, song):
        path = tmp_path / "x.flac"
        soundfile.write(path, song.samples.T, song.sample_rate)
        content = bytearray(path.read_bytes())
        content[len(content) // 2 : len(content) // 2 + 5000] = bytes(5000)
        path.write_bytes(content)
        assert "damaged" in self.refused(path)

    @pytest.mark.parametrize(("bad", "words"), [(np.nan, "not numbers"), (np.inf, "far beyond"), (1e6, "far beyond")])
    def test_invalid_sample_values(self, tmp_path, tone, bad, words):
        samples = tone(seconds=12).samples.copy()
        samples[0, 11 * 44_100] = bad
        soundfile.write(tmp_path / "x.wav", samples.T, 44_100, "FLOAT")
        message = self.refused(tmp_path / "x.wav")
        assert words in message
        assert "0:11" in message

    def test_too_long(self, tmp_path, tone):
        soundfile.write(tmp_path / "x.wav", tone(seconds=5).samples.T, 44_100)
        assert "longer than" in self.refused(tmp_path / "x.wav", Limits(hours=4 / 3600))

    def test_too_long_without_stated_length(self, tmp_path, tone):
        path = encode(tmp_path / "x.aac", tone(seconds=5, sample_rate=48_000, channels=2))
        assert "longer than" in self.refused(path, Limits(hours=4 / 3600))

    def test_too_large(self, tmp_path, tone):
        soundfile.write(tmp_path / "x.wav", tone().samples.T, 44_100)
        assert "larger than" in self.refused(tmp_path / "x.wav", Limits(gigabytes=1e-5))

    @pytest.mark.parametrize("rate", [4_000, 384_000])
    def test_rate_out_of_range(self, tmp_path, rate):
        soundfile.write(tmp_path / "x.wav", np.zeros(1000), rate)
        assert "out of range" in self.refused(tmp_path / "x.wav")

    def test_too_many_channels(self, tmp_path):
        soundfile.write(tmp_path / "x.wav", np.zeros((1000, 12)), 44_100)
        assert "12 channels" in self.refused(tmp_path / "x.wav")

    def test_wrong_chunk_length_in_the_header(self, tmp_path):
        header = b"RIFF" + struct.pack("<I", 100) + b"WAVE" + b"LIST" + struct.pack("<I", 0xFFFFFFF0) + bytes(100)
        (tmp_path / "x.wav").write_bytes(header)
        self.refused(tmp_path / "x.wav")

    @settings(max_examples=150, deadline=None)
    @given(
        st.sampled_from([b"RIFF\x00\x00\x00\x00WAVE", b"fLaC", b"OggS", b"\x1aE\xdf\xa3", b"\x00\x00\x00\x20ftyp",
                         b"FORM\x00\x00\x00\x00AIFF", b"ID3\x03\x00", b"\xff\xfb\x90", b"\xff\xf1\x50", b""]),
        st.binary(max_size=300),
    )  # fmt: skip
    def test_any_bytes_give_audio_or_a_user_error(self, tmp_path_factory, start, rest):
        path = tmp_path_factory.mktemp("fuzz") / "x"
        path.write_bytes(start + rest)
        try:
            read_audio(path)
        except UserError as error:
            assert str(error).endswith(".")


@pytest.mark.parametrize("suffix", [".flac", ".m4a"])
def test_excerpt_has_the_right_samples(tmp_path, suffix):
    ramp = Audio(np.linspace(-0.5, 0.5, 60 * 8_000, dtype=np.float32)[None], 8_000)
    path = tmp_path / f"x{suffix}"
    if suffix == ".flac":
        write_audio(path, ramp)
    else:
        encode(path, ramp)
    excerpt = open_audio(path).excerpt(31.5, 2.0)
    decoded = join_blocks(excerpt.blocks(block_seconds=0.7))
    assert decoded.frames == 16_000
    np.testing.assert_allclose(decoded.samples, ramp.samples[:, 252_000:268_000], atol=0.02)


@pytest.mark.parametrize("suffix", [".ogg", ".opus", ".flac", ".mp3"])
def test_recordings_joined_end_to_end_are_read_as_a_whole(tmp_path, suffix):
    rate = 48_000
    second = Audio(np.tile(0.2 * np.sin(2 * np.pi * 220 * np.arange(rate) / rate), (2, 1)).astype(np.float32), rate)
    path = tmp_path / f"joined{suffix}"
    if suffix == ".opus":
        encode(path, second)
    else:
        soundfile.write(path, second.samples.T, rate)
    path.write_bytes(2 * path.read_bytes())
    assert sum(block.frames for block in open_audio(path).blocks()) == pytest.approx(2 * rate, abs=4000)


def test_excerpt_past_the_end_is_moved_forward(tmp_path, tone):
    write_audio(tmp_path / "x.flac", tone(seconds=3))
    file = open_audio(tmp_path / "x.flac")
    assert join_blocks(file.excerpt(100.0, 2.0).blocks()).frames == 2 * 44_100
    assert join_blocks(file.excerpt(0.0, 15.0).blocks()).frames == file.excerpt(0.0, 15.0).frames == 3 * 44_100


def make_wav(before_data: bytes = b"", after_data: bytes = b"") -> bytes:
    header = b"fmt " + struct.pack("<IHHIIHH", 16, 1, 1, 16_000, 32_000, 2, 16)
    data = b"data" + struct.pack("<I", 32_000) + bytes(32_000)
    body = b"WAVE" + header + before_data + data + after_data
    return b"RIFF" + struct.pack("<I", len(body)) + body


EMPTY_CHUNKS, EMPTY_ATOMS = (b"junk" + bytes(4)) * 1_000_000, struct.pack(">I4s", 8, b"free") * 1_000_000
MOV_HEAD = struct.pack(">I4s4sI", 16, b"ftyp", b"M4A ", 0)


@pytest.mark.parametrize(
    "content",
    [
        make_wav(before_data=EMPTY_CHUNKS),
        make_wav(after_data=EMPTY_CHUNKS),
        b"FORM" + struct.pack(">I", len(EMPTY_CHUNKS) + 4) + b"AIFF" + EMPTY_CHUNKS,
        MOV_HEAD + EMPTY_ATOMS,
        MOV_HEAD + struct.pack(">I4s", 8 + len(EMPTY_ATOMS), b"moov") + EMPTY_ATOMS,
    ],
    ids=["wav", "wav, after the data", "aiff", "mov", "mov, nested"],
)
def test_a_file_of_a_million_empty_chunks_is_refused_at_once(tmp_path, content):
    """A demuxer would read all of them, at 0.3 s per MB, without progress."""
    path = tmp_path / "x.wav"
    path.write_bytes(content)
    for read in (open_audio, read_origin):
        start = time.process_time()
        with pytest.raises(UserError, match="far more chunks than a sound file"):
            read(path)
        assert time.process_time() - start < 1.5


def test_a_file_with_many_chunks_and_padding_is_read(tmp_path):
    (tmp_path / "x.wav").write_bytes(make_wav(EMPTY_CHUNKS[:8_000], bytes(65_536)))
    assert read_audio(tmp_path / "x.wav").frames == 16_000
