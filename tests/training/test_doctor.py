"""The doctor names faults that were made on purpose, and leaves careful recordings alone; bench/doctor.py has 200."""

import numpy as np
import pytest

from bench.doctor_faults import FAULTS, OF_ALL, SENTENCES, Set, clean_set, faulty_set, noisy, padded, spoken
from vc_core.audio import Audio
from vc_core.curves import draw_pitches
from vc_core.loudness import with_loudness
from vc_core.reading import read_audio
from vc_core.training import doctor
from vc_core.training.doctor import Report, examine
from vc_core.training.hearing import hear
from vc_core.training.recordings import Recording
from vc_core.writing import write_audio


@pytest.fixture
def examined(tmp_path):
    def examine_set(recordings: Set) -> Report:
        found = []
        for at, audio in enumerate(recordings.recordings):
            write_audio(tmp_path / f"{at}.wav", audio, format_name="wav32")
            found.append(Recording(tmp_path / f"{at}.wav", str(at)))
        return examine(found)

    return examine_set


@pytest.mark.parametrize("fault", OF_ALL)
def test_a_fault_of_all_is_named(examined, fault):
    report = examined(faulty_set(fault, 9, 5)[0])
    (named,) = (finding for finding in report.findings if finding.kind == fault)
    assert named.sentence.endswith(".")
    assert named.remedy


@pytest.mark.parametrize("fault", [fault for fault in FAULTS if fault not in OF_ALL])
def test_a_fault_is_named_with_the_recording_that_has_it(examined, fault):
    recordings, sick = faulty_set(fault, 9)
    # Two are enough, but it takes three to tell who is the stranger.
    others = [at for at in (0, 1, 2, 3) if at != sick and (fault in ("other voice", "duplicate") or at < 1)]
    chosen = sorted([sick, *others])
    report = examined(Set([recordings.recordings[at] for at in chosen], recordings.voice))
    named = {finding.kind: finding for finding in report.findings}
    assert str(chosen.index(sick)) in named[fault].titles
    assert named[fault].sentence.endswith(".")
    assert named[fault].remedy


def test_two_recordings_of_one_stranger_do_not_vouch_for_each_other(examined):
    own, other = clean_set(1_002), clean_set(1_009)
    assert own.voice != other.voice
    report = examined(Set([*own.recordings, *other.recordings[:2]], own.voice))
    (found,) = (finding for finding in report.findings if finding.kind == "other voice")
    assert found.titles == ("4", "5")


def test_careful_recordings_are_left_alone_and_their_pitches_are_known(examined, tmp_path):
    report = examined(clean_set(1_002))
    assert [finding.kind for finding in report.findings if finding.kind != "too little"] == []
    low, high = report.pitch_range_hz
    assert 60 < low < high < 500
    assert draw_pitches(report.semitones, tmp_path / "pitches.png").stat().st_size > 200


def test_a_song_is_not_taken_for_a_voice_nor_singing_for_a_song(song, song_vocals, tmp_path):
    for name, audio, has_music in (("song", song, True), ("vocals", song_vocals, False)):
        write_audio(tmp_path / f"{name}.wav", audio, format_name="wav16")
        kinds = {finding.kind for finding in examine([Recording(tmp_path / f"{name}.wav", name)]).findings}
        assert ("music" in kinds) == has_music
        assert not kinds & {"noise", "clipping", "offset", "quiet", "dull", "duplicate", "other voice"}


def test_the_verdict_follows_what_can_be_used(tmp_path, monkeypatch):
    generator = np.random.default_rng(2)
    one = noisy(with_loudness(padded(spoken(SENTENCES[0], "en-us+f2", generator)), -20), 50.0, generator)
    write_audio(tmp_path / "one.wav", one)
    assert examine([Recording(tmp_path / "one.wav", "one")]).verdict == "no-go"
    monkeypatch.setattr(doctor, "FEW_SECONDS", 3.0)
    assert examine([Recording(tmp_path / "one.wav", "one")]).verdict == "go"
    (tmp_path / "broken.wav").write_bytes(b"RIFF")
    report = examine([Recording(tmp_path / "one.wav", "one"), Recording(tmp_path / "broken.wav", "broken")])
    assert report.verdict == "care"
    assert report.findings[0].kind == "unreadable"


def test_measures_are_what_they_say(tone):
    still = tone(220, seconds=3, level=0.3)
    generator = np.random.default_rng(0)
    assert hear(still.with_samples(still.samples + np.float32(0.1))).offset == pytest.approx(0.1, abs=1e-3)
    assert hear(still).clipped_share == 0.0
    assert hear(still.with_samples(np.clip(still.samples, -0.2, 0.2))).clipped_share > 0.3
    white = Audio(0.1 * generator.standard_normal((1, 3 * 44_100)).astype(np.float32), 44_100)
    assert hear(white).bandwidth_hz > 20_000
    assert hear(white).floor_flatness > 0.97
    pauses = np.repeat(np.arange(30) % 2, 4_410).astype(np.float32)
    spoken_tone = still.with_samples(still.samples * pauses[: still.frames])
    for wanted in (10.0, 20.0):
        level = 0.3 / np.sqrt(2) * 10 ** (-wanted / 20)
        # Within 100 to 7,000 Hz of the 22,050 there are.
        noise = level * generator.standard_normal(still.samples.shape) * np.sqrt(22_050 / 6_900)
        heard = hear(spoken_tone.with_samples((spoken_tone.samples + noise).astype(np.float32)))
        assert heard.snr_db == pytest.approx(wanted, abs=2.5)


def test_the_line_and_the_song_of_the_examples_are_heard_as_clean(song_vocals):
    from conftest import ROOT

    heard = hear(read_audio(ROOT / "examples" / "spoken_line.flac").mono())
    assert heard.snr_db > 30
    assert heard.voiced_share > 0.4
