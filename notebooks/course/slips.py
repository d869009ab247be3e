"""Slips: plausible mistakes, each a small edit of a right function, in the words of its own source.

One table of them serves all: pictures show what a slip does to each result, chapter 06 puts checks
before it, and an exercise compares the reader's answer with it and, where it fits, gives its hint.
"""

from dataclasses import dataclass
import inspect
from types import FunctionType

from course.explore import explore
from course.figures import Heatmap
from gradient_check import relative_error


@dataclass(frozen=True)
class Slip:
    """One mistake in one function.

    function  the right one
    name      the mistake in a few words
    hint      what to say to a reader whose answer makes this mistake
    edits     pairs (right text, wrong text); each right text stands in the source exactly once
    shown     whether pictures and the kill matrix show it; if not, it is there for readers alone
    """

    function: FunctionType
    name: str
    hint: str
    edits: tuple
    shown: bool = True

    def source(self):
        """Return the source of the wrong function; LookupError where an edit does not fit."""
        text = inspect.getsource(self.function)
        for right, wrong in self.edits:
            if text.count(right) != 1:
                place = f"{text.count(right)} times in {self.function.__name__}, not once"
                raise LookupError(f"{right!r} stands {place}")
            text = text.replace(right, wrong)
        return text

    def lines(self):
        """Return the right lines that are changed, and the wrong ones, without their margins."""
        right = inspect.getsource(self.function).splitlines()
        wrong = self.source().splitlines()
        changed = [line.strip() for line in right if line not in wrong]
        return changed, [line.strip() for line in wrong if line not in right]

    def build(self):
        """Return the wrong function, which sees all else of its module as it is."""
        namespace = dict(self.function.__globals__)
        exec(self.source(), namespace)
        return namespace[self.function.__name__]


def slips(function, *rows, shown=True):
    """Return the slips of a function; each row is: name, hint, right, wrong[, right, wrong ...]."""
    return [
        Slip(function, name, hint, tuple(zip(edits[::2], edits[1::2])), shown)
        for name, hint, *edits in rows
    ]


def break_it(choice, results, names, title, also=()):
    """Show a live picture: choose a slip, see its line and the relative error of each result.

    results(function) -> an array for each name, made by this function or a wrong version of it.
    also: names of slips that a reader without Python sees too.
    """
    table = {"none": None} | {slip.name: slip for slip in choice}
    right = choice[0].function
    truth = results(right)
    damage = Heatmap(["relative error (eq. 2.5)"], names, title, noted=True, errors=True)

    def update(slip="none"):
        row = table[slip]
        found = results(row.build() if row else right)
        errors = [relative_error(*pair) for pair in zip(found, truth)]
        return damage.update([errors], note="\n".join(row.lines()[1]) if row else "the right code")

    also = [{"slip": name} for name in also]
    explore(update, damage.alt, also, slip=("slip", list(table)))
