"""Progress of a sub-range is mapped into the whole, and cancellation passes through."""

import pytest

from vc_core.progress import Cancelled, silent, subprogress


def test_a_subprogress_fills_its_range_of_the_whole():
    seen = []
    second_half = subprogress(lambda *step: seen.append(step), 0.5, 1.0)
    second_half(0.0, "a")
    second_half(0.5, "b")
    second_half(1.0, "c")
    assert seen == [(0.5, "a"), (0.75, "b"), (1.0, "c")]


def test_subprogress_can_be_nested():
    seen = []
    subprogress(subprogress(lambda *step: seen.append(step), 0.5, 1.0), 0.0, 0.5)(1.0, "x")
    assert seen == [(0.75, "x")]


def test_cancellation_passes_through_a_subprogress():
    def stop(fraction, message):
        raise Cancelled

    with pytest.raises(Cancelled):
        subprogress(stop, 0, 1)(0.1, "")


def test_silent_does_nothing():
    assert silent(0.5, "x") is None
