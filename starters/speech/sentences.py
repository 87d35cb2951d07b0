"""Sentences of the synthetic voices: built from templates for training, and fixed ones for the evaluation."""

import numpy as np

from starters.separator import texts
from starters.separator.effects import Generator

_WHO = (
    "the farmer", "my sister", "a young doctor", "the old captain", "our neighbour", "a thirsty giraffe", "the judge",
    "every child", "a quiet stranger", "the orchestra", "her cousin Joyce", "the whole village", "a purple butterfly",
    "the tall engineer", "George", "a huge brown bear", "the thief", "his uncle", "a singing nurse", "the mayor",
    "nobody", "the white horse", "a cheerful baker", "the girl with the yellow hat", "that boy", "the wise owl",
)  # fmt: skip
_DOES = (
    "carried", "would choose", "has forgotten", "never liked", "is watching", "should measure", "painted", "threw",
    "could hear", "bought", "enjoyed", "will follow", "found", "must wash", "had stolen", "pushed", "was dreaming of",
    "usually avoids", "cooked", "moved", "showed us", "thought about", "loves", "drew", "asked for", "may need",
)  # fmt: skip
_WHAT = (
    "a bag of oranges", "the broken television", "three loud bells", "the path through the wood", "some warm bread",
    "a piece of blue cloth", "the garage door", "seven thin fish", "the measure of pleasure", "a good book",
    "the voice of the sea", "fresh milk and cheese", "an easy question", "the northern lights", "a big wooden toy",
    "the hour before dawn", "five cold spoons", "this awful noise", "a jar of honey", "the usual beige jacket",
    "their first mouth organ", "a view of the valley", "the king's new clothes", "another cup of tea", "those shoes",
    "a young fox", "your earth-coloured boat", "the music", "a few sharp knives", "the choice of the jury",
)  # fmt: skip
_WHEN = (
    "before lunch", "on the roof", "in a dusty corner", "without a word", "near the church", "all through the night",
    "under the bridge", "at half past four", "because of the rain", "beyond the hills", "with both hands",
    "for a hundred years", "by the edge of the pool", "after the show", "in June", "at the zoo", "every Thursday",
    "while the fire burned", "from here to the shore", "with great joy", "in the shadow of the tower", "again",
)  # fmt: skip

EVALUATION = (
    *texts.TEST["en"],
    "Please put the green umbrella beside the kitchen table.",
    "Their youngest daughter writes poems about winter storms.",
    "A gentle breeze was moving the curtains of the empty room.",
    "Would you like to share my sandwich, or shall we order soup?",
    "Six brave climbers reached the top of that mountain yesterday.",
    "He laughed so hard that the juice came out of his nose.",
)
"""In no training set."""


def build_sentence(generator: Generator) -> str:
    """Build a grammatical English sentence that seldom makes sense."""
    who, does, what, when = (str(generator.choice(words)) for words in (_WHO, _DOES, _WHAT, _WHEN))
    sentence = f"{who} {does} {what} {when}."
    return sentence[0].upper() + sentence[1:]


def choose_text(language: str, generator: Generator) -> str:
    """Choose a training sentence in that language; "" is for invented words."""
    if not language:
        return texts.invent_text(generator)
    if language == "en" and generator.random() < 0.8:
        return build_sentence(generator)
    return str(generator.choice(np.array(texts.TRAINING[language], dtype=object)))
