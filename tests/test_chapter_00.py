"""The line-up of chapter 00 tells what it shows, and no more than may be told."""

import numpy as np
import pytest

from course.artists import ROLES
from course.chapter_00 import LineUp

LOSSES = {"A": [3.0, 0.2], "B": [3.0, 0.4], "C": [3.0, 0.1], "D": [3.0, 0.2]}
ARRAYS = ["dx", "dh0"]


def colours(picture):
    """The colour of each line that stands still, in both charts."""
    charts = [axes for axes in picture.figure.axes if axes.lines]
    return [[line.get_color() for line in axes.lines[: len(LOSSES)]] for axes in charts]


@pytest.mark.parametrize(("letter", "lower"), [("A", 1), ("B", 3), ("C", 0), ("D", 1)])
def test_a_line_up_counts_the_curves_that_end_lower(letter, lower):
    picture = LineUp(LOSSES, ARRAYS)
    picture.update(letter)
    assert f"{lower} of the others end lower" in picture.alt()
    end = f"ends at {LOSSES[letter][-1]:.0e}".replace("e-0", "e−")
    assert picture._end.get_text() == f"{end}; {lower or 'none'} end lower"


def test_the_words_of_a_line_up_list_all_ends():
    picture = LineUp(LOSSES, ARRAYS)
    picture.update("A")
    assert picture.alt().endswith("From low to high they end at 1e−1, 2e−1, 2e−1, 4e−1.")


def test_the_right_curve_is_black_in_both_charts_once_it_may_be_told():
    truth, wrong, neutral = (ROLES[role].colour for role in ("truth", "wrong", "neutral"))
    assert colours(LineUp(LOSSES, ARRAYS)) == [[neutral] * 4] * 2
    assert colours(LineUp(LOSSES, ARRAYS, right="C")) == [[wrong, wrong, truth, wrong]] * 2


@pytest.mark.parametrize(("letter", "role"), [("A", "wrong"), ("C", "forward")])
def test_a_picked_curve_is_wrong_unless_it_is_the_right_one(letter, role):
    picture = LineUp(LOSSES, ARRAYS, right="C")
    picture.update(letter, "a name", np.zeros(2))
    assert {line.get_color() for line in picture._picked} == {ROLES[role].colour}


def test_errors_are_told_only_when_they_are_given():
    picture = LineUp(LOSSES, ARRAYS)
    picture.update("B")
    assert not any(row.get_visible() for row in (picture._head, *picture._rows))
    picture.update("B", "no carry", [0.25, 0.0])
    assert all(row.get_visible() for row in (picture._head, *picture._rows))
    assert picture.alt().endswith("B is: no carry. Relative errors: dx 0.250, dh0 0.000.")
