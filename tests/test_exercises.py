"""The desk: what checks accept, what they refuse, and what they say."""

import contextlib
from dataclasses import replace
import functools
import io
from itertools import product
import os
from pathlib import Path
import re
import signal
import subprocess
import sys
import threading
import time
from types import FunctionType

from desk import (
    CHAPTERS,
    EXERCISES,
    accepted,
    built,
    changed,
    edited,
    said,
    slips_of,
    source_of,
    unprintable,
    verdict,
)
from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest

from course import chapter_06, exercises
from course.exercises import desk
from gradient_check import check_layer

ANSWERS = {name: exercise.answer for name, (exercise, _) in EXERCISES.items()}


# What is accepted


def test_list_of_gradients_is_accepted():
    assert accepted(changed("rnn_step_backward", list))


# What is still to do


def test_blank_that_is_used_further_on_is_to_do():
    source = "def rnn_step_forward(x, prev_h, Wx, Wh, b):\n z = ...\n return np.tanh(z)"
    words = verdict(built("rnn_step_forward", source))
    assert words == "To do: z in rnn_step_forward. hint(rnn_step_forward) helps."


def test_blank_part_is_told_from_right_and_wrong_ones():
    half = changed("rnn_step_backward", lambda g: (g[0], -g[1], None, ..., g[4]))
    first, todo, *_ = verdict(half).split("\n")
    assert first == "Right: dx and db. Wrong: dprev_h."
    assert todo == "To do: dWx and dWh. hint(rnn_step_backward) helps."


def test_answer_that_is_right_so_far_is_not_accepted():
    half = changed("rnn_step_backward", lambda g: (*g[:4], None))
    assert verdict(half).split("\n") == [
        "Right: dx, dprev_h, dWx and dWh.",
        "To do: db. hint(rnn_step_backward) helps.",
    ]


def test_forgotten_return_is_told_from_a_blank():
    source = source_of("rnn_step_backward")
    forgotten = source[: source.index("    return")]
    words = "rnn_step_backward returns nothing: is the `return` line there?"
    assert verdict(built("rnn_step_backward", forgotten)) == words
    unpacked = "".join(source.splitlines(keepends=True)[:2])
    assert verdict(built("rnn_step_backward", unpacked)).startswith("To do: dx, ")


# What is refused, and with which words


def test_first_attempt_that_moves_the_whole_array_is_told_why_one_number_comes_out():
    attempt = """
def central_difference(f, at, h):
    gradient = (f(at + h) - f(at - h)) / (2 * h)
    return gradient
"""
    words_said = verdict(built("central_difference", attempt))
    assert "gradient is one number; it should be a numpy.ndarray of shape (7, 3)." in words_said
    assert words_said.endswith("so one number comes out. Move one entry at a time.")


def test_two_slips_at_once_are_both_named():
    rows = slips_of("rnn_forward")
    one, other = rows["no bias"], rows["Wh transposed"]
    both = replace(one, edits=one.edits + other.edits).build()
    assert verdict(both).split("\n")[2:] == [one.hint, other.hint]


def test_slips_in_different_arrays_are_all_named_and_the_rest_is_left_for_later():
    def slips(gradients):
        dx, dprev_h, dWx, dWh, db = gradients
        N = len(dx)
        return dx, np.sin(dprev_h), dWx / N, dWh.T, db / N

    rows = {row.name: row.hint for row in slips_of("rnn_step_backward").values()}
    assert verdict(changed("rnn_step_backward", slips)).split("\n")[2:] == [
        rows["dWx divided by N"],
        rows["dWh transposed"],
        rows["db is a mean"],
        "Mend that and check again: dprev_h may need more.",
    ]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda h: 3 * h, "is 3.000 times what it should be, everywhere"),
        (lambda h: h / h.shape[1], "is 1/T times what it should be, everywhere"),
        (lambda h: h.swapaxes(1, 2), "would be right if you put its axes in the order (0, 2, 1)"),
        (lambda h: h[np.newaxis], "would be right if you gave it the shape (7, 11, 9)"),
        (lambda h: 0 * h, "is zero everywhere"),
        (lambda h: -h, "has the wrong sign everywhere"),
        (lambda h: np.int64(9 * h), "has whole numbers only: its dtype is int64"),
        (lambda h: np.where(h > 0, h, np.nan), r"has NaN or infinity in \d+ of 693 entries"),
    ],
)
def test_mistake_that_is_no_known_slip_is_described_in_a_sentence(change, words):
    *_, last = verdict(changed("rnn_forward", change)).split("\n")
    assert last == f"Your h {words}." or re.fullmatch(f"Your h {words}.", last)


def test_array_that_lacks_a_sum_or_a_transpose_is_described_in_a_sentence():
    words = verdict(edited("rnn_step_backward", "dz.sum(axis=0)", "dz"))
    assert words.endswith("\nYour db would be right if you summed it over axis 0.")
    words = verdict(edited("rnn_step_backward", "x.T @ dz", "dz.T @ x"))
    assert words.endswith("\nYour dWx would be right if you transposed it.")


