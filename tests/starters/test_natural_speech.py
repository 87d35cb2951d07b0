"""The natural-speech corpus follows from its numbers and holds no evaluation data; word errors are counted rightly."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile

from bench.quality_table import BEGIN, END, Scores, markdown_table, mean_scores, write_section
from bench.word_errors import edit_distance, normalise_text, number_in_words, ordinal_in_words, word_error_rate
from starters.separator import texts
from starters.speech import corpus, held_out, index, kokoro, languages, phonemes, speakers
from starters.speech.sentences import EVALUATION
from vc_core.audio import Audio

ITEMS = range(2_000)
SYMBOLS = {symbol: at for at, symbol in enumerate(" ,.?!abdefhijklmnoprstuvwzæðŋɐɑɔəɛɜɡɪɹɽʃʊʌʒʤʧˈˌːɾᵊθAIOQWY\u0303")}


def test_an_item_follows_from_its_number_in_any_order():
    forwards = [corpus.plan_item(number) for number in range(60)]
    backwards = [corpus.plan_item(number) for number in reversed(range(60))]
    assert forwards == backwards[::-1]


def test_the_corpus_holds_no_voice_and_no_sentence_of_the_evaluation():
    items = [corpus.plan_item(number) for number in ITEMS]
    used = {name for item in items for name in item.speaker.blend.voices}
    assert used == set(speakers.VOICES)
    assert not used & {*held_out.KOKORO_VOICES, *held_out.FLITE_VOICES}
    others = (text for said in texts.TEST.values() for text in said)
    evaluation = [" ".join(normalise_text(text)) for text in (*held_out.HARVARD_SENTENCES, *EVALUATION, *others)]
    said = {" ".join(normalise_text(item.text)) for item in items}
    assert not [one for text in evaluation for one in said if text in one]


def test_a_held_out_voice_is_refused():
    for name in ("jf_alpha", "jm_kumo", "am_onyx", "bf_alice", "rms", "festival-kal"):
        with pytest.raises(ValueError, match="evaluation only"):
            held_out.require_allowed(name)
    held_out.require_allowed("af_heart")


def test_the_corpus_has_many_speakers_and_languages():
    items = [corpus.plan_item(number) for number in ITEMS]
    spoken = [item.language for item in items]
    assert set(languages.LANGUAGES) | {"en-us", "en-gb"} == set(spoken)
    assert 0.6 < sum(language.startswith("en") for language in spoken) / len(items) < 0.8
    assert len({item.speaker.number for item in items}) == len(speakers.VOICES) + speakers.BLENDS
    assert len({item.text for item in items}) > 0.9 * len(items)
    assert {item.speed for item in items if not corpus.SPEEDS[0] <= item.speed <= corpus.SPEEDS[1]} == set()


def test_blends_differ_in_timbre_and_prosody_apart():
    blends = [speakers.speaker(number).blend for number in range(len(speakers.VOICES), len(speakers.VOICES) + 50)]
    assert all(len(blend.voices) == 2 and blend.first != blend.second for blend in blends)
    shares = np.array([(blend.timbre, blend.prosody) for blend in blends])
    assert abs(np.corrcoef(shares.T)[0, 1]) < 0.5


def test_styles_are_mixed_by_halves():
    first, second = np.zeros(kokoro.STYLE_SIZE, np.float32), np.ones(kokoro.STYLE_SIZE, np.float32)
    mixed = kokoro.mix_styles(first, second, 0.25, 1.0)
    assert (mixed[: kokoro.TIMBRE_SIZE] == 0.25).all()
    assert (mixed[kokoro.TIMBRE_SIZE :] == 1).all()


def test_a_changed_download_is_refused():
    with pytest.raises(ValueError, match="SHA-256"):
        kokoro.check_sha256(b"something else", kokoro.MODEL_SHA256, kokoro.MODEL_FILE)


@pytest.mark.parametrize(
    ("ipa", "language", "expected"),
    [
        ("ˈe^ɪt bˈɔ^ɪz t^ʃˈuːz d^ʒˈɔ^ɪ", "en-us", "ˈAt bˈYz ʧˈuz ʤˈY"),
        ("bˈɜːd ɹˈæðɚ bˈɑːɾə^l", "en-us", "bˈɜɹd ɹˈæðəɹ bˈɑɾᵊl"),
        ("hˈə^ʊm bˈɜːd ðˈe^ə", "en-gb", "hˈQm bˈɜːd ðˈɛː"),
        ("la finˈɛstra", "it", "la finˈɛstra"),
        ("bˈʌr.eː", "hi", "bˈʌɽeː"),
        ("(en)hˈa^ɪ(it)\nt?a", "it", "hˈI ta"),
        ("\u00e3", "pt-br", "a\u0303"),
    ],
)
def test_ipa_becomes_the_synthesiser_s_symbols(ipa, language, expected):
    assert phonemes.convert_ipa(ipa, language, SYMBOLS) == expected


def test_punctuation_stays_between_the_clauses(monkeypatch):
    monkeypatch.setattr(phonemes, "espeak_ipa", lambda clause, language: clause)
    assert phonemes.phonemes_of("sand, “salt” and... sun! ¿no?", "es", SYMBOLS) == "sand, salt and. sun! no?"


def fake_kokoro() -> SimpleNamespace:
    spoken = []

    def speak(said, blend, *, speed):
        spoken.append(said)
        return Audio(np.full((1, 12_000), 0.1, np.float32), kokoro.SAMPLE_RATE)

    return SimpleNamespace(symbols=SYMBOLS, speak=speak, spoken=spoken)


def test_a_corpus_is_resumed_where_it_was_left(monkeypatch, tmp_path):
    monkeypatch.setattr(corpus, "phonemes_of", lambda text, language, known: text)
    corpus.fill_corpus(tmp_path, 1.5 / 3600, fake_kokoro())
    (tmp_path / "000001.flac").unlink()
    again = fake_kokoro()
    corpus.fill_corpus(tmp_path, 2.5 / 3600, again)
    assert again.spoken == [corpus.plan_item(number).text for number in (1, 3, 4)]
    rows = [json.loads(line) for line in (tmp_path / index.INDEX_FILE).read_text("utf-8").splitlines()]
    assert rows[0]["text"] == corpus.plan_item(0).text
    assert {"phonemes", "language", "first", "second", "timbre", "prosody", "seed", "speed"} <= set(rows[0])
    assert sorted(index.read_done(tmp_path)) == [0, 1, 2, 3, 4]
    samples, rate = soundfile.read(tmp_path / rows[0]["file"])
    assert (len(samples), rate) == (12_000, 24_000)


def test_a_line_that_was_cut_off_is_made_again(tmp_path):
    (tmp_path / "000000.flac").touch()
    (tmp_path / index.INDEX_FILE).write_text('{"number": 0, "file": "000000.flac", "seconds": 1.0', "utf-8")
    assert index.read_done(tmp_path) == {}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("The man's dog, Rex -- isn't “here”!", "the mans dog rex is not here"),
        ("It's 4 o'clock; I'm 21.", "it is four oclock i am twenty one"),
        (
            "50 bonds, 1,250 pounds and 100%",
            "fifty bonds one thousand two hundred fifty pounds and one hundred percent",
        ),
        ("the 3rd well-known 20th", "the third well known twentieth"),
        ("Can’t, won't, cannot: let's", "can not will not can not let us"),
        ("Smokey grey", "smoky gray"),
        ("  ...  ", ""),
    ],
)
def test_texts_are_normalised(text, words):
    assert normalise_text(text) == words.split()


def test_numbers_are_written_out():
    written = [number_in_words(number) for number in (0, 19, 40, 305, 2_000, 120_007, 1_234_567)]
    assert written == [
        "zero", "nineteen", "forty", "three hundred five", "two thousand", "one hundred twenty thousand seven",
        "one two three four five six seven",
    ]  # fmt: skip
    assert [ordinal_in_words(number) for number in (1, 12, 30, 42, 100)] == [
        "first", "twelfth", "thirtieth", "forty second", "one hundredth",
    ]  # fmt: skip


def test_word_errors_are_counted():
    assert edit_distance(list("abc"), list("abc")) == 0
    assert edit_distance(list("abc"), list("axcd")) == 2
    assert edit_distance(list("abc"), []) == 3
    assert edit_distance(list("abcd"), list("bccd")) == 2
    # One word of five is wrong in the first, two are added to the second's three: 3 / 8.
    pairs = [("The big cat sat down.", "the big hat sat down"), ("Oh my dear", "Oh my my dear dear")]
    assert word_error_rate(pairs) == pytest.approx(3 / 8)
    assert word_error_rate([("One, two!", "1 2")]) == 0


def scores(word_errors: float, likeness: float = 0.9) -> Scores:
    return Scores(word_errors, 0.05, 3.0, 3.3, 3.2, 3.7, likeness, 0.6, 0.55, 0.99, 20.0, 0.04)


def test_the_table_has_a_mean_for_each_voice_over_the_foreign_sources():
    rows = [("one", "Clara", scores(0.2)), ("two", "Clara", scores(0.4, np.nan)), ("itself", "Clara", scores(0.9))]
    assert mean_scores([row[2] for row in rows[:2]]).likeness == pytest.approx(0.9)
    lines = markdown_table(rows).splitlines()
    assert len(lines) == 6
    assert "20.0 % (5.0 %)" in lines[2]
    assert "| – |" in lines[3]
    assert lines[-1].startswith("| **mean** | Clara | 30.0 % (5.0 %) |")


def test_the_section_is_replaced_between_its_markers(tmp_path):
    page = tmp_path / "bench.md"
    page.write_text("# Measurements\n", "utf-8")
    write_section(page, "first")
    assert page.read_text("utf-8") == f"# Measurements\n\n{BEGIN}\nfirst\n{END}\n"
    page.write_text(page.read_text("utf-8") + "\n## After\n", "utf-8")
    write_section(page, "second")
    assert page.read_text("utf-8") == f"# Measurements\n\n{BEGIN}\nsecond\n{END}\n\n## After\n"
