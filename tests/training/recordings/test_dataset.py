"""Clips contain all that was sung with normalised loudness; untrusted zip files are unpacked safely."""

import json
import stat
import zipfile
from pathlib import Path

import numpy as np
import pytest
import soundfile

from vc_core.audio import Audio
from vc_core.errors import UserError
from vc_core.files.provenance import compute_sha256
from vc_core.files.reading import read_audio
from vc_core.files.writing import write_audio
from vc_core.signal.loudness import measure_loudness_lufs
from vc_core.training.recordings import dataset, unpacking
from vc_core.training.recordings.corpora import read_emotions
from vc_core.training.recordings.dataset import Cleaning, write_clips
from vc_core.training.recordings.denoise import denoise
from vc_core.training.recordings.gathering import Recording, gather_recordings
from vc_core.training.recordings.prompts import EXERCISES, LINES, list_prompts

RATE = 44_100


def bursts(seconds=40.0, *, level=0.2, rate=RATE) -> Audio:
    """Tones of one to three seconds with pauses between them: something like phrases."""
    generator = np.random.default_rng(3)
    wave = np.zeros(round(seconds * rate), np.float32)
    at = 0.5
    while at < seconds - 4:
        length = generator.uniform(1, 3)
        span = slice(round(at * rate), round((at + length) * rate))
        times = np.arange(span.stop - span.start) / rate
        wave[span] = level * np.sin(2 * np.pi * generator.uniform(150, 400) * times) * np.sin(np.pi * times / length)
        at += length + generator.uniform(0.4, 1.0)
    return Audio(wave[None], rate)


def clips_from(path: Path, folder: Path, cleaning=Cleaning()) -> list[Audio]:
    made = write_clips([Recording(path, path.name)], folder / "clips", cleaning)
    return [read_audio(folder / "clips" / clip.file) for clip in made.clips]


def test_clips_are_mono_of_ten_to_fifteen_seconds_with_normalised_loudness(tmp_path):
    loud, quiet = bursts(level=0.8), bursts(level=0.01)
    for name, audio in (("loud", loud), ("quiet", quiet)):
        write_audio(tmp_path / f"{name}.wav", Audio(np.tile(audio.samples, (2, 1)), RATE), format_name="wav32")
        clips = clips_from(tmp_path / f"{name}.wav", tmp_path / name)
        assert all(clip.channels == 1 and clip.sample_rate == RATE for clip in clips)
        assert max(clip.seconds for clip in clips) <= 15
        assert sum(clip.seconds < 10 for clip in clips) <= 1  # what is left at the end
        assert [measure_loudness_lufs(clip) for clip in clips] == pytest.approx(
            [dataset.LOUDNESS_LUFS] * len(clips), abs=0.5
        )


def test_no_sound_is_lost_when_long_recordings_are_cut_block_by_block(tmp_path, monkeypatch):
    monkeypatch.setattr(dataset, "BLOCK_SECONDS", 25.0)
    audio = bursts(120.0)
    write_audio(tmp_path / "long.wav", audio, format_name="wav32")
    made = write_clips([Recording(tmp_path / "long.wav", "long.wav")], tmp_path / "clips")
    covered = np.zeros(audio.frames, bool)
    for clip in made.clips:
        start = round(clip.start_seconds * RATE)
        covered[start : start + round(clip.seconds * RATE)] = True
    sounding = np.abs(audio.samples[0]) > 1e-3
    assert (covered & sounding).sum() > 0.995 * sounding.sum()
    starts = [clip.start_seconds for clip in made.clips]
    assert starts == sorted(starts)
    assert json.loads((tmp_path / "clips.json").read_text())[0]["source"] == "long.wav"


