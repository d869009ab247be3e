"""The pictures of chapter 01 show what they are given, and its latch is judged by what it does."""

from desk import accepted, built, verdict
from legible import all_numbers, assert_legible
from matplotlib.patches import FancyBboxPatch
import numpy as np
import pytest

from course import chapter_01
from course.artists import number
from course.chapter_01 import Response, rnn_step_graph


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


@pytest.mark.parametrize(
    ("weight", "bias", "words"),
    [
        (0.3, 0.0, "crosses it at 0.000, rising"),
        (0.3, -0.35, "crosses it at 1.167, rising"),
        (-0.3, -0.35, "crosses it at −1.167, falling"),
        (0.0, 0.2, "stays on one side"),
        (0.0, 0.0, "is zero everywhere"),
    ],
)
def test_the_words_of_a_response_say_where_it_crosses_zero(weight, bias, words):
    grid = np.linspace(-6, 6, 121)
    picture = Response({"our cell": "forward"}, (-6, 6))
    picture.update({"our cell": (grid, np.tanh(weight * grid + bias))})
    assert picture.alt().endswith(f"Of zero: our cell {words}.")


def latch(weights):
    return built("latch", f"def latch():\n    return {weights}")


@pytest.mark.parametrize("weights", ["2, 2, 2", "10, 10, 5", "[100, 100, 50]", "np.full(3, 2.5)"])
def test_any_weights_that_hold_make_a_latch(weights):
    assert accepted(latch(weights))


@pytest.mark.parametrize(
    ("weights", "words"),
    [
        ("3, 3, 1", "After 1 the state is 0.762; it should be above 0.9. There z = x w_x + prev_h"),
        (
            "1.5, 1.5, 1.5",
            "= (-1)(1.5) + (-0.905)(1.5) + (1.5) = -1.358, and tanh(z) is below -0.9",
        ),
        ("-3, 3, 3", "After -1 the state is 0.995; it should be below -0.9."),
        ("3.1, 3.1, 1.782", "After 1, -1, -1, -1, -1, -1, -1 and -1, and -1 for 5 steps more, the"),
        ("np.nan, 1, 1", "latch should return three numbers"),
        ("3, np.inf, 3", "latch should return three numbers"),
        ("3, 3", "latch should return three numbers"),
        ("3", "latch should return three numbers"),
    ],
)
def test_what_is_no_latch_is_told_by_the_shortest_sequence(weights, words):
    assert words in verdict(latch(weights))


@pytest.mark.parametrize("weights", ["5, 1, 0", "20, 1, 1", "1, 1, 1", "3, 2, 2", "0.5, 0.5, 0.5"])
def test_a_reason_is_given_only_for_weights_of_the_same_signs(weights):
    assert "With w_h = 0" not in verdict(latch(weights))


@pytest.mark.parametrize(
    ("weights", "blank"),
    [("3, 3, ...", "b"), ("None, None, None", "w_x, w_h and b"), ("...", "w_x, w_h and b")],
)
def test_a_latch_with_a_hole_is_to_do(weights, blank):
    assert verdict(latch(weights)) == f"To do: {blank} in latch. hint(latch) helps."
