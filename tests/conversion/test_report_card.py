"""The report card measures known differences of two sounds correctly."""

from dataclasses import asdict, fields

import numpy as np
import pytest

from vc_core.audio import Audio
from vc_core.conversion.report_card import MEASURES, ConversionTarget, ReportCard, make_report_card
from vc_core.files.reading import open_audio, read_audio
from vc_core.files.writing import write_audio
from vc_core.progress import Cancelled
from vc_core.signal.pitch import estimate_pitch
from vc_core.voices.library import Voice, VoiceCard
from vc_core.voices.similarity import EMBEDDING_SETTING, compute_speaker_embedding

RATE, SECONDS = 44_100, 4.0


def sung(semitones: float | np.ndarray = 0.0, *, rate: int = RATE, seconds: float = SECONDS) -> Audio:
    """A voice-like tone that wanders up and down by five semitones, with a pause in the middle."""
    times = np.arange(round(seconds * rate)) / rate
    hertz = 200.0 * 2 ** ((5 * np.sin(2 * np.pi * 0.4 * times) + semitones) / 12)
    cycles = np.cumsum(hertz) / rate
    wave = sum(np.sin(2 * np.pi * count * cycles) / count for count in range(1, 12))
    breath = 0.002 * np.random.default_rng(0).standard_normal(len(times))
    sounding = np.clip(
        np.minimum(np.abs(times - seconds / 2) - 0.25, seconds / 2 - np.abs(times - seconds / 2)) / 0.03, 0, 1
    )
    return Audio((0.15 * wave * sounding + breath).astype(np.float32)[None], rate)


@pytest.fixture
def report(tmp_path):
    """Gives the card of two sounds, for a wanted shift."""

    def measure(song: Audio, result: Audio, shift: float = 0.0, *, settings=None, format_name="wav32") -> ReportCard:
        write_audio(tmp_path / "song.wav", song, format_name="wav32")
        write_audio(tmp_path / "result", result, format_name=format_name)
        card = VoiceCard("Tester", "instant", 24_000, "CC0-1.0", "synthetic", "A test.", {}, settings=settings or {})
        target = ConversionTarget(estimate_pitch(song), shift, Voice(card, tmp_path))
        return make_report_card(open_audio(tmp_path / "song.wav"), open_audio(tmp_path / "result"), target)[0]

    return measure


def test_identical_audio_gets_a_perfect_card(report):
    card = report(sung(), sung())
    assert card == ReportCard(
        0.0, pytest.approx(1.0, abs=1e-3), pytest.approx(0, abs=2), pytest.approx(0, abs=0.01), 0, None
    )
    assert all(MEASURES[name].is_good(value) for name, value in asdict(card).items() if name != "voice_similarity")


@pytest.mark.parametrize("shift", [-12.0, -4.5, 3.0, 12.0])
def test_another_key_is_right_only_if_it_was_requested(report, shift):
    assert report(sung(), sung(shift), shift).pitch_error_cents < 4
    card = report(sung(), sung(shift))
    assert card.pitch_error_cents == pytest.approx(100 * abs(shift), abs=5)
    assert card.pitch_correlation > 0.985


def test_an_octave_error_in_a_quarter_of_the_song_shows(report):
    jump = np.where(np.arange(round(SECONDS * RATE)) < RATE, 12.0, 0.0)
    card = report(sung(), sung(jump))
    voiced_quarter = 1.0 / 3.5
    assert card.pitch_error_cents == pytest.approx(1200 * voiced_quarter, rel=0.1)
    assert card.pitch_correlation < 0.8


