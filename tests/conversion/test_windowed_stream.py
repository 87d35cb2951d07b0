"""Live conversion in windows equals conversion of the whole song, with bounded latency and memory."""

import numpy as np
import pytest
from conftest import ROOT
from measures import snr_db

from vc_core.audio import Audio, join_blocks
from vc_core.conversion import STARTER_VOICES, ConversionOptions, load_converter
from vc_core.conversion.streaming.base import LiveSettings
from vc_core.conversion.streaming.windowed import ANALYSED_SECONDS, LIVE_WINDOWS, WindowedStream
from vc_core.files.reading import read_audio
from vc_core.voices.library import VoiceLibrary

AS_SUNG = ConversionOptions(automatic_key="off")


@pytest.fixture(scope="module")
def converter():
    return load_converter(VoiceLibrary(STARTER_VOICES).find("Clara"))


@pytest.fixture(scope="module")
def song():
    return read_audio(ROOT / "examples" / "sung_line.flac").to_mono()


def live(converter, song: Audio, options=AS_SUNG, chunk_seconds=0.25) -> Audio:
    conversion, size = WindowedStream(converter, options), round(chunk_seconds * song.sample_rate)
    pieces = [p for at in range(0, song.frames, size) for p in conversion.feed(song.slice(at, at + size))]
    return join_blocks([*pieces, *conversion.finish()])


@pytest.mark.parametrize("options", [AS_SUNG, ConversionOptions(automatic_key="octaves")], ids=["off", "octaves"])
def test_live_conversion_equals_conversion_of_the_whole_song(converter, song, options):
    """F0 at the end of the buffer differs a little from that of the whole song: 27 dB were measured."""
    whole = converter.convert(song, options).resample(converter.sample_rate)
    assert snr_db(whole.samples, live(converter, song, options).samples) > 25


def test_the_block_size_does_not_matter(converter, song):
    one, other = (live(converter, song.slice(0, 2 * song.sample_rate), chunk_seconds=s) for s in (0.1, 0.37))
    assert one.frames == other.frames == 2 * converter.sample_rate
    assert snr_db(one.samples, other.samples) > 25


def test_the_latency_is_the_stated_one(converter, song):
    """A window, its context and the processing time."""
    conversion, given, made = WindowedStream(converter, AS_SUNG), 0.0, 0.0
    chunk = song.sample_rate // 20
    for at in range(0, song.frames, chunk):
        given += chunk / song.sample_rate
        made += sum(piece.seconds for piece in conversion.feed(song.slice(at, at + chunk)))
        # The resampler holds a few milliseconds back, and half a fade is still to be joined.
        assert given - made <= LIVE_WINDOWS.seconds + LIVE_WINDOWS.context_seconds + 0.1
    assert conversion.work_seconds > 0
    assert conversion.delay_seconds == 2 * LIVE_WINDOWS.seconds + LIVE_WINDOWS.context_seconds


def test_the_output_may_have_another_sample_rate(converter, song):
    second = song.slice(0, song.sample_rate)
    stream = WindowedStream(converter, AS_SUNG, LiveSettings(sample_rate=48_000))
    made = join_blocks([*stream.feed(second), *stream.finish()])
    assert (made.sample_rate, made.frames) == (48_000, 48_000)


def test_stereo_silence_and_empty_input_work(converter):
    silence = Audio(np.zeros((2, 48_000), np.float32), 48_000)
    made = live(converter, silence)
    assert made.frames == converter.sample_rate
    assert not made.samples.any()
    assert list(WindowedStream(converter, AS_SUNG).finish()) == []


def test_only_the_last_seconds_are_buffered(converter, song):
    conversion, second = WindowedStream(converter, AS_SUNG), song.slice(0, song.sample_rate)
    for _ in range(12):
        list(conversion.feed(second))
    assert conversion._recent.seconds <= ANALYSED_SECONDS + 1.2
    assert len(conversion._hertz) == pytest.approx(12 * 200, abs=60)
