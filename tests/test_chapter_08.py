"""The pictures of chapter 08 show what they are given."""

from legible import all_numbers
from matplotlib.collections import PolyCollection
import numpy as np
import pytest

from course import chapter_08
from course.chapter_08 import Bars, LetterBars, LetterCells, Ranking, Words


def test_a_bar_is_as_high_as_its_number():
    picture = Bars("an", {"gap": ("backward", -1, 1)})
    bars, outlines, _, *texts = picture.update({"gap": [0.25, -0.5]}, {"gap": [1, 0]})
    tops = [path.vertices[1:3, 1].tolist() for path in bars.get_paths()]
    assert tops == [[0.25, 0.25], [-0.5, -0.5]]
    assert [path.vertices[1, 1] for path in outlines.get_paths()] == [1, 0]
    assert [text.get_text() for text in texts] == ["0.250", "−0.500"]
    assert texts[1].get_position()[1] < -0.5 < 0.25 < texts[0].get_position()[1]
    assert picture.alt() == "Bars. gap: a 0.250, n −0.500. Outlined: [1.000, 0.000]."


def test_names_that_are_known_are_marked_in_colour_and_in_shape():
    picture = Words(2)
    new, known, _ = picture.update(["anna", "bo"], [False, True], "one of two is known")
    assert known.get_text().startswith("●")
    assert not new.get_text().startswith("●")
    assert new.get_color() != known.get_color()
    assert picture.alt() == "Words: anna, bo (known). one of two is known"


def test_a_bar_is_as_long_as_its_first_number_says():
    picture = Ranking({"a": "forward", "b": "neutral"}, ["nats", "bits"], limit=4.0)
    artists = picture.update({"a": [4.0, 9.0], "b": [1.0, 9.0]})
    a, b = (artist.get_width() for artist in artists if hasattr(artist, "get_width"))
    assert a == pytest.approx(4 * b)
    with pytest.raises(ValueError, match=r"b is missing; its shape should be \(2,\)"):
        picture.update({"a": [4.0, 9.0]})


def test_the_progress_bar_fills():
    picture, _ = chapter_08._training_curve(np.random.default_rng(0), 1.0)
    for done in (0.0, 0.25, 1.0):
        picture.update({}, done)
        assert picture._bar.get_width() == done


def test_letters_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="there are 2 places"):
        LetterBars(2, "share").update("abc", [1.0], 0)
    with pytest.raises(ValueError, match="each bar needs a letter"):
        LetterBars(5, "share").update("abc", np.ones(4), 0)
    with pytest.raises(ValueError, match="3 letters do not fit in 2 places"):
        LetterCells(["row"], 2).update("abc", np.ones((1, 3)))
    with pytest.raises(ValueError, match="1 words and 1 marks are given for 2 places"):
        Words(2).update(["anna"], [True])


def test_a_cell_without_a_letter_has_neither_colour_nor_number():
    picture = LetterCells(["row"], 3)
    picture.update("ab", [[0.5, -1.0]])
    [cells] = picture.figure.findobj(PolyCollection)
    assert (cells.get_facecolors()[:, 3] > 0).tolist() == [True, True, False]
    assert sorted(all_numbers(picture).split()) == sorted(["0.5", "−1.0"])


def test_more_bars_than_fit_are_refused():
    with pytest.raises(ValueError, match="30 bars do not fit side by side; take 5"):
        Bars([str(k) for k in range(30)], {"p": ("forward", 0, 1), "q": ("wrong", 0, 1)})
