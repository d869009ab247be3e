"""The counters of chapter 09 give probabilities, its training may be stopped, its table is true."""

from collections import Counter
import importlib.util
import sys

import numpy as np
import pytest

from course import census, chapter_09
from course.chapter_09 import V
from gradient_check import check_layer, directional_derivative

NAMES, VALIDATION_NAMES, _ = chapter_09.split()
FILE = census.FILE.with_name("splits.py")


@pytest.fixture(scope="module")
def splits():
    """The script, imported from its file."""
    spec = importlib.util.spec_from_file_location("splits", FILE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# Names


def test_split_zero_is_that_of_the_file():
    assert chapter_09.split() == census.read()


@pytest.mark.parametrize("seed", [0, 1, 19])
def test_a_split_puts_each_name_into_one_part(seed):
    parts = chapter_09.split(seed)
    assert [len(part) for part in parts] == [4130, 516, 517]
    assert sorted(sum(parts, [])) == sorted(sum(census.read(), []))


def test_a_split_is_the_same_each_time_and_another_for_each_seed():
    assert chapter_09.split(3) == chapter_09.split(3)
    assert len({tuple(chapter_09.split(seed)[2]) for seed in range(20)}) == 20


def test_places_are_those_that_count_in_encoded_names():
    names = ["bo", "anna", "hannah"]
    prefixes, symbols = chapter_09.places(names)
    x, y, mask = chapter_09.encode(names)
    assert prefixes[:4] == [".", ".b", ".bo", "."]
    np.testing.assert_array_equal(y[mask], symbols)
    np.testing.assert_array_equal(x[mask], [chapter_09.ALPHABET.index(p[-1]) for p in prefixes])


# Counters


def some_prefixes(count=40):
    """Beginnings of names, some never seen, of every length."""
    rng = np.random.default_rng(9)
    made = ["".join(rng.choice(list("aeiknrz"), rng.integers(0, 9))) for _ in range(count)]
    return [".", *(f".{letters}" for letters in made)]


RULES = {
    **{f"{n}-gram": (chapter_09.additive, n, {"alpha": 0.3}) for n in range(1, 6)},
    "back-off": (chapter_09.back_off, 6, {"alpha": 4}),
    **{f"Kneser-Ney {n}": (chapter_09.kneser_ney, n, {}) for n in (1, 2, 4, 6)},
}


@pytest.mark.parametrize("name", list(RULES))
@pytest.mark.parametrize("names", [NAMES[:300], ["an", "anna"]], ids=["many", "two"])
def test_probabilities_of_a_counter_sum_to_one(name, names):
    rule, n, setting = RULES[name]
    p = rule(chapter_09.count(names, 7), some_prefixes(), n, **setting)
    assert p.shape == (41, V)
    assert np.all(p > 0)
    np.testing.assert_allclose(p.sum(axis=1), 1)


def test_counts_are_those_of_the_pieces():
    counts = chapter_09.count(["an", "anna"], 3)
    after_a = dict(zip(chapter_09.ALPHABET, counts["a"]))
    assert {letter: n for letter, n in after_a.items() if n} == {"n": 2, ".": 1}
    assert set(counts) == {"", ".", "a", "n", ".a", "an", "nn", "na"}


def test_additive_and_back_off_by_hand():
    counts = chapter_09.count(["an", "anna"], 2)
    n = chapter_09.ALPHABET.index("n")
    additive = chapter_09.additive(counts, [".a"], 2, 0.5)[0, n]
    assert additive == pytest.approx(2.5 / (3 + 27 / 2))
    # Of 8 symbols 3 are n, of 3 kinds; after a came n twice and the mark once, 2 kinds.
    shorter = (3 + 0.5 * 3 / 27) / (8 + 0.5 * 3)
    backed_off = chapter_09.back_off(counts, [".a"], 2, 0.5)[0, n]
    assert backed_off == pytest.approx((2 + 0.5 * 2 * shorter) / (3 + 0.5 * 2))


def test_kneser_ney_by_hand():
    """a, n and the mark each follow two kinds of symbols: a third each. Then a took 1.5 of 3."""
    counts = chapter_09.count(["an", "anna"], 2)
    D = np.array([[0, 0, 0, 0], [0, 0.5, 1, 1]])
    p = chapter_09.kneser_ney(counts, [".a"], 2, D)[0]
    expected = {"n": (2 - 1 + 1.5 / 3) / 3, ".": (1 - 0.5 + 1.5 / 3) / 3, "a": 1.5 / 3 / 3}
    for letter, value in expected.items():
        assert p[chapter_09.ALPHABET.index(letter)] == pytest.approx(value)


def test_discounts_by_hand():
    """Four ones, two twos, one three, one four: Y = 4 / (4 + 2 · 2) = 1/2."""
    seen = np.zeros(V)
    seen[:8] = 1, 1, 1, 1, 2, 2, 3, 4
    D = chapter_09.discounts({"": seen}, 1)
    np.testing.assert_allclose(D, [[0, 1 - 2 / 2 * 2 / 4, 2 - 3 / 2 * 1 / 2, 3 - 4 / 2 * 1 / 1]])


def literal_kneser_ney(names, prefix, symbol, n):
    """Chen and Goodman's formulas, read from the pieces themselves, one probability at a time."""
    marked = [f".{name}." for name in names]

    def times(piece):
        first = int(len(piece) == 1)  # the first mark is given, never predicted
        return sum(name.startswith(piece, k) for name in marked for k in range(first, len(name)))

    def weight(piece, longest):
        if len(piece) == longest or (piece.startswith(".") and len(piece) > 1):
            return times(piece)
        return sum(times(before + piece) > 0 for before in chapter_09.ALPHABET)

    def discount(k, length):
        pieces = {
            name[i : i + length]
            for name in marked
            for i in range(int(length == 1), len(name) - length + 1)
        }
        many = Counter(weight(piece, n) for piece in pieces)
        k = min(k, 3)
        if k == 0:
            return 0
        if not (many[1] and many[2] and many[3]):
            return k / 2
        Y = many[1] / (many[1] + 2 * many[2])
        return min(max(k - (k + 1) * Y * many[k + 1] / many[k], 0), k)

    def p(context, symbol):
        shorter = p(context[1:], symbol) if context else 1 / V
        weights = {s: weight(context + s, n) for s in chapter_09.ALPHABET}
        total = sum(weights.values())
        if total == 0:
            return shorter
        taken = {s: discount(w, len(context) + 1) for s, w in weights.items()}
        return (weights[symbol] - taken[symbol] + sum(taken.values()) * shorter) / total

    return p(prefix[max(len(prefix) - n + 1, 0) :], symbol)


@pytest.mark.parametrize("n", [1, 2, 3])
def test_kneser_ney_is_the_literal_formula(n):
    names = "anna hanna ann nan johanna ana joan hanno nana jon annan noah han".split()
    prefixes = [".", ".a", ".an", ".zz", ".joh", ".hann"]
    p = chapter_09.kneser_ney(chapter_09.count(names, 4), prefixes, n)
    for prefix, row in zip(prefixes, p):
        for symbol in ".anjz":
            expected = literal_kneser_ney(names, prefix, symbol, n)
            assert row[chapter_09.ALPHABET.index(symbol)] == pytest.approx(expected, rel=1e-12)


def test_some_discounts_of_the_literal_test_come_from_the_formula():
    names = "anna hanna ann nan johanna ana joan hanno nana jon annan noah han".split()
    D = chapter_09.discounts(chapter_09.continuations(chapter_09.count(names, 3), 3), 3)
    assert np.any(D[1:] != [0, 0.5, 1, 1.5], axis=1).any()


def test_tuned_discounts_are_better_where_they_were_tuned_and_stay_in_their_bounds():
    names, others = NAMES[:400], VALIDATION_NAMES[:80]
    counts, (prefixes, symbols) = chapter_09.count(names, 3), chapter_09.places(others)
    D = chapter_09.tuned_discounts(counts, prefixes, symbols, 3)
    assert np.all((D >= 0) & (D <= [0, 1, 2, 3]))
    cost = {
        tuned: chapter_09.nats(chapter_09.kneser_ney(counts, prefixes, 3, D), symbols).mean()
        for tuned, D in {True: D, False: None}.items()
    }
    assert cost[True] < cost[False]
