"""Streaming engine of instant voices: every state is carried from block to block, and nothing is computed twice.

Frames last 10 ms. A frame's curves need its content unit, which the encoder gives every 20 ms, and the sources until
the next frame; samples are complete up to the last frame.
"""

import time
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from vc_core.audio import Audio, Samples, count_resampled_frames
from vc_core.conversion.base import ConversionOptions
from vc_core.conversion.instant.converter import limit_pitch
from vc_core.conversion.streaming.base import LOOK_AHEADS, LiveSettings, LiveStream
from vc_core.conversion.streaming.excitation import Excitation
from vc_core.conversion.streaming.key import LiveKey
from vc_core.conversion.streaming.levels import LevelTracker
from vc_core.conversion.streaming.track import Track, Values
from vc_core.errors import UserError
from vc_core.models import content_encoder, ddsp
from vc_core.models.streaming.decoder import StreamingDecoder, StreamingRenderer
from vc_core.models.streaming.encoder import StreamingEncoder
from vc_core.signal.streaming.pitch import HOP_SAMPLES, LivePitchTracker
from vc_core.signal.streaming.resampler import HALF_WIDTH, LowDelayResampler
from vc_core.voices.instant_weights import DECODER_FILE, load_content_encoder, load_decoder
from vc_core.voices.library import Voice

Signal = npt.NDArray[np.float32]
HOP, HALF_WINDOW = content_encoder.HOP_SAMPLES, content_encoder.WINDOW_SAMPLES // 2
UNIT_SECONDS, FRAME_SECONDS = 2 * HOP / content_encoder.SAMPLE_RATE, HOP / content_encoder.SAMPLE_RATE
ENCODER_SECONDS = 2 * FRAME_SECONDS + HALF_WINDOW / content_encoder.SAMPLE_RATE
"""From a unit's time to the last sample that it needs: both convolutions, and half a window."""
RESAMPLING_SECONDS = HALF_WIDTH / content_encoder.SAMPLE_RATE
PITCH_FRAMES_PER_FRAME = HOP // HOP_SAMPLES
LONGEST_STEP_SECONDS = 0.1
"""Longer blocks are divided, so that the memory needed doesn't depend on them."""
LOUDEST = 4.0
"""Louder samples are clipped: no microphone gives them."""


