"""The pictures of chapter 06 show what they are given, and its plain code is right."""

from desk import edited, verdict
import numpy as np
import pytest

from course.chapter_05 import forward_with_cache, rnn_backward
from course.chapter_06 import (
    SLIPS,
    CaseFile,
    both_sides,
    cosine,
    layer_norm_backward,
    layer_norm_forward,
    small_step,
)
from gradient_check import check_layer


def test_more_lines_of_code_than_fit_are_refused():
    with pytest.raises(ValueError, match="3 wrong lines do not fit; show 2 at most"):
        CaseFile(["dx"], np.ones(3)).update(["a"], ["a", "b", "c"], [1], [1], np.ones(3))


def test_a_case_file_says_where_both_training_curves_end():
    picture = CaseFile(["dx"], np.array([3.0, 0.25]))
    picture.update(["a"], ["b"], [1], [1], np.array([3.0, 0.5]))
    assert "after 2 steps the loss is 0.500 with the wrong gradient and 0.250" in picture.alt()


def test_a_layer_norm_without_its_std_passes_where_all_that_comes_back_is_one():
    """The upstream gradient of ones is blind to it; a random one is not."""
    [held] = [slip for slip in SLIPS if slip.name == "norm: std held"]
    draw = np.random.default_rng(0).standard_normal
    x, ones, bias = draw((3, 5)), np.ones(5), draw((5,))
    _, cache = layer_norm_forward(x, ones, bias)
    for dout, blind in ((np.ones((3, 5)), True), (draw((3, 5)), False)):
        wrong, right = held.build()(dout, cache)[0], layer_norm_backward(dout, cache)[0]
        assert np.allclose(wrong, right, atol=1e-12) == blind


def test_a_layer_norm_is_right_for_the_witnesses():
    draw = np.random.default_rng(0).standard_normal
    for N, H in ((3, 5), (1, 4), (4, 3)):
        inputs = draw((N, H)), draw((H,)), draw((H,))
        check_layer(layer_norm_forward, layer_norm_backward, *inputs)


def test_both_sides_agree_for_the_right_gradients_alone():
    draw = np.random.default_rng(0).standard_normal
    inputs = [draw(shape) / 2 for shape in ((2, 5, 3), (2, 4), (3, 4), (4, 4), (4,))]
    directions, dh = [draw(np.shape(array)) for array in inputs], draw((2, 5, 4))
    gradients = rnn_backward(dh, forward_with_cache(*inputs)[1])
    assert np.isclose(*both_sides(forward_with_cache, inputs, directions, gradients, dh))
    for k in range(5):
        wrong = [-array if k == place else array for place, array in enumerate(gradients)]
        assert not np.isclose(*both_sides(forward_with_cache, inputs, directions, wrong, dh))


def test_both_sides_take_one_call_of_forward_and_not_one_for_each_input():
    single = "ahead = np.sum(dh * forward(*moved)[0].imag) / 1e-30"
    each = "ahead = sum(np.sum(dh * forward(*inputs[:k], moved[k], *inputs[k + 1:])[0].imag)"
    five = edited("both_sides", single, f"{each} for k in range(5)) / 1e-30")
    assert "right, but both_sides calls forward 5 times; it should be once" in verdict(five)


def test_the_share_is_what_is_left_of_the_fall_in_a_step_of_the_same_length():
    draw = np.random.default_rng(0).standard_normal
    g, g_hat, eta = draw((3, 4)), draw((3, 4)), 0.1
    change, share = small_step(g, g_hat, eta)
    best, _ = small_step(g, np.linalg.norm(g_hat) / np.linalg.norm(g) * g, eta)
    np.testing.assert_allclose(share, change / best)
    np.testing.assert_allclose(share, cosine(g, g_hat))
