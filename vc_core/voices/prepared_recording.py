"""What the instant engine's decoder gets from a recording (units, pitch, energy), and the sound that it should make."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

from vc_core.audio import Audio
from vc_core.models import content_encoder
from vc_core.models.content_encoder import ContentEncoder
from vc_core.models.ddsp import Curve, Decoder, compute_hop, compute_phase_cycles, render, synthesise_pulses
from vc_core.signal.pitch import estimate_pitch

LOW_SAMPLE_RATE = 24_000
"""That the base decoder was trained for."""
AUGMENTATIONS = 6
"""Vocal tract length perturbations of each recording, so that the decoder does not learn the speaker from the units."""
PASSBAND = 0.98
"""Of the Nyquist frequency: the passband of the resampling filters."""
BAND_HZ = 250.0
SILENCE_DB = -70.0
"""Relative to the power between 1 and 4 kHz: less is quantisation noise of 16 bits."""


@dataclass(frozen=True)
class PreparedRecording:
    units: Tensor
    """Shape (augmentations, T, units)."""
    hertz: Tensor
    """Shape (T,); 0 for unvoiced frames."""
    energy: Tensor
    """Shape (augmentations, T)."""
    sound: Tensor
    """Level-normalised samples, shape ((T - 1) · hop,)."""
    sample_rate: int
    bandwidth_hz: float
    """The recording equipment's limit, above which nothing is to be learned."""

    @property
    def frames(self) -> int:
        return len(self.hertz)


def prepare_recording(
    audio: Audio,
    encoder: ContentEncoder,
    generator: np.random.Generator,
    sample_rate: int = LOW_SAMPLE_RATE,
    augmentations: int = AUGMENTATIONS,
) -> PreparedRecording:
    wave = torch.from_numpy(audio.to_mono().resample(content_encoder.SAMPLE_RATE).samples)
    levels = content_encoder.compute_slow_levels(content_encoder.compute_frame_power(wave))
    normalised = wave / content_encoder.interpolate_to_samples(levels, wave.shape[1])
    spectrum = content_encoder.compute_power_spectrum(normalised)
    frames = spectrum.shape[1]
    with torch.inference_mode():
        inputs = (_augment_log_mel(spectrum, generator, is_plain=at == 0) for at in range(augmentations))
        units = torch.cat([encoder(log_mel) for log_mel in inputs])
    pitch = estimate_pitch(audio, hop_seconds=1 / content_encoder.FRAMES_PER_SECOND).hertz[:frames]
    hertz = torch.from_numpy(np.pad(pitch, (0, frames - len(pitch))).astype(np.float32))
    resampled = torch.from_numpy(audio.to_mono().resample(sample_rate).samples)
    samples = (frames - 1) * compute_hop(sample_rate)
    sound = functional.pad(resampled, (0, max(0, samples - resampled.shape[1])))[:, :samples]
    sound = sound / content_encoder.interpolate_to_samples(levels, samples, compute_hop(sample_rate))
    energy = content_encoder.compute_log_energy(normalised)[:, :frames].repeat(augmentations, 1)
    bandwidth_hz = PASSBAND * min(audio.sample_rate, sample_rate) / 2
    return PreparedRecording(units.clone(), hertz, energy, sound[0].clone(), sample_rate, bandwidth_hz)


def _augment_log_mel(spectrum: Tensor, generator: np.random.Generator, *, is_plain: bool) -> Tensor:
    """Log-mel spectrogram with a random vocal tract length, noise and microphone response, unless `is_plain`."""
    if is_plain:
        return content_encoder.compute_log_mel(spectrum)
    warp = round(float(np.exp(generator.uniform(np.log(0.74), np.log(1.32)))) / 0.02) * 0.02
    noise = spectrum.mean() * 10 ** generator.uniform(-5, -1.5)
    response = torch.from_numpy(draw_microphone_response(generator))
    return content_encoder.compute_log_mel(spectrum * response + noise, warp)


def draw_microphone_response(generator: np.random.Generator) -> npt.NDArray[np.float32]:
    """Power gains of a smooth random curve, array of shape (bins,)."""
    points = np.linspace(0, content_encoder.BINS - 1, 6)
    return np.exp(np.interp(np.arange(content_encoder.BINS), points, generator.normal(0, 0.7, 6))).astype(np.float32)


def measure_bandwidth_hz(audio: Audio) -> float:
    """Highest frequency with signal, which may be far below the file's Nyquist frequency."""
    size = 2048
    samples = audio.to_mono().samples[0]
    frames = np.lib.stride_tricks.sliding_window_view(np.pad(samples, (0, size)), size)[:: size // 2]
    # The quantile keeps sibilants, which are rare, and ignores clicks, which are rarer and have all frequencies.
    power = np.quantile(np.abs(np.fft.rfft(frames * np.hanning(size))) ** 2, 0.95, axis=0)
    width = max(1, round(BAND_HZ * size / audio.sample_rate))
    bands = power[: len(power) // width * width].reshape(-1, width).mean(1)
    upper_hz = (np.arange(len(bands)) + 1) * width * audio.sample_rate / size
    middle = bands[(upper_hz > 1_000) & (upper_hz <= 4_000)].mean()
    audible = np.flatnonzero(bands > middle * 10 ** (SILENCE_DB / 10))
    return float(upper_hz[audible[-1]]) if len(audible) else 0.0


def make_excitation(hertz: Tensor, samples: int, sample_rate: int, generator: np.random.Generator) -> Tensor:
    """Pulse train and noise, Tensor of shape (2, samples), from the pitch of shape (T,)."""
    pitch = interpolate_pitch(hertz, samples, compute_hop(sample_rate))
    noise = generator.standard_normal(samples)
    pulses = synthesise_pulses(pitch, compute_phase_cycles(pitch, sample_rate), sample_rate)
    return torch.from_numpy(np.stack([pulses, noise]).astype(np.float32))


def interpolate_pitch(hertz: Tensor, samples: int, hop: int) -> Curve:
    """Interpolate from frames (T,) to samples (N,) linearly between voiced frames; 0 where the nearest is unvoiced."""
    voiced = hertz.numpy() > 0
    if not voiced.any():
        return np.zeros(samples)
    at = np.arange(len(hertz))
    filled = np.interp(at, at[voiced], hertz.numpy()[voiced]).astype(np.float32)
    pitch = content_encoder.interpolate_to_samples(torch.from_numpy(filled)[None], samples, hop)[0]
    nearest = np.minimum((np.arange(samples) + hop // 2) // hop, len(voiced) - 1)
    return np.where(voiced[nearest], pitch.numpy().astype(np.float64), 0.0)


def resynthesise(decoder: Decoder, recording: PreparedRecording) -> Tensor:
    """The recording through the decoder, with a fixed noise seed; shape (samples,)."""
    samples = (recording.frames - 1) * compute_hop(recording.sample_rate)
    sources = make_excitation(recording.hertz, samples, recording.sample_rate, np.random.default_rng(0))
    with torch.inference_mode():
        curves = decoder(recording.units[:1], recording.hertz[None], recording.energy[:1])
        return render(curves, sources[None], recording.sample_rate)[0]