def test_offset_and_rumble_are_filtered_and_the_original_is_unchanged(tmp_path):
    audio = bursts()
    rumble = 0.1 * np.sin(2 * np.pi * 8 * np.arange(audio.frames) / RATE)
    soundfile.write(tmp_path / "x.wav", audio.samples[0] + 0.1 + rumble, RATE, subtype="FLOAT")
    before = compute_sha256(tmp_path / "x.wav")
    for clip in clips_from(tmp_path / "x.wav", tmp_path):
        wave = clip.samples[0].astype(np.float64)
        spectrum = np.abs(np.fft.rfft(wave)) ** 2
        low = np.fft.rfftfreq(len(wave), 1 / RATE) < 15
        assert spectrum[low].sum() < 1e-3 * spectrum.sum()
    assert compute_sha256(tmp_path / "x.wav") == before


@pytest.mark.parametrize(("rate", "expected"), [(96_000, 44_100), (22_050, 22_050)])
def test_clips_are_never_upsampled(tmp_path, rate, expected):
    write_audio(tmp_path / "x.wav", bursts(12, rate=rate), format_name="wav16")
    assert clips_from(tmp_path / "x.wav", tmp_path)[0].sample_rate == expected


def test_denoising_reduces_noise_in_pauses_and_keeps_the_voice(song_vocals):
    voice = song_vocals.to_mono().slice(0, 10 * song_vocals.sample_rate)
    quiet = np.abs(voice.samples[0]) < 1e-4
    noise = 0.003 * np.random.default_rng(1).standard_normal(voice.samples.shape).astype(np.float32)
    cleaned = denoise(voice.with_samples(voice.samples + noise)).samples
    assert cleaned.shape == voice.samples.shape
    assert np.mean(cleaned[0][quiet] ** 2) < 0.1 * np.mean(noise[0][quiet] ** 2)
    error = np.mean((cleaned - voice.samples) ** 2)
    assert error < 0.5 * np.mean(noise**2)


def test_an_unreadable_recording_is_left_out_with_a_note(tmp_path):
    write_audio(tmp_path / "good.flac", bursts(15))
    (tmp_path / "bad.flac").write_bytes((tmp_path / "good.flac").read_bytes()[:3000])
    made = write_clips([Recording(tmp_path / f"{name}.flac", name) for name in ("bad", "good")], tmp_path / "clips")
    assert {clip.source for clip in made.clips} == {"good"}
    assert made.notes[0].startswith("“bad” was left out: This file")
    write_audio(tmp_path / "silence.wav", bursts(5).with_samples(np.zeros((1, 100_000), np.float32)))
    with pytest.raises(UserError, match="silent"):
        write_clips([Recording(tmp_path / "silence.wav", "silence")], tmp_path / "none")


