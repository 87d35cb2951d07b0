"""The chart of a training has axes with round numbers, titles, a legend, and a marker at each evaluation."""

import re
from xml.etree import ElementTree

import pytest

from vc_core.ui.drawing.training_chart import render_training_chart

WORDS = {"step": "Step", "score": "Score", "losses": "Losses <b>"}
LOSSES = [{"step": at, "mel": 3.1 / at, "pitch & level": 40.0 + at} for at in range(1, 900)]
SCORES = [(at, 0.1234567 - at / 1e5) for at in range(100, 901, 100)]


def figures(losses=LOSSES, scores=SCORES):
    return ElementTree.fromstring(render_training_chart(losses, scores, WORDS)).findall("figure")


def test_scores_and_losses_have_charts_of_their_own_with_titles_and_a_legend():
    score, losses = figures()
    assert [figure.findtext("figcaption") for figure in (score, losses)] == ["Score", "Losses <b>"]
    assert ["".join(item.itertext()) for item in losses.findall("ul/li")] == ["mel", "pitch & level"]
    assert [len(figure.findall("svg/polyline")) for figure in (score, losses)] == [1, 2]
    assert len(score.findall("svg/circle")) == len(SCORES)
    assert len({line.get("stroke") for line in losses.findall("svg/polyline")}) == 2


def test_numbers_are_round_and_everything_is_inside():
    for figure in figures():
        texts = [text.text for text in figure.findall("svg/text")]
        assert texts.pop() == "Step"
        assert all(re.fullmatch(r"-?\d{1,4}(\.\d{1,3})?", text) for text in texts), texts
        _, _, width, height = map(float, figure.find("svg").get("viewBox").split())
        for line in figure.findall("svg/polyline"):
            for point in line.get("points").split():
                x, y = map(float, point.split(","))
                assert 0 <= x <= width
                assert 0 <= y <= height


@pytest.mark.parametrize("scores", [[(1, 0.5)], [(7, 0.0), (9, 0.0)], [(0, -2.0), (1, 1e6)]])
def test_few_or_equal_values_are_drawn(scores):
    (figure,) = figures([], scores)
    assert len(figure.findall("svg/circle")) == len(scores)


def test_before_the_first_values_there_is_no_chart():
    assert render_training_chart([], [], WORDS) == ""
