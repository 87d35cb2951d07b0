"""Text-to-speech in many languages: concurrency, cancellation, phoneme timings and invalid texts."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from vc_core.errors import UserError
from vc_core.progress import Cancelled
from vc_core.speech.espeak import speak
from vc_core.speech.synthesis import (
    LANGUAGES,
    MAX_TEXT_LENGTH,
    MAX_WORDS_PER_MINUTE,
    MIN_WORDS_PER_MINUTE,
    SpeechRequest,
    guess_language,
    synthesise_speech,
)

LINE = "The sun rose over the sea, and all the boats went out to catch it."


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_speech(language):
    spoken = synthesise_speech(SpeechRequest("Radio 12", language))
    assert spoken.seconds > 0.5
    assert np.abs(spoken.samples).max() > 0.05


def test_languages_differ():
    sequences = {tuple(phoneme.name for phoneme in speak("radio", voice=f"{name}+f5").phonemes) for name in LANGUAGES}
    assert len(sequences) > len(LANGUAGES) / 2


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Good morning", "en-us"),
        ("안녕하세요", "ko"),
        ("LG 전자에서 왔어요", "ko"),
        ("Доброе утро", "ru"),
        ("Καλημέρα", "el"),
        ("早上好", "cmn"),
        ("नमस्ते", "hi"),
        ("صباح الخير", "ar"),
        ("1, 2, 3!", "en-us"),
        ("สวัสดี", "en-us"),
    ],
)
def test_language_is_guessed_from_the_script(text, language):
    assert guess_language(text) == language


def test_korean_is_detected():
    text = "오늘은 날씨가 정말 좋네요. 우리 같이 노래할까요?"
    guessed, korean, english = (
        synthesise_speech(SpeechRequest(text, *language)).seconds for language in ((), ("ko",), ("en-us",))
    )
    assert guessed == pytest.approx(korean, abs=0.05)
    assert abs(english - korean) > 0.2


def test_faster_speech_is_shorter():
    slow, usual, fast = (
        synthesise_speech(SpeechRequest(LINE, words_per_minute=speed)).seconds
        for speed in (MIN_WORDS_PER_MINUTE, 150, MAX_WORDS_PER_MINUTE)
    )
    assert slow > 1.5 * usual > 2 * fast


def test_control_characters_do_not_end_the_text():
    assert synthesise_speech(SpeechRequest("one\0two\x07three")).seconds == pytest.approx(
        synthesise_speech(SpeechRequest("one two three")).seconds, abs=0.05
    )


def test_lone_surrogate_is_accepted():
    assert synthesise_speech(SpeechRequest("one \ud800 two")).seconds > 0.3


@pytest.mark.parametrize(
    ("text", "changes", "words"),
    [
        ("", {}, "Write a text first"),
        (" \n\0\t ", {}, "Write a text first"),
        ("a" * (MAX_TEXT_LENGTH + 1), {}, "5,001 letters; up to 5,000"),
        ("hello", {"language": "xx"}, "no language “xx” here. There are: guess, en-us"),
        ("hello", {"words_per_minute": 1000}, "from 80 to 300"),
        ("hello", {"words_per_minute": float("nan")}, "from 80 to 300"),
    ],
)
def test_invalid_requests_raise_before_synthesis(text, changes, words):
    with pytest.raises(UserError, match=words):
        SpeechRequest(text, **changes)


@pytest.mark.parametrize("text", ["...", "—", "()"])
def test_text_without_sound_raises(text):
    with pytest.raises(UserError, match="nothing to say"):
        synthesise_speech(SpeechRequest(text))


def test_concurrent_synthesis_does_not_mix_languages():
    """espeak-ng has one global state per process, with one language at a time."""
    jobs = [("en-us+f5", LINE), ("ko+f5", "오늘은 날씨가 정말 좋네요."), ("de+m1", "Guten Morgen, liebe Sonne.")] * 4
    sequential = [[phoneme.name for phoneme in speak(text, voice=voice).phonemes] for voice, text in jobs]
    with ThreadPoolExecutor(8) as threads:
        concurrent = list(threads.map(lambda job: speak(job[1], voice=job[0]).phonemes, jobs))
    assert [[phoneme.name for phoneme in phonemes] for phonemes in concurrent] == sequential


def test_synthesis_can_be_cancelled_and_works_again():
    fractions = []

    def stop(fraction: float, message: str) -> None:
        fractions.append(fraction)
        if fraction > 0.3:
            raise Cancelled

    with pytest.raises(Cancelled):
        synthesise_speech(SpeechRequest(LINE * 10), progress=stop)
    assert 0.3 < fractions[-1] < 0.6
    assert synthesise_speech(SpeechRequest("again")).seconds > 0.3


def test_phoneme_timings_are_consecutive():
    speech = speak(LINE)
    starts = [phoneme.start for phoneme in speech.phonemes]
    assert starts == sorted(starts)
    assert speech.phonemes[-1].end == speech.audio.frames
    assert sum(phoneme.is_vowel for phoneme in speech.phonemes) >= 14


def test_missing_data_raises_and_does_not_end_the_process():
    program = """
import espeakng_loader
espeakng_loader.get_data_path = lambda: "/nowhere"
from vc_core.errors import UserError
from vc_core.speech.espeak import speak
try:
    speak("hello")
except UserError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "can't find its data" in done.stdout
