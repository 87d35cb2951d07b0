"""Text to phonemes (G2P): espeak-ng's IPA with stress, in the symbols that Kokoro was trained on.

It runs the command espeak-ng (Debian's package of that name).
"""

import re
import subprocess
import unicodedata
from collections.abc import Collection
from functools import lru_cache

TIE = "^"
"""espeak-ng joins the two halves of a diphthong or an affricate with it."""
_BREAK = re.compile(r"\s*([;:,.!?—…。、？！।]+)\s*")
_WIDE = str.maketrans("。、？！।¿¡", ".,?!.  ")
_QUOTES = str.maketrans("", "", '"“”«»()')

_COMMON = (
    ("a^ɪ", "I"), ("a^ʊ", "W"), ("e^ɪ", "A"), ("o^ʊ", "O"), ("ə^ʊ", "Q"), ("ɔ^ɪ", "Y"), ("t^ʃ", "ʧ"), ("d^ʒ", "ʤ"),
    ("t^s", "ʦ"), ("d^z", "ʣ"), ("t^ɕ", "ʨ"), ("d^ʑ", "ʥ"), ("ɫ", "l"), ("ɬ", "l"), ("g", "ɡ"), ("r.", "ɽ"),
    ("-", ""), ("_", ""), ("?", ""), (".", ""),
)  # fmt: skip
_ENGLISH = (
    ("ʔˌn\u0329", "tᵊn"), ("ʔn\u0329", "tᵊn"), ("ə^l", "ᵊl"), ("n\u0329", "ᵊn"), ("l\u0329", "ᵊl"), ("ʔ", "t"),
    ("r", "ɹ"), ("x", "k"), ("ɐ", "ə"), ("ɚɹ", "əɹ"), ("ɚ", "əɹ"), ("ʲ", ""),
)  # fmt: skip
_BRITISH = (("e^ə", "ɛː"), ("i^ə", "ɪə"))
_AMERICAN = (("ɜːɹ", "ɜɹ"), ("ɜː", "ɜɹ"), ("ɪ^ɹ", "ɪɹ"), ("i^ə", "iə"), ("ː", ""))


def phonemes_of(text: str, language: str, known: Collection[str]) -> str:
    """The phonemes of a text, in the symbols of `known`; punctuation stays, for it shapes the melody.

    `language` is espeak-ng's name, such as en-us, en-gb or pt-br.
    """
    parts = _BREAK.split(text.translate(_QUOTES).strip())
    said = ""
    for clause, mark in zip(parts[::2], [*parts[1::2], ""], strict=True):
        said += convert_ipa(espeak_ipa(clause, language), language, known) if clause else ""
        said += mark.translate(_WIDE).strip()[:1] + " "
    return " ".join(said.split())


@lru_cache(maxsize=4096)
def espeak_ipa(clause: str, language: str) -> str:
    """What espeak-ng prints for a clause without punctuation."""
    command = ["espeak-ng", "-q", "--ipa", f"--tie={TIE}", "-v", language, "--", clause]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def convert_ipa(ipa: str, language: str, known: Collection[str]) -> str:
    """espeak-ng's IPA in Kokoro's symbols; what Kokoro doesn't know is left out."""
    # Words read in another language are marked, as in (en)…(it).
    ipa = re.sub(r"\([a-z-]+\)", "", ipa)
    rules: tuple[tuple[str, str], ...] = _COMMON
    if language.startswith("en"):
        rules += _ENGLISH + (_AMERICAN if language == "en-us" else _BRITISH)
    for old, new in sorted(rules, key=lambda rule: -len(rule[0])):
        ipa = ipa.replace(old, new)
    letters = (letter if letter in known else unicodedata.normalize("NFD", letter) for letter in ipa)
    return " ".join("".join(one for one in "".join(letters) if one in known or one.isspace()).split())
