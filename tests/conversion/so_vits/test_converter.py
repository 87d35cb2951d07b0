"""What so-vits voices sing has the song's length, silence and loudness, no seams, and no surprises."""

import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch
from conversion.so_vits_maker import make_so_vits_voice, write_checkpoint, write_content_vec
from measures import snr_db
from safetensors.torch import save_file

from vc_core.audio import Audio
from vc_core.conversion import ConversionOptions, load_converter
from vc_core.conversion.so_vits.converter import load_so_vits
from vc_core.conversion.so_vits.importing import import_so_vits
from vc_core.conversion.so_vits.options import SoVitsOptions
from vc_core.conversion.so_vits.repo import SoVitsFiles
from vc_core.errors import UserError
from vc_core.options import parse_settings
from vc_core.progress import Cancelled
from vc_core.voices.content_vec import get_content_vec_path
from vc_core.voices.facts import VoiceFacts
from vc_core.voices.library import Voice, VoiceLibrary, hash_files, read_card, write_card

RATE = 44_100
PLAIN = SoVitsOptions()


@pytest.fixture(scope="module", autouse=True)
def ear():
    write_content_vec()


@pytest.fixture(scope="module")
def voice(tmp_path_factory):
    return make_so_vits_voice(tmp_path_factory.mktemp("voice"))


@pytest.fixture(scope="module")
def short_windows():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("vc_core.conversion.so_vits.converter.WINDOW_SECONDS", 1.5)
        patch.setattr("vc_core.conversion.so_vits.converter.CONTEXT_SECONDS", 0.4)
        patch.setattr("vc_core.conversion.chunked_decoding.CHUNK_SECONDS", 0.5)
        yield


@pytest.fixture(scope="module")
def converter(voice, short_windows):
    return load_so_vits(voice)


def with_files(voice: Voice, place, **files) -> Voice:
    """A copy of the voice that has these tensors too."""
    shutil.copytree(voice.folder, place)
    for name, tensors in files.items():
        save_file(tensors, place / f"{name}.safetensors")
    card = replace(read_card(place), files=hash_files(place))
    write_card(place, card)
    return Voice(card, place)


def sung(seconds=1.0, sample_rate=RATE, hertz=150.0) -> Audio:
    times = np.arange(round(seconds * sample_rate)) / sample_rate
    phase = 2 * np.pi * hertz * times + 0.3 * np.sin(2 * np.pi * 5 * times)
    wave = sum(np.sin(count * phase) / count for count in range(1, 12))
    noise = np.random.default_rng(0).standard_normal(len(times))
    return Audio((0.1 * wave + 0.002 * noise).astype(np.float32)[None], sample_rate)


def options(so_vits: SoVitsOptions = PLAIN, **others) -> ConversionOptions:
    return ConversionOptions(automatic_key="off", own=so_vits, **others)


def level_db(samples: np.ndarray) -> float:
    return float(10 * np.log10(np.mean(samples.astype(np.float64) ** 2) + 1e-30))


def test_the_registry_loads_it(voice):
    assert load_converter(voice) is load_converter(voice)


@pytest.mark.parametrize(("sample_rate", "channels"), [(8_000, 1), (44_100, 2), (96_000, 1)])
def test_length_rate_and_channels_stay(converter, sample_rate, channels):
    for frames in (1, 5_001):
        given = sung(1.0, sample_rate).slice(0, frames)
        made = converter.convert(given.with_samples(np.repeat(given.samples, channels, axis=0)), options())
        assert made.samples.shape == (channels, frames)
        assert made.sample_rate == sample_rate
        assert np.isfinite(made.samples).all()


def test_empty_audio_and_silence_stay_unchanged(converter):
    assert converter.convert(sung().slice(0, 0)).frames == 0
    assert not converter.convert(Audio(np.zeros((2, RATE), np.float32), RATE)).samples.any()


