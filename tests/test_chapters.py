"""What holds for every chapter: its exercises, its slips, and who may import whom."""

import ast
from itertools import pairwise
import re

from desk import COURSE, EXERCISES, accepted, built, said, slips_of, source_of, unprintable, verdict
import numpy as np
import pytest

SLIPS = [(name, slip) for name in EXERCISES for slip in slips_of(name).values()]
MANNERS = {  # slips whose numbers are right
    "carry added in place into dh",
    "changed in place",
    "handed back",
    "scores changed in place",
    "slope written over the states",
}
each_exercise = pytest.mark.parametrize("name", EXERCISES)
each_slip = pytest.mark.parametrize(
    ("name", "slip"), SLIPS, ids=[f"{name}-{slip.name}" for name, slip in SLIPS]
)


@each_exercise
def test_the_printed_solution_is_accepted(name):
    solution = EXERCISES[name][1].solution
    assert accepted(built(name, said(solution, name)))


@each_exercise
@pytest.mark.parametrize(
    "body", ["...", "pass", "return ...", "raise NotImplementedError", "return {names}"]
)
def test_a_blank_is_to_do(name, body):
    returns = EXERCISES[name][0].returns
    if name == "my_check":  # what it returns has no name
        returns = ("says",)
        body = body.replace("return", "says = ...\n    return")
    blank = built(name, f"def {name}(*args):\n    {body}".format(names=", ".join(returns)))
    parts = name if name == "my_check" else rf"\w+.* in {name}"
    assert re.fullmatch(rf"To do: {parts}. hint\({name}\) helps.", verdict(blank))


@each_slip
def test_a_slip_is_refused_with_its_own_hint(name, slip):
    words = verdict(slip.build())
    assert unprintable(words) == []
    *found, reason = words.split("\n")
    assert reason == slip.hint
    if slip.name in MANNERS:
        assert [line[:5] for line in found] in ([], ["With "])  # and no word of "Right"


@each_exercise
def test_an_exercise_knows_five_slips_with_hints_of_their_own(name):
    hints = [slip.hint for slip in slips_of(name).values()]
    assert len(set(hints)) >= 5


@each_exercise
def test_hints_say_one_thing_more_each_time_and_then_point_to_the_solution(name):
    exercise, chapter = EXERCISES[name]
    last = len(exercise.hints)
    assert last >= 2
    said(chapter.hint, name, level=1)
    for level, words in enumerate(exercise.hints[1:], 2):
        told = said(chapter.hint, name)
        assert told.startswith(f"Hint {level} of {last}: {words}")
    assert f"solution({name}) prints an answer, and hint({name}, 1) begins again." in told


# Who may import whom


def imports_of(source):
    """Return the chapters that a module imports, by number."""
    names = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        if isinstance(node, ast.ImportFrom):
            names += [f"{node.module}.{alias.name}" for alias in node.names]
    return sorted({int(n) for name in names for n in re.findall(r"\bchapter_(\d+)\b", name)})


@pytest.mark.parametrize("path", sorted(COURSE.glob("*.py")), ids=lambda path: path.stem)
def test_a_chapter_imports_earlier_ones_alone_and_shared_code_none(path):
    number = re.fullmatch(r"chapter_(\d+)", path.stem)
    imported = imports_of(path.read_text("utf-8"))
    assert all(number and chapter < int(number[1]) for chapter in imported)


@pytest.mark.parametrize(
    "source",
    [
        "from course.chapter_05 import SLIPS",
        "from course import figures, chapter_05",
        "import course.chapter_05 as five",
        "def late():\n    from course import chapter_05",
    ],
)
def test_an_import_of_a_chapter_is_found(source):
    assert imports_of(source) == [5]


def test_the_parts_of_a_chapter_stand_in_one_order():
    order = ["# Plain code", "# Slips", "# Exercises", "# Pictures"]
    for path in COURSE.glob("chapter_*.py"):
        text = path.read_text("utf-8")
        places = [text.index(f"\n{part}") for part in order if f"\n{part}" in text]
        assert all(a < b for a, b in pairwise(places)), path.stem
        assert f"\n{order[0]}" in text


# Slips as functions: each is built, runs to its end, and is not the right one


def same(one, other):
    pairs = zip(one, other) if isinstance(one, (tuple, list)) else [(one, other)]
    return all(
        np.shape(a) == np.shape(b) and np.allclose(a, b, rtol=1e-9, atol=0, equal_nan=True)
        for a, b in pairs
    )


@pytest.mark.parametrize(
    ("name", "slip"),
    [(name, slip) for name, slip in SLIPS if EXERCISES[name][0].arrays],
    ids=lambda each: getattr(each, "name", each),
)
def test_a_slip_gives_other_results_or_has_other_manners(name, slip):
    exercise = EXERCISES[name][0]
    assert slip.source() != source_of(name)
    seen = []
    for seed, case in enumerate(exercise.cases):
        arrays = exercise.arrays(np.random.default_rng(seed).standard_normal, *case)
        with np.errstate(all="ignore"):
            results = []
            for function in (exercise.answer, slip.build()):
                given = {key: np.copy(array) for key, array in arrays.items()}
                results.append((exercise.call(function, **given), [*given.values()]))
        (right, kept), (wrong, left) = results
        seen.append(same(right, wrong) and same(kept, left))
    assert not all(seen) or exercise.manners(slip.build())