def test_mistake_that_fits_nothing_known_points_to_the_hint():
    words = verdict(changed("rnn_forward", np.cos)).split("\n")
    assert len(words) == 3
    assert words[-1] == "hint(rnn_forward) helps."


@pytest.mark.parametrize(
    ("name", "right"),
    [
        ("rnn_forward", "range(x.shape[1])"),
        ("leaky_forward", "range(x.shape[1])"),
        ("rnn_backward", "range(T)"),
        ("shared_weights", "range(x.shape[1])"),
        ("leaky_backward", "range(x.shape[1])"),
    ],
)
def test_a_loop_of_three_steps_as_on_the_page_is_told_so(name, right):
    assert " 3 steps, whatever T is: " in verdict(edited(name, right, "range(3)"))


@pytest.mark.parametrize(
    ("slope", "half"),
    [("(f(z + 1j * h) - f(z)) / (1j * h)", "real"), ("f(z + 1j * h) / h", "imaginary")],
)
def test_of_a_complex_answer_the_part_that_is_right_is_named(slope, half):
    words = verdict(edited("complex_slope", "np.imag(f(z + 1j * h)) / h", slope))
    assert words.split("\n")[1] == f"Its {half} part is right."


def test_one_sentence_is_enough_where_several_arrays_share_the_mistake():
    def thrice(gradients):
        dx, dprev_h, dWx, dWh, db = gradients
        return dx, 3 * dprev_h, dWx, 3 * dWh, 3 * db

    assert verdict(changed("rnn_step_backward", thrice)).split("\n")[2:] == [
        "Your dprev_h is 3.000 times what it should be, everywhere.",
        "So it is with dWh and db.",
    ]


@pytest.mark.parametrize("name", ["rnn_step_backward", "rnn_backward"])
def test_weights_that_are_all_divided_by_N_get_one_sentence(name):
    words = verdict(changed(name, lambda g: (*g[:2], *(w / len(g[0]) for w in g[2:]))))
    assert words.split("\n")[2].startswith("dWx, dWh and db are divided by N: ")
    assert len(words.split("\n")) == 3


def test_hint_that_explains_two_arrays_is_given_once():
    row = next(iter(slips_of("rnn_step_backward").values()))
    twice = [
        replace(row, edits=((f"{d} = ", f"{d} = 7 * "),), hint="Not by seven.")
        for d in ("dWx", "dWh", "db")
    ]
    check, _, _ = desk({"03.1": EXERCISES["rnn_step_backward"][0]}, twice)
    sevenfold = changed("rnn_step_backward", lambda g: (*g[:2], *(7 * w for w in g[2:])))
    words = said(check, sevenfold)
    assert words.split("\n")[2:] == ["Not by seven."]


def test_slip_that_would_spoil_more_than_is_wrong_is_not_named():
    words = verdict(changed("rnn_step_backward", lambda g: (*g[:3], g[3] / 2, g[4])))
    assert words.split("\n")[2:] == ["Your dWh is 0.5000 times what it should be, everywhere."]


def test_right_arrays_in_the_wrong_order_are_recognized():
    words = verdict(changed("rnn_step_backward", lambda g: (g[1], g[0], *g[2:])))
    assert words.endswith("What stands in the place of dx is dprev_h: mind the order.")


def test_changed_argument_is_noticed():
    def rnn_step_forward(x, prev_h, Wx, Wh, b):
        next_h = ANSWERS["rnn_step_forward"](x, prev_h, Wx, Wh, b)
        Wh *= 2
        return next_h

    assert verdict(rnn_step_forward) == (
        "The numbers are right, but your function changes its argument Wh; make a new array "
        "instead."
    )


def test_argument_that_is_made_the_answer_is_a_changed_argument():
    def rnn_step_forward(x, prev_h, Wx, Wh, b):
        prev_h[:] = ANSWERS["rnn_step_forward"](x, prev_h, Wx, Wh, b)
        return prev_h.copy()

    assert verdict(rnn_step_forward) == (
        "The numbers are right, but your function changes its argument prev_h; make a new array "
        "instead."
    )


def test_changed_argument_is_named_beside_what_is_wrong():
    wrong = "dnext_h *= 1 - next_h**2; dz = 0 * dnext_h"
    in_place = edited("rnn_step_backward", "dz = dnext_h * (1 - next_h**2)", wrong)
    first, where, *rest = verdict(in_place).split("\n")
    assert first == "Wrong: dx, dprev_h, dWx, dWh and db."
    assert re.match(r"dx: entry \[\d, \d\] is 0; it should be ", where)
    assert "Your function changes its argument dnext_h; make a new array instead." in rest


