"""Feature extraction for the instant engine's decoder: content units, pitch, energy and the target sound."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

from vc_core.audio import Audio
from vc_core.models import content_encoder
from vc_core.models.content_encoder import ContentEncoder
from vc_core.models.ddsp import compute_hop
from vc_core.signal.pitch import estimate_pitch

LOWEST_SAMPLE_RATE, LOW_SAMPLE_RATE, FULL_SAMPLE_RATE = 16_000, 24_000, 44_100
"""A voice gets the lowest one that covers the bandwidth of its recordings."""
AUGMENTATIONS = 6
"""Vocal tract length perturbations of each recording, so that the decoder does not learn the speaker from the units."""
BAND_HZ = 250.0
SILENCE_DB = -70.0
"""Relative to the power between 1 and 4 kHz: less is quantisation noise of 16 bits."""
PASSBAND = 0.98
"""Of the Nyquist frequency: the passband of the resampling filters."""


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


def choose_sample_rate(highest_hz: float) -> int:
    lower = (LOWEST_SAMPLE_RATE, LOW_SAMPLE_RATE)
    return next((one for one in lower if highest_hz < one / 2 + BAND_HZ), FULL_SAMPLE_RATE)


def measure_range_hz(recordings: list[PreparedRecording]) -> tuple[float, float] | None:
    """5th and 95th percentile of the pitch; None if no frame is voiced."""
    hertz = torch.cat([recording.hertz for recording in recordings]).numpy()
    if not (hertz > 0).any():
        return None
    low, high = np.percentile(hertz[hertz > 0], (5, 95))
    return round(float(low), 1), round(float(high), 1)
