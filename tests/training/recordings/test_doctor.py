"""The quality check finds simulated faults, and none in clean recordings; bench/doctor.py has 200 of each."""

import numpy as np
import pytest

from bench.doctor_faults import FAULTS, OF_ALL, SENTENCES, Set, clean_set, faulty_set, noisy, padded, spoken
from vc_core.audio import Audio
from vc_core.files.reading import read_audio
from vc_core.files.writing import write_audio
from vc_core.signal.loudness import normalise_loudness
from vc_core.training.recordings import doctor
from vc_core.training.recordings.doctor import Report, examine_recordings
from vc_core.training.recordings.gathering import Recording
from vc_core.training.recordings.measures import measure_clip
from vc_core.ui.drawing.curves import draw_pitch_histogram


@pytest.fixture
def examined(tmp_path):
    def examine_set(recordings: Set) -> Report:
        found = []
        for at, audio in enumerate(recordings.recordings):
            write_audio(tmp_path / f"{at}.wav", audio, format_name="wav32")
            found.append(Recording(tmp_path / f"{at}.wav", str(at)))
        return examine_recordings(found)

    return examine_set


@pytest.mark.parametrize("fault", OF_ALL)
def test_a_fault_of_a_whole_set_is_found(examined, fault):
    report = examined(faulty_set(fault, 9, 5)[0])
    (named,) = (finding for finding in report.findings if finding.kind == fault)
    assert named.message.endswith(".")
    assert named.remedy


@pytest.mark.parametrize("fault", [fault for fault in FAULTS if fault not in OF_ALL])
def test_a_fault_is_found_in_the_recording_that_has_it(examined, fault):
    recordings, sick = faulty_set(fault, 9)
    # Two are enough, but it takes three to tell who is the stranger.
    others = [at for at in (0, 1, 2, 3) if at != sick and (fault in ("other voice", "duplicate") or at < 1)]
    chosen = sorted([sick, *others])
    report = examined(Set([recordings.recordings[at] for at in chosen], recordings.voice))
    named = {finding.kind: finding for finding in report.findings}
    assert str(chosen.index(sick)) in named[fault].titles
    assert named[fault].message.endswith(".")
    assert named[fault].remedy


def test_two_recordings_of_the_same_other_speaker_are_both_found(examined):
    own, other = clean_set(1_002), clean_set(1_009)
    assert own.voice != other.voice
    report = examined(Set([*own.recordings, *other.recordings[:2]], own.voice))
    (found,) = (finding for finding in report.findings if finding.kind == "other voice")
    assert found.titles == ("4", "5")


def test_clean_recordings_have_no_findings_and_a_pitch_range(examined, tmp_path):
    report = examined(clean_set(1_002))
    assert [finding.kind for finding in report.findings if finding.kind != "too little"] == []
    low, high = report.pitch_range_hz
    assert 60 < low < high < 500
    assert draw_pitch_histogram(report.semitones, tmp_path / "pitches.png").stat().st_size > 200


def test_music_is_found_in_a_song_but_not_in_its_vocals(song, song_vocals, tmp_path):
    for name, audio, has_music in (("song", song, True), ("vocals", song_vocals, False)):
        write_audio(tmp_path / f"{name}.wav", audio, format_name="wav16")
        kinds = {finding.kind for finding in examine_recordings([Recording(tmp_path / f"{name}.wav", name)]).findings}
        assert ("music" in kinds) == has_music
        assert not kinds & {"noise", "clipping", "offset", "quiet", "dull", "duplicate", "other voice"}


def test_the_verdict_follows_from_the_usable_seconds(tmp_path, monkeypatch):
    generator = np.random.default_rng(2)
    one = noisy(normalise_loudness(padded(spoken(SENTENCES[0], "en-us+f2", generator)), -20), 50.0, generator)
    write_audio(tmp_path / "one.wav", one)
    assert examine_recordings([Recording(tmp_path / "one.wav", "one")]).verdict == "no-go"
    monkeypatch.setattr(doctor, "FEW_SECONDS", 3.0)
    monkeypatch.setattr(doctor, "MIN_COVERAGE", 0.5)  # one sentence does not have all sounds
    assert examine_recordings([Recording(tmp_path / "one.wav", "one")]).verdict == "go"
    (tmp_path / "broken.wav").write_bytes(b"RIFF")
    report = examine_recordings([Recording(tmp_path / "one.wav", "one"), Recording(tmp_path / "broken.wav", "broken")])
    assert report.verdict == "care"
    assert report.findings[0].kind == "unreadable"


def test_measurements_match_known_signals(tone):
    still = tone(220, seconds=3, level=0.3)
    generator = np.random.default_rng(0)
    assert measure_clip(still.with_samples(still.samples + np.float32(0.1))).offset == pytest.approx(0.1, abs=1e-3)
    assert measure_clip(still).clipped_share == 0.0
    assert measure_clip(still.with_samples(np.clip(still.samples, -0.2, 0.2))).clipped_share > 0.3
    white = Audio(0.1 * generator.standard_normal((1, 3 * 44_100)).astype(np.float32), 44_100)
    assert measure_clip(white).bandwidth_hz > 20_000
    assert measure_clip(white).floor_flatness > 0.97
    pauses = np.repeat(np.arange(30) % 2, 4_410).astype(np.float32)
    spoken_tone = still.with_samples(still.samples * pauses[: still.frames])
    for wanted in (10.0, 20.0):
        level = 0.3 / np.sqrt(2) * 10 ** (-wanted / 20)
        # Within 100 to 7,000 Hz of the 22,050 there are.
        noise = level * generator.standard_normal(still.samples.shape) * np.sqrt(22_050 / 6_900)
        measured = measure_clip(spoken_tone.with_samples((spoken_tone.samples + noise).astype(np.float32)))
        assert measured.snr_db == pytest.approx(wanted, abs=2.5)


def test_the_example_recordings_measure_as_clean(song_vocals):
    from conftest import ROOT

    measured = measure_clip(read_audio(ROOT / "examples" / "spoken_line.flac").to_mono())
    assert measured.snr_db > 30
    assert measured.voiced_share > 0.4