def test_no_array_is_shared_between_calls():
    seen = []

    def rnn_backward(dh, cache):
        arrays = [dh, *cache]
        assert not any(np.shares_memory(new, old) for new in arrays for old in seen)
        seen.extend(arrays)
        return ANSWERS["rnn_backward"](dh, cache)

    for _ in range(2):
        assert accepted(rnn_backward)
    assert len(seen) == 2 * (len(exercises.SIZES) + 1) * 6  # the first sizes twice


def test_one_sample_and_one_step_are_asked_for_too():
    words = verdict(changed("rnn_forward", np.squeeze))
    assert words.startswith(
        "With x (2, 1, 5), h0 (2, 3), Wx (5, 3), Wh (3, 3), b (3,):\nWrong: h.\n"
    )


FIVE = "it should return 5: dx, dprev_h, dWx, dWh and db."


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda g: g[:4], f"returns 4 values; {FIVE}"),
        (lambda g: g[0], f"returns one ndarray; {FIVE}"),
        (lambda g: (g,), f"returns one value, a tuple in a tuple; {FIVE}"),
        (
            lambda g: (1.5, *g[1:]),
            "dx is one number; it should be a numpy.ndarray of shape (7, 6).",
        ),
        (lambda g: (g[0] + 0j, *g[1:]), "dx has dtype complex128; it should be float64"),
        (lambda g: (g[0][:1], *g[1:]), "dx has shape (1, 6); it should be (7, 6)."),
        (lambda g: (np.log(0 * abs(g[0])), *g[1:]), "dx: entry [0, 0] is -inf; it should be "),
        (lambda g: (np.float32(g[0]), *g[1:]), "dx is nearly right: it is off by at most "),
    ],
)
def test_words_say_what_it_is_and_what_it_should_be(change, words):
    words_said = verdict(changed("rnn_step_backward", change))
    assert words in words_said
    assert " stops in " not in words_said


def test_mistake_that_stops_the_function_is_shown_with_line_and_shapes():
    source = """# A comment above the function does not count.
def rnn_step_backward(dnext_h, cache):
    x, prev_h, Wx, Wh, next_h = cache
    db = ...
    return x @ dnext_h
"""
    assert verdict(built("rnn_step_backward", source)).split("\n") == [
        "rnn_step_backward stops in its line 4: return x @ dnext_h",
        "ValueError: the inner sizes 6 and 7 do not match",
        "The shapes there: x (7, 6), dnext_h (7, 9); N is 7, D is 6 and H is 9.",
    ]


@pytest.mark.parametrize("product", ["dz @ Wx", "dz.dot(Wx)", "np.dot(dz, Wx)"])
def test_sizes_of_a_product_that_do_not_match_are_named(product):
    words = verdict(edited("rnn_step_backward", "dz @ Wx.T", product)).split("\n")
    assert words == [
        f"rnn_step_backward stops in its line 4: dx = {product}  # (N, D)  eq. 3.2",
        "ValueError: the inner sizes 9 and 6 do not match",
        "The shapes there: dz (7, 9), Wx (6, 9); N is 7, D is 6 and H is 9.",
    ]


FORGOTTEN = "    dz = dnext_h * (1 - next_h**2)  # (N, H)  eq. 3.1\n"


def test_array_of_the_notebook_is_named_where_the_function_stops():
    elsewhere = "    x = x + offset\n"
    notebook = {"dz": np.ones((2, 2)), "x": np.ones(9), "offset": np.ones(6)}
    stops = edited("rnn_step_backward", FORGOTTEN, elsewhere, **notebook)
    assert verdict(stops).split("\n") == [
        "rnn_step_backward stops in its line 4: dx = dz @ Wx.T  # (N, D)  eq. 3.2",
        "ValueError: the inner sizes 2 and 9 do not match",
        "The shapes there: dz (2, 2), Wx (6, 9); D is 6 and H is 9.",
        "`dz` is not made in your function; Python took the one from the notebook, of shape "
        "(2, 2). Make it in the function first.",
    ]


def test_array_of_the_notebook_is_named_where_the_answer_is_wrong():
    wrong = edited("rnn_step_backward", FORGOTTEN, "", dz=np.ones((7, 9)), x=np.ones(9))
    first, where, *reasons = verdict(wrong).split("\n")
    assert first == "Wrong: dx, dprev_h, dWx, dWh and db."
    assert where.startswith("dx: entry [")
    assert (
        "`dz` is not made in your function; Python took the one from the notebook, of shape "
        "(7, 9). Make it in the function first."
    ) in reasons


def test_a_number_of_the_notebook_is_named_where_the_exercise_has_one_of_that_name():
    wrong = edited("rnn_backward", "    T = x.shape[1]\n", "", T=3)
    words = verdict(wrong)
    assert "`T` is not made in your function; Python took the one from the notebook, 3. " in words


def test_a_number_of_the_notebook_that_does_no_harm_is_not_blamed():
    words = verdict(edited("rnn_step_forward", "x @ Wx", "ONE * x @ Wx", " + b  #", "  #", ONE=1.0))
    assert words.split("\n")[2:] == [slips_of("rnn_step_forward")["no bias"].hint]


