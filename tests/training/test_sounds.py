"""Which sounds of a language occur: a repeated word has few, and lines that can be read out have them all."""

import numpy as np
import pytest
from safetensors import safe_open

from vc_core.audio import join
from vc_core.errors import UserError
from vc_core.espeak import speak
from vc_core.instant_weights import SHIPPED, UNITS_FILE
from vc_core.provenance import sha256_of
from vc_core.training.doctor import examine
from vc_core.training.prompts import EXERCISES, LINES, prompts, take_name, text_of_take
from vc_core.training.recordings import Recording
from vc_core.training.sounds import OF_LANGUAGE, SOUNDS, choose_language, coverage_of, hear_sounds, sounds_of_text
from vc_core.writing import write_audio


def heard_saying(texts, voice):
    return [hear_sounds(speak(text, voice=voice).audio.resampled(16_000)) for text in texts]


@pytest.mark.parametrize(("language", "voice"), [("en", "en-us+m3"), ("en", "en-us+belinda"), ("ko", "ko+f3")])
def test_sentences_have_nearly_all_sounds_and_repeated_words_few(language, voice):
    word = {"en": "Money. ", "ko": "안녕하세요. "}[language]
    balanced = coverage_of(heard_saying(LINES[language][:10], voice), language)
    assert balanced.share > 0.9
    repeated = coverage_of(heard_saying([10 * word] * 3, voice), language)
    assert repeated.share < 0.6
    said = sounds_of_text(word, language) & set(OF_LANGUAGE[language])
    assert len(said & set(repeated.heard)) >= len(said) - 1
    assert set(repeated.heard) | set(repeated.missing) == set(OF_LANGUAGE[language])


def test_minutes_of_hearing_wrong_now_and_then_are_no_sound():
    heard = np.zeros(len(SOUNDS) + 1)
    heard[-1], heard[0], heard[1], heard[2] = 200.0, 50.0, 0.5, 0.7
    assert coverage_of([heard], "en").heard == ("a", "i")
    # A second is enough for anybody, and so is half of one where little is said.
    assert coverage_of([10 * heard], "en").heard == ("a", "e", "i")
    heard[-1] = 60.0
    assert coverage_of([heard], "en").heard == ("a", "e", "i")


def test_silence_and_noise_hold_no_sounds():
    generator = np.random.default_rng(0)
    hiss = speak("a").audio.resampled(16_000)
    hiss = hiss.with_samples((0.05 * generator.standard_normal((1, 64_000))).astype(np.float32))
    heard = [hear_sounds(hiss), hear_sounds(hiss.with_samples(np.zeros_like(hiss.samples)))]
    assert len(coverage_of(heard, "en").heard) <= 4


def test_the_names_of_takes_tell_what_was_read_out():
    everything = [(language, at) for language in LINES for at in range(len(prompts(language)))]
    told = [text_of_take(take_name(language, at) + ".webm") for language, at in everything]
    assert sorted(text for text in told if text) == sorted((name, line) for name in LINES for line in LINES[name])
    assert told.count(None) == sum(map(len, EXERCISES.values()))
    assert text_of_take("line-en-999.wav") is text_of_take("line-fr-001.wav") is text_of_take("mine.wav") is None
    for language in ("en", "ko"):
        read_out = [sounds_of_text(line, language) for line in LINES[language]]
        assert coverage_of([], language, read_out).missing == ()


def test_the_doctor_asks_for_other_sentences_where_there_are_few_sounds(tmp_path):
    pause = speak("a").audio
    pause = pause.with_samples(np.zeros((1, pause.sample_rate), np.float32))
    for name, texts in (("one", ["Money. " * 12] * 5), ("many", LINES["en"][:11])):
        spoken = [part for text in texts for part in (speak(text, voice="en-us+m3").audio, pause)]
        write_audio(tmp_path / f"{name}.wav", join(spoken), format_name="wav16")
    one, many = (examine([Recording(tmp_path / f"{name}.wav", name)]) for name in ("one", "many"))
    (found,) = (finding for finding in one.findings if finding.kind == "few sounds")
    assert found.sentence.startswith("Only ")
    assert "s z" in found.figures["missing"]
    assert "few sounds" not in {finding.kind for finding in many.findings}
    # A take of a known line is taken at its word.
    (tmp_path / f"{take_name('en', 0)}.wav").write_bytes((tmp_path / "one.wav").read_bytes())
    told = examine([Recording(tmp_path / f"{take_name('en', 0)}.wav", f"{take_name('en', 0)}.wav")])
    assert sounds_of_text(LINES["en"][0], "en") <= set(told.coverage.heard)


def test_the_ear_belongs_to_the_encoder_that_ships():
    with safe_open(SHIPPED / "sounds.safetensors", "np") as file:
        assert file.metadata()["encoder"] == f"sha256:{sha256_of(UNITS_FILE)}"
        assert file.get_slice("weight").get_shape()[0] == len(SOUNDS) + 1


def test_other_languages_are_told_apart_from_those_that_are_known():
    assert choose_language("ko") == "ko"
    with pytest.raises(UserError, match="There are: en, ko"):
        choose_language("tlh")
