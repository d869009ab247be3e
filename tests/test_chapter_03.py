"""The pictures of chapter 03 show what they are given."""

import numpy as np

from course.chapter_03 import TanhCurve


def test_the_tangent_touches_the_curve_with_its_slope():
    z = np.linspace(-4, 4, 11)
    _, tangent, point, *_ = TanhCurve(z, np.tanh(z)).update(0.5, 0.4, 0.8)
    (x0, y0), (x1, y1) = tangent.get_xydata()
    np.testing.assert_allclose(((x0 + x1) / 2, (y0 + y1) / 2), (0.5, 0.4))
    np.testing.assert_allclose((y1 - y0) / (x1 - x0), 0.8)
    np.testing.assert_array_equal(point.get_xydata(), [(0.5, 0.4)])