def test_function_of_the_notebook_is_no_mistake():
    helped = {"squash": np.tanh, "sizes": "two, five and four"}
    assert accepted(edited("rnn_step_forward", "np.tanh(z)", "squash(z)", **helped))
    wrong = edited("rnn_step_forward", "np.tanh(z)", "-squash(z) if sizes else z", **helped)
    assert "notebook" not in verdict(wrong)


def test_misspelt_name_is_a_mistake_and_not_a_blank():
    words = verdict(built("rnn_forward", "def rnn_forward(x, h0, Wx, Wh, b):\n    return hh"))
    assert words.split("\n") == [
        "rnn_forward stops in its line 2: return hh",
        "NameError: name 'hh' is not defined",
    ]


def test_function_of_other_arguments_is_refused():
    words = verdict(built("rnn_forward", "def rnn_forward(x): return x"))
    first, error = words.split("\n")
    wanted = "rnn_forward(x, h0, Wx, Wh, b)"
    assert first == f"rnn_forward does not take what it is given: it is called as {wanted}."
    assert error.startswith("TypeError: ")


def test_an_error_is_told_without_an_address_in_memory():
    words = verdict(built("rnn_forward", "def rnn_forward(*a): raise ValueError(object())"))
    assert unprintable(words) == []


@settings(max_examples=40, deadline=None, database=None, derandomize=True)
@given(st.data())
def test_random_wrong_answer_is_never_accepted(data):
    name = data.draw(st.sampled_from([name for name in EXERCISES if EXERCISES[name][0].arrays]))
    count = len(EXERCISES[name][0].returns)
    place = data.draw(st.integers(0, count - 1))
    seed = data.draw(st.integers(0, 999))
    size = 10.0 ** data.draw(st.integers(-7, 3))
    constant = data.draw(st.sampled_from([0.0, 1.0, np.nan, np.inf]))

    def noise(array):
        entry = tuple(np.random.default_rng(seed).integers(array.shape))
        array = array.copy()
        array[entry] += size * np.max(np.abs(array))
        return array

    kinds = {
        "noise": noise,
        "constant": lambda array: np.full_like(array, constant),
        "flat": lambda array: array[np.newaxis],
        "cut": lambda array: np.atleast_1d(array)[:-1],
        "repeated": lambda array: np.concatenate([np.atleast_1d(array)] * 2),
        "reversed": lambda array: np.atleast_1d(array)[..., ::-1],
        "text": lambda array: array.astype(str),
    }
    kind = kinds[data.draw(st.sampled_from(sorted(kinds)))]

    def spoil(value):
        return kind(np.array(value))

    def change(returned):
        if count == 1:
            return spoil(returned)
        return *returned[:place], spoil(returned[place]), *returned[place + 1 :]

    words = verdict(changed(name, change))
    assert not words.endswith("at all sizes tried.")
    assert EXERCISES[name][0].returns[place] in words


# The exercises of chapter 06, where the answer is a choice


def test_no_other_conviction_is_accepted():
    equations = [5.1, 5.2, 5.3, 5.4, 5.5, 5.6, 5.7]
    for named in product(equations, repeat=3):
        right = named == ANSWERS["convict"]()
        assert accepted(changed("convict", lambda _, named=named: named)) == right


def test_a_wrong_conviction_does_not_give_the_right_one_away():
    words = verdict(changed("convict", lambda _: (5.7, 5.3, 5.4)))
    assert [line for line in words.split("\n") if "another" in line] == [
        "mystery_1 is not wrong in eq. 5.7; it should be another equation.",
        "mystery_3 is not wrong in eq. 5.4; it should be another equation.",
    ]
    assert "5.2" not in words
    assert "5.1" not in words


@pytest.mark.parametrize("mystery", [0, 1, 2])
@pytest.mark.parametrize("equation", [5.1, 5.2, 5.3, 5.4, 5.5, 5.6, 5.7])
def test_each_wrong_conviction_is_told_what_speaks_against_it(mystery, equation):
    named = list(ANSWERS["convict"]())
    if named[mystery] == equation:
        return
    right, named[mystery] = named[mystery], equation
    last = verdict(changed("convict", lambda _: tuple(named))).split("\n")[-1]
    assert f"mystery_{mystery + 1}" in last
    assert f"{right:g}" not in last


@pytest.mark.parametrize("named", [52, 5.8, 5, np.nan])
def test_what_is_no_equation_of_the_seven_is_told_so(named):
    words = verdict(changed("convict", lambda right: (*right[:2], named)))
    assert f"mystery_3 is {named}; it should be one of the seven, 5.1 to 5.7." in words


def test_two_equal_convictions_are_not_taken_for_a_wrong_order():
    words = verdict(changed("convict", lambda _: (5.3, 5.3, 5.1)))
    assert "mind the order" not in words


