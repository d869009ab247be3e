"""What the tests draw of a chapter: its pictures, filled with random numbers."""

from collections.abc import Callable
from typing import NamedTuple


class Sample(NamedTuple):
    """A picture for the tests.

    make  make(rng, scale) -> the picture, and a function that moves it to a random position
    full  arguments with which that function moves to where all numbers are shown
    """

    make: Callable
    full: tuple = ()


def widest(rng, shape, scale):
    """Return random numbers, the widest that a picture may have to print among them."""
    array = rng.normal(size=shape) * scale
    if array.size > 2:
        array.flat[0], array.flat[-1] = -12.345, 0.0
    return array
