"""The instant engine keeps what is not the voice: length, channels, loudness, silence, pitch, and no seams."""

from dataclasses import replace

import numpy as np
import pytest
from conversion.instant_voices import clear_decoder, make_voice
from measures import snr_db

from vc_core.audio import Audio
from vc_core.conversion import ConversionOptions, load_converter
from vc_core.errors import UserError
from vc_core.files.reading import open_audio, read_audio
from vc_core.files.writing import write_audio
from vc_core.progress import Cancelled
from vc_core.signal.pitch import estimate_pitch

AS_SUNG = ConversionOptions(automatic_key="off")


@pytest.fixture(scope="module")
def converter(tmp_path_factory):
    return load_converter(make_voice(tmp_path_factory.mktemp("voice")))


def sung(seconds=1.0, sample_rate=44_100, hertz=150.0) -> Audio:
    """Something like a held vowel: harmonics that grow weaker, with vibrato, a soft start and end, and breath."""
    times = np.arange(round(seconds * sample_rate)) / sample_rate
    phase = 2 * np.pi * hertz * times + 0.3 * np.sin(2 * np.pi * 5 * times)
    wave = sum(np.sin(count * phase) / count for count in range(1, 12))
    wave = wave + 0.02 * np.random.default_rng(0).standard_normal(len(times))
    fade = np.minimum(1.0, np.minimum(times, times[::-1]) / 0.05)
    return Audio((0.1 * wave * fade).astype(np.float32)[None], sample_rate)


def median_hz(audio: Audio) -> float:
    hertz = estimate_pitch(audio, "harvest", lowest_hz=60, highest_hz=900).hertz
    return float(np.median(hertz[hertz > 0]))


def loudness_db(samples: np.ndarray) -> float:
    return float(10 * np.log10(np.mean(samples.astype(np.float64) ** 2) + 1e-30))


@pytest.mark.parametrize("sample_rate", [8_000, 16_000, 22_050, 44_100, 48_000])
@pytest.mark.parametrize("channels", [1, 2])
def test_length_rate_and_channels_stay(converter, sample_rate, channels):
    for frames in (1, 17, 7_001):
        given = sung(1.0, sample_rate).slice(0, frames)
        given = given.with_samples(np.repeat(given.samples, channels, axis=0))
        made = converter.convert(given)
        assert made.samples.shape == given.samples.shape
        assert made.sample_rate == sample_rate
        assert np.isfinite(made.samples).all()


def test_empty_audio_stays_empty(converter):
    assert converter.convert(sung().slice(0, 0)).frames == 0


def test_silence_stays_silence(converter):
    assert not converter.convert(Audio(np.zeros((2, 44_100), np.float32), 44_100)).samples.any()


def test_a_pause_stays_silent(converter):
    pause = np.zeros((1, 44_100), np.float32)
    song = Audio(np.concatenate([sung().samples, pause, sung().samples], axis=1), 44_100)
    made = converter.convert(song).samples[0]
    assert loudness_db(made[50_000:82_000]) < loudness_db(made[:44_100]) - 80


@pytest.mark.parametrize("gain", [0.005, 0.1, 4.0])
def test_a_louder_song_is_the_same_only_louder(converter, gain):
    song = sung()
    made, louder = converter.convert(song), converter.convert(song.with_samples(song.samples * np.float32(gain)))
    assert snr_db(made.samples * gain, louder.samples) > 50


def test_loudness_follows_the_source(converter):
    song = sung(3.0)
    swell = np.linspace(-12, 12, song.frames)
    swelling = song.with_samples((song.samples * 10 ** (swell / 20)).astype(np.float32))
    made = converter.convert(swelling).samples[0]
    parts = [loudness_db(part) for part in np.split(made, 3)]
    wanted = [loudness_db(part) for part in np.split(swelling.samples[0], 3)]
    np.testing.assert_allclose(np.diff(parts), np.diff(wanted), atol=2)


@pytest.mark.parametrize("shift", [-12, 0, 7])
def test_the_f0_is_the_target_f0(converter, shift):
    made = converter.convert(sung(), replace(AS_SUNG, key_shift_semitones=shift))
    assert 12 * np.log2(median_hz(made) / median_hz(sung())) == pytest.approx(shift, abs=0.1)


