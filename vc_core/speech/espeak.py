"""Text-to-speech with phoneme timings by espeak-ng (ctypes): a synthetic voice, of no real person."""

import ctypes
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache

import espeakng_loader
import numpy as np

from vc_core.audio import Audio, Samples, format_clock
from vc_core.errors import UserError
from vc_core.progress import Progress, silent

# Constants of speak_lib.h.
_SYNCHRONOUS, _PHONEME_EVENTS, _DO_NOT_EXIT, _UTF8 = 2, 1, 0x8000, 1
_RATE, _PITCH, _PITCH_RANGE = 1, 3, 4
_PHONEME_EVENT, _LIST_END_EVENT = 7, 0
_CONTINUE, _ABORT = 0, 1

_library_lock = threading.RLock()
"""espeak-ng has one global state per process, and settings for one text persist to the next."""


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
    """espeak-ng's mnemonic."""
    start: int
    """First frame (sample)."""
    end: int
    """The frame after the last."""

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
    """Synthesise a text. `voice` is a language, then + and a variant.

    `pitch` and `liveliness`, which is espeak-ng's pitch range, go from 0 to 100.
    """
    with _library_lock:
        library, sample_rate = _load_library()
        if library.espeak_SetVoiceByName(voice.encode()) != 0:
            raise ValueError(f"espeak-ng has no voice {voice!r}")
        for parameter, value in ((_RATE, words_per_minute), (_PITCH, pitch), (_PITCH_RANGE, liveliness)):
            library.espeak_SetParameter(parameter, value, 0)
        collector = _SynthesisCollector(sample_rate, max(1, len(text)), progress)
        with collector.receive_from(library):
            encoded = text.encode("utf-8", "replace")
            library.espeak_Synth(encoded, len(encoded) + 1, 0, 1, 0, _UTF8, None, None)
    samples = collector.samples()
    ends = [start for _, start in collector.starts[1:]] + [samples.shape[1]]
    phonemes = [Phoneme(name, start, end) for (name, start), end in zip(collector.starts, ends, strict=True)]
    return Speech(Audio(samples, sample_rate), [phoneme for phoneme in phonemes if phoneme.end > phoneme.start])


def seed_randomness(seed: int) -> None:
    """Seed espeak-ng's random numbers, which are otherwise seeded by the time of day.

    Its flutter phase persists across texts, so results are reproducible only in a fresh process.
    """
    with _library_lock:
        _load_library()[0].espeak_ng_SetRandSeed(seed)


class _SynthesisCollector:
    """Collects the chunks and events that espeak-ng passes to its callback."""

    def __init__(self, sample_rate: int, text_length: int, progress: Progress) -> None:
        self.starts: list[tuple[str, int]] = []
        self._chunks: list[Samples] = []
        self._sample_rate, self._text_length, self._progress = sample_rate, text_length, progress
        self._text_position = self._frames = 0
        self._error: BaseException | None = None

    @contextmanager
    def receive_from(self, library: ctypes.CDLL) -> Iterator[None]:
        callback = _Callback(self._receive_chunk)
        library.espeak_SetSynthCallback(callback)
        yield
        if self._error is not None:
            raise self._error

    def samples(self) -> Samples:
        return np.concatenate([np.zeros(0, np.float32), *self._chunks])[None]

    def _receive_chunk(
        self, wave: "ctypes._Pointer[ctypes.c_short]", frames: int, events: "ctypes._Pointer[_Event]"
    ) -> int:
        if wave and frames:
            samples: Samples = np.ctypeslib.as_array(wave, (frames,)).astype(np.float32)
            self._chunks.append(samples * np.float32(1 / 32768))
            self._frames += frames
        index = 0
        while events[index].type != _LIST_END_EVENT:
            self._text_position = max(self._text_position, events[index].text_position)
            if events[index].type == _PHONEME_EVENT:
                self.starts.append((events[index].name.decode("utf-8", "replace"), events[index].sample))
            index += 1
        try:
            self._progress(
                min(self._text_position / self._text_length, 1.0), format_clock(self._frames / self._sample_rate)
            )
        except BaseException as error:  # noqa: BLE001 - C code can't propagate it; it is raised after the call
            self._error = error
            return _ABORT
        return _CONTINUE


@cache
def _load_library() -> tuple[ctypes.CDLL, int]:
    library = ctypes.CDLL(espeakng_loader.get_library_path())
    data = espeakng_loader.get_data_path().encode()
    # Without _DO_NOT_EXIT, missing data would terminate the process.
    sample_rate = library.espeak_Initialize(_SYNCHRONOUS, 0, data, _PHONEME_EVENTS | _DO_NOT_EXIT)
    if sample_rate <= 0:
        raise UserError("espeak-ng can't find its data. Install the package espeakng-loader again, in a shorter path.")
    return library, sample_rate
