"""RVC voices convert songs of any length: exact to the sample, without audible borders, silence included."""

from dataclasses import replace

import numpy as np
import pytest
import soundfile
import torch
from conftest import ROOT
from conversion.peak_memory import measure_conversion_megabytes, only_linux
from conversion.rvc_maker import Kind, write_export
from conversion.so_vits_maker import write_content_vec
from measures import snr_db

from vc_core.audio import Audio
from vc_core.conversion import ConversionOptions, load_converter, read_own_options
from vc_core.conversion.analysis import analyse_song
from vc_core.conversion.rvc.files import RvcFiles
from vc_core.conversion.rvc.importing import import_rvc
from vc_core.conversion.rvc.options import RvcOptions
from vc_core.errors import UserError
from vc_core.signal.pitch import estimate_pitch
from vc_core.voices.facts import VoiceFacts
from vc_core.voices.library import VoiceLibrary

V2_INDEX = ROOT / "tests" / "data" / "rvc" / "v2.index"
RATE = 44_100


def make_voice(folder, kind=Kind("v2", "40k"), index=V2_INDEX, **options):
    files = RvcFiles(write_export(folder / "model.pth", kind, **options), index)
    return import_rvc(VoiceLibrary(folder / "voices"), files, VoiceFacts("Tester", "synthetic", "CC0-1.0"))


@pytest.fixture(scope="module")
def voice(tmp_path_factory):
    write_content_vec()
    return make_voice(tmp_path_factory.mktemp("voice"))


@pytest.fixture(scope="module")
def converter(voice):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("vc_core.conversion.rvc.converter.WINDOW_SECONDS", 1.0)
        patch.setattr("vc_core.conversion.rvc.converter.CONTEXT_SECONDS", 0.4)
        patch.setattr("vc_core.conversion.chunked_decoding.CHUNK_SECONDS", 0.5)
        yield load_converter(voice)


def sung(seconds: float, rate: int = RATE, channels: int = 1) -> Audio:
    times = np.arange(round(seconds * rate)) / rate
    wave = sum(0.1 * np.sin(2 * np.pi * 180 * count * times) / count for count in range(1, 9))
    return Audio(np.repeat(wave.astype(np.float32)[None], channels, axis=0), rate)


def options(own: RvcOptions = RvcOptions(), **others) -> ConversionOptions:
    return ConversionOptions(automatic_key="off", own=own, **others)


@pytest.mark.parametrize(("rate", "seconds"), [(44_100, 1.2345), (16_000, 0.7), (48_000, 0.02)])
def test_the_result_has_the_song_s_length_and_channels(converter, rate, seconds):
    song = sung(seconds, rate, channels=2)
    made = converter.convert(song, options())
    assert (made.frames, made.channels, made.sample_rate) == (song.frames, 2, rate)
    assert np.isfinite(made.samples).all()