def test_a_mystery_is_wrong_in_the_line_that_the_solution_names():
    for slip, equation in zip(chapter_06.MYSTERIES, ANSWERS["convict"](), strict=True):
        assert f"eq. {equation}" in slip.hint


def inputs_of(T):
    draw = np.random.default_rng(0).standard_normal
    return EXERCISES["rnn_forward"][0].arrays(draw, 2, T, 3, 4).values()


@pytest.mark.parametrize("name", EXERCISES["convict"][0].returns)
def test_a_mystery_is_wrong_and_keeps_its_secret(name):
    suspect = getattr(chapter_06, name)
    assert (suspect.__name__, suspect.__doc__) == (name, None)
    with pytest.raises(AssertionError, match="Wrong: "):
        check_layer(CHAPTERS["chapter_05"].forward_with_cache, suspect, *inputs_of(T=5))


@pytest.mark.parametrize("T", [3, 4])
def test_the_third_mystery_seems_innocent_at_few_steps(T):
    check_layer(CHAPTERS["chapter_05"].forward_with_cache, chapter_06.mystery_3, *inputs_of(T))


def test_a_check_that_stops_at_a_wrong_one_has_caught_it():
    def my_check(forward, backward):
        assert ANSWERS["my_check"](forward, backward)
        return True

    assert accepted(my_check)


def dear(forward, backward):
    for _ in range(9):
        forward(*inputs_of(T=1))
    return ANSWERS["my_check"](forward, backward)


@pytest.mark.parametrize(
    ("my_check", "words"),
    [
        (lambda forward, backward: "fine", "returns neither True nor False; it should be one "),
        (lambda forward, backward: np.ones(2) > 0, "neither True nor False; it should be one of "),
        (lambda forward, backward: 3e-12, "returns a number, 3e-12; it should be True or False. "),
        (lambda forward, backward: np.float64(2), "Is it small enough? Ask with np.isclose."),
        (lambda forward, backward: False, "says False of the right backward pass; it should be "),
        (
            lambda *them: not ANSWERS["my_check"](*them),
            "all the other way round; it should be True",
        ),
        (dear, "calls forward 11 times; it should be 10 times at most."),
    ],
)
def test_a_check_is_told_what_it_does_wrong(my_check, words):
    assert words in verdict(FunctionType(my_check.__code__, my_check.__globals__, "my_check"))


@pytest.mark.parametrize("look_first", [True, False])
def test_a_check_without_a_copy_does_not_pass_by_luck(look_first):
    """Without a copy dh is compared with itself; the witness may speak after it has changed."""
    ask = "    gradients = backward(given[0], tuple(given[1:]))\n"
    copies = "given = [array.copy() for array in (dh, *cache)]"
    fit = next(line + "\n" for line in source_of("my_check").split("\n") if "    fit =" in line)
    source = source_of("my_check").replace(copies, "given = [dh, *cache]")
    assert ask in source
    if look_first:
        source = source.replace(ask, "").replace(fit, "")
        source = source.replace("    back = ", ask + fit + "    back = ")
    words = verdict(built("my_check", source)).split("\n")
    assert words[0] == "Wrong: my_check."
    assert "copy" in words[-1]


@pytest.mark.parametrize("agree", ["back == ahead", "abs(back - ahead) < 1e-300"])
def test_a_check_without_tolerance_is_told_so(agree):
    words = verdict(edited("my_check", "np.isclose(back, ahead)", agree)).split("\n")
    assert words[1].startswith("my_check says False of the right backward pass")
    assert "Is there a tolerance? " in "\n".join(words)
    assert "ask with np.isclose, not with ==." in "\n".join(words)


def test_a_check_that_is_right_but_for_rounding_is_asked_to_be_generous():
    asked = []

    def my_check(forward, backward):
        asked.append(backward)
        return len(asked) == 1

    assert verdict(my_check).split("\n")[1:] == [
        "my_check says False of the right backward pass with its numbers rounded otherwise; it "
        "should be True.",
        chapter_06.HOLES["right refused"],
    ]


@pytest.mark.parametrize("sizes", ["1, 1, 3, 4", "1, 2, 3, 4", "1, 3, 3, 4"])
def test_a_check_of_one_short_sequence_is_told_both(sizes):
    words = verdict(edited("my_check", "N, T, D, H = 2, 5, 3, 4", f"N, T, D, H = {sizes}"))
    assert chapter_06.HOLES["one sample"] in words
    assert "five steps or more" in words


@pytest.mark.parametrize(
    ("edits", "hole"),
    [
        (("directions = [rng", "directions = [0 * at if at.ndim < 2 else rng"), "blind"),
        (("moved = [at", "directions = gradients; moved = [at"), "own direction"),
        (("np.isclose(back, ahead)", "np.isclose(back, ahead, rtol=1e-2)"), "loose"),
        (("    directions =", "    inputs[1] *= 0; directions ="), "h0 zero"),
    ],
)
def test_a_blind_check_is_told_what_it_is_blind_to(edits, hole):
    if hole == "blind":
        edits = ("    dh = rng", "    directions[4] *= 0; dh = rng")
    words = verdict(edited("my_check", *edits)).split("\n")
    assert words[-1] == chapter_06.HOLES[hole].format("db")


