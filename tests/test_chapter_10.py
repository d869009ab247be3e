"""Cuts in time, the influence that runs forwards, a reader of names, and forecasts of sunspots."""

import importlib.util
import re

import numpy as np
import pytest

from course import chapter_09, chapter_10
from course.chapter_04 import sequence_arrays
from course.chapter_05 import forward_with_cache, rnn_backward
from course.chapter_10 import (
    PARTS,
    Forecaster,
    chunk_backward,
    gradients,
    influence_step,
    least_squares,
    overlap_backward,
    reach_backward,
    rms_errors,
    run_with_influence,
    shares,
    train,
    within_chunk,
    within_reach,
)
from gradient_check import complex_step

SUNSPOTS = chapter_10.read_sunspots()
README = chapter_10.SUNSPOTS.with_name("README.md").read_text("utf-8").split("# Sunspots")[1]
SIZES = [(2, 7, 3, 4), (3, 4, 5, 2), (2, 1, 4, 3), (1, 6, 1, 2)]  # N, T, D, H
each_size = pytest.mark.parametrize("sizes", SIZES)


def script():
    """The script of notebooks/data, which is no package."""
    path = chapter_10.SUNSPOTS.with_suffix(".py")
    specification = importlib.util.spec_from_file_location("sunspots_of_data", path)
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


sunspots = script()
STORED = chapter_09.stored(sunspots.FILE)


def sequence(rng, N, T, D, H):
    """Return dh, a plain cache, and the inputs that it came from."""
    inputs = list(sequence_arrays(rng.standard_normal, N, T, D, H).values())
    h, cache = forward_with_cache(*inputs)
    return rng.standard_normal(h.shape), cache, inputs


def assert_same(some, others):
    for one, other in zip(some, others, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-12)


# Pairs and cuts


@each_size
def test_the_share_of_a_loss_is_what_that_loss_alone_sends_back(sizes, rng):
    dh, cache, _ = sequence(rng, *sizes)
    parts, Wx = shares(dh, cache), cache[2]
    for s in range(dh.shape[1]):
        alone = np.zeros_like(dh)
        alone[:, s] = dh[:, s]
        dx = rnn_backward(alone, cache)[0]
        np.testing.assert_allclose(parts[s].swapaxes(0, 1) @ Wx.T, dx, rtol=1e-9, atol=1e-12)


@each_size
def test_all_pairs_together_are_the_gradient(sizes, rng):
    dh, cache, _ = sequence(rng, *sizes)
    T = dh.shape[1]
    for rule in (within_reach, within_chunk):
        found = gradients(rule(T, T), shares(dh, cache), cache)
        assert_same(found, rnn_backward(dh, cache)[2:])


@each_size
def test_each_cut_keeps_the_pairs_of_its_rule(sizes, rng):
    dh, cache, _ = sequence(rng, *sizes)
    T, parts = dh.shape[1], shares(dh, cache)
    for k in range(1, T + 3):
        assert_same(reach_backward(dh, cache, k), gradients(within_reach(T, k), parts, cache))
        assert_same(chunk_backward(dh, cache, k), gradients(within_chunk(T, k), parts, cache))


def test_a_chunk_ends_after_its_last_step_whether_counted_from_0_or_from_1():
    for k in range(1, 9):
        s, t = np.indices((8, 8)) + 1
        by_ceiling = (t <= s) & (np.ceil(s / k) == np.ceil(t / k))
        np.testing.assert_array_equal(within_chunk(8, k), by_ceiling)


@each_size
def test_walks_that_overlap_have_reach_and_chunks_at_their_ends(sizes, rng):
    dh, cache, _ = sequence(rng, *sizes)
    for k in range(1, dh.shape[1] + 2):
        assert_same(overlap_backward(dh, cache, k, 1), reach_backward(dh, cache, k))
        if dh.shape[1] % k == 0:  # else the last walk goes on beyond its chunk
            assert_same(overlap_backward(dh, cache, k, k), chunk_backward(dh, cache, k))