def packed(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


@pytest.fixture
def sound(tmp_path) -> bytes:
    write_audio(tmp_path / "sound.flac", bursts(6))
    return (tmp_path / "sound.flac").read_bytes()


def test_a_zip_file_is_unpacked_and_skipped_files_are_reported(tmp_path, sound):
    files = {"mine/a.flac": sound, "b.dat": sound, "notes.txt": b"hello", "__MACOSX/._a.flac": b"x", ".DS_Store": b"x"}
    found = gather_recordings([packed(tmp_path / "all.zip", files)], tmp_path / "unpacked")
    assert [recording.title for recording in found.recordings] == ["b.dat", "mine/a.flac"]
    assert found.notes == ["“notes.txt” is no sound and was left out."]


def test_folders_of_a_zip_file_sort_its_recordings(tmp_path, sound):
    archive = packed(tmp_path / "moods.zip", {f"{mood}/{n}.flac": sound for mood in ("happy", "sad") for n in "ab"})
    found = gather_recordings([archive], tmp_path / "unpacked", sort=read_emotions)
    assert sorted(recording.kind for recording in found.recordings) == ["happy", "happy", "sad", "sad"]
    with pytest.raises(UserError, match="folder for each kind"):
        gather_recordings([tmp_path / "sound.flac"], tmp_path / "x", sort=read_emotions)


@pytest.mark.parametrize("name", ["../evil.flac", "/etc/evil.flac", "a/../../evil.flac", "..\\evil.flac", "C:/x.flac"])
def test_a_zip_file_cannot_write_outside_its_folder(tmp_path, sound, name):
    with pytest.raises(UserError, match="leads out of it"):
        gather_recordings([packed(tmp_path / "evil.zip", {name: sound})], tmp_path / "unpacked")
    assert not list(tmp_path.rglob("evil.flac"))


def test_a_link_in_a_zip_file_is_refused(tmp_path):
    entry = zipfile.ZipInfo("passwords.flac")
    entry.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr(entry, "/etc/passwd")
    with pytest.raises(UserError, match="only a link"):
        gather_recordings([tmp_path / "x.zip"], tmp_path / "unpacked")


def test_a_zip_bomb_is_stopped_during_unpacking(tmp_path, monkeypatch):
    monkeypatch.setattr(unpacking, "MAX_GIGABYTES", 0.005)
    bomb = packed(tmp_path / "bomb.zip", {"big.wav": bytes(20_000_000)})
    assert bomb.stat().st_size < 30_000
    with pytest.raises(UserError, match="unpacks to more than"):
        gather_recordings([bomb], tmp_path / "unpacked")
    assert sum(path.stat().st_size for path in (tmp_path / "unpacked").rglob("*.wav")) <= 5_000_000
    monkeypatch.setattr(unpacking, "MAX_FILES", 3)
    with pytest.raises(UserError, match="more than 3 files"):
        gather_recordings([packed(tmp_path / "many.zip", {f"{n}.wav": b"x" for n in range(4)})], tmp_path / "more")


def test_damaged_zip_files_and_missing_recordings_raise_errors(tmp_path, sound):
    whole = packed(tmp_path / "x.zip", {"a.flac": sound}).read_bytes()
    (tmp_path / "broken.zip").write_bytes(whole[:1000] + bytes(500) + whole[1500:])
    with pytest.raises(UserError, match="damaged"):
        gather_recordings([tmp_path / "broken.zip"], tmp_path / "unpacked")
    (tmp_path / "notes.txt").write_text("hello")
    with pytest.raises(UserError, match="no recordings"):
        gather_recordings([tmp_path / "notes.txt"], tmp_path / "unpacked2")
    with pytest.raises(UserError, match="no file “gone.wav”"):
        gather_recordings([tmp_path / "notes.txt", tmp_path / "gone.wav"], tmp_path / "unpacked3")


def test_the_korean_prompts_contain_every_phone():
    """A syllable's code is (initial · 21 + vowel) · 28 + final; finals are said in seven ways."""
    codes = [ord(letter) - 0xAC00 for line in LINES["ko"] for letter in line if "가" <= letter <= "힣"]
    assert {code // 28 // 21 for code in codes} == set(range(19))
    assert {code // 28 % 21 for code in codes} == set(range(21))
    spoken = {"ㄱ": (1, 2, 24), "ㄴ": (4, 5, 6), "ㄷ": (7, 19, 20, 22, 23, 25, 27), "ㄹ": (8, 9, 11), "ㅁ": (16, 10),
              "ㅂ": (17, 18, 26), "ㅇ": (21,)}  # fmt: skip
    finals = {code % 28 for code in codes}
    assert all(finals & set(ways) for ways in spoken.values())


def test_the_english_prompts_contain_every_phone():
    from vc_core.speech.espeak import speak

    spoken = {phoneme.name.strip("'ˈˌ,:") for line in LINES["en"] for phoneme in speak(line).phonemes}
    wanted = {"p", "b", "t", "d", "k", "g", "f", "v", "T", "D", "s", "z", "S", "Z", "tS", "dZ", "m", "n", "N", "l", "r",
              "j", "w", "h", "I", "i", "E", "a", "A", "0", "O", "U", "u", "V", "3", "eI", "aI", "OI",
              "aU", "oU"}  # fmt: skip
    assert wanted <= spoken, wanted - spoken


@pytest.mark.parametrize("language", LINES)
def test_every_prompt_occurs_once(language):
    assert sorted(list_prompts(language)) == sorted((*LINES[language], *EXERCISES[language]))
    assert len(set(list_prompts(language))) == 40
