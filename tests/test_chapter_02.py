"""What chapter 02 says of its pictures, and its plain code."""

import numpy as np
import pytest

from course.chapter_02 import (
    complex_slope,
    digits,
    digits_in_words,
    least_error_step,
    two_sided,
)


def test_a_picture_of_errors_is_told_in_digits_and_by_its_best_step():
    steps = np.array([1e-2, 1e-4, 1e-6])
    found = {"central": np.array([2e-4, 3e-9, 4e-7]), "exact": np.array([1e-4, 1e-8, 1e-17])}
    foretold = {"central": np.array([1e-4, 1e-8, 1e-6])}
    assert digits_in_words(steps, found, foretold) == (
        "Digits of the slope that are right at this step: "
        "central 6 (at most 8, at step 1e−4), exact 15."
    )


@pytest.mark.parametrize(("error", "right"), [(3.0, 0), (0.2, 1), (2e-8, 8), (1e-17, 15)])
def test_digits_are_counted_from_none_to_fifteen(error, right):
    assert digits(error) == right


def test_the_step_of_least_error_is_better_than_its_neighbours():
    for eps, size, third in [(2.0**-52, 0.7, 0.4), (2.0**-23, 3.0, 20.0)]:
        h = least_error_step(eps, size, third) * np.array([0.99, 1, 1.01])
        assert np.argmin(h**2 / 6 * third + eps * size / (2 * h)) == 1


@pytest.mark.parametrize(
    ("slope", "h", "error"), [(two_sided, 1e-3, 1e-6), (complex_slope, 1e-30, 1e-15)]
)
def test_a_slope_is_that_of_the_function(slope, h, error):
    for z in (-0.7, 0.3, 2.0):
        np.testing.assert_allclose(slope(np.tanh, z, h), 1 - np.tanh(z) ** 2, rtol=error)
