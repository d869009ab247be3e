"""Slips: edits of a right function, and what sees them."""

from dataclasses import replace
from itertools import combinations

from desk import CHAPTERS
import numpy as np
import pytest

from gradient_check import check_layer, relative_error
import rnn_layers

SLIPS = [s for chapter in CHAPTERS.values() for s in getattr(chapter, "SLIPS", []) if s.shown]
LAYERS = {  # name of the function with the slip -> the forward pass, and the shapes of its inputs
    "rnn_step_backward": (rnn_layers.rnn_step_forward, [(3, 2), (3, 4), (2, 4), (4, 4), 4]),
    "rnn_backward": (
        CHAPTERS["chapter_05"].forward_with_cache,
        [(3, 5, 2), (3, 4), (2, 4), (4, 4), 4],
    ),
    "temporal_affine_backward": (
        rnn_layers.temporal_affine_forward,
        [(2, 5, 3), (3, 4), 4],
    ),
    "lstm_backward": (
        CHAPTERS["chapter_11"].lstm_forward,
        [(2, 3, 1), (2, 2), (1, 8), (2, 8), 8],
    ),
    "gru_backward": (
        CHAPTERS["chapter_12"].gru_forward,
        [(2, 3, 1), (2, 2), (1, 6), (2, 6), 6, 6],
    ),
}
IN_LAYERS = [slip for slip in SLIPS if slip.function.__name__ in LAYERS]


@pytest.mark.parametrize("slip", IN_LAYERS, ids=lambda slip: slip.name)
def test_check_layer_catches_a_slip(slip):
    """All but one, which is seen in the cache alone."""
    forward, shapes = LAYERS[slip.function.__name__]
    inputs = [np.random.default_rng(0).standard_normal(shape) / 2 for shape in shapes]
    check_layer(forward, slip.function, *inputs)
    if slip.name == "slope written over the states":
        dh, cache = np.ones((3, 5, 4)), forward(*inputs)[1]
        before = [array.copy() for array in cache]
        slip.build()(dh, cache)
        assert not all(map(np.array_equal, cache, before))
    else:
        with pytest.raises(AssertionError):
            check_layer(forward, slip.build(), *inputs)


@pytest.mark.parametrize(
    "slip",
    [slip for slip in SLIPS if slip.function is rnn_layers.word_embedding_backward],
    ids=lambda slip: slip.name,
)
def test_a_slip_of_the_embedding_differs(slip):
    rng = np.random.default_rng(0)
    cache = rnn_layers.word_embedding_forward(np.array([[0, 1, 0], [2, 0, 1]]), np.ones((3, 4)))[1]
    dout = rng.standard_normal((2, 3, 4))
    assert not np.allclose(slip.build()(dout, cache), slip.function(dout, cache))


@pytest.mark.parametrize("slip", SLIPS, ids=lambda slip: slip.name)
def test_the_lines_of_a_slip_are_what_differs(slip):
    right, wrong = slip.lines()
    assert wrong
    assert not set(right) & set(wrong)
    assert all(line in slip.source() for line in wrong)


@pytest.mark.parametrize("chapter", ["chapter_05", "chapter_11", "chapter_12"])
def test_a_slip_that_is_shown_in_the_kill_matrix_changes_two_lines_at_most(chapter):
    for slip in CHAPTERS[chapter].SLIPS:
        if slip.shown:
            assert max(map(len, slip.lines())) <= 2, slip.name


@pytest.mark.parametrize(("chapter", "least"), [("chapter_11", 20), ("chapter_12", 16)])
def test_no_two_wrong_backward_passes_are_the_same(chapter, least):
    slips = [slip for slip in CHAPTERS[chapter].SLIPS if slip.shown]
    forward, shapes = LAYERS[slips[0].function.__name__]
    rng = np.random.default_rng(0)
    h, cache = forward(*(rng.standard_normal(shape) / 2 for shape in shapes))
    dh = rng.standard_normal(h.shape)
    found = {}
    for slip in slips:
        given = dh.copy()
        gradients = np.concatenate([np.ravel(part) for part in slip.build()(given, cache)])
        found[slip.name] = np.append(gradients, given)  # some are wrong in manners alone
    assert len(found) >= least
    for one, other in combinations(found, 2):
        assert relative_error(found[one], found[other]) > 1e-9, (one, other)


@pytest.mark.parametrize("text", ["no such text", "h_t"])
def test_an_edit_that_does_not_fit_is_an_error(text):
    stale = replace(CHAPTERS["chapter_04"].SLIPS[0], edits=((text, "x"),))
    with pytest.raises(LookupError, match=r"stands \d+ times in rnn_forward, not once"):
        stale.build()
