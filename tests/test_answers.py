"""What readers write: answers of all kinds, and what a check says of them.

`answers.json` is chosen from a bank of answers that testers wrote in November 2026, each
with what is true of it: `right`, words of which a helpful verdict has one (`says`), and sentences
that would be false (`never`). Chosen are those that the desk of that day judged wrongly, and one
in some of the others.
"""

from dataclasses import replace
from itertools import combinations
import json
from pathlib import Path
import re
import warnings

from desk import EXERCISES, said, slips_of, verdict
from hypothesis import given
from hypothesis import strategies as st
import numpy as np
import pytest

from course.exercises import AFTER, _Case, _suspect, desk, observe, same
import rnn_layers

ANSWERS = json.loads((Path(__file__).parent / "answers.json").read_text("utf-8"))
ARRAYS = [name for name, (exercise, _) in EXERCISES.items() if exercise.arrays]


def cell(name, source):
    namespace = {"np": np, "rnn_layers": rnn_layers, "print": lambda *_: None}
    exec(compile(source, "<answer>", "exec"), namespace)
    return namespace[name]


@pytest.mark.parametrize("answer", ANSWERS, ids=range(len(ANSWERS)))
def test_an_answer_is_told_what_is_true_of_it(answer):
    name = answer["exercise"]
    words = verdict(cell(name, "\n".join(answer["source"])), name)
    assert words.startswith(f"Right: {name} ") == answer["right"]
    assert [false for false in answer.get("never", []) if false in words] == []
    if "says" in answer:
        assert any(word.lower() in words.lower() for word in answer["says"]), words


@pytest.mark.parametrize(
    ("has", "needs", "alike"),
    [
        ([3.0, 99.0], [np.inf, 1.0], False),
        ([np.inf, 1.0], [np.inf, 1.0], True),
        ([np.inf, 1.0], [3.0, 1.0], False),
        ([-np.inf, 1.0], [np.inf, 1.0], False),
        ([np.nan, 1.0], [np.nan, 1.0], True),
        ([1.0, np.nan], [np.nan, 1.0], False),
        ([1.0, 1.0 + 1e-12], [1.0, 1.0], True),
        ([1.0, 1.0 + 1e-7], [1.0, 1.0], False),
        ([1.0], [1.0, 1.0], False),
    ],
)
def test_infinities_and_nan_do_not_widen_the_tolerance(has, needs, alike):
    assert same(has, needs) == alike


# What a check says of a pair of slips, of a factor and of a place is true, whatever they are


def cases_of(exercise):
    for seed, case in enumerate(exercise.cases):
        yield exercise.arrays(np.random.default_rng(seed).standard_normal, *case)


@given(st.data())
def test_of_two_slips_at_once_no_other_is_named(data):
    """But one that does to some array, in all cases, what the two do to it."""
    name = data.draw(st.sampled_from(ARRAYS))
    exercise, slips = EXERCISES[name][0], [*slips_of(name).values()]
    two = tuple(data.draw(st.lists(st.sampled_from(slips), min_size=2, max_size=2, unique=True)))
    both = _suspect(two)
    if both is None:
        return
    try:
        with np.errstate(all="ignore"):
            gives = [observe(exercise, both.function, arrays) for arrays in cases_of(exercise)]
    except Exception:
        return
    words = verdict(both.function).split("\n")
    others = [slip for slip in slips if slip.hint in words and slip not in two]
    for slip in others:
        alike = [_suspect((slip,)), *(_suspect((slip, one)) for one in slips if one is not slip)]
        assert any(as_well(exercise, other, gives) for other in alike if other), slip.name


def as_well(exercise, suspect, gives):
    """Whether a suspect spoils some array as the given results are spoilt, in all cases."""
    alike = None
    for arrays, given_ in zip(cases_of(exercise), gives):
        try:
            with np.errstate(all="ignore"):
                found = observe(exercise, suspect.function, arrays)
                needs = observe(exercise, exercise.answer, arrays)
        except Exception:
            return False
        parts = {part for part in given_ if same(given_[part], found[part])}
        alike = parts if alike is None else alike & parts
        spoilt = {part for part in given_ if not same(given_[part], needs[part])}
        if spoilt & alike:
            return True
    return False


def scaled(name, factor):
    """The right answer, with all that it returns multiplied by factor(its first argument)."""
    exercise = EXERCISES[name][0]

    def reader(*args):
        returned = exercise.answer(*args)
        by = factor(args[0])
        if len(exercise.returns) == 1:
            return returned * by
        return tuple(by * array for array in returned)

    reader.__name__ = name
    return reader


