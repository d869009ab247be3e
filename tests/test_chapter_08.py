"""The pictures of chapter 08 show what they are given."""

import pytest

from course.chapter_08 import Bars


def test_a_bar_is_as_high_as_its_number():
    picture = Bars("an", {"gap": ("backward", -1, 1)})
    bars, outlines, _, *texts = picture.update({"gap": [0.25, -0.5]}, {"gap": [1, 0]})
    tops = [path.vertices[1:3, 1].tolist() for path in bars.get_paths()]
    assert tops == [[0.25, 0.25], [-0.5, -0.5]]
    assert [path.vertices[1, 1] for path in outlines.get_paths()] == [1, 0]
    assert [text.get_text() for text in texts] == ["0.250", "−0.500"]
    assert texts[1].get_position()[1] < -0.5 < 0.25 < texts[0].get_position()[1]
    assert picture.alt() == "Bars. gap: a 0.250, n −0.500. Outlined: [1.000, 0.000]."


def test_more_bars_than_fit_are_refused():
    with pytest.raises(ValueError, match="30 bars do not fit side by side; take 5"):
        Bars([str(k) for k in range(30)], {"p": ("forward", 0, 1), "q": ("wrong", 0, 1)})
