"""The streaming engine of instant voices: any division into blocks, the stated delay, the sung pitch, no clicks."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from conftest import ROOT
from conversion.instant_voices import make_voice
from measures import snr_db

from vc_core.audio import Audio, join_blocks
from vc_core.conversion import STARTER_VOICES, ConversionOptions, load_converter
from vc_core.conversion.live import LOOK_AHEADS, LiveSettings, open_live
from vc_core.conversion.streaming.equal_blocks import EqualBlocks
from vc_core.conversion.streaming.instant import InstantStream
from vc_core.conversion.streaming.levels import LevelTracker
from vc_core.conversion.streaming.windowed import WindowedStream
from vc_core.errors import UserError
from vc_core.files.reading import read_audio
from vc_core.models.content_encoder import compute_frame_power, compute_slow_levels
from vc_core.signal.pitch import estimate_pitch
from vc_core.voices.library import VoiceLibrary

AS_SUNG = ConversionOptions(automatic_key="off")
BLOCKS = (0.01, 0.02, 0.0213, 0.04, 0.5)


@pytest.fixture(scope="module")
def voice():
    return VoiceLibrary(STARTER_VOICES).find("Clara")


@pytest.fixture(scope="module")
def song():
    return read_audio(ROOT / "examples" / "sung_line.flac").to_mono()


def stream_blocks(stream, song: Audio, block_seconds=0.02) -> Audio:
    size = round(block_seconds * song.sample_rate)
    blocks = [one for at in range(0, song.frames, size) for one in stream.feed(song.slice(at, at + size))]
    return join_blocks([*blocks, *stream.finish()])


def live(voice, song: Audio, options=AS_SUNG, settings=LiveSettings(), block_seconds=0.02) -> Audio:
    return stream_blocks(InstantStream(voice, options, settings), song, block_seconds)


@pytest.fixture(scope="module")
def sung(voice, song):
    return live(voice, song, block_seconds=song.seconds)


@pytest.mark.parametrize("block_seconds", BLOCKS)
def test_the_division_into_blocks_does_not_matter(voice, song, sung, block_seconds):
    made = live(voice, song, block_seconds=block_seconds)
    assert made.frames == sung.frames == round(song.seconds * voice.card.sample_rate)
    assert snr_db(sung.samples, made.samples) > 80


def test_automatic_key_and_shifts_do_not_depend_on_the_blocks_either(voice, song):
    start, options = song.slice(0, 2 * song.sample_rate), ConversionOptions(formant_shift_semitones=2, breath_db=3)
    one, other = (live(voice, start, options, block_seconds=seconds) for seconds in (0.01, 1.0))
    assert snr_db(one.samples, other.samples) > 80


@pytest.mark.parametrize("look_ahead_seconds", LOOK_AHEADS)
@pytest.mark.parametrize("block_seconds", [0.01, 0.02, 0.04])
def test_the_delay_is_the_stated_one(voice, song, look_ahead_seconds, block_seconds):
    settings = LiveSettings(block_seconds=block_seconds, look_ahead_seconds=look_ahead_seconds)
    stream = InstantStream(voice, AS_SUNG, settings)
    size, waits, returned = round(block_seconds * song.sample_rate), [], 0.0
    for at in range(0, 2 * song.sample_rate, size):
        returned += sum(made.seconds for made in stream.feed(song.slice(at, at + size)))
        waits.append((at + 2 * size) / song.sample_rate - returned)  # until the next block may return more
    assert max(waits) == pytest.approx(stream.delay_seconds, abs=1e-3)
    assert stream.work_seconds > 0


def test_without_look_ahead_the_delay_is_50_ms_and_each_look_ahead_adds_itself():
    from vc_core.conversion.streaming.instant import compute_delay_seconds

    delays = [compute_delay_seconds(LiveSettings(look_ahead_seconds=seconds)) for seconds in LOOK_AHEADS]
    assert delays == pytest.approx([0.05, 0.07, 0.09])


@pytest.mark.parametrize("look_ahead_seconds", LOOK_AHEADS)
def test_the_output_knows_nothing_of_what_comes_later(voice, song, look_ahead_seconds):
    settings = LiveSettings(look_ahead_seconds=look_ahead_seconds)
    cut = song.sample_rate
    other = Audio(np.concatenate([song.samples[:, :cut], song.samples[:, 2 * cut : 3 * cut]], 1), song.sample_rate)
    one, two = (live(voice, sound, settings=settings) for sound in (song.slice(0, 2 * cut), other))
    known = round((1 - InstantStream(voice, AS_SUNG, settings).delay_seconds) * one.sample_rate)
    assert np.abs(one.samples - two.samples)[:, :known].max() < 1e-5


def test_held_notes_have_the_sung_pitch(voice, song, sung):
    """Within 20 cents for 95 % of the frames in which the pitch is held for 100 ms."""
    wanted, found = (estimate_pitch(audio.resample(16_000), "harvest").hertz for audio in (song, sung))
    frames = min(len(wanted), len(found))
    wanted, found = wanted[:frames], found[:frames]
    octaves = np.log2(np.where(wanted > 0, wanted, np.nan))
    held = np.zeros(frames, bool)
    for at in range(10, frames - 10):
        held[at] = np.ptp(octaves[at - 10 : at + 11]) < 50 / 1200
    cents = 1200 * np.abs(np.log2(np.maximum(found[held], 1) / wanted[held]))
    assert held.sum() > 200
    assert np.mean(cents < 20) > 0.95


def test_a_key_change_is_heard_within_the_stream(voice, song):
    stream = InstantStream(voice, AS_SUNG, LiveSettings())
    half = song.slice(0, song.frames // 2), song.slice(song.frames // 2, song.frames)
    made = list(stream.feed(half[0]))
    stream.options = replace(AS_SUNG, key_shift_semitones=12)
    made += [*stream.feed(half[1]), *stream.finish()]
    wanted, found = (estimate_pitch(audio.resample(16_000)).hertz for audio in (song, join_blocks(made)))
    both = (wanted > 0) & (found > 0)
    octaves, middle = np.log2(found / np.maximum(wanted, 1), where=both, out=np.zeros(len(both))), len(both) // 2
    assert np.median(octaves[:middle][both[:middle]]) == pytest.approx(0, abs=0.02)
    assert np.median(octaves[middle + 30 :][both[middle + 30 :]]) == pytest.approx(1, abs=0.02)


def test_block_borders_do_not_click(tmp_path):
    """A steady note through a constant decoder: no frame's treble exceeds the others'."""
    rate, hertz = 24_000, 150.0
    voice = make_voice(tmp_path / "tester", pitch_range_hz=(100.0, 200.0))
    at = np.arange(2 * rate) / rate
    note = sum(0.1 / k * np.sin(2 * np.pi * k * hertz * at) for k in range(1, 20))
    made = live(voice, Audio(note.astype(np.float32)[None], rate)).samples[0, rate // 2 : -rate // 4]
    treble = np.abs(np.diff(made, 3)).reshape(-1)
    peaks = treble[: len(treble) // 160 * 160].reshape(-1, 160).max(1)  # one period each
    assert peaks.max() < 4 * np.median(peaks)


@pytest.mark.parametrize("sample_rate", [16_000, 44_100, 48_000])
def test_the_output_has_the_requested_sample_rate_and_the_same_sound(voice, song, sung, sample_rate):
    made = live(voice, song, settings=LiveSettings(sample_rate=sample_rate))
    assert (made.sample_rate, made.frames) == (sample_rate, round(song.seconds * sample_rate))
    powers = [np.mean(audio.resample(16_000).samples ** 2) for audio in (made, sung)]
    assert 10 * np.log10(powers[0] / powers[1]) == pytest.approx(0, abs=1.5)


def test_what_cannot_be_streamed_is_refused(voice):
    with pytest.raises(UserError, match="sample rate"):
        InstantStream(voice, AS_SUNG, LiveSettings(sample_rate=44_123))
    with pytest.raises(UserError, match="look-ahead of 0.03"):
        LiveSettings(look_ahead_seconds=0.03)
    with pytest.raises(UserError, match="block"):
        LiveSettings(block_seconds=0.2)
    stream = InstantStream(voice, AS_SUNG, LiveSettings())
    list(stream.feed(Audio(np.zeros((1, 100), np.float32), 16_000)))
    with pytest.raises(ValueError, match="within a stream"):
        list(stream.feed(Audio(np.zeros((1, 100), np.float32), 48_000)))


def test_stereo_silence_and_an_empty_stream_work(voice):
    made = live(voice, Audio(np.zeros((2, 24_000), np.float32), 48_000))
    assert made.frames == 12_000
    assert not made.samples.any()
    assert list(InstantStream(voice, AS_SUNG, LiveSettings()).finish()) == []


def test_samples_that_are_no_numbers_do_not_silence_the_rest(voice, song):
    broken = song.slice(0, 4 * song.sample_rate).samples.copy()
    broken[0, 1_000:1_010] = [np.nan, np.inf, -np.inf, 3e38, -3e38] * 2
    made = live(voice, Audio(broken, song.sample_rate)).samples
    assert np.isfinite(made).all()
    assert np.abs(made[:, made.shape[1] // 2 :]).max() > 0.01


def test_memory_does_not_grow_with_the_stream(voice):
    stream = InstantStream(voice, AS_SUNG, LiveSettings())
    block = Audio(0.1 * np.random.default_rng(0).standard_normal((1, 4_800)).astype(np.float32), 48_000)

    def count_numbers() -> int:
        seen, numbers, ahead = set(), 0, [stream]
        while ahead:
            one = ahead.pop()
            if id(one) in seen or isinstance(one, torch.nn.Module):
                continue
            seen.add(id(one))
            numbers += one.size if isinstance(one, np.ndarray) else one.numel() if isinstance(one, torch.Tensor) else 0
            ahead += list(one) if isinstance(one, list | tuple) else list(getattr(one, "__dict__", {}).values())
        return numbers

    sizes = []
    for _ in range(3):
        for _ in range(20):
            list(stream.feed(block))
        sizes.append(count_numbers())
    assert sizes[2] <= sizes[1] * 1.02


def test_open_live_streams_instant_voices_and_uses_windows_for_the_others(voice):
    converter = load_converter(voice)
    stream = open_live(converter)
    assert isinstance(stream, InstantStream)
    assert (stream.block_seconds, stream.sample_rate) == (0.02, voice.card.sample_rate)
    other = type(converter)(replace(voice, card=replace(voice.card, engine="rvc")), None, None)
    assert isinstance(open_live(other), WindowedStream)


def test_the_level_of_a_phrase_is_near_that_of_whole_songs(song):
    """From the past alone, in the loud frames."""
    low = song.resample(16_000).samples[0]
    wanted = compute_slow_levels(compute_frame_power(torch.from_numpy(low)[None]))[0].numpy()
    tracker = LevelTracker()
    tracker.feed(low)
    power = compute_frame_power(torch.from_numpy(low)[None])[0].numpy()
    frames = min(len(wanted), tracker.levels.frames)
    found = tracker.levels.read(0, frames)
    loud = power[:frames] > 1e-3 * power.max()
    error_db = 20 * np.log10(found / wanted[:frames])[loud]
    assert np.sqrt(np.mean(error_db**2)) < 5


def test_a_device_gets_a_block_for_each_block_as_late_as_stated(voice, song):
    """Its output is the stream's, behind silence."""
    settings = LiveSettings(sample_rate=song.sample_rate, look_ahead_seconds=0.0)
    whole = live(voice, song, settings=settings).samples[0]
    blocks = EqualBlocks(InstantStream(voice, AS_SUNG, settings))
    frames = blocks.block_frames
    made = [blocks.process(song.samples[0, at : at + frames]) for at in range(0, song.frames - frames, frames)]
    assert {len(one) for one in made} == {frames}
    behind = round((blocks.delay_seconds - blocks.block_seconds) * song.sample_rate)
    joined = np.concatenate(made)
    assert not joined[:behind].any()
    assert snr_db(whole[: len(joined) - behind], joined[behind:]) > 80
    assert blocks.statistics.blocks == len(made)
    assert (blocks.statistics.input_db, blocks.statistics.output_db) == (-90, -90)  # the recording ends in silence
