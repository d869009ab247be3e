"""The counters of chapter 09 give probabilities, its training may be stopped, its table is true."""

from collections import Counter
import functools
import importlib.util
import itertools
import sys

import numpy as np
import pytest

from course import chapter_09
from course.chapter_09 import Gains, LetterBars, Ranking, V, Words
from gradient_check import check_layer, directional_derivative

NAMES, VALIDATION_NAMES, _ = chapter_09.split()


def script(name):
    """A script of the folder with the data, imported from its file."""
    spec = importlib.util.spec_from_file_location(name, chapter_09.NAMES.with_name(f"{name}.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


splits, choices = script("splits"), script("choices")


# Names


def test_split_zero_is_that_of_the_file():
    assert chapter_09.split() == chapter_09.read_names()


@pytest.mark.parametrize("seed", [0, 1, 19])
def test_a_split_puts_each_name_into_one_part(seed):
    parts = chapter_09.split(seed)
    assert [len(part) for part in parts] == [4130, 516, 517]
    assert sorted(itertools.chain(*parts)) == sorted(itertools.chain(*chapter_09.read_names()))


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
    """a, n and the mark each follow two kinds of symbols; 1 is taken of each 2, in all 3 of 6."""
    counts = chapter_09.count(["an", "anna"], 2)
    D = np.array([[0, 1, 1, 1], [0, 0.5, 1, 1]])
    p = chapter_09.kneser_ney(counts, [".a"], 2, D)[0]
    shorter = (2 - 1 + 3 / 27) / 6
    expected = {"n": 2 - 1 + 1.5 * shorter, ".": 1 - 0.5 + 1.5 * shorter, "a": 1.5 * shorter}
    for letter, value in expected.items():
        assert p[chapter_09.ALPHABET.index(letter)] == pytest.approx(value / 3)


def test_no_symbol_is_impossible_where_nothing_is_discounted():
    counts = chapter_09.count(["an", "anna"], 2)
    p = chapter_09.kneser_ney(counts, [".a", "."], 2, np.zeros((2, 4)))
    assert np.all(p > 0)
    np.testing.assert_allclose(p.sum(axis=1), 1)


def test_discounts_by_hand():
    """Four ones, two twos, one three, one four: Y = 4 / (4 + 2 · 2) = 1/2."""
    seen = np.zeros(V)
    seen[:8] = 1, 1, 1, 1, 2, 2, 3, 4
    D = chapter_09.discounts({"": seen}, 1)
    np.testing.assert_allclose(D, [[0, 1 - 2 / 2 * 2 / 4, 2 - 3 / 2 * 1 / 2, 3 - 4 / 2 * 1 / 1]])


def literal_kneser_ney(names, n):
    """Chen and Goodman's formulas, read from the pieces themselves, one probability at a time."""
    marked = [f".{name}." for name in names]

    def times(piece):
        first = int(len(piece) == 1)  # the first mark is given, never predicted
        return sum(name.startswith(piece, k) for name in marked for k in range(first, len(name)))

    @functools.cache
    def weight(piece):
        if len(piece) == n or (piece.startswith(".") and len(piece) > 1):
            return times(piece)
        return sum(times(before + piece) > 0 for before in chapter_09.ALPHABET)

    @functools.cache
    def how_many(length):
        pieces = {
            name[i : i + length]
            for name in marked
            for i in range(int(length == 1), len(name) - length + 1)
        }
        return Counter(map(weight, pieces))

    def discount(k, length):
        k, many = min(k, 3), how_many(length)
        if k == 0:
            return 0
        if not (many[1] and many[2] and many[3]):
            return k / 2
        Y = many[1] / (many[1] + 2 * many[2])
        return min(max(k - (k + 1) * Y * many[k + 1] / many[k], 0), k)

    def p(context, symbol):
        shorter = p(context[1:], symbol) if context else 1 / V
        weights = {s: weight(context + s) for s in chapter_09.ALPHABET}
        total = sum(weights.values())
        if total == 0:
            return shorter
        taken = {s: discount(w, len(context) + 1) for s, w in weights.items()}
        return (weights[symbol] - taken[symbol] + sum(taken.values()) * shorter) / total

    return lambda prefix, symbol: p(prefix[max(len(prefix) - n + 1, 0) :], symbol)


TOYS = {
    "discounts by the formula": ["anna", "hanna", "ann", "nan", "johanna", "ana", "joan", "hanno"],
    "too small for the formula": ["an", "anna"],
}


@pytest.mark.parametrize("n", [1, 2, 3, 4])
@pytest.mark.parametrize("toy", TOYS.values(), ids=list(TOYS))
def test_kneser_ney_is_the_literal_formula(toy, n):
    prefixes, expected = [".", ".a", ".an", ".zz", ".joh", ".hann"], literal_kneser_ney(toy, n)
    p = chapter_09.kneser_ney(chapter_09.count(toy, 4), prefixes, n)
    for prefix, row in zip(prefixes, p):
        needed = [expected(prefix, symbol) for symbol in chapter_09.ALPHABET]
        np.testing.assert_allclose(row, needed, rtol=1e-12)


def test_the_toys_are_what_they_are_called():
    by_formula = {}
    for name, toy in TOYS.items():
        D = chapter_09.discounts(chapter_09.continuations(chapter_09.count(toy, 3), 3), 3)
        by_formula[name] = not np.array_equal(D, np.tile([0, 0.5, 1, 1.5], (3, 1)))
    assert list(by_formula.values()) == [True, False]


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


# The network


def small_model(seeds=(8, 1, 2)):
    return chapter_09.Model(seeds, D=3, H=4)


def test_the_whole_network_passes_the_witnesses():
    rng = np.random.default_rng(8)
    weights = [array.astype(float) + 0.1 for array in chapter_09.new_weights(rng, D=3, H=4)]
    x = chapter_09.encode(["anna", "bo"])[0]

    def forward(W, Wx, Wh, b, w, c):
        scores, _, caches = chapter_09.forward([W, Wx, Wh, b, w, c], x)
        return scores, caches

    check_layer(forward, lambda dout, caches: chapter_09.backward(dout, caches)[1], *weights)


def test_the_gradient_of_the_loss_goes_through_the_mask():
    rng = np.random.default_rng(9)
    weights = [array.astype(float) + 0.1 for array in chapter_09.new_weights(rng, D=3, H=4)]
    batch = chapter_09.encode(["anna", "bo", "hannah"])
    loss, gradients = chapter_09.loss_and_gradients(weights, *batch)
    assert 3 * loss == pytest.approx(chapter_09.nats_of([weights], *batch).sum())
    for k, gradient in enumerate(gradients):
        v = rng.standard_normal(gradient.shape)

        def loss(moved, k=k):
            return chapter_09.loss_and_gradients([*weights[:k], moved, *weights[k + 1 :]], *batch)[
                0
            ]

        ahead = directional_derivative(loss, weights[k], v)
        np.testing.assert_allclose(np.sum(v * gradient), ahead, rtol=1e-10)


def test_the_model_gives_the_mean_of_the_probabilities_of_its_networks():
    model = small_model()
    x, _, _ = chapter_09.encode(["anna", "bo"])
    each = [np.exp(chapter_09.forward(weights, x)[0]) for weights in model.networks]
    mean = np.mean([p / p.sum(axis=-1, keepdims=True) for p in each], axis=0)
    p = chapter_09.probabilities(model.networks, x)
    np.testing.assert_allclose(p, mean, rtol=1e-5)
    np.testing.assert_allclose(p.sum(axis=-1), 1)
    costs = [-np.log(p[0, t, s]) for t, s in enumerate([1, 14, 14, 1, 0])]
    np.testing.assert_allclose(model.nats(["anna", "bo"])[:5], costs)


# Training


def test_adam_is_the_published_step():
    """Three steps of Kingma and Ba's algorithm 1, with its bias corrections, for one weight."""
    weight, averages = np.array([1.0]), [(np.zeros(1), np.zeros(1))]
    expected, m, v = 1.0, 0.0, 0.0
    for t, g in enumerate([2.0, -0.5, 3.0], start=1):
        chapter_09.adam([weight], [np.array([g])], averages, t, 0.1)
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
        expected -= 0.1 * (m / (1 - 0.9**t)) / ((v / (1 - 0.999**t)) ** 0.5 + 1e-8)
        assert weight[0] == pytest.approx(expected, rel=1e-12)


def test_each_round_reads_each_name_once_and_no_step_too_many():
    names = NAMES[:1000]
    x, y, mask = chapter_09.encode(names)
    made = list(chapter_09.batches(x, y, mask, 64, 2, np.random.default_rng(0)))
    assert len(made) == 2 * (1000 // 64)
    for one_round in (made[:15], made[15:]):
        read = [
            "".join(chapter_09.ALPHABET[symbol] for symbol in row[counts])
            for _, labels, counts in one_round
            for row, counts in zip(labels, counts)
        ]
        assert len(set(read)) == len(read) == 15 * 64
        assert set(read) <= {f"{name}." for name in names}
    assert made[0][1].tolist() != made[15][1].tolist()
    for part_x, part_y, part_mask in made:
        assert len(part_x) == 64
        assert part_mask.any(axis=0).all()
        np.testing.assert_array_equal(part_x[:, 1:], part_y[:, :-1])


def test_names_of_a_batch_are_of_like_length():
    made = chapter_09.batches(*chapter_09.encode(NAMES), 64, 1, np.random.default_rng(0))
    assert np.mean([mask.mean() for _, _, mask in made]) > 0.9  # in any order 0.64


def test_training_helps_and_reports_what_the_model_does():
    model = small_model()
    reports = []
    for progress in chapter_09.train(
        model, NAMES[:640], VALIDATION_NAMES[:50], 3, rate=0.03, every=8
    ):
        reports.append(progress)
        best = min(report.validation for report in reports)
        assert model.nats(VALIDATION_NAMES[:50]).mean() == pytest.approx(best, rel=1e-6)
    assert [report.rounds for report in reports] == pytest.approx([0, 0.8, 1.6, 2.4, 3.0])
    assert reports[-1].validation < reports[0].validation - 0.3


def test_networks_that_train_side_by_side_learn_what_they_learn_alone():
    def trained(*seeds):
        model = small_model(seeds)
        for _ in chapter_09.train(model, NAMES[:640], VALIDATION_NAMES[:50], rounds=1, every=10):
            pass
        return model.networks

    for together, alone in zip(trained(8, 1), [*trained(8), *trained(1)]):
        for array, other in zip(together, alone):
            np.testing.assert_array_equal(array, other)


def test_the_best_networks_stay_though_the_training_gets_worse():
    def uphill(weights, *batch):
        loss, gradients = chapter_09.loss_and_gradients(weights, *batch)
        return loss, [-gradient for gradient in gradients]

    model = small_model()
    best = model.nats(VALIDATION_NAMES[:50]).mean()
    settings = {"rounds": 1, "every": 2, "gradients_of": uphill}
    *_, progress = chapter_09.train(model, NAMES[:640], VALIDATION_NAMES[:50], **settings)
    assert progress.validation > best + 0.01
    assert model.nats(VALIDATION_NAMES[:50]).mean() == pytest.approx(best, rel=1e-6)


def stopped_at(line):
    """Train a small model, interrupted when so many lines of `train` and `adam` have been begun."""
    model, passed, reports = small_model((8, 1)), 0, []
    codes = chapter_09.train.__code__, chapter_09.adam.__code__

    def trace(frame, event, argument):
        nonlocal passed
        if event == "line" and frame.f_code in codes:
            passed += 1
            if passed == line:
                raise KeyboardInterrupt
        return trace

    settings = {"rounds": 3, "N": 16, "rate": 0.03, "every": 1}
    training = chapter_09.train(model, NAMES[:16], VALIDATION_NAMES[:9], **settings)
    before = sys.gettrace()
    sys.settrace(trace)
    try:
        reports.extend(training)
    except KeyboardInterrupt:
        pass
    finally:
        sys.settrace(before)
    return model, reports, passed


def test_an_interrupt_at_any_line_leaves_the_best_networks_so_far():
    _, to_the_end, lines = stopped_at(0)
    assert lines > 100
    costs = [report.validation for report in to_the_end]  # the first is of the untrained networks
    assert costs[0] > costs[1] > costs[2]
    improved = 0
    for line in range(1, lines + 1):
        model, reports, _ = stopped_at(line)
        now = model.nats(VALIDATION_NAMES[:9]).mean()
        best = costs[max(len(reports) - 1, 0) :][:2]  # as reported, or about to be
        assert np.isclose(now, best, rtol=1e-12).any()
        improved += now < costs[0]
    assert 0 < improved < lines


# One against another


def test_a_gain_and_its_error_are_those_of_names():
    """With names of one length the error is that of a plain mean over names."""
    rng = np.random.default_rng(3)
    names, costs, gains = ["anna", "erik", "olga", "ivan"], rng.random(20), rng.random(4)
    gain, error = chapter_09.ahead(costs, costs + np.repeat(gains, 5), names)
    assert gain == pytest.approx(gains.mean())
    assert error == pytest.approx(gains.std(ddof=1) / np.sqrt(4))


def test_the_error_of_a_gain_is_that_of_the_bootstrap():
    rng = np.random.default_rng(4)
    names = VALIDATION_NAMES[:200]
    lengths = np.array([len(name) + 1 for name in names])
    costs = rng.random(lengths.sum())
    others = costs + rng.standard_normal(lengths.sum()) + np.repeat(rng.random(200), lengths)
    per_name = np.add.reduceat(others - costs, np.cumsum(lengths) - lengths)
    drawn = rng.integers(200, size=(4000, 200))
    bootstrap = np.std(per_name[drawn].sum(axis=1) / lengths[drawn].sum(axis=1))
    assert chapter_09.ahead(costs, others, names)[1] == pytest.approx(bootstrap, rel=0.05)


def test_over_splits_by_hand():
    """Of 1, 2 and 6: mean 3, deviation root of (4 + 1 + 9) / 2, and 1 / 3 + 1 / 8 of the square."""
    mean, sd, error = chapter_09.over_splits([1, 2, 6])
    assert (mean, sd, error) == pytest.approx((3, 7**0.5, (7 * (1 / 3 + 1 / 8)) ** 0.5))


def test_the_script_makes_what_is_missing_and_no_more(tmp_path, monkeypatch, capsys):
    made = []

    def row_of(seed):
        made.append(seed)
        return {"split": seed, "back-off": 1.5 + seed, "date": "today"}

    monkeypatch.setattr(splits, "FILE", tmp_path / "splits.csv")
    monkeypatch.setattr(splits, "row_of", row_of)
    splits.main(2)
    splits.main(4)
    assert made == [0, 1, 2, 3]
    assert [float(row["back-off"]) for row in chapter_09.stored(splits.FILE)] == [
        1.5,
        2.5,
        3.5,
        4.5,
    ]
    assert "4 splits" in capsys.readouterr().out


def test_the_script_measures_networks_on_the_test_part():
    parts = NAMES[:128], VALIDATION_NAMES[:9], ["anna", "bo"]
    costs = splits.costs_of_networks(parts, seeds=(1, 2), rounds=1, D=3, H=4)
    assert list(costs) == ["network (seed 1)", "network (seed 2)", "average of 2"]
    p = [np.exp(-costs[name]) for name in costs]
    np.testing.assert_allclose(p[2], (p[0] + p[1]) / 2)
    assert len(p[0]) == len("anna.bo.")


def test_the_stored_row_of_the_shipped_split_is_what_its_counters_cost():
    stored = chapter_09.stored(splits.FILE)[0]
    assert stored["split"] == "0"
    counters = splits.costs_of_counters(chapter_09.split(0))
    for name, costs in counters.items():
        assert float(stored[name]) == pytest.approx(costs.mean(), abs=1e-4), name


def test_every_stored_row_is_complete_and_no_split_stands_twice():
    rows = chapter_09.stored(splits.FILE)
    assert sorted(int(row["split"]) for row in rows) == list(range(len(rows)))
    assert len(rows) >= 10
    for row in rows:
        assert all(row.values())
        assert all(np.isfinite(float(row[name])) for name in list(row)[1:-4])
        for rival in ("back-off", "Kneser-Ney", "tuned Kneser-Ney"):
            gain = float(row[rival]) - float(row["average of 3"])
            assert float(row[f"average of 3 ahead of {rival}"]) == pytest.approx(gain, abs=2e-5)


# What was tried


@pytest.mark.parametrize("way", list(choices.WAYS))
def test_every_way_to_train_can_be_tried_and_differs(way, monkeypatch):
    monkeypatch.setattr(chapter_09, "split", lambda seed: (NAMES[:64], VALIDATION_NAMES[:9], []))
    row = choices.row_of(0, way, 8)
    usual = choices.row_of(0, "as in the chapter", 8)
    assert np.isfinite(float(row["validation"]))
    assert (row["validation"] == usual["validation"]) == (way == "as in the chapter")


def test_every_stored_choice_is_one_of_the_ways_and_stands_once():
    rows = chapter_09.stored(choices.FILE)
    made = [(row["split"], row["way"], row["seed"]) for row in rows]
    assert len(set(made)) == len(made) >= 20
    assert {way for _, way, _ in made} <= set(choices.WAYS)
    assert all(value for row in rows for value in row.values())
    for row in rows:
        assert float(row["validation"]) <= float(row["at the end"])
        assert (float(row["share of steps clipped"]) > 0) == ("clipped" in row["way"])


def test_the_summary_of_choices_sets_each_way_beside_the_chapters():
    runs = {("as in the chapter", 1): 2.0, ("as in the chapter", 2): 3.0, ("Wh zero", 2): 3.5}
    runs |= {("Wh zero", 1): 2.1}  # differences of 0.1 and 0.5: 0.3, and an error of 0.2
    rows = [
        {"split": "0", "way": way, "seed": seed, "validation": cost, "share of steps clipped": 0}
        for (way, seed), cost in runs.items()
    ]
    _, usual, zero = choices.summary(rows)
    assert usual.split()[4:9] == ["2.5000", "2", "+0.0000", "±", "0.0000"]
    assert zero.split()[2:7] == ["2.8000", "2", "+0.3000", "±", "0.2000"]


def batch_and_weights():
    rng = np.random.default_rng(11)
    weights = [array.astype(float) + 0.1 for array in chapter_09.new_weights(rng, D=3, H=4)]
    return weights, chapter_09.encode(["anna", "bo", "hannah"])


def test_clipping_shortens_what_is_too_long_and_counts_it():
    weights, batch = batch_and_weights()
    plain = chapter_09.loss_and_gradients(weights, *batch)[1]
    norm = np.sqrt(sum(np.sum(gradient**2) for gradient in plain))
    clipped = choices.Clipped(norm / 2)
    for gradient, other in zip(clipped(weights, *batch)[1], plain):
        np.testing.assert_allclose(2 * gradient, other)
    clipped.threshold = 2 * norm
    for gradient, other in zip(clipped(weights, *batch)[1], plain):
        np.testing.assert_allclose(gradient, other)
    assert (clipped.steps, clipped.acted) == (2, 1)


@pytest.mark.parametrize("changed", [choices.Dropout, choices.Decay])
def test_changed_gradients_are_those_of_what_they_say(changed):
    weights, batch = batch_and_weights()
    gradients = changed(0.3)(weights, *batch)[1]
    for k, gradient in enumerate(gradients):
        v = np.random.default_rng(k).standard_normal(gradient.shape)

        def loss(moved, k=k):
            those = [*weights[:k], moved, *weights[k + 1 :]]
            penalty = 0.15 * sum(np.sum(array**2) for array in those)
            return changed(0.3)(those, *batch)[0] + (changed is choices.Decay) * penalty

        ahead = directional_derivative(loss, weights[k], v)
        np.testing.assert_allclose(np.sum(v * gradient), ahead, rtol=1e-9)


def test_nothing_is_hidden_without_dropout_and_much_with_it():
    weights, batch = batch_and_weights()
    loss, gradients = chapter_09.loss_and_gradients(weights, *batch)
    same, as_before = choices.Dropout(0.0)(weights, *batch)
    assert same == pytest.approx(loss)
    for gradient, other in zip(as_before, gradients):
        np.testing.assert_allclose(gradient, other)
    assert abs(choices.Dropout(0.5)(weights, *batch)[0] - loss) > 1e-3


# What a prediction listens to


def test_listening_is_the_norm_of_the_derivative():
    rng = np.random.default_rng(5)
    weights = [array.astype(float) for array in chapter_09.new_weights(rng, D=3, H=4)]
    x = chapter_09.encode(["anna"])[0]  # (1, 5)

    def scores(e):  # every place has a symbol of its own, and W a row for each
        after = chapter_09.forward([e, *weights[1:]], np.arange(5)[None])[0][0, -1]
        return after - after.mean()

    at = weights[0][x[0]]
    units = np.eye(15).reshape(15, 5, 3)
    J = np.array([directional_derivative(scores, at, unit) for unit in units])  # (15, V)
    norms = np.sqrt(np.sum(J.reshape(5, 3, V) ** 2, axis=(1, 2)))
    np.testing.assert_allclose(chapter_09.listening(weights, x)[0], norms, rtol=1e-10)


@pytest.mark.parametrize("even", [False, True])
def test_replacing_tries_each_other_letter(even):
    networks = small_model().networks
    x = chapter_09.encode(["ann", "bob"])[0]
    moves = chapter_09.replacing(networks, x, even)
    assert moves.shape == (2, 3)
    for n, name in enumerate(["ann", "bob"]):
        p = chapter_09.probabilities(networks, x[n : n + 1])[0]
        for r in range(3):
            moved, shares = [], []
            for letter in set(chapter_09.ALPHABET) - {".", name[r]}:
                other = chapter_09.encode([name[:r] + letter + name[r + 1 :]])[0]
                after = chapter_09.probabilities(networks, other)[0]
                moved.append(np.abs(after[3] - p[3]).sum() / 2)
                shares.append(1 if even else p[r, chapter_09.ALPHABET.index(letter)])
            assert moves[n, r] == pytest.approx(np.average(moved, weights=shares))


# Pictures


def test_names_that_are_known_are_marked_in_colour_and_in_shape():
    picture = Words(2)
    new, known, _ = picture.update(["anna", "bo"], [False, True], "one of two is known")
    assert known.get_text().startswith("●")
    assert not new.get_text().startswith("●")
    assert new.get_color() != known.get_color()
    assert picture.alt() == "Words: anna, bo (known). one of two is known"


def test_a_bar_is_as_long_as_its_first_number_says():
    picture = Ranking({"a": "forward", "b": "neutral"}, ["nats", "bits"], limit=4.0)
    artists = picture.update({"a": [4.0, 9.0], "b": [1.0, 9.0]})
    a, b = (artist.get_width() for artist in artists if hasattr(artist, "get_width"))
    assert a == pytest.approx(4 * b)
    with pytest.raises(ValueError, match=r"b is missing; its shape should be \(2,\)"):
        picture.update({"a": [4.0, 9.0]})


def test_the_progress_bar_fills():
    picture, _ = chapter_09._training_curve(np.random.default_rng(0), 1.0)
    for done in (0.0, 0.25, 1.0):
        picture.update({}, done)
        assert picture._bar.get_width() == done


def test_letters_that_do_not_fit_are_refused():
    labels = {"share": ("backward", 1)}
    with pytest.raises(ValueError, match="there are 2 places"):
        LetterBars(2, labels).update("abc", {"share": [1.0]})
    with pytest.raises(ValueError, match="each bar needs a letter"):
        LetterBars(5, labels).update("abc", {"share": np.ones(4)})
    with pytest.raises(ValueError, match="1 words and 1 marks are given for 2 places"):
        Words(2).update(["anna"], [True])


def test_a_letter_without_a_bar_is_not_spoken_of():
    picture = LetterBars(4, {"share": ("backward", 1), "moves": ("forward", 1)})
    picture.update(".bo", {"share": [0.25, 0.75], "moves": [np.nan, 0.5]}, "next: o 0.9")
    assert picture.alt() == (
        "Bars over the letters . b. share: . 0.250, b 0.750. moves: b 0.500. next: o 0.9"
    )


def test_gains_stand_where_they_are_with_their_errors():
    picture = Gains(2, {"three": "forward"}, "nats", (-1, 1))
    points, bars, level, text = picture.update({"three": ([0.5, -0.25], [0.1, 0.2])})
    assert points.get_ydata().tolist() == [0.5, -0.25]
    ends = [segment[:, 1].tolist() for segment in bars.get_segments()]
    np.testing.assert_allclose(ends, [[0.4, 0.6], [-0.45, -0.05]])
    assert level.get_ydata() == [0.125, 0.125]
    assert text.get_position()[1] == 0.125
    assert picture.alt().endswith("three: mean 0.125, from −0.250 to 0.500, below 0 in 1.")


# Making and reading names


def test_names_are_drawn_from_what_is_predicted():
    """Whoever reads .a predicts n, whoever reads anything else a; after four symbols the end."""

    def predict(x):
        p = np.full((len(x), V), 1e-9)
        wanted = {True: 14, False: 1}
        for row, last in zip(p, x[:, -1]):
            row[0 if x.shape[1] > 4 else wanted[last == 1]] = 1
        return p

    luck = np.random.default_rng(0).random((3, 9))
    assert chapter_09.make_names(predict, 1.0, luck) == ["anan"] * 3
    assert chapter_09.make_names(predict, 1.0, luck[:, :2]) == ["an"] * 3


def test_luck_falls_on_a_symbol_as_often_as_it_is_probable():
    p = np.array([0.1, 0.6, 0.3])
    luck = (np.arange(1000) + 0.5) / 1000
    assert np.bincount(chapter_09.draw(np.tile(p, (1000, 1)), luck)).tolist() == [100, 600, 300]


@pytest.mark.parametrize(
    ("typed", "letters", "remark"),
    [
        ("anna", "anna", ""),
        ("José", "jose", "é is read as e"),
        ("Anne-Marie", "annemarie", "- is left out"),
        ("Anna Bo", "annabo", "a space is left out"),
        ("Søren", "sren", "ø is left out"),
        ("Bartholomew Lee", "bartholomew", "a space is left out; the first 11 letters are read"),
        ("Éléa", "elea", "é is read as e"),
        ("", "", "type letters from a to z"),
        ("李", "", "李 is left out; type letters from a to z"),
    ],
)
def test_what_cannot_be_read_is_told(typed, letters, remark):
    assert chapter_09.readable(typed) == (letters, remark)


# The network of two readers


def test_two_readers_pass_the_witnesses():
    rng = np.random.default_rng(1)
    shapes = (2, 5, 3), (3, 4), (4, 4), (4,), (3, 4), (4, 4), (4,)
    inputs = [rng.standard_normal(shape) / 2 for shape in shapes]
    check_layer(chapter_09.both_ways_forward, chapter_09.both_ways_backward, *inputs)