def test_another_melody_does_not_correlate(report):
    other = np.random.default_rng(1).uniform(-4, 4, 16).repeat(round(SECONDS * RATE) // 16)
    card = report(sung(), sung(other))
    assert card.pitch_correlation < 0.9
    assert card.pitch_error_cents > 100


@pytest.mark.parametrize("gain_db", [-12.0, 6.0])
def test_a_gain_is_a_loudness_difference_and_nothing_else(report, gain_db):
    card = report(sung(), sung().with_samples(sung().samples * np.float32(10 ** (gain_db / 20))))
    assert card.loudness_difference_lu == pytest.approx(gain_db, abs=0.05)
    assert card.pitch_error_cents < 2
    assert card.voicing_error < 0.02


@pytest.mark.parametrize("seconds", [-0.5, 0.25, -1 / RATE])
def test_a_length_difference_is_reported_to_the_sample(report, seconds):
    frames = round((SECONDS + seconds) * RATE)
    result = sung(seconds=SECONDS).samples[:, :frames]
    card = report(sung(), Audio(np.pad(result, ((0, 0), (0, frames - result.shape[1]))), RATE))
    assert card.length_difference_seconds == pytest.approx(seconds, abs=1e-9)
    assert not MEASURES["length_difference_seconds"].is_good(card.length_difference_seconds)


def test_another_sample_rate_is_no_length_difference(report):
    assert report(sung(), sung().resample(48_000)).length_difference_seconds == 0
    assert report(sung(rate=11_025), sung()).length_difference_seconds == 0


def test_a_whisper_is_a_voicing_error(report):
    hiss = Audio(0.05 * np.random.default_rng(0).standard_normal((1, sung().frames)).astype(np.float32), RATE)
    card = report(sung(), hiss)
    assert card.voicing_error > 0.6
    assert report(hiss, hiss).voicing_error in (None, 0.0)


def test_a_held_tone_has_no_melody_to_follow(report, tone):
    held = tone(220.0, seconds=2.0)
    card = report(held, held)
    assert card.pitch_correlation is None
    assert card.pitch_error_cents < 1


@pytest.mark.parametrize("seconds", [0.01, 1.0])
def test_in_silence_there_is_nothing_to_measure(report, seconds):
    silence = Audio(np.zeros((2, round(seconds * RATE)), np.float32), RATE)
    assert report(silence, silence) == ReportCard(0.0, None, None, None, None, None)


def test_the_voice_is_compared_with_the_speaker_embedding_in_its_card(report):
    own = compute_speaker_embedding([sung()], estimate_pitch(sung()))
    assert report(sung(), sung(), settings={EMBEDDING_SETTING: list(own)}).voice_similarity == pytest.approx(
        1.0, abs=0.01
    )
    stranger = [value + 3.0 for value in own]
    assert report(sung(), sung(), settings={EMBEDDING_SETTING: stranger}).voice_similarity == 0
    assert report(sung(), sung(), settings={EMBEDDING_SETTING: "nonsense"}).voice_similarity is None


def test_compressed_files_get_the_same_card(report):
    card = report(sung(), sung(), format_name="ogg")
    assert card.length_difference_seconds == 0
    assert card.pitch_error_cents < 3
    assert abs(card.loudness_difference_lu) < 0.3


def test_a_reported_file_is_left_as_it_is(report, tmp_path):
    report(sung(), sung(3.0), 3.0)
    np.testing.assert_array_equal(read_audio(tmp_path / "song.wav").samples, sung().samples)


def test_progress_only_rises_and_can_stop_it(tmp_path):
    write_audio(tmp_path / "song.wav", sung(), format_name="wav32")
    file = open_audio(tmp_path / "song.wav")
    card = VoiceCard("Tester", "instant", 24_000, "CC0-1.0", "synthetic", "A test.", {})
    target = ConversionTarget(estimate_pitch(sung()), 0.0, Voice(card, tmp_path))
    seen = []
    make_report_card(file, file, target, progress=lambda fraction, message: seen.append(fraction))
    assert seen == sorted(seen)

    def stop(fraction: float, message: str) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        make_report_card(file, file, target, progress=stop)


def test_every_field_of_the_card_has_its_label_and_text():
    assert [field.name for field in fields(ReportCard)] == list(MEASURES)
    shown = {name: (measure.text(0.0512), measure.good) for name, measure in MEASURES.items()}
    assert shown == {
        "length_difference_seconds": ("0.051", "0"),
        "pitch_correlation": ("0.051", "≥ 0.95"),
        "pitch_error_cents": ("0", "≤ 20"),
        "voicing_error": ("5.1 %", "≤ 8.0 %"),
        "loudness_difference_lu": ("0.1", "±2"),
        "voice_similarity": ("5 %", "≥ 50 %"),
    }
    assert MEASURES["voicing_error"].text(None) == "–"
    assert not MEASURES["voicing_error"].is_good(None)


@pytest.mark.slow
def test_memory_hardly_grows_with_the_song(tmp_path):
    import tracemalloc

    card = VoiceCard(
        "Tester", "instant", 24_000, "CC0-1.0", "synthetic", "A test.", {}, settings={EMBEDDING_SETTING: [1.0] * 20}
    )
    peaks = []
    for minutes in (2, 5):
        song = sung(rate=8_000, seconds=30)
        write_audio(tmp_path / "song.wav", song.with_samples(np.tile(song.samples, 2 * minutes)), format_name="wav16")
        file = open_audio(tmp_path / "song.wav")
        target = ConversionTarget(estimate_pitch(song), 0.0, Voice(card, tmp_path))
        tracemalloc.start()
        make_report_card(file, file, target)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + 20e6