def test_a_comparison_with_a_right_backward_pass_is_told_to_be_forbidden():
    source = """
def compare(dh, cache):
    return rnn_layers.rnn_backward(dh, cache)


def my_check(forward, backward):
    return compare(1, 2) is None
"""
    words = verdict(built("my_check", source)).split("\n")
    assert words == ["Wrong: my_check.", chapter_06.HOLES["forbidden"]]


@pytest.mark.parametrize(
    ("name", "returns"), [("my_check", "np.isclose"), ("clip_by_global_norm", "[scale")]
)
def test_forgotten_return_is_told_where_no_arrays_are_given(name, returns):
    source = source_of(name).replace(f"return {returns}", returns)
    words = f"{name} returns nothing: is the `return` line there?"
    assert verdict(built(name, source)) == words


def test_a_check_that_says_nothing_of_a_wrong_one_is_told_what_to_say():
    def my_check(forward, backward):
        return ANSWERS["my_check"](forward, backward) or None

    words = "my_check returns neither True nor False; it should be one of them, of all that it is "
    assert words in verdict(my_check)


def test_a_check_that_is_dear_and_forgets_the_arguments_is_told_both():
    forgets = slips_of("my_check")["arguments not looked at"].build()

    def my_check(forward, backward):
        for _ in range(139):
            forward(*inputs_of(T=1))
        return forgets(forward, backward)

    words = verdict(my_check).split("\n")
    assert words[1] == "my_check calls forward 141 times; it should be 10 times at most."
    assert words[2].startswith("my_check says True of *")
    assert words[3:] == [chapter_06.HOLES["arguments"]]


def test_a_check_that_looks_at_dh_alone_is_told_of_the_cache():
    words = verdict(edited("my_check", "given, (dh, *cache)", "given, (dh,)")).split("\n")
    assert words[1] == "my_check says True of *slope written over the states*; it should be False."
    assert "the cache" in words[2]


def test_where_a_check_stops_it_is_told_what_it_was_handed():
    words = verdict(edited("my_check", "forward(*moved)[0].imag", "forward(*moved).imag"))
    assert words.split("\n")[-1].startswith("forward returns (h, cache)")


def test_a_check_with_two_holes_is_told_both():
    rows = slips_of("my_check")
    one, other = rows["one sample"], rows["arguments not looked at"]
    both = replace(one, edits=one.edits + other.edits).build()
    assert verdict(both).split("\n")[2:] == [one.hint, other.hint]


# The exercise of chapter 07: gradients that are long, short and zero


def test_gradients_to_be_clipped_are_long_then_short_then_zero():
    normal = np.random.default_rng(0).standard_normal
    exercise = EXERCISES["clip_by_global_norm"][0]
    above = []
    for case in exercise.cases:
        *arrays, threshold = exercise.arrays(normal, *case).values()
        above.append(np.linalg.norm([np.linalg.norm(array) for array in arrays]) > threshold)
    assert above == [True, True, False, False, False]
    assert exercise.cases[-1][0] == 0


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("gradients[0] = 1 * gradients[0]; return list(gradients)", "The list that you were given"),
        ("gradients.pop(); return gradients", "The list that you were given is changed"),
        ("return map(abs, gradients)", "returns a map; it should return a list"),
        ("return gradients, 3.0", "returns 2 things; it should return one list"),
        ("a, b, c = gradients; return [a / 2, b / 2, c / 2]", "Wrong: dWx"),
    ],
)
def test_what_is_done_to_the_list_is_told(body, words):
    source = f"def clip_by_global_norm(gradients, threshold):\n    {body}"
    assert words in verdict(built("clip_by_global_norm", source))


def test_arrays_that_are_handed_back_are_told():
    source = source_of("clip_by_global_norm").replace(
        "return [", "return gradients if scale == 1 else ["
    )
    assert verdict(built("clip_by_global_norm", source)).startswith("The numbers are right, but ")


def test_clipped_gradients_may_come_in_a_tuple():
    list_of_all = "[scale * gradient for gradient in gradients]"
    assert accepted(edited("clip_by_global_norm", list_of_all, f"tuple({list_of_all})"))


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ("scale * gradients", "a list is no array: treat its arrays one by one"),
        ("gradients / 2.0", "a list is no array: treat its arrays one by one"),
        (
            "np.array(gradients)",
            "arrays of different shapes make no array: treat them one by one",
        ),
    ],
)
def test_list_that_is_treated_as_an_array_is_told_so(wrong, words):
    stops = edited("clip_by_global_norm", "[scale * gradient for gradient in gradients]", wrong)
    line, what = verdict(stops).split("\n")[:2]
    assert line == f"clip_by_global_norm stops in its line 4: return {wrong}"
    assert what.endswith(f"Error: {words}")


