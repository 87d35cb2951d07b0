"""Borders of check boxes have a contrast of at least 3 (WCAG 1.4.11), and the page's script has its words."""

import re

import gradio as gr
import pytest

from vc_core.ui.page_script import WORDS, make_script
from vc_core.ui.theme import make_theme
from vc_core.ui.words import LANGUAGES


def luminance(hexadecimal):
    channels = [int(hexadecimal[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize(("suffix", "backgrounds"), [("", ("#ffffff", "c50")), ("_dark", ("c800", "c900"))])
def test_the_border_of_a_check_box_is_visible(suffix, backgrounds):
    theme, slate = make_theme(), gr.themes.colors.slate
    for state in ("", "_hover"):
        name = re.fullmatch(r"\*neutral_(\d+)", getattr(theme, f"checkbox_border_color{state}{suffix}"))
        for background in backgrounds:
            assert contrast(getattr(slate, f"c{name[1]}"), getattr(slate, background, background)) >= 3


def test_the_script_has_its_words_in_every_language():
    script = make_script()
    for language in LANGUAGES.values():
        for key in WORDS:
            assert language.words[key] in script
