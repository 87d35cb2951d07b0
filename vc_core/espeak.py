"""Speech with the exact time of every phoneme, from espeak-ng: a synthetic voice, of no real person."""

import ctypes
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache

import espeakng_loader
import numpy as np

from vc_core.audio import Audio, Samples, clock
from vc_core.errors import UserError
from vc_core.progress import Progress, silent

_SYNCHRONOUS, _PHONEME_EVENTS, _DO_NOT_EXIT, _UTF8 = 2, 1, 0x8000, 1
_RATE, _PITCH, _RANGE = 1, 3, 4
_PHONEME, _TERMINATED = 7, 0
_GO_ON, _END = 0, 1

_alone = threading.RLock()
"""There is one espeak-ng in a process, and what is set for one text holds for the next."""


class _Event(ctypes.Structure):
    _fields_ = [
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("name", ctypes.c_char * 8),
    ]


_Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event))


@dataclass(frozen=True)
class Phoneme:
    name: str
    start: int
    """First frame."""
    end: int

    @property
    def is_vowel(self) -> bool:
        return self.name.strip("'ˈˌ,_:")[:1] in tuple("aeiouAEIOUV@03")


@dataclass(frozen=True)
class Speech:
    audio: Audio
    phonemes: list[Phoneme]


def speak(
    text: str,
    *,
    voice: str = "en-us+f3",
    words_per_minute: int = 150,
    pitch: int = 50,
    liveliness: int = 50,
    progress: Progress = silent,
) -> Speech:
    """Say a text; `pitch` and `liveliness` go from 0 to 100. `voice` is a language, then + and a variant."""
    with _alone:
        library, rate = _library()
        if library.espeak_SetVoiceByName(voice.encode()) != 0:
            raise ValueError(f"espeak-ng has no voice {voice!r}")
        for parameter, value in ((_RATE, words_per_minute), (_PITCH, pitch), (_RANGE, liveliness)):
            library.espeak_SetParameter(parameter, value, 0)
        spoken = _Spoken(rate, max(1, len(text)), progress)
        with spoken.taken_from(library):
            encoded = text.encode("utf-8", "replace")
            library.espeak_Synth(encoded, len(encoded) + 1, 0, 1, 0, _UTF8, None, None)
    samples = spoken.samples()
    ends = [start for _, start in spoken.starts[1:]] + [samples.shape[1]]
    phonemes = [Phoneme(name, start, end) for (name, start), end in zip(spoken.starts, ends, strict=True)]
    return Speech(Audio(samples, rate), [phoneme for phoneme in phonemes if phoneme.end > phoneme.start])


def seed_randomness(seed: int) -> None:
    """Its random numbers, which start from the time of day, from here instead.

    Its flutter still goes on from one text to the next: only a process that never spoke says the same again.
    """
    with _alone:
        _library()[0].espeak_ng_SetRandSeed(seed)


class _Spoken:
    """Gathers what espeak-ng says, piece by piece."""

    def __init__(self, rate: int, letters: int, progress: Progress) -> None:
        self.starts: list[tuple[str, int]] = []
        self._pieces: list[Samples] = []
        self._rate, self._letters, self._progress = rate, letters, progress
        self._letter = self._frames = 0
        self._stopped: BaseException | None = None

    @contextmanager
    def taken_from(self, library: ctypes.CDLL) -> Iterator[None]:
        callback = _Callback(self._take)
        library.espeak_SetSynthCallback(callback)
        yield
        if self._stopped is not None:
            raise self._stopped

    def samples(self) -> Samples:
        return np.concatenate([np.zeros(0, np.float32), *self._pieces])[None]

    def _take(self, wave: "ctypes._Pointer[ctypes.c_short]", frames: int, events: "ctypes._Pointer[_Event]") -> int:
        if wave and frames:
            heard: Samples = np.ctypeslib.as_array(wave, (frames,)).astype(np.float32)
            self._pieces.append(heard * np.float32(1 / 32768))
            self._frames += frames
        at = 0
        while events[at].type != _TERMINATED:
            self._letter = max(self._letter, events[at].text_position)
            if events[at].type == _PHONEME:
                self.starts.append((events[at].name.decode("utf-8", "replace"), events[at].sample))
            at += 1
        try:
            self._progress(min(self._letter / self._letters, 1.0), clock(self._frames / self._rate))
        except BaseException as stopped:  # noqa: BLE001 - C can't pass it on; it is raised behind it
            self._stopped = stopped
            return _END
        return _GO_ON


@cache
def _library() -> tuple[ctypes.CDLL, int]:
    library = ctypes.CDLL(espeakng_loader.get_library_path())
    data = espeakng_loader.get_data_path().encode()
    # Without its data it would otherwise end the whole process.
    rate = library.espeak_Initialize(_SYNCHRONOUS, 0, data, _PHONEME_EVENTS | _DO_NOT_EXIT)
    if rate <= 0:
        raise UserError("espeak-ng can't find its data. Install the package espeakng-loader again, in a shorter path.")
    return library, rate
