"""Training of the separation model: spectra of random songs, loss, and runs that resume."""

import json
import struct

import numpy as np
import pytest
import torch

from starters.separator import natural, remix, sampled
from starters.separator.corpus import fill_pool
from starters.separator.effects import RATE, apply_held_out_reverb
from starters.separator.remix import SongSpectra
from starters.separator.train import Plan, compute_learning_rate_factor, loss_of, start_run, train
from starters.separator.voices import WorldVoice, extend_treble
from starters.speech.held_out import KOKORO_VOICES
from vc_core.models.band_unet import BINS, to_mid_side
from vc_core.separation.band_unet import load_network


@pytest.fixture(scope="module")
def pool(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pool")
    fill_pool(folder / "synthetic", tracks=3)
    (folder / "natural").symlink_to(folder / "synthetic")
    return folder


def test_spectra_of_a_song_hold_its_vocals(pool):
    excerpts = iter(SongSpectra(pool, 16, seed=0))
    drawn = [next(excerpts) for _ in range(40)]
    assert all(song.shape == vocals.shape == (2, 16, BINS) for song, vocals in drawn)
    assert all(torch.isfinite(song.abs()).all() for song, _ in drawn)
    silent = [not vocals.any() for _, vocals in drawn]
    assert 0 < sum(silent) < 15
    band_limited = [not song[..., -50:].any() for song, _ in drawn]
    assert 0 < sum(band_limited) < 30
    assert not any(
        vocals[..., -50:].any() for (_, vocals), is_limited in zip(drawn, band_limited, strict=True) if is_limited
    )


def test_coding_noise_is_in_proportion_to_the_sound():
    song = torch.zeros(2, 8, BINS, dtype=torch.complex64)
    song[:, :, 100] = 3
    noisy = remix._add_coding_noise(song, np.random.default_rng(0))
    assert not torch.equal(noisy, song)
    assert not noisy[:, :, :100].any()
    assert (noisy - song).abs().max() < 3


def test_mid_and_side_are_left_and_right_again():
    stereo = torch.randn(2, 3, 5, dtype=torch.complex64)
    torch.testing.assert_close(to_mid_side(to_mid_side(stereo)), stereo)
    torch.testing.assert_close(to_mid_side(stereo).abs().square().sum(), stereo.abs().square().sum())


def test_the_loss_falls_with_the_error_and_counts_music_without_vocals():
    song = torch.randn(1, 2, 4, BINS, dtype=torch.complex64)
    vocals, nothing = 0.5 * song, torch.zeros_like(song)
    losses = [loss_of(vocals * share, vocals, song).item() for share in (0.0, 0.5, 0.9, 1.0)]
    assert losses == sorted(losses, reverse=True)
    assert loss_of(nothing, nothing, song) < loss_of(0.1 * song, nothing, song) - 1


def test_a_stopped_run_resumes(pool, tmp_path):
    state, weights = tmp_path / "state.pt", tmp_path / "weights.safetensors"
    plan = Plan(minutes=1e-4, batch=2, frames=16)
    first = train(pool, state, weights, plan)
    assert first.step >= 1
    assert state.exists()
    load_network(weights)
    again = start_run(plan)
    again.resume(state)
    assert again.step == first.step
    torch.testing.assert_close(again.model.state_dict(), first.model.state_dict())
    assert train(pool, state, weights, plan).step == first.step  # its minutes are spent
    assert train(pool, state, weights, Plan(minutes=first.seconds / 60 + 1e-4, batch=2, frames=16)).step > first.step


def test_the_learning_rate_rises_and_then_falls():
    plan = Plan(minutes=10)
    run = start_run(plan)
    factors = []
    for run.step, run.seconds in ((0, 0.0), (200, 60.0), (500, 300.0), (900, 600.0)):
        factors.append(compute_learning_rate_factor(plan, run))
    assert factors[0] < 0.1
    assert factors[1] > factors[2] > factors[3]
    assert factors[3] == pytest.approx(plan.final_factor)


def test_the_bands_share_no_program_kit_or_progression():
    training, test = sampled.TRAINING, sampled.TEST
    assert not training.programs & test.programs
    assert not set(training.kits) & set(test.kits)
    assert not set(training.progressions) & set(test.progressions)
    assert not (training.programs | test.programs) & sampled.VOICES_AND_NOISES


def test_every_layer_finds_a_program():
    generator = np.random.default_rng(0)
    for band in (sampled.TRAINING, sampled.TEST):
        for layer in ("bass", "harmony", "melody"):
            assert {band.choose(layer, generator) for _ in range(30)} <= band.programs


def test_a_midi_file_holds_the_messages_at_their_times():
    data = sampled._as_midi_file([(1.0, b"\x80\x40\x00"), (0.0, b"\x90\x40\x64")])
    assert data[:4] == b"MThd"
    assert struct.unpack(">HHH", data[8:14]) == (0, 1, sampled.TICKS_PER_SECOND // 2)
    # 960 ticks are 0x87 0x40 as a variable length.
    assert data[22:30] == b"\x00\x90\x40\x64\x87\x40\x80\x40"


@pytest.mark.skipif(not (sampled.FONTS / "FluidR3_GM.sf2").exists(), reason="needs Debian's fluid-soundfont-gm")
def test_a_sampled_note_has_its_pitch():
    events = [(0.0, bytes((0xC0, 73))), *sampled._note(0, 81, 100, 0.0, 1.0)]  # a flute's A5
    sound = sampled._play(events, sampled.FONTS / "FluidR3_GM.sf2", RATE).mean(axis=0)
    assert np.argmax(np.abs(np.fft.rfft(sound))) == pytest.approx(880, abs=6)


def test_treble_is_added_above_the_speech_and_nothing_changed_below():
    envelope = np.tile(np.linspace(1.0, 0.1, 513), (3, 1))
    speech = WorldVoice(np.full(3, 200.0), envelope, np.full((3, 513), 0.3), 24_000)
    wide = extend_treble(speech, np.random.default_rng(0))
    hertz = np.linspace(0, RATE / 2, wide.envelope.shape[1])
    low = hertz < 10_000
    expected = np.interp(hertz[low], np.linspace(0, 12_000, 513), envelope[0])
    np.testing.assert_allclose(wide.envelope[0, low], expected, rtol=0.01)
    assert (wide.envelope[:, hertz > 13_000] > 0).all()
    assert (np.diff(wide.envelope[0, hertz > 12_000]) < 0).all()
    assert (wide.aperiodicity[:, hertz > 16_000] > 0.9).all()


def test_recordings_are_found_by_speaker(tmp_path):
    lines = [{"speaker": 5, "file": f"{number}.flac"} for number in range(3)] + [{"speaker": 6, "file": "rare.flac"}]
    (tmp_path / "items.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert natural.find_recordings(tmp_path).speakers == (tuple(tmp_path / f"{number}.flac" for number in range(3)),)


def test_the_held_out_speakers_are_those_of_all_evaluations(tmp_path):
    for voice in KOKORO_VOICES:
        (tmp_path / voice).mkdir()
        for number in range(natural.HELD_OUT_SENTENCES):
            (tmp_path / voice / f"{number}.flac").touch()
    recordings = natural.make_held_out_recordings(tmp_path, tmp_path)
    assert [files[0].parent.name for files in recordings.speakers] == list(KOKORO_VOICES)
    assert recordings.reverb is apply_held_out_reverb


def test_a_held_out_room_has_reflections_after_the_direct_sound():
    click = np.zeros((2, RATE))
    click[:, 100] = 1
    wet = apply_held_out_reverb(click, np.random.default_rng(0), wet=0.5)
    assert np.abs(wet[:, :100]).max() < 1e-12
    assert np.abs(wet[:, 101:]).max() > 0.01
    assert np.sum((wet - click) ** 2, axis=1).mean() == pytest.approx(0.25, rel=0.1)
