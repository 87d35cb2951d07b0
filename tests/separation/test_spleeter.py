"""Spleeter in torch gives what the original gives, from the original's own checkpoints, and never less than asked."""

from pathlib import Path

import numpy as np
import pytest
from measures import snr_db
from separation.spleeter_oracle import SPAN_FRAMES, SPANS, known_sound, levels

from vc_core.audio import Audio
from vc_core.progress import Cancelled
from vc_core.separation.spleeter.layouts import MODELS
from vc_core.separation.spleeter.separator import SEGMENT_SAMPLES, Spleeter
from vc_core.separation.spleeter.weights import convert_checkpoint, load_nets

ORACLE = Path(__file__).parents[1] / "data" / "spleeter"
RATE = 44_100


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    """A function that gives the engine with the tiny genuine checkpoint of so many stems."""
    folder = tmp_path_factory.mktemp("weights")

    def load(stems: int, *, treble: bool = False) -> Spleeter:
        weights = folder / f"{stems}.safetensors"
        if not weights.exists():
            convert_checkpoint(ORACLE / f"{stems}stems" / "model", MODELS[stems], weights)
        return Spleeter(load_nets(weights), "cpu", treble=treble)

    return load


@pytest.mark.parametrize("frames", SPANS)
@pytest.mark.parametrize(("stems", "treble"), [(2, False), (2, True), (4, False), (4, True), (5, False), (5, True)])
def test_each_stem_is_the_originals(tiny, stems, treble, frames):
    """Two lengths that are no multiples of a segment, at both ends and around the border, and the level all along."""
    oracle = np.load(ORACLE / f"{stems}stems{'-16kHz' if treble else ''}.npz")
    separated = tiny(stems, treble=treble).separate(Audio(known_sound(frames), RATE), sums_to_song=False)
    assert list(separated) == list(MODELS[stems].stem_names)
    for name, stem in separated.items():
        estimate = np.stack([stem.samples[:, start : start + SPAN_FRAMES] for start in SPANS[frames]])
        reference = oracle[f"{name}_{frames}"]
        assert estimate.shape == reference.shape
        assert snr_db(reference, estimate) >= 90
        np.testing.assert_allclose(levels(stem.samples), oracle[f"{name}_{frames}_levels"], rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("frames", [1, 4_410, SEGMENT_SAMPLES - 4096, SEGMENT_SAMPLES, SEGMENT_SAMPLES + 1, 560_123])
def test_stems_are_as_long_as_the_song_and_add_up_to_it(tiny, frames):
    song = Audio(known_sound(frames), RATE)
    stems = tiny(2).separate(song)
    assert all(stem.samples.shape == song.samples.shape for stem in stems.values())
    np.testing.assert_allclose(sum(stem.samples for stem in stems.values()), song.samples, atol=1e-6)


def test_the_residual_is_dropped_only_on_request(tiny, tone):
    """The networks are deaf above 11 kHz, as the original's are."""
    high = tone(13_000, seconds=1, channels=2)
    as_heard = tiny(2).separate(high, sums_to_song=False)
    inside = slice(8192, -8192)  # where a tone begins and ends it is a click, and has all frequencies
    assert max(np.abs(stem.samples[:, inside]).max() for stem in as_heard.values()) < 1e-4
    kept = tiny(2).separate(high)
    assert snr_db(high.samples[:, inside], kept["accompaniment"].samples[:, inside]) > 60
    with_treble = tiny(2, treble=True).separate(high, sums_to_song=False)
    total = sum(stem.samples for stem in with_treble.values())
    assert snr_db(high.samples[:, inside], total[:, inside]) > 60


def test_silence_stays_silence(tiny):
    for stem in tiny(4).separate(Audio(np.zeros((2, 50_000), np.float32), RATE)).values():
        assert not stem.samples.any()


def test_a_song_can_be_very_quiet(tiny):
    whisper = Audio(np.float32(1e-6) * known_sound(40_000), RATE)
    stems = tiny(2).separate(whisper, sums_to_song=False)
    assert all(np.isfinite(stem.samples).all() for stem in stems.values())
    assert 0 < np.abs(sum(stem.samples for stem in stems.values())).max() < 2e-6


@pytest.mark.parametrize("rate", [8_000, 22_050, 48_000, 96_000])
@pytest.mark.parametrize("channels", [1, 2])
def test_any_rate_and_number_of_channels_comes_back_as_it_went_in(tiny, rate, channels):
    frames = 60_001
    draw = np.random.default_rng(rate)
    song = Audio(draw.uniform(-0.3, 0.3, (channels, frames)).astype(np.float32), rate)
    stems = tiny(2).separate(song)
    for stem in stems.values():
        assert (stem.sample_rate, stem.samples.shape) == (rate, (channels, frames))
    np.testing.assert_allclose(sum(stem.samples for stem in stems.values()), song.samples, atol=1e-6)


def test_it_stops_between_segments(tiny):
    seen = []

    def stop_at_the_second(fraction: float, message: str) -> None:
        seen.append(fraction)
        if len(seen) == 2:
            raise Cancelled

    with pytest.raises(Cancelled):
        tiny(2).separate(Audio(np.zeros((2, 3 * SEGMENT_SAMPLES), np.float32), RATE), progress=stop_at_the_second)
    assert seen == [0.0, pytest.approx(1 / 3)]
