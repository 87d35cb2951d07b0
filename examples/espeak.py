"""Speech with the exact time of every phoneme, from espeak-ng: a synthetic voice, of no real person."""

import ctypes
from dataclasses import dataclass
from functools import cache

import espeakng_loader
import numpy as np

from vc_core.audio import Audio

_SYNCHRONOUS, _PHONEME_EVENTS, _UTF8 = 2, 1, 1
_RATE, _PITCH, _RANGE = 1, 3, 4
_PHONEME, _TERMINATED = 7, 0


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


@cache
def _library() -> tuple[ctypes.CDLL, int]:
    library = ctypes.CDLL(espeakng_loader.get_library_path())
    data = espeakng_loader.get_data_path().encode()
    rate = library.espeak_Initialize(_SYNCHRONOUS, 0, data, _PHONEME_EVENTS)
    if rate <= 0:
        raise RuntimeError("espeak-ng did not start")
    return library, rate


def speak(
    text: str, *, voice: str = "en-us+f3", words_per_minute: int = 150, pitch: int = 50, liveliness: int = 50
) -> Speech:
    """Say a text; `pitch` and `liveliness` go from 0 to 100."""
    library, rate = _library()
    pieces: list[np.ndarray] = []
    starts: list[tuple[str, int]] = []

    @_Callback
    def take(wave: "ctypes._Pointer[ctypes.c_short]", frames: int, events: "ctypes._Pointer[_Event]") -> int:
        if wave and frames:
            pieces.append(np.ctypeslib.as_array(wave, (frames,)).astype(np.float32) / 32768)
        at = 0
        while events[at].type != _TERMINATED:
            if events[at].type == _PHONEME:
                starts.append((events[at].name.decode("utf-8", "replace"), events[at].sample))
            at += 1
        return 0

    if library.espeak_SetVoiceByName(voice.encode()) != 0:
        raise ValueError(f"espeak-ng has no voice {voice!r}")
    for parameter, value in ((_RATE, words_per_minute), (_PITCH, pitch), (_RANGE, liveliness)):
        library.espeak_SetParameter(parameter, value, 0)
    library.espeak_SetSynthCallback(take)
    encoded = text.encode()
    library.espeak_Synth(encoded, len(encoded) + 1, 0, 1, 0, _UTF8, None, None)
    samples = np.concatenate(pieces)
    ends = [start for _, start in starts[1:]] + [len(samples)]
    phonemes = [Phoneme(name, start, end) for (name, start), end in zip(starts, ends, strict=True) if end > start]
    return Speech(Audio(samples[None], rate), phonemes)