# The exercises of chapter 08


@pytest.mark.parametrize(
    ("name", "scores"), [("softmax_with_temperature", "scores"), ("temporal_softmax_loss", "x")]
)
def test_scores_are_around_zero_and_far_from_it_on_both_sides(name, scores):
    normal = np.random.default_rng(0).standard_normal
    exercise = EXERCISES[name][0]
    drawn = [exercise.arrays(normal, *case)[scores] for case in exercise.cases]
    assert max(array.max() for array in drawn) > 900
    assert min(array.min() for array in drawn) < -900
    assert any(np.abs(array).max() < 20 for array in drawn)


def test_some_steps_are_masked_with_gaps_and_a_name_does_not_count():
    normal = np.random.default_rng(0).standard_normal
    exercise = EXERCISES["temporal_softmax_loss"][0]
    masks = [exercise.arrays(normal, *case)["mask"] for case in exercise.cases]
    assert all(mask.any() for mask in masks)
    assert any(not mask.any(axis=1).all() for mask in masks)
    gaps = [np.diff(row.astype(int)) for mask in masks for row in mask]
    assert any(np.any(gap == 1) and np.any(gap == -1) for gap in gaps)


def test_loss_without_loops_is_accepted():
    source = """
def temporal_softmax_loss(x, y, mask):
    log_p = x - x.max(axis=-1, keepdims=True)
    log_p = log_p - np.log(np.exp(log_p).sum(axis=-1, keepdims=True))
    loss = -np.sum(log_p[mask, y[mask]]) / len(x)
    one_hot = np.eye(x.shape[-1])[y]
    return loss, np.where(mask[..., None], np.exp(log_p) - one_hot, 0) / len(x)
"""
    assert accepted(built("temporal_softmax_loss", source))


def test_loss_that_shifts_its_scores_in_place_is_told_so():
    wrong = "x[n, t] -= x[n, t].max(); scores = x[n, t]"
    in_place = edited("temporal_softmax_loss", "scores = x[n, t] - x[n, t].max()", wrong)
    assert verdict(in_place) == (
        "The numbers are right, but your function changes its argument x; make a new array instead."
    )


def test_loss_that_writes_into_the_mask_is_told_so():
    wrong = "if mask[n, t]: mask[n, t] = False"
    changed_mask = edited("temporal_softmax_loss", "if mask[n, t]:", f"{wrong}\n            if 1:")
    words = verdict(changed_mask).split("\n")
    assert words[0] == "Wrong: loss and dx."
    assert "Your function changes its argument mask; make a new array instead." in words


@pytest.mark.parametrize("level", [0, 4, -1])
def test_hint_of_no_level_is_refused(level):
    with pytest.raises(ValueError, match=f"level is {level}; it should be from 1 to 3"):
        CHAPTERS["chapter_05"].hint("rnn_backward", level=level)


# For teachers, and for those who add an exercise


@pytest.mark.parametrize("change", [lambda h: -h, lambda h: None])
def test_strict_setting_raises_with_the_same_words(change, monkeypatch):
    function = changed("rnn_forward", change)
    words = verdict(function)
    monkeypatch.setattr(exercises, "strict", True)
    with pytest.raises(AssertionError, match=re.escape(words)) as raised:
        CHAPTERS["chapter_04"].check(function)
    assert len(raised.traceback) == 2, "the words stand below a long traceback"
    assert accepted(ANSWERS["rnn_forward"])


@pytest.mark.parametrize(
    ("value", "strict"),
    [
        ("1", "True"),
        ("0", "False"),
        ("false", "False"),
        ("No", "False"),
        ("off", "False"),
        ("", "False"),
    ],
)
def test_strict_setting_can_come_from_the_environment(value, strict):
    code = "from course import exercises; print(exercises.strict)"
    environment = os.environ | {"COURSE_STRICT": value}
    folder = Path(exercises.__file__).parents[1]
    command = [sys.executable, "-c", code]
    assert (
        subprocess.check_output(command, cwd=folder, env=environment, text=True).strip() == strict
    )


def test_a_name_that_is_no_exercise_ends_in_a_sentence():
    check = CHAPTERS["chapter_01"].check
    with pytest.raises(ValueError, match="its exercises are cell, unit, rnn_step_f") as raised:
        check(built("step", "def step(): ..."))
    assert raised.value._render_traceback_() == [str(raised.value)]
    with pytest.raises(
        ValueError, match="given the name of a function; it should be your function"
    ):
        check("rnn_step_forward")
    with pytest.raises(ValueError, match="given ndarray; it should be your function, without"):
        check(np.zeros(3))


# Forms in which a function comes

