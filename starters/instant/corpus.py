"""The corpus of the content encoder: speech whose every phone has its time, beside the same words of one voice.

    python -m starters.instant.corpus POOL [UTTERANCES]

A synthesiser says the same sentence in every voice. So each utterance is stored with the bands of a *canonical*
voice that says the same, moved phone by phone to the same moments: what is left is what is said.
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

from starters.instant.sentences import choose_text
from starters.separator import voices
from starters.separator.effects import Generator
from vc_core.audio import Audio
from vc_core.espeak import speak
from vc_core.models import units

UTTERANCES = 2_400
CANONICAL = {"espeak": "f5", "flite": "slt"}
"""The variant, and the voice, that the others of their synthesiser are put beside."""
FLITE_VOICES = ("slt", "awb", "kal16")
"""The voice rms is kept out: it is for the evaluation."""
SILENCES = ("_", "pau", "")
Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Spoken:
    """Samples at the units' rate; phones by name, and in seconds where each starts, and where the last one ends."""

    samples: Floats
    phones: list[str]
    borders: npt.NDArray[np.float64]


@dataclass(frozen=True)
class Utterance:
    synthesiser: str
    voice: str
    spoken: Spoken
    canonical: Floats
    """The canonical voice's bands at this utterance's moments, shape (moments, MELS)."""


def say_with_espeak(text: str, voice: str, words_per_minute: int, pitch: int = 50, liveliness: int = 50) -> Spoken:
    speech = speak(text, voice=voice, words_per_minute=words_per_minute, pitch=pitch, liveliness=liveliness)
    rate = speech.audio.sample_rate
    phones = [plain_phone(phoneme.name) for phoneme in speech.phonemes]
    borders = [phoneme.start / rate for phoneme in speech.phonemes] + [speech.phonemes[-1].end / rate]
    return Spoken(speech.audio.resampled(units.RATE).samples[0], phones, np.array(borders))


def plain_phone(name: str) -> str:
    """Without stress and length."""
    return name.strip("'ˈˌ,*%|:#-")


def say_with_flite(text: str, voice: str, *, stretch: float = 1.0, pitch_hz: float | None = None) -> Spoken:
    """Around `pitch_hz`, or at the voice's own pitch."""
    with tempfile.NamedTemporaryFile(suffix=".wav") as file:
        slowly = ["--setf", f"duration_stretch={stretch}"] if stretch != 1 else []
        pitched = ["--setf", f"int_f0_target_mean={pitch_hz:.1f}"] if pitch_hz else []
        command = ["flite", "-voice", voice, *slowly, *pitched, "-psdur", "-t", text, "-o", file.name]
        printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        samples, rate = soundfile.read(Path(file.name), dtype="float32")
    pairs = [entry.rsplit(":", 1) for entry in printed.split() if ":" in entry]
    audio = Audio(samples[None], rate).resampled(units.RATE)
    borders = np.minimum([0.0, *(float(end) for _, end in pairs)], audio.seconds)
    return Spoken(audio.samples[0], [name for name, _ in pairs], borders)


def bands_of(samples: Floats) -> Floats:
    spectrum = units.power_spectrum(units.levelled(torch.from_numpy(samples)[None]))
    return np.asarray(units.log_mel(spectrum)[0].numpy(), np.float32)


def beside(spoken: Spoken, canonical: Spoken) -> Floats | None:
    """The canonical voice's bands at the moments of the other; None if they don't say the same phones."""
    places = places_in(canonical, spoken)
    return None if places is None else interpolated(bands_of(canonical.samples), places)


def places_in(other: Spoken, spoken: Spoken) -> npt.NDArray[np.float64] | None:
    """For each moment of `spoken` the moment at which the other says the same; None if they say other phones."""
    (said, here), (also_said, there) = (_sounding(speech) for speech in (spoken, other))
    if said != also_said:
        return None
    moments = np.arange(len(spoken.samples) // units.HOP + 1) / units.MOMENTS_PER_SECOND
    places = np.interp(moments, here, there) * units.MOMENTS_PER_SECOND
    return np.asarray(np.minimum(places, len(other.samples) // units.HOP))


def _sounding(spoken: Spoken) -> tuple[list[str], npt.NDArray[np.float64]]:
    """The phones that are no pauses, and their borders between start and end: voices pause differently."""
    heard = [at for at, phone in enumerate(spoken.phones) if phone not in SILENCES]
    borders = [spoken.borders[edge] for at in heard for edge in (at, at + 1)]
    return [spoken.phones[at] for at in heard], np.array([0.0, *borders, len(spoken.samples) / units.RATE])


def interpolated(rows: Floats, places: npt.NDArray[np.float64]) -> Floats:
    low = np.minimum(places.astype(int), len(rows) - 2)
    part = (places - low)[:, None]
    return ((1 - part) * rows[low] + part * rows[low + 1]).astype(np.float32)


def render(number: int) -> Utterance | None:
    """An utterance; it follows from its number."""
    generator = np.random.default_rng([7, number])
    if generator.random() < 0.4:
        voice = str(generator.choice(FLITE_VOICES))
        text = choose_text("en", generator)
        spoken, canonical = say_with_flite(text, voice), say_with_flite(text, CANONICAL["flite"])
        synthesiser = "flite"
    else:
        synthesiser, voice = "espeak", str(generator.choice(voices.TRAINING.variants))
        spoken, canonical = _both_of_espeak(voice, generator)
    bands = beside(spoken, canonical)
    return None if bands is None else Utterance(synthesiser, voice, spoken, bands)


def _both_of_espeak(variant: str, generator: Generator) -> tuple[Spoken, Spoken]:
    names = list(voices.TRAINING.languages)
    weights = np.array([4.0 if name == "en" else 2.5 if name == "ko" else 1.0 for name in names])
    language = str(generator.choice(names, p=weights / weights.sum()))
    accent = generator.choice(voices.TRAINING.languages[language])
    text = choose_text(language, generator)
    speed, pitch, liveliness = (int(generator.integers(*span)) for span in ((110, 220), (10, 95), (20, 95)))
    spoken = say_with_espeak(text, f"{accent}+{variant}", speed, pitch, liveliness)
    return spoken, say_with_espeak(text, f"{accent}+{CANONICAL['espeak']}", speed)


def fill_pool(folder: Path, utterances: int = UTTERANCES) -> None:
    """Those that are there stay."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(utterances):
        path = folder / f"{number}.npz"
        if not path.exists() and (made := render(number)):
            store(path, made)


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
            canonical=made.canonical.astype(np.float16),
        )
    waiting.rename(path)


def read(path: Path) -> Utterance:
    stored = np.load(path)
    synthesiser, voice = map(str, stored["who"])
    samples = stored["samples"].astype(np.float32) / 32767
    spoken = Spoken(samples, [str(phone) for phone in stored["phones"]], stored["borders"])
    return Utterance(synthesiser, voice, spoken, stored["canonical"].astype(np.float32))


if __name__ == "__main__":
    torch.set_num_threads(1)
    fill_pool(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else UTTERANCES)
