"""Corpus of the phone classifier: speech of espeak-ng and flite with its phones and their borders.

python -m starters.instant.corpus POOL [UTTERANCES]
"""

import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile
import torch

from starters.separator import voices
from starters.separator.effects import Generator
from starters.speech.sentences import choose_text
from vc_core.audio import Audio
from vc_core.models import content_encoder
from vc_core.speech.espeak import speak

UTTERANCES = 900
POOL = Path(tempfile.gettempdir()) / "starter-instant-pool"
FLITE_VOICES = ("slt", "awb", "kal16")
"""Without rms, which is held out for the evaluation."""
SILENCES = ("_", "pau", "")
Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Spoken:
    """Samples at the content encoder's sample rate, phones, and the borders between them in seconds."""

    samples: Floats
    phones: list[str]
    borders: npt.NDArray[np.float64]


@dataclass(frozen=True)
class Utterance:
    synthesiser: str
    voice: str
    spoken: Spoken


def say_with_espeak(text: str, voice: str, words_per_minute: int, pitch: int = 50, liveliness: int = 50) -> Spoken:
    speech = speak(text, voice=voice, words_per_minute=words_per_minute, pitch=pitch, liveliness=liveliness)
    rate = speech.audio.sample_rate
    phones = [plain_phone(phoneme.name) for phoneme in speech.phonemes]
    borders = [phoneme.start / rate for phoneme in speech.phonemes] + [speech.phonemes[-1].end / rate]
    return Spoken(speech.audio.resample(content_encoder.SAMPLE_RATE).samples[0], phones, np.array(borders))


def plain_phone(name: str) -> str:
    """Without stress and length."""
    return name.strip("'ˈˌ,*%|:#-")


def say_with_flite(text: str, voice: str, *, stretch: float = 1.0, pitch_hz: float | None = None) -> Spoken:
    """With a mean pitch of `pitch_hz`, or the voice's own."""
    with tempfile.NamedTemporaryFile(suffix=".wav") as file:
        slowly = ["--setf", f"duration_stretch={stretch}"] if stretch != 1 else []
        pitched = ["--setf", f"int_f0_target_mean={pitch_hz:.1f}"] if pitch_hz else []
        command = ["flite", "-voice", voice, *slowly, *pitched, "-psdur", "-t", text, "-o", file.name]
        printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        samples, rate = soundfile.read(Path(file.name), dtype="float32")
    pairs = [entry.rsplit(":", 1) for entry in printed.split() if ":" in entry]
    audio = Audio(samples[None], rate).resample(content_encoder.SAMPLE_RATE)
    borders = np.minimum([0.0, *(float(end) for _, end in pairs)], audio.seconds)
    return Spoken(audio.samples[0], [name for name, _ in pairs], borders)


def compute_log_mel(samples: Floats) -> Floats:
    spectrum = content_encoder.compute_power_spectrum(content_encoder.normalise_level(torch.from_numpy(samples)[None]))
    return np.asarray(content_encoder.compute_log_mel(spectrum)[0].numpy(), np.float32)


def render(number: int) -> Utterance:
    """Render the utterance of a number, deterministically."""
    generator = np.random.default_rng([7, number])
    if generator.random() < 0.4:
        voice = str(generator.choice(FLITE_VOICES))
        return Utterance("flite", voice, say_with_flite(choose_text("en", generator), voice))
    voice = str(generator.choice(voices.TRAINING.variants))
    return Utterance("espeak", voice, _render_with_espeak(voice, generator))


def _render_with_espeak(variant: str, generator: Generator) -> Spoken:
    names = list(voices.TRAINING.languages)
    weights = np.array([4.0 if name == "en" else 2.5 if name == "ko" else 1.0 for name in names])
    language = str(generator.choice(names, p=weights / weights.sum()))
    accent = generator.choice(voices.TRAINING.languages[language])
    text = choose_text(language, generator)
    speed, pitch, liveliness = (int(generator.integers(*span)) for span in ((110, 220), (10, 95), (20, 95)))
    return say_with_espeak(text, f"{accent}+{variant}", speed, pitch, liveliness)


def fill_pool(folder: Path, utterances: int = UTTERANCES) -> None:
    """Render the missing utterances."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(utterances):
        path = folder / f"{number}.npz"
        if not path.exists():
            store(path, render(number))


def store(path: Path, made: Utterance) -> None:
    waiting = path.with_suffix(".part")
    samples = np.clip(np.round(made.spoken.samples * 32767), -32768, 32767).astype(np.int16)
    with waiting.open("wb") as file:
        np.savez(
            file,
            who=np.array([made.synthesiser, made.voice]),
            samples=samples,
            phones=np.array(made.spoken.phones),
            borders=made.spoken.borders,
        )
    waiting.rename(path)


def read(path: Path) -> Utterance:
    stored = np.load(path)
    synthesiser, voice = map(str, stored["who"])
    samples = stored["samples"].astype(np.float32) / 32767
    spoken = Spoken(samples, [str(phone) for phone in stored["phones"]], stored["borders"])
    return Utterance(synthesiser, voice, spoken)


if __name__ == "__main__":
    torch.set_num_threads(1)
    fill_pool(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else UTTERANCES)
