"""The leaky state of exercise 05.4, and the slips that others pick by name."""

from collections import Counter

import numpy as np
import pytest

from course.chapter_05 import (
    BACKWARD_SLIPS,
    SLIPS,
    forward_with_cache,
    leaky_backward,
    leaky_forward,
    rnn_backward,
)
from gradient_check import check_layer
import rnn_layers

SIZES = [(2, 5, 3, 4), (3, 4, 5, 2), (2, 1, 4, 3)]  # N, T, D, H


def inputs_of(N, T, D, H, rng):
    shapes = (N, T, D), (N, H), (D, H), (H, H), (H,)
    return [rng.standard_normal(shape) / 2 for shape in shapes]


@pytest.mark.parametrize("sizes", SIZES)
def test_the_leaky_backward_belongs_to_its_forward(sizes, rng):
    check_layer(
        leaky_forward, leaky_backward, *inputs_of(*sizes, rng), rng.uniform(0.1, 0.9, sizes[3])
    )


@pytest.mark.parametrize("sizes", SIZES)
def test_with_a_leak_of_one_the_state_is_the_plain_one(sizes, rng):
    inputs = inputs_of(*sizes, rng)
    h, cache = leaky_forward(*inputs, np.ones(sizes[3]))
    np.testing.assert_allclose(h, rnn_layers.rnn_forward(*inputs)[0])
    dh = rng.standard_normal(h.shape)
    x, h0, Wx, Wh, *_ = cache
    plain = rnn_backward(dh, (x, h0, Wx, Wh, h))
    for leaky, needed in zip(leaky_backward(dh, cache)[:5], plain, strict=True):
        np.testing.assert_allclose(leaky, needed)


def test_slips_that_others_pick_by_name_are_those_of_one_function():
    assert all(slip.function is rnn_backward for slip in BACKWARD_SLIPS)
    assert max(Counter(slip.name for slip in SLIPS).values()) == 1
    assert SLIPS[0].function is rnn_backward  # chapter 00 takes it for the right one


def test_with_dh_changed_in_place_a_loss_k_steps_ahead_counts_k_and_one_times(rng):
    in_place = next(s for s in SLIPS if s.name == "carry added in place into dh").build()
    h, cache = forward_with_cache(*inputs_of(2, 5, 3, 4, rng))
    given = np.zeros_like(h)
    given[:, -1] = rng.standard_normal((2, 4))  # a loss at the last step alone
    in_place(given, cache)
    once = given.copy()
    in_place(given, cache)
    np.testing.assert_allclose(given, once * np.array([5, 4, 3, 2, 1])[:, np.newaxis])