class InstantStream(LiveStream):
    def __init__(self, voice: Voice, options: ConversionOptions, settings: LiveSettings) -> None:
        self.options, self._voice = options, voice
        self.sample_rate = settings.sample_rate or voice.card.sample_rate
        if self.sample_rate % content_encoder.FRAMES_PER_SECOND:
            raise UserError(
                "The voice “{voice}” has a sample rate that the instant engine can't sing at.", voice=voice.name
            )
        self.delay_seconds, self.block_seconds = compute_delay_seconds(settings), settings.block_seconds
        self._hop = ddsp.compute_hop(self.sample_rate)
        self._resampler: LowDelayResampler | None = None
        self._input_rate = self._frames_in = self._frames_out = 0
        with torch.inference_mode():
            self._encoder = StreamingEncoder(load_content_encoder(), LOOK_AHEADS[settings.look_ahead_seconds])
            self._decoder = StreamingDecoder(load_decoder(voice.folder / DECODER_FILE).eval())
        self._renderer, self._excitation = (
            StreamingRenderer(self.sample_rate, voice.card.sample_rate),
            Excitation(self.sample_rate, options.seed),
        )
        self._tracker, self._key, self._levels = LivePitchTracker(), LiveKey(voice), LevelTracker()
        self._samples = self._frames = 0  # normalised at 16 kHz, and decoded
        self._normalised: Signal = np.zeros(HALF_WINDOW, np.float32)  # from the next frame's window on
        self._energy = Track()
        self._units = torch.zeros(0, content_encoder.CONTENT_UNITS)  # of the next frames

    def feed(self, block: Audio) -> Iterator[Audio]:
        started = time.perf_counter()
        block = block.to_mono()
        if self._resampler is None:
            self._input_rate = block.sample_rate
            self._resampler = LowDelayResampler(block.sample_rate, content_encoder.SAMPLE_RATE)
        if block.sample_rate != self._input_rate:
            raise ValueError(f"{block.sample_rate} Hz within a stream of {self._input_rate} Hz")
        self._frames_in += block.frames
        yield from self._convert(block, self._resampler)
        self.work_seconds = time.perf_counter() - started

    def finish(self) -> Iterator[Audio]:
        if self._resampler is None:
            return
        total = count_resampled_frames(self._frames_in, self._input_rate, self.sample_rate)
        silence = Audio(np.zeros((1, round(LONGEST_STEP_SECONDS * self._input_rate)), np.float32), self._input_rate)
        while self._frames_out < total:
            for made in self._convert(silence, self._resampler):
                yield made.slice(0, made.frames - max(0, self._frames_out - total))

    def _convert(self, block: Audio, resampler: LowDelayResampler) -> Iterator[Audio]:
        step = max(1, round(LONGEST_STEP_SECONDS * block.sample_rate))
        for start in range(0, block.frames, step):
            with torch.inference_mode():
                # One NaN would stay in the states for ever.
                samples = np.nan_to_num(block.samples[0, start : start + step]).clip(-LOUDEST, LOUDEST)
                samples = self._process(resampler.feed(samples))
            self._frames_out += samples.shape[1]
            if samples.shape[1]:
                yield Audio(samples, self.sample_rate)

    def _process(self, samples: Signal) -> Samples:
        """Audio at 16 kHz, shape (n,), to the output samples that are complete by now, shape (1, m)."""
        if not len(samples):
            return np.zeros((1, 0), np.float32)
        self._levels.feed(samples)
        units = self._encoder.feed(self._compute_log_mel(samples))
        self._units = torch.cat([self._units, _expand_units(units)])
        pitch = self._excitation.hertz
        pitch.append(self._key.transpose(self._tracker.feed(samples), self.options))
        first = self._frames
        last = min(first + len(self._units), self._energy.frames, (pitch.frames - 1) // PITCH_FRAMES_PER_FRAME)
        if last <= first:
            return np.zeros((1, 0), np.float32)
        step = PITCH_FRAMES_PER_FRAME
        hertz = limit_pitch(pitch.read(step * first, step * last)[::step], self._voice)
        energy = self._energy.read(first, last)
        units, self._units = self._units[: last - first], self._units[last - first :]
        curves = self._decoder.feed(units, *(torch.from_numpy(one.astype(np.float32)) for one in (hertz, energy)))
        curves[1] += self.options.breath_db * np.log(10) / 20
        sources = self._excitation.read((last - first) * self._hop).astype(np.float32)
        formant_ratio = 2 ** (self.options.formant_shift_semitones / 12)
        self._frames = last
        self._energy.drop_before(last)
        return self._restore_level(self._renderer.feed(curves, torch.from_numpy(sources), formant_ratio))

    def _compute_log_mel(self, samples: Signal) -> Tensor:
        """(frames, MELS) of the frames that are complete by now; their energy is stored."""
        level = self._interpolate(self._levels.levels, self._samples, len(samples), HOP, lag=1)
        self._samples += len(samples)
        self._normalised = np.concatenate([self._normalised, (samples / level).astype(np.float32)])
        frames = max(0, (len(self._normalised) - 2 * HALF_WINDOW) // HOP + 1)
        if not frames:
            return torch.zeros(0, content_encoder.MELS)
        windows = torch.from_numpy(self._normalised).unfold(0, 2 * HALF_WINDOW, HOP)
        self._normalised = self._normalised[frames * HOP :]
        self._energy.append(torch.log(windows.square().mean(1) + content_encoder.ENERGY_FLOOR).numpy())
        spectrum = torch.fft.rfft(windows * torch.hann_window(2 * HALF_WINDOW)).abs().square()
        return content_encoder.compute_log_mel(spectrum)

    def _restore_level(self, samples: Signal) -> Samples:
        if not len(samples):
            return samples[None]
        start = self._frames_out
        level = self._interpolate(self._levels.levels, start, len(samples), self._hop, lag=1)
        gate = self._interpolate(self._levels.gates, start, len(samples), self._hop, lag=0)
        self._levels.drop_before((start + len(samples)) // self._hop - 1)
        return np.asarray(samples * level * gate, np.float32)[None]

    @staticmethod
    def _interpolate(track: Track, start: int, samples: int, hop: int, *, lag: int) -> Values:
        """At samples from `start` on: linear between the frames before and after, `lag` frames earlier."""
        at = np.arange(start, start + samples)
        first, fraction = start // hop, (at % hop) / hop
        values = track.read(first - lag, int(at[-1]) // hop - lag + 2)
        number = at // hop - first
        return values[number] * (1 - fraction) + values[number + 1] * fraction


def _expand_units(units: Tensor) -> Tensor:
    """From 50 to 100 frames per second. Between two units, the first: waiting for the second would cost 20 ms."""
    return units.repeat_interleave(2, 0)


def compute_delay_seconds(settings: LiveSettings) -> float:
    """A unit is known ENCODER_SECONDS and the look-ahead after its time, and returned at the end of a block."""
    known = ENCODER_SECONDS + settings.look_ahead_seconds + RESAMPLING_SECONDS
    block = settings.block_seconds
    returned = [
        np.ceil((known + UNIT_SECONDS * unit) / block - 1e-6) * block - UNIT_SECONDS * unit for unit in range(200)
    ]
    # The samples that wait for a unit begin one frame before its time.
    return float(max(returned)) + FRAME_SECONDS
