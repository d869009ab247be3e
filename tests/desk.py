"""What the tests of exercises share: all chapters, and the words of a check."""

import contextlib
import importlib
import inspect
import io
import linecache
from pathlib import Path
import re

import numpy as np

import rnn_layers

COURSE = Path(__file__).parents[1] / "notebooks" / "course"
CHAPTERS = {
    path.stem: importlib.import_module(f"course.{path.stem}")
    for path in sorted(COURSE.glob("chapter_*.py"))
}
EXERCISES = {  # name of the function -> (the exercise, its chapter)
    exercise.answer.__name__: (exercise, chapter)
    for chapter in CHAPTERS.values()
    for exercise in getattr(chapter, "EXERCISES", {}).values()
}


def slips_of(name):
    """Return {name: slip} of the function of that name."""
    slips = EXERCISES[name][1].SLIPS
    return {slip.name: slip for slip in slips if slip.function.__name__ == name}


def said(function, *args, **kwargs):
    """What is printed, without the last line break."""
    with contextlib.redirect_stdout(io.StringIO()) as out:
        function(*args, **kwargs)
    return out.getvalue().removesuffix("\n")


def verdict(function, name=None):
    """What the check of its chapter says of a function."""
    return said(EXERCISES[name or function.__name__][1].check, function)


def accepted(function):
    return verdict(function).startswith(f"Right: {function.__name__} ")


def source_of(name):
    return inspect.getsource(EXERCISES[name][0].answer)


def built(name, source, **notebook):
    """Build a function from the text of a cell, whose lines are known as in a notebook."""
    linecache.cache["<cell>"] = len(source), None, source.splitlines(), "<cell>"
    namespace = {"np": np, "rnn_layers": rnn_layers} | notebook
    exec(compile(source, "<cell>", "exec"), namespace)
    return namespace[name]


def edited(name, *edits, **notebook):
    """Build the right answer with edits; `notebook` is what stands around it."""
    source = source_of(name)
    for right, wrong in zip(edits[::2], edits[1::2]):
        assert source.count(right) == 1, right
        source = source.replace(right, wrong)
    return built(name, source, **notebook)


def changed(name, change):
    """The right answer, but for what `change` makes of what it returns."""

    def reader(*args):
        return change(EXERCISES[name][0].answer(*args))

    reader.__name__ = name
    return reader


def unprintable(words):
    """What of a verdict differs from machine to machine: addresses, and more than six digits."""
    numbers = re.findall(r"\d+\.?\d*", words)
    long = [n for n in numbers if len(n.replace(".", "").lstrip("0")) > 6]
    return re.findall(r"0x\w+", words) + long
