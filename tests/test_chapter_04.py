"""Chapter 04: its pictures show what they are given, its replies name what the reader has seen."""

import re

from legible import all_numbers, numbers_in
import numpy as np
import pytest

from course import chapter_04
from course.artists import number
from course.chapter_04 import MapAndOrbit, StatesOverTime, UnrolledNetwork


def test_the_replies_to_04_1_name_equations_that_stand_above_it():
    hints = [slip.hint for slip in chapter_04.SLIPS if slip.function is chapter_04.rnn_forward]
    named = set(re.findall(r"\d+\.\d", " ".join(hints)))
    assert named == {"1.3", "1.4"}


def test_the_unrolled_network_can_tell_of_all_steps_at_once_without_their_sums():
    states, start = np.zeros((1, 3, 2)), np.zeros((1, 2))
    blame = dict.fromkeys(("dh", "carry", "total", "dz"), states) | {"dh0": start}
    picture = UnrolledNetwork(states, start, sums=False)
    picture.update(6, states, **blame)
    assert picture._frame.get_visible()
    assert picture._caption.get_text().startswith("Back through t = 1")
    picture.update(6, states, caption="All the way back", **blame)
    assert not picture._frame.get_visible()
    assert picture._caption.get_text() == "All the way back"
    words = {text.get_text() for text in picture.figure.axes[0].texts}
    assert not words & {"summed so far", "$dL/dW_h$"}
    assert picture.figure.get_figheight() < UnrolledNetwork(states, start).figure.get_figheight()


def test_the_unrolled_network_shows_only_what_is_known(rng):
    T = 3
    picture = UnrolledNetwork(np.zeros((1, T, 1)), np.zeros((1, 1)))
    row = np.arange(1.0, T + 1).reshape(1, T, 1)
    blame = {"dh": row + 10, "carry": row + 20, "total": row + 30, "dz": row + 40}
    blame |= {"dh0": np.full((1, 1), 50.0), "dWx": [[60.0]], "dWh": [[70.0]], "db": [80.0]}
    for step in range(2 * T + 1):
        picture.update(step, row, **blame)
        shown = sorted(float(n) for n in all_numbers(picture).split() if float(n) != 0)
        back = range(T - max(step - T, 0) + 1, T + 1)
        expected = list(range(1, min(step, T) + 1))
        expected += [10 * kind + t for kind in (1, 2, 3, 4) for t in back]
        if step > T:
            carried = back[0] - 1
            expected += [20 + carried if carried else 50, 60, 70, 80]
        assert shown == sorted(expected)
    assert all(number(value) in picture.alt() for value in expected)  # at the last position


def test_states_are_all_in_sight_unit_by_unit(rng):
    picture, h = StatesOverTime(5, 3, 2.0, lines=(2,)), rng.uniform(-1, 1, (5, 3))
    line, image, *_ = picture.update(h, np.ones(3), 1.0)
    np.testing.assert_array_equal(line.get_xydata(), np.column_stack((np.arange(5), h[:, 2])))
    np.testing.assert_array_equal(image.get_array(), h.T)
    assert image.get_extent() == [*image.axes.get_xlim(), *image.axes.get_ylim()]


def test_the_words_of_states_over_time_count_the_waves_of_each_line():
    picture, t = StatesOverTime(80, 3, 2.0, lines=(0, 2)), np.arange(80)
    h = -np.sin(2 * np.pi * t[:, np.newaxis] / [10, 3, 4] + 0.1)
    picture.update(h, np.ones(3), 1.0)
    rises = "unit 0 rises through zero 8 times, unit 2 rises through zero 20 times."
    assert rises in picture.alt()


def test_the_cobweb_goes_from_curve_to_diagonal():
    grid, orbit = np.array([-1.0, 0.0, 1.0]), [0.1, 0.5, 0.7]
    picture = MapAndOrbit(grid, 2)
    curve, web, stable, unstable, line = picture.update(grid / 2, orbit, [0.0, 0.9], [0.3])
    np.testing.assert_array_equal(curve.get_xydata(), np.column_stack((grid, grid / 2)))
    corners = [(0.1, 0.1), (0.1, 0.5), (0.5, 0.5), (0.5, 0.7), (0.7, 0.7)]
    np.testing.assert_array_equal(web.get_xydata(), corners)
    np.testing.assert_array_equal(stable.get_xydata(), [(0, 0), (0.9, 0.9)])
    np.testing.assert_array_equal(unstable.get_xydata(), [(0.3, 0.3)])
    assert stable.get_markerfacecolor() != unstable.get_markerfacecolor()
    assert "Stable fixed points: [0.000, 0.900]; unstable: [0.300]" in picture.alt()
    np.testing.assert_array_equal(line.get_xydata(), list(enumerate(orbit)))


def test_eigenvalues_are_points_of_the_plane():
    picture = StatesOverTime(3, 2, 2.0)
    moved = picture.update(np.ones((3, 2)), np.array([1 + 2j, 0.5]), 1.5)
    circle, dots, _ = moved[-3:]
    np.testing.assert_array_equal(dots.get_xydata(), [(1, 2), (0.5, 0)])
    np.testing.assert_allclose(np.hypot(*circle.get_xydata().T), 1.5)


def test_the_words_of_the_unrolled_network_tell_what_is_new(rng):
    picture, move = chapter_04._unrolled(rng, 1.0)
    move(8)
    newest = [numbers.lines[0][2] for numbers in numbers_in(picture) if numbers.lines]
    assert sum(text.split()[0] in picture.alt() for text in newest) >= 5


def test_a_network_that_is_too_wide_or_of_another_shape_is_refused():
    with pytest.raises(ValueError, match="T = 9, D = 2, H = 2 do not fit"):
        UnrolledNetwork(np.zeros((1, 9, 2)), np.zeros((1, 2)))
    state = np.zeros((1, 1, 2))
    once = UnrolledNetwork(state, np.zeros((1, 2)))
    blame = dict.fromkeys(("dh", "carry", "total", "dz"), state) | {"dh0": np.zeros((1, 2))}
    blame |= {"dWx": np.zeros((2, 2)), "dWh": np.zeros(2), "db": np.zeros(2)}
    with pytest.raises(ValueError, match=r"dWh has shape \(2,\); it should be \(2, 2\)"):
        once.update(2, state, **blame)
