"""The pictures of chapter 06 show what they are given."""

import numpy as np
import pytest

from course.chapter_06 import CaseFile


def test_more_lines_of_code_than_fit_are_refused():
    with pytest.raises(ValueError, match="3 wrong lines do not fit; show 2 at most"):
        CaseFile(["dx"], np.ones(3)).update(["a"], ["a", "b", "c"], [1], [1], np.ones(3))
