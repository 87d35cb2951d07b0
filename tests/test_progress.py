"""Progress of a part is mapped into the whole, and stopping goes through."""

import pytest

from vc_core.progress import Cancelled, part_of, silent


def test_a_part_fills_its_share_of_the_whole():
    seen = []
    second_half = part_of(lambda *step: seen.append(step), 0.5, 1.0)
    second_half(0.0, "a")
    second_half(0.5, "b")
    second_half(1.0, "c")
    assert seen == [(0.5, "a"), (0.75, "b"), (1.0, "c")]


def test_parts_of_parts_add_up():
    seen = []
    part_of(part_of(lambda *step: seen.append(step), 0.5, 1.0), 0.0, 0.5)(1.0, "x")
    assert seen == [(0.75, "x")]


def test_stopping_goes_through_a_part():
    def stop(fraction, message):
        raise Cancelled

    with pytest.raises(Cancelled):
        part_of(stop, 0, 1)(0.1, "")


def test_silence_does_nothing():
    assert silent(0.5, "x") is None