def test_a_rest_stays_silent(converter):
    sound, rest = sung(0.4).samples, np.zeros((1, RATE // 2), np.float32)
    made = converter.convert(Audio(np.concatenate([sound, rest, sound], axis=1), RATE), options()).samples[0]
    begin, end = sound.shape[1], sound.shape[1] + rest.shape[1]
    assert not made[begin + 2000 : end - 2000].any()
    assert level_db(made[:begin]) > -60


@pytest.mark.slow
@pytest.mark.parametrize("change", ["dc", "loud", "noise"])
def test_unusual_audio_is_converted(converter, change):
    song = sung()
    samples = {
        "dc": song.samples + 0.5,
        "loud": song.samples * 20,
        "noise": np.random.default_rng(1).standard_normal((1, RATE)),
    }[change]
    made = converter.convert(Audio(samples.astype(np.float32), RATE), options())
    assert np.isfinite(made.samples).all()
    assert made.samples.any()


def test_the_same_seed_gives_the_same_sample_and_another_does_not(converter):
    song = sung(0.4)
    one, two, other = (converter.convert(song, options(seed=seed)).samples for seed in (3, 3, 4))
    np.testing.assert_array_equal(one, two)
    assert snr_db(one, other) < 60


@pytest.mark.slow
def test_a_held_tone_has_no_audible_window_border(converter):
    """At the windows' borders the sound changes no more than anywhere else."""
    made = converter.convert(sung(4.0), options()).samples[0]
    # What no smooth sound has: energy of the highest frequencies within a millisecond.
    clicks = np.convolve(np.diff(made, 3) ** 2, np.ones(44), "same")
    border = round(converter.windows.seconds * RATE)
    assert clicks[border - 2000 : border + 2000].max() <= 1.2 * np.quantile(clicks, 0.999)


@pytest.mark.slow
def test_a_held_tone_at_window_borders_equals_one_window(tmp_path, monkeypatch):
    """Of a voice that follows the pitch around each moment; random attention would mix in the whole of each window."""
    generator = write_checkpoint(tmp_path / "checkpoint", "fork 4.0v1")
    checkpoint = torch.load(generator)
    for name, weight in checkpoint["model"].items():
        if name == "pre.weight" or (name.startswith("enc_p.") and ".conv_o." in name):
            weight.zero_()
    torch.save(checkpoint, generator)
    files = SoVitsFiles(generator, generator.with_name("config.json"))
    voice = import_so_vits(VoiceLibrary(tmp_path), files, VoiceFacts("T", "synthetic", "MIT", speaker="singer"))
    made, song = {}, sung(8.0)
    for seconds in (2.0, 10.0):
        monkeypatch.setattr("vc_core.conversion.so_vits.converter.WINDOW_SECONDS", seconds)
        converter = load_so_vits(voice)
        made[seconds] = converter.convert(song, options()).samples[0]
        if seconds == 2.0:
            borders = [round(at * converter.windows.seconds * RATE) for at in (1, 2, 3)]
    for border in borders:
        around = slice(border - RATE // 20, border + RATE // 20)
        assert snr_db(made[10.0][around], made[2.0][around]) >= 60


@pytest.mark.slow
def test_loudness_follows_the_song(converter):
    song = sung(3.0)
    swell = np.linspace(-12, 12, song.frames)
    swelling = song.with_samples((song.samples * 10 ** (swell / 20)).astype(np.float32))
    made = converter.convert(swelling, options()).samples[0]
    levels = [level_db(part) for part in np.array_split(made[RATE // 4 : -RATE // 4], 5)]
    wanted = [level_db(part) for part in np.array_split(swelling.samples[0, RATE // 4 : -RATE // 4], 5)]
    np.testing.assert_allclose(levels, wanted, atol=2.0)


@pytest.mark.slow
def test_bfloat16_is_nearly_the_same(converter):
    song = sung()
    exact, fast = (converter.convert(song, options(SoVitsOptions(precision=p))).samples for p in ("exact", "fast"))
    assert snr_db(exact, fast) > 15


@pytest.mark.slow
def test_formants_move_and_the_length_does_not(converter):
    song = sung()
    made = [converter.convert(song, options(formant_shift_semitones=by)) for by in (-4, 0, 4)]
    assert {one.frames for one in made} == {song.frames}
    spectra = [np.abs(np.fft.rfft(one.samples[0])) for one in made]
    centres = [np.sum(spectrum * np.arange(len(spectrum))) / np.sum(spectrum) for spectrum in spectra]
    assert centres[0] < centres[1] < centres[2]


def test_stop_works_within_a_window(converter):
    calls = []

    def stop(fraction, message):
        calls.append(fraction)
        if fraction > 0.3:
            raise Cancelled

    with pytest.raises(Cancelled):
        converter.convert(sung(4.0), options(), progress=stop)
    assert max(calls) < 0.8


# Singers


def test_an_unknown_singer_is_not_replaced_by_the_first(converter):
    for chosen in (SoVitsOptions(speaker="nobody"), SoVitsOptions(blend=(("nobody", 1.0),))):
        with pytest.raises(UserError, match="no singer “nobody”. It has: singer, other"):
            converter.convert(sung(0.4), options(chosen))


def test_singers_differ_and_blend(converter):
    one, other, blend, alone = (
        converter.loaded.embed_speakers(shares)
        for shares in ((("singer", 1),), (("other", 1),), (("singer", 0.5), ("other", 1.0)), (("other", 0.3),))
    )
    assert not torch.allclose(one, other)
    torch.testing.assert_close(blend, (one + 2 * other) / 3)
    torch.testing.assert_close(alone, other)
    song = sung(0.4)
    sounds = [converter.convert(song, options(SoVitsOptions(speaker=name))).samples for name in ("singer", "other")]
    assert snr_db(*sounds) < 40


# Memory of recordings


def test_ratios_without_clusters_or_features_are_refused(converter):
    for chosen in (SoVitsOptions(cluster_ratio=0.5), SoVitsOptions(retrieval_ratio=0.5)):
        with pytest.raises(UserError, match="Set that ratio to 0"):
            converter.convert(sung(0.4), options(chosen))


def test_clusters_move_content_to_the_nearest_centre(voice, tmp_path, short_windows):
    centres = torch.randn(5, 768, generator=torch.Generator().manual_seed(0))
    retrieval = load_so_vits(with_files(voice, tmp_path / "own", clusters={"singer": centres})).loaded.retrieval
    content = torch.randn(768, 40, generator=torch.Generator().manual_seed(1))
    nearest = [min(range(5), key=lambda at: float((centres[at] - frame).norm())) for frame in content.T]
    drawn = retrieval.move_content(content, "singer", 0.25, 0.0)
    torch.testing.assert_close(drawn, 0.25 * centres[nearest].T + 0.75 * content)


def test_retrieval_moves_content_to_the_nearest_frames(voice, tmp_path, short_windows):
    moments = torch.randn(60, 768, generator=torch.Generator().manual_seed(0))
    own = load_so_vits(with_files(voice, tmp_path / "own", moments={"singer": moments}))
    content = moments[:7].T + 0.01
    torch.testing.assert_close(
        own.loaded.retrieval.move_content(content, "singer", 0.0, 1.0), moments[:7].T, atol=1e-3, rtol=1e-3
    )
    made = own.convert(sung(0.4), options(SoVitsOptions(retrieval_ratio=0.7)))
    assert np.isfinite(made.samples).all()


def test_clusters_of_another_width_are_refused(voice, tmp_path):
    with pytest.raises(UserError, match="768 numbers"):
        load_so_vits(with_files(voice, tmp_path / "own", clusters={"singer": torch.zeros(5, 256)}))


# Options and what is missing


@pytest.mark.parametrize(
    "wrong",
    [
        {"noise_scale": -1.0},
        {"noise_scale": float("nan")},
        {"cluster_ratio": 1.5},
        {"silence_db": 3.0},
        {"precision": "half"},
        {"blend": (("singer", 0.0),)},
        {"diffusion_depth": -1},
    ],
)
def test_options_out_of_range_are_refused(wrong):
    with pytest.raises(UserError):
        SoVitsOptions(**wrong)


def test_settings_are_parsed_from_the_command_line():
    words = ["speaker=Ann B", "noise_scale=0.2", "predicted_pitch=yes", "diffusion_depth=50", "blend=Ann:0.7,B:n:0.3"]
    assert parse_settings(words, SoVitsOptions()) == SoVitsOptions(
        speaker="Ann B", blend=(("Ann", 0.7), ("B:n", 0.3)), predicted_pitch=True, noise_scale=0.2, diffusion_depth=50
    )
    assert parse_settings([], SoVitsOptions()) == SoVitsOptions()
    for wrong in ("noise=1", "noise_scale=loud", "noise_scale", "predicted_pitch=maybe", "blend=Ann", "precision=no"):
        with pytest.raises(UserError):
            parse_settings([wrong], SoVitsOptions())


def test_predicted_pitch_without_an_f0_decoder_is_refused(tmp_path, short_windows):
    own = load_so_vits(make_so_vits_voice(tmp_path, "upstream 4.1, no pitch decoder"))
    with pytest.raises(UserError, match="can't predict a melody"):
        own.convert(sung(0.4), options(SoVitsOptions(predicted_pitch=True)))


@pytest.mark.slow
def test_a_predicted_melody_has_no_audible_window_border(converter):
    made = converter.convert(sung(4.0), options(SoVitsOptions(predicted_pitch=True))).samples[0]
    clicks = np.convolve(np.diff(made, 3) ** 2, np.ones(44), "same")
    border = round(converter.windows.seconds * RATE)
    assert clicks[border - 2000 : border + 2000].max() <= 1.2 * np.quantile(clicks, 0.999)


def test_a_voice_of_4_1_uses_the_loudness_of_the_song(tmp_path, short_windows):
    own = load_so_vits(make_so_vits_voice(tmp_path, "upstream 4.1, loudness"))
    song = sung(0.5)
    as_made = SoVitsOptions(loudness_ratio=0)
    soft, loud = (own.convert(song.with_samples(song.samples * np.float32(g)), options(as_made)) for g in (0.1, 1.0))
    assert snr_db(loud.samples, soft.samples) < 60


def test_without_contentvec_and_connection_the_message_says_what_to_do(voice, hub, monkeypatch, tmp_path):
    hub.down = True
    monkeypatch.setenv("VOICE_STUDIO_HOME", str(tmp_path))
    with pytest.raises(UserError, match=r"need ContentVec \(378 MB\)") as raised:
        load_so_vits(voice)
    assert str(get_content_vec_path().parent) in str(raised.value)