def test_silence_stays_silence_and_a_rest_is_quiet(converter):
    silent = Audio(np.zeros((1, RATE), np.float32), RATE)
    assert not converter.convert(silent, options()).samples.any()
    song = sung(2.0)
    song.samples[:, RATE // 2 : 3 * RATE // 2] = 0
    made = converter.convert(song, options()).samples[0]
    assert np.abs(made[int(0.6 * RATE) : int(1.4 * RATE)]).max() < 1e-4
    assert np.abs(made[: int(0.4 * RATE)]).max() > 1e-3


def test_the_loudness_follows_the_song(converter):
    song = sung(1.5)
    song.samples[:] *= np.linspace(0.1, 1, song.frames, dtype=np.float32)
    made = converter.convert(song, options(RvcOptions(loudness_ratio=1))).samples[0]
    for part in (slice(RATE // 4, RATE // 2), slice(RATE, 5 * RATE // 4)):
        # Of the power: a network of random weights also has an offset.
        ratio_db = 10 * np.log10(np.mean(made[part] ** 2) / np.mean(song.samples[0, part] ** 2))
        assert abs(ratio_db) < 3


def test_the_same_seed_gives_the_same_sound_and_another_another(converter):
    song = sung(0.6)
    first, again, other = (converter.convert(song, options(seed=seed)).samples for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert snr_db(first, other) < 40


def test_windows_are_joined_without_clicks(converter):
    made = converter.convert(sung(2.5), options()).samples[0]
    clicks = np.convolve(np.diff(made, 3) ** 2, np.ones(44), "same")
    for border in (RATE, 2 * RATE):
        assert clicks[border - 2000 : border + 2000].max() <= 1.5 * np.quantile(clicks, 0.999)


def test_a_window_may_start_anywhere(converter):
    song = sung(1.0, converter.sample_rate)
    sing = converter.begin_song(analyse_song(song), options())
    whole, later = sing(song, 0).samples[0], sing(song.slice(777, song.frames), 777).samples[0]
    assert np.corrcoef(whole[10_000:30_000], later[10_000 - 777 : 30_000 - 777])[0, 1] > 0.8


def test_chunks_don_t_change_the_sound(converter, monkeypatch):
    song = sung(0.9)
    chunked = converter.convert(song, options()).samples
    monkeypatch.setattr("vc_core.conversion.chunked_decoding.CHUNK_SECONDS", 60.0)
    assert snr_db(converter.convert(song, options()).samples, chunked) > 90


def test_each_option_changes_the_sound(converter):
    song = sung(0.6)
    plain = converter.convert(song, options()).samples
    for change in (
        {"speaker": 2}, {"retrieval_ratio": 0.0}, {"noise_scale": 0.0}, {"loudness_ratio": 0.0},
    ):  # fmt: skip
        assert snr_db(plain, converter.convert(song, options(replace(RvcOptions(), **change))).samples) < 60, change
    for others in ({"key_shift_semitones": 5}, {"formant_shift_semitones": 3}, {"breath_db": 12}):
        assert snr_db(plain, converter.convert(song, options(**others)).samples) < 60, others


def test_protection_keeps_the_index_away_from_unvoiced_frames(converter):
    song = sung(0.8, converter.sample_rate)
    heard = analyse_song(song)
    unvoiced = replace(heard, pitch=replace(heard.pitch, hertz=np.zeros_like(heard.pitch.hertz)))
    without, protected, exposed = (
        converter.begin_song(unvoiced, options(RvcOptions(retrieval_ratio=ratio, protection=protection)))(song, 0)
        for ratio, protection in ((0.0, 1.0), (1.0, 1.0), (1.0, 0.0))
    )
    assert snr_db(without.samples, protected.samples) > 90
    assert snr_db(without.samples, exposed.samples) < 60


def test_a_key_shift_moves_the_source(converter):
    """The network of the tests lets its source through, so its pitch is that of the source."""
    song = sung(1.5)
    hertz = [
        np.median(
            (pitch := estimate_pitch(converter.convert(song, options(key_shift_semitones=shift)))).hertz[pitch.voiced]
        )
        for shift in (0, 7)
    ]
    assert 12 * np.log2(hertz[1] / hertz[0]) == pytest.approx(7, abs=0.5)


def test_a_voice_without_pitch_and_one_without_index_convert(tmp_path):
    write_content_vec()
    own = load_converter(make_voice(tmp_path, Kind("v1", "32k", False), index=None))
    assert np.std(own.convert(sung(0.5), options()).samples) > 1e-3
    with pytest.raises(UserError, match="has no index"):
        own.convert(sung(0.5), options(RvcOptions(retrieval_ratio=0.5)))


def test_a_speaker_that_is_none_is_refused(converter):
    with pytest.raises(UserError, match="no speaker 4. Its speakers are 0 to 3"):
        converter.convert(sung(0.5), options(RvcOptions(speaker=4)))


@pytest.mark.parametrize(
    "wrong", [{"speaker": -1}, {"retrieval_ratio": 1.1}, {"precision": "half"}, {"noise_scale": 3}]
)
def test_options_out_of_range_are_refused(wrong):
    with pytest.raises(UserError):
        RvcOptions(**wrong)


def test_settings_go_to_the_engine_of_the_voice(voice):
    own = read_own_options(voice, ["speaker=2", "silence_db=-50"], {"rvc_retrieval": 0.5, "noise_scale": 0.1})
    assert own == RvcOptions(speaker=2, silence_db=-50, retrieval_ratio=0.5)
    with pytest.raises(UserError, match="no setting “blend”"):
        read_own_options(voice, ["blend=a:1"])


def test_fast_precision_is_near_the_exact(converter):
    song = sung(0.6)
    exact, fast = (converter.convert(song, options(RvcOptions(precision=p))).samples for p in ("exact", "fast"))
    assert snr_db(exact, fast) > 15


def test_a_voice_whose_card_states_another_rate_is_refused(tmp_path):
    voice = make_voice(tmp_path, index=None)
    wrong = replace(voice, card=replace(voice.card, sample_rate=48_000))
    from vc_core.conversion.rvc.converter import load_rvc

    with pytest.raises(UserError, match="contradicts itself: it says 48000 Hz"):
        load_rvc(wrong)


@pytest.mark.slow
@pytest.mark.timeout(900)
@only_linux
def test_half_an_hour_takes_the_memory_of_ten_minutes(tmp_path):
    write_content_vec()
    make_voice(tmp_path)

    def peak_megabytes(minutes: int) -> float:
        times = np.arange(16_000) / 16_000
        phrase = np.zeros(300 * 16_000, np.float32)  # rests cost next to nothing
        # In the middle of a window: at its border, two windows would sing it.
        phrase[64_000:80_000] = sum(0.1 * np.sin(2 * np.pi * 150 * k * times) / k for k in range(1, 12))
        with soundfile.SoundFile(song := tmp_path / f"{minutes}.wav", "w", 16_000, 1) as file:
            for _ in range(minutes // 5):
                file.write(phrase)
        return measure_conversion_megabytes(song, tmp_path / "voices")

    short, long = peak_megabytes(10), peak_megabytes(30)
    print(f"{short:.0f} MB at 10 minutes, {long:.0f} MB at 30")
    # The melody of the whole song is kept, at some hundred numbers a second.
    assert long < short + 50, f"{short:.0f} and {long:.0f} MB"
    assert long < 1600


def test_the_pitch_is_quantised_as_published():
    from vc_core.models.rvc.network import quantise_f0

    hertz = torch.tensor([0.0, 30, 50, 51, 220, 440, 880, 1100, 1500])
    mels = 1127 * np.log(1 + hertz.double().numpy() / 700)
    low, high = (1127 * np.log(1 + edge / 700) for edge in (50, 1100))
    expected = np.rint(np.clip((mels - low) * 254 / (high - low) + 1, 1, 255))
    assert quantise_f0(hertz).tolist() == expected.tolist()
    assert quantise_f0(hertz).tolist()[-1] == 255