NO_BIAS = "np.tanh(x @ Wx + prev_h @ Wh)"
FORMS = [
    "rnn_step_forward = lambda x, prev_h, Wx, Wh, b: {}",
    "def g(k, x, prev_h, Wx, Wh, b):\n    return k * {}\n"
    "rnn_step_forward = functools.partial(g, 1)",
    "class Step:\n    def __call__(self, x, prev_h, Wx, Wh, b):\n        return {}\n"
    "rnn_step_forward = Step()",
    "def bare(g):\n    def wrapper(*given):\n        return g(*given)\n    return wrapper\n"
    "@bare\ndef rnn_step_forward(x, prev_h, Wx, Wh, b):\n    return {}",
    "def rnn_step_foward(x, prev_h, Wx, Wh, b):\n    return {}\nrnn_step_forward = rnn_step_foward",
]


@pytest.mark.parametrize("form", FORMS)
def test_a_function_may_come_in_any_form(form):
    right = built(
        "rnn_step_forward", form.format("np.tanh(x @ Wx + prev_h @ Wh + b)"), functools=functools
    )
    wrong = built("rnn_step_forward", form.format(NO_BIAS), functools=functools)
    assert verdict(right, "rnn_step_forward").startswith("Right: rnn_step_forward ")
    words = verdict(wrong, "rnn_step_forward")
    assert words.endswith(slips_of("rnn_step_forward")["no bias"].hint)
    assert ("`rnn_step_foward`: the exercise calls it rnn_step_forward." in words) == (
        "foward" in form
    )


HEAD = "def rnn_step_forward(x, prev_h, Wx, Wh, b):\n    "


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("raise SystemExit", "rnn_step_forward stops by exit(), which ends the whole program"),
        ("raise KeyboardInterrupt", "rnn_step_forward was interrupted"),
        ("yield np.tanh(x @ Wx)", "of type generator, as it says `yield`: use `return`."),
        ("return rnn_step_forward(x, prev_h, Wx, Wh, b)", "the function calls itself without end"),
        ("z = np.tanh(x @ Wx); print(z)", "`print` shows a value, `return` hands it back."),
        ("h = np.tanh(x @ Wx); return h, (x, h)", "(CS231n's function returns its cache as well"),
        ("new_h = np.tanh(x @ Wx); return next_h", "Is `new_h` meant?"),
        (
            "return hlp(x)\n\ndef hlp(x):\n    return x @ x",
            "stops in `hlp`, line 2 of that: return",
        ),
    ],
)
def test_what_is_no_array_is_told_in_a_sentence(body, words):
    assert words in verdict(built("rnn_step_forward", HEAD + body))


def test_arguments_in_another_order_are_told():
    source = (
        "def rnn_step_forward(prev_h, x, Wx, Wh, b):\n    return np.tanh(x @ Wx + prev_h @ Wh + b)"
    )
    assert "yours takes them in the order prev_h, x, Wx, Wh, b." in verdict(
        built("rnn_step_forward", source)
    )


def test_what_is_kept_between_calls_is_told():
    source = source_of("rnn_backward").replace("(dh, cache):", "(dh, cache, kept=[0]):")
    source = source.replace("    return dx", "    kept[0] = db = db + kept[0]\n    return dx")
    assert "A second call of rnn_backward with the same arrays" in verdict(
        built("rnn_backward", source)
    )


# The time limit


@pytest.fixture
def short(monkeypatch):
    monkeypatch.setattr(exercises, "SECONDS", 0.2)


ENDLESS = (
    "while True:\n        try:\n            x = x\n        except Exception:\n            pass"
)


def test_an_endless_loop_ends_in_words(short):
    words = verdict(built("rnn_step_forward", HEAD + ENDLESS))
    assert (
        words == "rnn_step_forward has come to no end within 0.2 seconds: is there an endless loop?"
    )


def test_an_endless_loop_ends_in_words_beside_the_main_thread(short):
    said_there = []
    endless = built("rnn_step_forward", HEAD + ENDLESS)
    there = threading.Thread(
        target=lambda: said_there.append(CHAPTERS["chapter_01"].check(endless))
    )
    with contextlib.redirect_stdout(io.StringIO()) as out:
        there.start()
        there.join(20)
    assert "is there an endless loop?" in out.getvalue()


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no timer here")
def test_the_timer_of_somebody_else_goes_on():
    rung = []
    before = signal.signal(signal.SIGALRM, lambda *_: rung.append(1))
    try:
        signal.setitimer(signal.ITIMER_REAL, 50)
        assert accepted(ANSWERS["rnn_step_forward"])
        left, _ = signal.setitimer(signal.ITIMER_REAL, 0)
        assert 40 < left <= 50
        signal.raise_signal(signal.SIGALRM)
        assert rung == [1]
    finally:
        signal.signal(signal.SIGALRM, before)


def test_a_right_answer_is_judged_quickly():
    for name, answer in ANSWERS.items():
        began = time.process_time()
        verdict(answer, name)
        assert time.process_time() - began < 2, name
