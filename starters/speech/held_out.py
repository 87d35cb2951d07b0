"""Held-out evaluation data: speakers and sentences that no training and no tuning may use."""

KOKORO_VOICES = ("jf_alpha", "jm_kumo", "am_onyx", "bf_alice")
FLITE_VOICES = ("rms",)
FESTIVAL = "festival"
"""All voices of this synthesiser."""

HARVARD_SENTENCES = (
    "The birch canoe slid on the smooth planks.",
    "Glue the sheet to the dark blue background.",
    "It's easy to tell the depth of a well.",
    "These days a chicken leg is a rare dish.",
    "Rice is often served in round bowls.",
    "The juice of lemons makes fine punch.",
    "The box was thrown beside the parked truck.",
    "The hogs were fed chopped corn and garbage.",
    "Four hours of steady work faced us.",
    "A large size in stockings is hard to sell.",
    "The boy was there when the sun rose.",
    "A rod is used to catch pink salmon.",
    "The source of the huge river is the clear spring.",
    "Kick the ball straight and follow through.",
    "Help the woman get back to her feet.",
    "A pot of tea helps to pass the evening.",
    "Smoky fires lack flame and heat.",
    "The soft cushion broke the man's fall.",
    "The salt breeze came across from the sea.",
    "The girl at the booth sold fifty bonds.",
    "The small pup gnawed a hole in the sock.",
    "The fish twisted and turned on the bent hook.",
    "Press the pants and sew a button on the vest.",
    "The swan dive was far short of perfect.",
)
"""The Harvard sentences, lists 1, 2 and part of 3 (IEEE Recommended Practice for Speech Quality Measurements, 1969)."""


def require_allowed(voice: str) -> None:
    """Raise ValueError if training may not use this voice."""
    if voice in (*KOKORO_VOICES, *FLITE_VOICES) or voice.startswith(FESTIVAL):
        raise ValueError(f"the voice {voice} is for evaluation only")
