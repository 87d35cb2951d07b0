"""Live singing is what the whole song would have become, a moment later, and in memory that doesn't grow."""

import numpy as np
import pytest
from conftest import ROOT
from measures import snr_db

from vc_core.audio import Audio, join
from vc_core.conversion import STARTER_VOICES, ConversionOptions, load_converter
from vc_core.conversion.live import HEARD_SECONDS, LIVE_WINDOWS, LiveConversion
from vc_core.reading import read_audio
from vc_core.voices import VoiceLibrary

AS_SUNG = ConversionOptions(automatic_key="off")


@pytest.fixture(scope="module")
def converter():
    return load_converter(VoiceLibrary(STARTER_VOICES).find("Clara"))


@pytest.fixture(scope="module")
def song():
    return read_audio(ROOT / "examples" / "sung_line.flac").mono()


def live(converter, song: Audio, options=AS_SUNG, chunk_seconds=0.25) -> Audio:
    conversion, size = LiveConversion(converter, options), round(chunk_seconds * song.sample_rate)
    pieces = [p for at in range(0, song.frames, size) for p in conversion.feed(song.between(at, at + size))]
    return join([*pieces, *conversion.finish()])


@pytest.mark.parametrize("options", [AS_SUNG, ConversionOptions(automatic_key="octaves")], ids=["off", "octaves"])
def test_it_is_what_the_whole_song_would_have_become(converter, song, options):
    """What is known of the melody differs a little at the end of what was heard so far: 40 dB were measured."""
    whole = converter.convert(song, options).resampled(converter.sample_rate)
    assert snr_db(whole.samples, live(converter, song, options).samples) > 30


def test_the_size_of_its_pieces_does_not_matter(converter, song):
    one, other = (live(converter, song.between(0, 2 * song.sample_rate), chunk_seconds=s) for s in (0.1, 0.37))
    assert one.frames == other.frames == 2 * converter.sample_rate
    assert snr_db(one.samples, other.samples) > 25


def test_it_comes_as_late_as_it_says(converter, song):
    """By no more than a window and what is heard behind it, beside the work."""
    conversion, given, made = LiveConversion(converter, AS_SUNG), 0.0, 0.0
    chunk = song.sample_rate // 20
    for at in range(0, song.frames, chunk):
        given += chunk / song.sample_rate
        made += sum(piece.seconds for piece in conversion.feed(song.between(at, at + chunk)))
        # The resampler holds a few milliseconds back, and half a fade is still to be joined.
        assert given - made <= LIVE_WINDOWS.seconds + LIVE_WINDOWS.context_seconds + 0.1
    work = conversion.latency_seconds - LIVE_WINDOWS.seconds - LIVE_WINDOWS.context_seconds
    assert work > 0


def test_stereo_silence_and_nothing_are_fine(converter):
    silence = Audio(np.zeros((2, 48_000), np.float32), 48_000)
    made = live(converter, silence)
    assert made.frames == converter.sample_rate
    assert not made.samples.any()
    assert list(LiveConversion(converter, AS_SUNG).finish()) == []


def test_only_the_last_seconds_are_kept(converter, song):
    conversion, second = LiveConversion(converter, AS_SUNG), song.between(0, song.sample_rate)
    for _ in range(12):
        list(conversion.feed(second))
    assert conversion._recent.seconds <= HEARD_SECONDS + 1.2
    assert len(conversion._hertz) == pytest.approx(12 * 200, abs=60)
