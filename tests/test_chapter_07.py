"""The pictures of chapter 07 show what they are given, and its answers belong to their forwards."""

import numpy as np
import pytest

from course import chapter_07
from course.chapter_07 import (
    GradientOverTime,
    LossLandscape,
    antisymmetric_backward,
    antisymmetric_forward,
    bound_on_norm,
    gradient_at_first,
    jacobian,
)
from gradient_check import check_layer, complex_step


@pytest.mark.parametrize("sizes", [(2, 5, 3, 4), (3, 4, 5, 2), (2, 1, 4, 3)])  # N, T, D, H
def test_the_antisymmetric_backward_belongs_to_its_forward(sizes, rng):
    N, T, D, H = sizes
    shapes = (N, T, D), (N, H), (D, H), (H, H), (H,)
    inputs = [rng.standard_normal(shape) for shape in shapes]
    check_layer(antisymmetric_forward, antisymmetric_backward, *inputs)


def test_the_gradient_at_the_first_state_is_that_of_the_run(rng):
    drive, w, first = rng.standard_normal(4), 1.3, np.array(0.2)

    def run(state):
        states = [state]
        for x_t in drive:
            states.append(np.tanh(x_t + w * states[-1]))
        return np.array(states)

    by_witness = complex_step(lambda state: run(state)[-1], first)
    np.testing.assert_allclose(gradient_at_first(run(first), w), by_witness)


def test_rows_of_the_jacobian_are_gradients_of_units_and_the_bound_holds(rng):
    prev_h, Wh = rng.standard_normal(3), rng.standard_normal((3, 3))
    J = jacobian(np.tanh(prev_h @ Wh), Wh)
    for i in range(3):
        row = complex_step(lambda state, i=i: np.tanh(state @ Wh)[i], prev_h)
        np.testing.assert_allclose(J[i], row)
    slopes = 1 - np.tanh(prev_h @ Wh) ** 2
    assert np.linalg.norm(J, 2) <= bound_on_norm(slopes[None], Wh)


def test_the_gradient_ends_where_the_loss_sits():
    picture = GradientOverTime(9, (1e-3, 1e3))
    norms, source, slopes, shut = picture.update([0.01, 0.1, 1], [0.5, 0.25], [0, 1])
    np.testing.assert_array_equal(norms.get_xydata(), [(0, 0.01), (1, 0.1), (2, 1)])
    np.testing.assert_array_equal(source.get_xydata(), [(2, 1)])
    np.testing.assert_array_equal(slopes.get_xydata(), [(1, 0.5), (2, 0.25)])
    np.testing.assert_array_equal(shut.get_xydata(), [(1, 0), (2, 1)])
    assert "from 1e0 at the last state back to 1e−2 at the first" in picture.alt()
    assert "0.375 on average" in picture.alt()
    assert "saturated units, 0.500 on average" in picture.alt()
    with pytest.raises(ValueError, match="lengths has 11 entries; it should have 2 to 10"):
        picture.update(np.ones(11), np.ones(10), np.ones(10))


def test_a_walk_may_leave_the_landscape(rng):
    picture, _ = chapter_07._loss_landscape(rng, 1.0)
    walks = {"not clipped": [(1, 0), (90, -200)], "clipped": [(1, 0), (1.1, 0.2), (1.2, 0.3)]}
    losses = {"not clipped": 0.25, "clipped": 0.125}
    for line, walk in zip(picture.update(walks, losses), walks.values()):
        np.testing.assert_array_equal(line.get_xydata(), walk)
    assert "not clipped, at w = 90.00, b = −200.0, L = 0.250 after step 1" in picture.alt()
    assert "clipped, at w = 1.200, b = 0.300, L = 0.125 after step 2" in picture.alt()


def test_more_points_than_looks_are_refused():
    with pytest.raises(ValueError, match="4 points are too many; show 3 at most"):
        LossLandscape([0, 1], [0, 1], np.ones((2, 2)), dict.fromkeys("abcd"), {}, (1, 2))
