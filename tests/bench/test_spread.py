from __future__ import annotations

import pytest
from bench.spread import Spread


def test_the_median_and_the_quartiles():
    assert Spread.of([5, 1, 4, 2, 3]) == Spread(median=3, low=2, high=4)


def test_one_disturbed_round_does_not_move_the_median():
    assert Spread.of([1, 1, 1, 1, 1000]).median == 1


def test_one_sample_is_its_own_spread():
    assert Spread.of([7.0]) == Spread.exactly(7.0)


def test_ratios_are_taken_round_by_round():
    """A machine that gets slower all the time leaves them alone; the ratio of two medians would too, just."""
    slowdown = [1, 2, 4, 8, 16]
    ours, theirs = [1.0 * by for by in slowdown], [3.0 * by for by in slowdown]
    assert Spread.of_ratio(theirs, ours) == Spread(3, 3, 3)


def test_rounds_of_unequal_number_have_no_ratio():
    with pytest.raises(ValueError):
        Spread.of_ratio([1.0, 2.0], [1.0])


def test_the_inverse_swaps_the_quartiles():
    assert Spread(2, 1, 4).inverted() == Spread(0.5, 0.25, 1.0)


def test_the_spread_in_per_cent():
    assert Spread(100, 90, 110).percent == pytest.approx(10)
    assert Spread(0, 0, 0).percent == 0
