"""The pictures of chapter 01 show what they are given."""

from legible import all_numbers, assert_legible
from matplotlib.patches import FancyBboxPatch
import numpy as np
import pytest

from course import chapter_01
from course.artists import number
from course.chapter_01 import rnn_step_graph


@pytest.mark.parametrize("sizes", [(1, 1, 1), (1, 2, 2), (2, 3, 2), (3, 2, 3), (4, 3, 2)])
def test_the_graph_takes_other_sizes(sizes, rng):
    picture, move = chapter_01._graph(rng, 12.345, *sizes)
    move(len(picture.steps) - 1)
    assert_legible(picture)
    boxes = [patch.get_window_extent() for patch in picture.figure.findobj(FancyBboxPatch)]
    for *_, factor in picture._links:
        if factor.get_text():
            assert factor.get_window_extent().count_overlaps(boxes) == 0, factor.get_text()


def test_the_graph_reveals_node_by_node(rng):
    picture = rnn_step_graph(1, 1, 1)
    known = {name: np.full(n.shape, k + 1.5) for k, (name, n) in enumerate(picture.nodes.items())}
    blame = {name: array + 20 for name, array in known.items()}
    for step in range(len(picture.steps)):
        picture.update(step, known, blame)
        done = picture.steps[: step + 1]
        expected = [number(known[name].item()) for s in done for name in s.values]
        expected += [number(blame[name].item()) for s in done for name in s.gradients]
        assert sorted(all_numbers(picture).split()) == sorted(expected)
        given = {name for s in done for name in s.values}
        blamed = {name for s in done for name in s.gradients}
        for source, target, there, back, factor in picture._links:
            assert there.get_visible() == (source in given and target in given)
            assert back.get_visible() == factor.get_visible() == ({source, target} <= blamed)
    assert len(expected) == 2 * len(picture.nodes)


def test_the_words_of_the_graph_hold_its_numbers(rng):
    picture, move = chapter_01._graph(rng, 1.0)
    move(12)
    assert not [text for text in all_numbers(picture).split() if text not in picture.alt()]


def test_arrays_that_are_too_wide_or_of_another_shape_are_refused(rng):
    with pytest.raises(ValueError, match="do not fit"):
        rnn_step_graph(2, 5, 5)
    picture = rnn_step_graph(2, 3, 2)
    known = {name: np.zeros(node.shape) for name, node in picture.nodes.items()}
    with pytest.raises(ValueError, match=r"Wx has shape \(2, 3\); it should be \(3, 2\)"):
        picture.update(0, known | {"Wx": np.zeros((2, 3))})
    with pytest.raises(ValueError, match="b is missing"):
        picture.update(0, known | {"b": None})
    with pytest.raises(ValueError, match="step is 13; it should be from 0 to 12"):
        picture.update(13, known, known)
