"""Texts in many languages become speech, from several visitors at once, and what can't be said is told."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from vc_core.errors import UserError
from vc_core.espeak import speak
from vc_core.progress import Cancelled
from vc_core.speaking import FASTEST, LANGUAGES, LONGEST_TEXT, SLOWEST, Line, language_of, say

LINE = "The sun rose over the sea, and all the boats went out to catch it."


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_is_spoken(language):
    spoken = say(Line("Radio 12", language))
    assert spoken.seconds > 0.5
    assert np.abs(spoken.samples).max() > 0.05


def test_languages_differ():
    heard = {tuple(phoneme.name for phoneme in speak("radio", voice=f"{name}+f5").phonemes) for name in LANGUAGES}
    assert len(heard) > len(LANGUAGES) / 2


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
def test_the_language_is_guessed_from_the_letters(text, language):
    assert language_of(text) == language


def test_korean_is_read_in_korean_without_being_asked():
    text = "오늘은 날씨가 정말 좋네요. 우리 같이 노래할까요?"
    guessed, korean, english = (say(Line(text, *language)).seconds for language in ((), ("ko",), ("en-us",)))
    assert guessed == pytest.approx(korean, abs=0.05)
    assert abs(english - korean) > 0.2


def test_faster_is_shorter():
    slow, usual, fast = (say(Line(LINE, words_per_minute=speed)).seconds for speed in (SLOWEST, 150, FASTEST))
    assert slow > 1.5 * usual > 2 * fast


def test_a_zero_in_the_text_does_not_end_it():
    assert say(Line("one\0two\x07three")).seconds == pytest.approx(say(Line("one two three")).seconds, abs=0.05)


def test_half_a_letter_is_no_harm():
    assert say(Line("one \ud800 two")).seconds > 0.3


@pytest.mark.parametrize(
    ("text", "changes", "words"),
    [
        ("", {}, "Write a text first"),
        (" \n\0\t ", {}, "Write a text first"),
        ("a" * (LONGEST_TEXT + 1), {}, "5,001 letters; up to 5,000"),
        ("hello", {"language": "xx"}, "no language “xx” here. There are: guess, en-us"),
        ("hello", {"words_per_minute": 1000}, "from 80 to 300"),
        ("hello", {"words_per_minute": float("nan")}, "from 80 to 300"),
    ],
)
def test_what_cannot_be_said_is_told_before_any_work(text, changes, words):
    with pytest.raises(UserError, match=words):
        Line(text, **changes)


@pytest.mark.parametrize("text", ["...", "—", "()"])
def test_a_text_without_sound_is_told(text):
    with pytest.raises(UserError, match="nothing to say"):
        say(Line(text))


def test_several_at_once_each_get_their_own():
    """There is only one espeak-ng in a process, with one language at a time."""
    jobs = [("en-us+f5", LINE), ("ko+f5", "오늘은 날씨가 정말 좋네요."), ("de+m1", "Guten Morgen, liebe Sonne.")] * 4
    alone = [[phoneme.name for phoneme in speak(text, voice=voice).phonemes] for voice, text in jobs]
    with ThreadPoolExecutor(8) as threads:
        together = list(threads.map(lambda job: speak(job[1], voice=job[0]).phonemes, jobs))
    assert [[phoneme.name for phoneme in phonemes] for phonemes in together] == alone


def test_it_can_be_stopped_in_the_middle_and_speaks_again():
    seen = []

    def stop(fraction: float, message: str) -> None:
        seen.append(fraction)
        if fraction > 0.3:
            raise Cancelled

    with pytest.raises(Cancelled):
        say(Line(LINE * 10), progress=stop)
    assert 0.3 < seen[-1] < 0.6
    assert say(Line("again")).seconds > 0.3


def test_phonemes_lie_in_the_sound_one_after_the_other():
    speech = speak(LINE)
    starts = [phoneme.start for phoneme in speech.phonemes]
    assert starts == sorted(starts)
    assert speech.phonemes[-1].end == speech.audio.frames
    assert sum(phoneme.is_vowel for phoneme in speech.phonemes) >= 14


def test_a_missing_installation_is_told_and_does_not_end_the_process():
    program = """
import espeakng_loader
espeakng_loader.get_data_path = lambda: "/nowhere"
from vc_core.errors import UserError
from vc_core.espeak import speak
try:
    speak("hello")
except UserError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "can't find its data" in done.stdout