@pytest.mark.parametrize(("k", "j"), [(5, 3), (4, 2), (7, 7), (6, 5)])
def test_a_walk_that_overlaps_keeps_k_steps_before_its_block_ends(k, j, rng):
    dh, cache, _ = sequence(rng, 2, 11, 3, 4)
    s, t = np.indices((11, 11))
    end = np.minimum((s // j + 1) * j, 11)  # of the block of loss s
    found = overlap_backward(dh, cache, k, j)
    assert_same(found, gradients((t <= s) & (t >= end - k), shares(dh, cache), cache))


def test_a_cosine_is_that_of_a_cut_and_1_where_nothing_is_cut(rng):
    dh, cache, _ = sequence(rng, 2, 7, 3, 4)
    full = rnn_backward(dh, cache)[2:]
    for by_rule, cut in zip(
        chapter_10.cosines(dh, cache, [3, 7]), (reach_backward, chunk_backward)
    ):
        assert by_rule[0] == pytest.approx(chapter_10.cosine(cut(dh, cache, 3), full))
        assert by_rule[1] == pytest.approx(1)
    assert chapter_10.cosine([np.array([3.0]), np.zeros(2)], [np.array([-2.0]), np.zeros(2)]) == -1


def test_the_numbers_to_aim_at_are_those_of_the_exercises():
    x, one, h = np.ones((1, 8, 1)), np.ones((1, 1)), np.zeros((1, 8, 1))
    cache = x, 0 * one, one, one, h
    assert rnn_backward(x, cache)[-1] == 36
    assert reach_backward(x, cache, 3)[-1] == 21
    assert chunk_backward(x, cache, 3)[-1] == 15
    assert overlap_backward(x, cache, 3, 2)[-1] == 18
    found = influence_step(
        np.ones((1, 4, 2, 2)), np.ones((1, 4)), np.zeros((1, 2)), np.ones((2, 2))
    )
    assert set(found.ravel()) == {2, 3}


def random_cache(H, radius, seed, T=64):
    """Return dh and the cache of a network as the notebook draws them."""
    rng = np.random.default_rng(seed)
    Wh, Wx = rng.standard_normal((H, H)), rng.standard_normal((4, H)) / 2
    Wh *= radius / np.abs(np.linalg.eigvals(Wh)).max()
    x = rng.standard_normal((1, T, 4))
    h, cache = forward_with_cache(x, np.zeros((1, H)), Wx, Wh, np.zeros(H))
    return rng.standard_normal(h.shape), cache


def chunks_that_are_nearer(H, radius, seeds):
    found = [
        chapter_10.cosines(*random_cache(H, radius, seed), [2, 4, 8, 16, 32]) for seed in seeds
    ]
    return sum(np.sum(chunks > reach + 1e-12) for reach, chunks in found)


def test_chunks_are_rarely_nearer_to_the_gradient_than_reach():
    assert chunks_that_are_nearer(24, 1.6, range(8, 20)) == 0
    assert 0 < chunks_that_are_nearer(8, 1.4, range(30)) < 10


def test_an_overlap_helps_in_each_draw_and_less_where_little_fades():
    def turned(runs, k, j):
        pairs = [(overlap_backward(*run, k, j), rnn_backward(*run)[2:]) for run in runs]
        return 1 - np.array([chapter_10.cosine(*pair) for pair in pairs])

    by_radius = {}
    for radius in (1.0, 1.6):
        runs = [random_cache(24, radius, seed) for seed in range(8)]
        by_radius[radius] = {kj: turned(runs, *kj) for kj in [(16, 16), (16, 8), (8, 1)]}
    for cut in by_radius.values():
        assert np.all(cut[16, 8] < cut[16, 16])
        assert np.all(cut[16, 8] < cut[8, 1])
    assert np.sum(20 * by_radius[1.6][16, 8] < by_radius[1.6][16, 16]) in range(1, 5)


def test_a_line_over_ticks_is_told_at_each_of_them_or_once_if_it_is_level():
    picture = chapter_10.Ticked({"a": "forward", "b": "wrong"}, "k", "e", [1, 10], (0, 5), "T")
    picture.update({"a": ([1, 3, 10], [4, 2, 1]), "b": ([1, 10], [3, 3])})
    assert "a is 4.000 at 1, 1.000 at 10; b is 3.000 throughout." in picture.alt()


# Forwards


@each_size
def test_the_influence_carried_forwards_gives_the_gradient_of_the_way_back(sizes, rng):
    dh, cache, inputs = sequence(rng, *sizes)
    assert_same(run_with_influence(dh, *inputs), rnn_backward(dh, cache)[2:])


def test_one_step_of_the_influence_is_the_derivative_of_the_new_state(rng):
    N, D, H = 2, 3, 4
    x, h0, before, Wh = (rng.standard_normal(s) for s in ((N, D), (N, H), (D, H), (H, H)))
    W = np.vstack([before, Wh, rng.standard_normal(H)])

    def state(W, steps):
        h_t = h0
        for _ in range(steps):
            u = np.hstack([x, h_t, np.ones((N, 1))])
            h_t = np.tanh(u @ W)
        return u, h_t

    def influence(steps):
        by_unit = [
            [complex_step(lambda W, n=n, k=k: state(W, steps)[1][n, k], W) for k in range(H)]
            for n in range(N)
        ]
        return np.moveaxis(by_unit, 1, -1)  # (N, D + H + 1, H, H)

    found = influence_step(influence(1), *state(W, 2), Wh)
    np.testing.assert_allclose(found, influence(2), rtol=1e-9, atol=1e-12)


# A reader of names


def test_a_line_of_names_holds_them_all_with_marks_between():
    lines = chapter_10.lines_of(["anna", "bo", "eve"], 2)
    assert chapter_09.in_letters(lines) == [".anna.", "bo.eve"]


def test_the_gradients_of_a_reader_are_right_for_the_complex_step(rng):
    V, H, symbols = chapter_09.V, 4, chapter_10.lines_of(["anna", "hannah", "bob"], 2)
    shapes = (V, H), (H, H), (H,), (H, V), (V,)
    weights = [rng.standard_normal(shape) / 2 for shape in shapes]

    def loss(k, array):
        return chapter_10.read([*weights[:k], array, *weights[k + 1 :]], symbols, h0)[0]

    h0 = rng.standard_normal((2, H)) / 2
    _, dh, cache, others = chapter_10.read(weights, symbols, h0)
    found = [*rnn_backward(dh, cache)[2:], *others]
    for k, gradient in enumerate(found):
        needed = complex_step(lambda array, k=k: loss(k, array), weights[k])
        np.testing.assert_allclose(gradient / (symbols.shape[1] - 1), needed, rtol=1e-9, atol=1e-12)


def test_readers_are_kept_at_the_marks_and_learn():
    names = chapter_09.read_names()[0][:600]
    kept = chapter_10.readers(names, 0.5, [0, 5, 60])
    assert list(kept) == [0, 5, 60]
    unseen = chapter_10.lines_of(chapter_09.read_names()[1], 8)
    costs = [chapter_10.read(weights, unseen, np.zeros((8, 48)))[0] for weights in kept.values()]
    assert costs[0] > costs[1] > costs[2] + 0.3
    shorter = chapter_10.readers(names, 0.5, [5])
    assert_same(shorter[5], kept[5])


def test_the_reach_that_is_needed_goes_on_growing():
    names, unseen, _ = chapter_09.read_names()
    symbols = chapter_10.lines_of(unseen, 4)[:, :65]
    turned = {}
    for updates, weights in chapter_10.readers(names, 0.5, [300, 900], seed=1).items():
        _, dh, cache, _ = chapter_10.read(weights, symbols, np.zeros((4, 48)))
        turned[updates] = 1 - chapter_10.cosines(dh, cache, [2])[0][0]
    assert 0.05 < turned[300] + 0.02 < turned[900] < 0.18


# Sunspots and those who forecast them


def test_the_sunspots_are_what_the_readme_says():
    assert len(SUNSPOTS) == int(re.search(r"([\d,]+) numbers", README)[1].replace(",", "")) == 3120
    assert min(SUNSPOTS) >= 0
    gap = 12 * (1824 - 1749) + 1  # February 1824
    assert SUNSPOTS[gap] == pytest.approx(np.mean(SUNSPOTS[[gap - 1, gap + 1]]), abs=0.051)
    for part in ("training", "validation", "test"):
        first, end = PARTS[part]
        assert end - first in {int(n.replace(",", "")) for n in re.findall(r"[\d,]*\d", README)}
    years = [1749 + PARTS[part][1] // 12 - 1 for part in ("training", "validation", "test")]
    assert all(str(year) in README for year in years)
    assert years == [1904, 1956, 2008]


def test_an_error_is_that_of_the_month_that_was_meant():
    first, end = PARTS["test"]
    forecasts = np.zeros((3120, 2))
    forecasts[:-1, 0], forecasts[:-12, 1] = SUNSPOTS[1:], SUNSPOTS[12:] + 3
    np.testing.assert_allclose(rms_errors(forecasts, SUNSPOTS, "test"), [0, 3], atol=1e-12)
    forecasts[first - 2, 0] = forecasts[end - 1, 0] = 1e9  # said of a month before, of one after
    assert rms_errors(forecasts, SUNSPOTS, "test")[0] == 0


@pytest.mark.parametrize(
    "forecasts",
    [
        lambda y: least_squares(y, 24),
        Forecaster(seed=0).forecasts,
        lambda y: Forecaster(seed=0).forecasts(y, last=6),
    ],
    ids=["AR(24)", "carried", "reset"],
)
def test_a_forecast_knows_nothing_of_later_months(forecasts):
    later = SUNSPOTS.copy()
    later[2000:] = 7.0
    np.testing.assert_allclose(forecasts(later)[:2000], forecasts(SUNSPOTS)[:2000], rtol=1e-12)
    assert not np.array_equal(forecasts(later)[2000:], forecasts(SUNSPOTS)[2000:], equal_nan=True)


def test_a_forecast_from_the_last_months_knows_no_others(rng):
    model = Forecaster(seed=1, H=5)
    model.weights[3] += rng.standard_normal((5, 2))
    said = model.forecasts(SUNSPOTS, last=6)
    assert said.shape == (3120, 2)
    for t in (1860, 1872, 3119):
        alone = model.forecasts(SUNSPOTS[t - 5 : t + 1])[-1]
        np.testing.assert_allclose(said[t], alone, rtol=1e-12)
    assert not np.isfinite(said[1859]).any()
    whole = model.forecasts(SUNSPOTS)
    assert not np.allclose(whole[1860:], said[1860:])


def test_least_squares_finds_a_series_that_is_a_weighted_sum():
    y = np.sin(np.arange(3120) / 7) + 2
    assert np.all(rms_errors(least_squares(y, 3), y, "test") < 1e-9)


def trained(y, rounds=1, **options):
    model = Forecaster(seed=1, H=5)
    for _ in train(model, y, rounds=rounds, every=rounds, **options):
        pass
    return model.weights


def test_training_sees_no_month_after_its_own():
    later = SUNSPOTS.copy()
    later[PARTS["training"][1] :] = 7.0
    for one, other in zip(trained(SUNSPOTS, k=39), trained(later, k=39), strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_gradient_that_trains_a_forecaster_is_right_for_the_complex_step(monkeypatch):
    steps = []
    monkeypatch.setattr(chapter_09, "adam", lambda w, g, *_: steps.append(g))
    trained(SUNSPOTS, k=234)
    start = Forecaster(seed=1, H=5).weights
    ends = np.arange(8)[:, None] * 234 + np.arange(234)

    def loss(k, array):
        *recurrent, w, c = [*start[:k], array, *start[k + 1 :]]
        h, _ = forward_with_cache(SUNSPOTS[ends][:, :, None] / 100, np.zeros((8, 5)), *recurrent)
        total = 0
        for i, m in enumerate(chapter_10.AHEAD):
            known = ends + m < 1872
            said = SUNSPOTS[ends] / 100 + h @ w[:, i] + c[i]
            total += np.sum((said[known] - SUNSPOTS[ends + m][known] / 100) ** 2)
        return total / ends.size

    [found] = steps
    for k, gradient in enumerate(found):
        needed = complex_step(lambda array, k=k: loss(k, array), start[k])
        np.testing.assert_allclose(gradient, needed, rtol=1e-9, atol=1e-12)


def test_carry_and_reset_differ_between_chunks_alone():
    assert_same(trained(SUNSPOTS, k=234), trained(SUNSPOTS, k=234, carried=False))
    carried, reset = trained(SUNSPOTS, k=78), trained(SUNSPOTS, k=78, carried=False)
    assert not np.array_equal(carried[1], reset[1])


def test_a_control_learns_its_readout_alone():
    start, end = Forecaster(seed=1, H=5).weights, trained(SUNSPOTS, k=39, learned=2)
    for k, (one, other) in enumerate(zip(start, end, strict=True)):
        assert np.array_equal(one, other) == (k < 3)


def test_a_training_that_is_stopped_leaves_the_best_so_far():
    model, errors = Forecaster(seed=0), []
    for done, missed in train(model, SUNSPOTS, k=39, rounds=20, every=2):
        errors.append(np.mean(missed**2))
        if done == 8:
            break
    now = rms_errors(model.forecasts(SUNSPOTS), SUNSPOTS, "validation")
    assert np.mean(now**2) == pytest.approx(min(errors))


# The script and what it has stored


def test_the_script_makes_a_row_for_each_seed_and_for_their_mean(monkeypatch):
    monkeypatch.setattr(sunspots, "SEEDS", range(2))
    monkeypatch.setattr(sunspots, "trained", lambda way, k, seed: np.full((3120, 2), 50.0 * seed))
    rows = list(sunspots.rows_of("test", "carried", 39))
    assert [row["seed"] for row in rows] == 3 * [0, 1, "average"]
    of_mean = rms_errors(np.full((3120, 2), 25.0), SUNSPOTS, "test")
    assert [rows[2]["1 month"], rows[2]["12 months"]] == [f"{error:.3f}" for error in of_mean]
    assert len(list(sunspots.rows_of("validation", "reset", 39))) == 2


@pytest.mark.parametrize("way", sunspots.WAYS)
def test_the_script_trains_every_way(way):
    errors = rms_errors(sunspots.trained(way, 39, 0, rounds=5), SUNSPOTS, "validation")
    assert np.all(errors < [30, 60])


def test_every_stored_forecast_stands_once_and_all_of_them_stand():
    kinds = [(row["part"], row["way"], row["k"], row["seed"]) for row in STORED]
    assert len(set(kinds)) == len(kinds)
    seeds, lengths = list(map(str, sunspots.SEEDS)), list(map(str, sunspots.LENGTHS))
    wanted = {("validation", w, k, n) for w in sunspots.WAYS for k in lengths for n in seeds}
    fed = [f"{w}, fed {last}" for w in ("carried", "reset") for last in sunspots.FED]
    wanted |= {("validation", way, "6", n) for way in fed for n in seeds}
    for part in ("test", chapter_10.RECORD, chapter_10.LATER):
        for way, k in (("carried", "39"), ("reset", "117")):
            assert sunspots.chosen(STORED, way) == int(k)
            wanted |= {(part, way, k, n) for n in (*seeds, "average")}
    assert set(kinds) == wanted


def test_the_pieces_of_the_test_part_make_up_its_error():
    weights = [PARTS[piece][1] - PARTS[piece][0] for piece in (chapter_10.RECORD, chapter_10.LATER)]
    by_part = {}
    for row in STORED:
        by_part.setdefault((row["way"], row["seed"]), {})[row["part"]] = float(row["12 months"])
    wholes = [each for each in by_part.values() if "test" in each]
    assert len(wholes) == 22
    for each in wholes:
        pieces = [each[chapter_10.RECORD] ** 2, each[chapter_10.LATER] ** 2]
        assert each["test"] ** 2 == pytest.approx(np.average(pieces, weights=weights), rel=1e-3)


def test_networks_that_are_fed_the_months_they_were_trained_on_are_those_of_the_lengths():
    def of(way):
        return [row["12 months"] for row in STORED if (row["way"], row["k"]) == (way, "6")]

    assert of("reset, fed 6") == of("reset")
    for whole, fed in zip(of("carried"), of("carried, fed 96"), strict=True):
        assert float(whole) == pytest.approx(float(fed), abs=0.7)