@pytest.mark.parametrize("factor", [2, 3, 4, 5, 7, 10, 11, 0.5, 0.25, 0.1])
@pytest.mark.parametrize("name", ["rnn_step_backward", "rnn_backward", "central_difference"])
def test_a_factor_is_not_taken_for_a_size(name, factor):
    words = verdict(scaled(name, lambda _: factor))
    assert not re.search(r"\b[NTDHV]\)? times|divided by [NT]\b", words)
    assert f"{factor:#.4g} times" in words or "twice" in words or "2h" in words, words


@pytest.mark.parametrize("name", ARRAYS)
def test_a_factor_is_taken_for_a_size_in_no_exercise(name):
    words = verdict(scaled(name, lambda _: 1.75))
    assert words.startswith("Wrong: ")
    assert not re.search(r"\b[NTDHV]\)? times", words)


def test_a_size_is_named_where_the_factor_goes_with_it():
    words = verdict(scaled("rnn_step_backward", len))
    assert "Your dx is N times what it should be, everywhere." in words
    words = verdict(scaled("tied_backward", lambda dscores: dscores.shape[2]))
    assert "is V times what it should be, everywhere." in words
    words = verdict(scaled("rnn_backward", lambda dh: 1 / dh.shape[1]))
    assert " by T" in words or "1/T times" in words


@given(st.data())
def test_a_wrong_entry_is_found_and_shown_wherever_it_is(data):
    name = data.draw(st.sampled_from(ARRAYS))
    exercise = EXERCISES[name][0]
    k = data.draw(st.integers(0, len(exercise.returns) - 1))
    place = data.draw(st.floats(0, 0.999))
    size = 10.0 ** data.draw(st.integers(-7, 3))

    def reader(*args):
        returned = exercise.answer(*args)
        several = len(exercise.returns) > 1
        arrays = [np.array(array, float) for array in (returned if several else [returned])]
        if arrays[k].size:
            largest = max(np.max(np.abs(arrays[k])), 1e-3)
            arrays[k].flat[int(place * arrays[k].size)] += size * largest
        return arrays if several else arrays[0]

    reader.__name__ = name
    words = verdict(reader)
    assert f"Wrong: {exercise.returns[k]}." in words or "Wrong: " in words
    assert exercise.returns[k] in words
    assert AFTER not in words


def test_every_pair_of_common_slips_goes_together_or_is_left_out():
    for name in ARRAYS:
        shown = [slip for slip in slips_of(name).values() if slip.shown]
        for two in combinations(shown, 2):
            suspect = _suspect(two)
            assert suspect is None or callable(suspect.function)


# Two slips that do not go together stop with any error: they explain nothing then


def test_slips_that_make_a_name_of_their_own_stop_no_check_beside_another():
    stopped = 0
    for name in ARRAYS:
        exercise, slips = EXERCISES[name][0], [*slips_of(name).values()]
        names = set(exercise.answer.__code__.co_varnames)
        own = {slip for slip in slips if set(slip.build().__code__.co_varnames) - names}
        arrays = next(cases_of(exercise))
        case = _Case(arrays, {}, {}, observe(exercise, exercise.answer, arrays))
        for two in combinations(slips, 2):
            if own.intersection(two) and (suspect := _suspect(two)):
                with np.errstate(all="ignore"):
                    gives = suspect.gives(exercise, 0, case)
                stopped += any(value is None for value in gives.values())
    assert stopped > 0


@pytest.mark.parametrize("error", ["NameError", "AttributeError", "RecursionError", "MemoryError"])
def test_a_slip_that_stops_explains_nothing(error):
    row = next(iter(slips_of("rnn_backward").values()))
    stops = replace(row, edits=(("T = x", f"raise {error}; T = x"),), hint="It stops.")
    check, _, _ = desk({"05.2": EXERCISES["rnn_backward"][0]}, [stops])
    words = said(check, slips_of("rnn_backward")["1 + h^2"].build())
    assert words.endswith("\nhint(rnn_backward) helps.")


def test_no_warning_of_an_empty_mean_stands_above_a_verdict():
    answer = cell(
        "gradient_at_first", "def gradient_at_first(states, w):\n    return states[1:-1].mean()"
    )
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        words = verdict(answer)
    assert (words[:6], seen) == ("Wrong:", [])
