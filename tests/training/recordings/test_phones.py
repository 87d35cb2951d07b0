"""Phone coverage: a repeated word has few phones, and the recording prompts have all of them."""

import numpy as np
import pytest
from safetensors import safe_open

from vc_core.audio import join_blocks
from vc_core.errors import UserError
from vc_core.files.provenance import compute_sha256
from vc_core.files.writing import write_audio
from vc_core.speech.espeak import speak
from vc_core.training.recordings.doctor import examine_recordings
from vc_core.training.recordings.gathering import Recording
from vc_core.training.recordings.phones import (
    PHONES,
    PHONES_BY_LANGUAGE,
    choose_language,
    list_phones_of_text,
    measure_coverage,
    recognise_phones,
)
from vc_core.training.recordings.prompts import EXERCISES, LINES, find_text_of_take, list_prompts, name_take
from vc_core.voices.instant_weights import CONTENT_ENCODER_FILE, SHIPPED


def recognise_texts(texts, voice):
    return [recognise_phones(speak(text, voice=voice).audio.resample(16_000)) for text in texts]


@pytest.mark.parametrize(("language", "voice"), [("en", "en-us+m3"), ("en", "en-us+belinda"), ("ko", "ko+f3")])
def test_sentences_cover_nearly_all_phones_and_repeated_words_few(language, voice):
    word = {"en": "Money. ", "ko": "안녕하세요. "}[language]
    balanced = measure_coverage(recognise_texts(LINES[language][:10], voice), language)
    assert balanced.share > 0.9
    repeated = measure_coverage(recognise_texts([10 * word] * 3, voice), language)
    assert repeated.share < 0.6
    said = list_phones_of_text(word, language) & set(PHONES_BY_LANGUAGE[language])
    assert len(said & set(repeated.found)) >= len(said) - 1
    assert set(repeated.found) | set(repeated.missing) == set(PHONES_BY_LANGUAGE[language])


def test_rare_recognition_errors_over_minutes_are_not_counted():
    measured = np.zeros(len(PHONES) + 1)
    measured[-1], measured[0], measured[1], measured[2] = 200.0, 50.0, 0.5, 0.7
    assert measure_coverage([measured], "en").found == ("a", "i")
    # A second is enough for anybody, and so is half of one where little is said.
    assert measure_coverage([10 * measured], "en").found == ("a", "e", "i")
    measured[-1] = 60.0
    assert measure_coverage([measured], "en").found == ("a", "e", "i")


def test_silence_and_noise_contain_no_phones():
    generator = np.random.default_rng(0)
    hiss = speak("a").audio.resample(16_000)
    hiss = hiss.with_samples((0.05 * generator.standard_normal((1, 64_000))).astype(np.float32))
    measured = [recognise_phones(hiss), recognise_phones(hiss.with_samples(np.zeros_like(hiss.samples)))]
    assert len(measure_coverage(measured, "en").found) <= 4


def test_the_text_of_a_take_follows_from_its_file_name():
    everything = [(language, at) for language in LINES for at in range(len(list_prompts(language)))]
    told = [find_text_of_take(name_take(language, at) + ".webm") for language, at in everything]
    assert sorted(text for text in told if text) == sorted((name, line) for name in LINES for line in LINES[name])
    assert told.count(None) == sum(map(len, EXERCISES.values()))
    assert (
        find_text_of_take("line-en-999.wav")
        is find_text_of_take("line-fr-001.wav")
        is find_text_of_take("mine.wav")
        is None
    )
    for language in ("en", "ko"):
        read_out = [list_phones_of_text(line, language) for line in LINES[language]]
        assert measure_coverage([], language, read_out).missing == ()


def test_low_phone_coverage_is_a_finding_and_prompts_raise_it(tmp_path):
    pause = speak("a").audio
    pause = pause.with_samples(np.zeros((1, pause.sample_rate), np.float32))
    for name, texts in (("one", ["Money. " * 12] * 5), ("many", LINES["en"][:11])):
        spoken = [part for text in texts for part in (speak(text, voice="en-us+m3").audio, pause)]
        write_audio(tmp_path / f"{name}.wav", join_blocks(spoken), format_name="wav16")
    one, many = (examine_recordings([Recording(tmp_path / f"{name}.wav", name)]) for name in ("one", "many"))
    (found,) = (finding for finding in one.findings if finding.kind == "few sounds")
    assert found.message.startswith("Only ")
    assert "s z" in found.figures["missing"]
    assert "few sounds" not in {finding.kind for finding in many.findings}
    # A take of a known line is taken at its word.
    (tmp_path / f"{name_take('en', 0)}.wav").write_bytes((tmp_path / "one.wav").read_bytes())
    told = examine_recordings([Recording(tmp_path / f"{name_take('en', 0)}.wav", f"{name_take('en', 0)}.wav")])
    assert list_phones_of_text(LINES["en"][0], "en") <= set(told.coverage.found)


def test_the_phone_classifier_belongs_to_the_shipped_encoder():
    with safe_open(SHIPPED / "sounds.safetensors", "np") as file:
        assert file.metadata()["encoder"] == f"sha256:{compute_sha256(CONTENT_ENCODER_FILE)}"
        assert file.get_slice("weight").get_shape()[0] == len(PHONES) + 1


def test_an_unknown_language_raises_an_error():
    assert choose_language("ko") == "ko"
    with pytest.raises(UserError, match="There are: en, ko"):
        choose_language("tlh")