def test_formants_move_without_the_pitch(converter):
    song = sung()
    plain, small = (converter.convert(song, replace(AS_SUNG, formant_shift_semitones=by)) for by in (0, 6))
    assert median_hz(small) == pytest.approx(median_hz(plain), rel=0.005)
    assert snr_db(plain.samples, small.samples) < 15


def test_noise_stays_unvoiced(converter):
    hiss = Audio(0.1 * np.random.default_rng(0).standard_normal((1, 4 * 44_100)).astype(np.float32), 44_100)
    made = converter.convert(hiss)
    assert loudness_db(made.samples) > -60
    assert (estimate_pitch(made, "harvest").hertz > 0).mean() < 0.25


def test_the_seed_determines_the_output(converter):
    first, again, other = (converter.convert(sung(), ConversionOptions(seed=seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.samples, again.samples)
    assert not np.array_equal(first.samples, other.samples)


def test_windows_don_t_change_the_output(converter, monkeypatch):
    song = sung(2.5, sample_rate=24_000)
    whole = converter.convert(song)
    monkeypatch.setattr(converter, "windows", replace(converter.windows, seconds=1.0))
    assert snr_db(whole.samples, converter.convert(song).samples) > 50


def test_a_panned_voice_stays_panned(converter):
    song = sung()
    left = converter.convert(song.with_samples(np.concatenate([song.samples, 0.1 * song.samples])))
    balance = loudness_db(left.samples[0]) - loudness_db(left.samples[1])
    assert balance == pytest.approx(20, abs=0.5)


@pytest.mark.parametrize("channels", [1, 2])
def test_from_file_to_file_is_the_same_as_in_memory(converter, tmp_path, channels):
    song = sung(3.0, hertz=180.0)
    song = song.with_samples(np.repeat(song.samples, channels, axis=0))
    write_audio(tmp_path / "song.wav", song, format_name="wav32")
    done = converter.convert_file(open_audio(tmp_path / "song.wav"), tmp_path / "made.wav", format_name="wav32")
    made = read_audio(done.path)
    assert made.samples.shape == song.samples.shape
    assert snr_db(converter.convert(song).samples, made.samples) > 80
    assert done.shift_semitones == 0
    assert float(np.median(done.analysis.pitch.hertz[done.analysis.pitch.voiced])) == pytest.approx(180, rel=0.02)


def test_memory_does_not_grow_with_the_song(converter, monkeypatch):
    """However long the song, no window hears more than its own seconds and the context."""
    longest = []
    begin_song = converter.begin_song
    monkeypatch.setattr(
        converter,
        "begin_song",
        lambda *given: lambda window, start: longest.append(window.seconds) or begin_song(*given)(window, start),
    )
    converter.convert(sung(20.0, sample_rate=16_000))
    assert max(longest) <= converter.windows.seconds + 2 * converter.windows.context_seconds
    assert len(longest) > 1


def test_it_can_be_stopped(converter):
    def stop(fraction: float, message: str) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        converter.convert(sung(), progress=stop)


def test_progress_only_rises_and_ends_at_1(converter):
    seen = []
    converter.convert(sung(), progress=lambda fraction, message: seen.append(fraction))
    assert seen == sorted(seen)
    assert seen[-1] == 1


@pytest.mark.parametrize("changes", [{"engine": "so-vits"}, {"sample_rate": 22_050}])
def test_a_voice_of_another_kind_is_refused(tmp_path, changes):
    with pytest.raises(UserError):
        load_converter(make_voice(tmp_path, **changes))


def test_weights_of_something_else_are_refused(tmp_path):
    import torch

    with pytest.raises(UserError, match="no decoder"):
        load_converter(make_voice(tmp_path, weights={"layer.weight": torch.zeros(3)}))


@pytest.mark.parametrize("format_name", ["mp3", "wav32"])
def test_weights_far_too_large_are_reported_and_leave_no_file(tmp_path, format_name):
    import torch

    weights = {name: torch.full_like(one, 1e37) for name, one in clear_decoder().state_dict().items()}
    huge = make_voice(tmp_path / "huge", weights=weights)
    write_audio(tmp_path / "song.wav", sung())
    with pytest.raises(UserError, match="values that are not numbers"):
        load_converter(huge).convert_file(open_audio(tmp_path / "song.wav"), tmp_path / "made", format_name=format_name)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["huge", "song.wav"]
