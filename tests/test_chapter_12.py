"""Both forms of the GRU, a reader with any cell, the scripts of chapter 12, and its pictures."""

import functools
import importlib.util

import numpy as np
import pytest

from course import chapter_09, chapter_11, chapter_12
from course.chapter_11 import CELLS
from course.chapter_12 import (
    BACKWARD_SLIPS,
    GatedNetwork,
    GatedUnit,
    Without,
    cell_arrays,
    early_gru_backward,
    early_gru_forward,
    early_gru_step_backward,
    early_gru_step_forward,
    gru_backward,
    gru_forward,
    gru_step_backward,
    gru_step_forward,
)
from gradient_check import check_layer, complex_step
import rnn_layers


def script(name):
    """A module of notebooks/data, which is no package."""
    path = chapter_09.NAMES.with_name(f"{name}.py")
    specification = importlib.util.spec_from_file_location(f"{name}_of_data", path)
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


cells, parts, times = script("cells"), script("parts"), script("times")
PLACES = {"gru": slice(4, 6), "lstm": slice(5, 8)}  # of the gates in a cache of rnn_layers
SIZES = [(2, 5, 3, 4), (3, 4, 5, 2), (2, 1, 4, 3), (1, 6, 1, 2)]  # N, T, D, H
NAMES, VALIDATION_NAMES, TEST_NAMES = (part[:64] for part in chapter_09.split(0))
each_size = pytest.mark.parametrize("sizes", SIZES)
each_cell = pytest.mark.parametrize("cell", CELLS)


# Plain code


@each_size
def test_the_plain_gru_is_the_layer(sizes, rng):
    arrays = cell_arrays(rng.standard_normal, *sizes).values()
    h, cache = gru_forward(*arrays)
    tested, tested_cache = rnn_layers.gru_forward(*arrays)
    np.testing.assert_allclose(h, tested, rtol=1e-12)
    dh = rng.standard_normal(h.shape)
    for one, other in zip(gru_backward(dh, cache), rnn_layers.gru_backward(dh, tested_cache)):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-12)


@each_size
def test_the_early_form_is_right_for_the_witnesses(sizes, rng):
    x, h0, Wx, Wh, b, _ = cell_arrays(rng.standard_normal, *sizes).values()
    check_layer(early_gru_forward, early_gru_backward, x, h0, Wx, Wh, b)
    check_layer(early_gru_step_forward, early_gru_step_backward, x[:, 0], h0, Wx, Wh, b)


def test_the_two_forms_agree_where_the_reset_gate_is_one_number(rng):
    x, h0, Wx, Wh, b, bh = cell_arrays(rng.standard_normal, 3, 4, 2, 5).values()
    bh[:] = 0
    assert not np.allclose(
        gru_forward(x, h0, Wx, Wh, b, bh)[0], early_gru_forward(x, h0, Wx, Wh, b)[0]
    )
    for W in (Wx, Wh):
        W[:, :5] = 0
    b[:5] = 0.7
    one, other = gru_forward(x, h0, Wx, Wh, b, bh)[0], early_gru_forward(x, h0, Wx, Wh, b)[0]
    np.testing.assert_allclose(one, other, rtol=1e-12)


def test_the_gates_of_the_step_are_those_of_exercise_one(rng):
    arrays = cell_arrays(rng.standard_normal, 3, 1, 2, 4)
    x, prev_h, Wx, Wh, b, bh = arrays.values()
    _, cache = gru_step_forward(x[:, 0], prev_h, Wx, Wh, b, bh)
    dnext_h, H = rng.standard_normal((3, 4)), 4
    db = gru_step_backward(dnext_h, cache)[4]
    gates = chapter_12.gate_gradients(dnext_h, prev_h, *cache[4:])
    np.testing.assert_allclose(np.hstack(gates).sum(axis=0), db, rtol=1e-12)
    assert [gate.shape for gate in gates] == 3 * [(3, H)]


def test_slips_of_the_kill_matrix_are_many_and_of_one_function():
    assert all(slip.function is gru_backward for slip in BACKWARD_SLIPS)
    assert sum(slip.shown for slip in BACKWARD_SLIPS) == 24


def test_the_toy_learns_by_the_right_gradient_and_hardly_by_a_wrong_sign():
    [wrong] = [slip for slip in BACKWARD_SLIPS if slip.name == "sign of z"]
    right, slow = (chapter_12.train(each, steps=40)[-1] for each in (gru_backward, wrong.build()))
    assert right < 0.7 * slow


# Checks and exhibits


def test_every_check_lets_the_right_one_by_and_the_inner_product_all_that_is_published_not():
    checks = chapter_12.checks()
    assert all(passes(gru_backward) for passes in checks.values())
    for backward in chapter_12.exhibits().values():
        assert checks["shapes"](backward)
        assert not checks["inner\nproduct"](backward)


def test_the_24_slips_are_caught_as_the_chapter_says_of_its_five():
    checks = chapter_12.checks()
    let_by = {name: set() for name in ("T = 1\nall six", "T = 5\n$dW_x$", "inner\nproduct")}
    for slip in BACKWARD_SLIPS:
        if slip.shown:
            backward = slip.build()
            assert checks["shapes"](backward)
            for name, slips in let_by.items():
                if checks[name](backward):
                    slips.add(slip.name)
    in_place, mean = "carry added in place into dh", "db is a batch mean"
    assert let_by["T = 1\nall six"] == {"no carry", "last dh at every step", mean, in_place}
    others = {"dx from du", "dWh from da", "both biases alike"}
    assert let_by["T = 5\n$dW_x$"] == others | {mean, in_place}
    assert let_by["inner\nproduct"] == {in_place}


# Cells without parts


def gates_of(adder):
    """The gates of a cell of an adder by block, over a few sequences."""
    x, _ = chapter_11.adding_batch(np.random.default_rng(0), T=4)
    _, _, cache = chapter_11.adding_forward(adder.cell, adder.weights, x)
    return cache[PLACES[adder.cell]]


@pytest.mark.parametrize(("bias", "value"), [(200, 1), (-200, 0), (3, 0.9526)])
@pytest.mark.parametrize(("cell", "block"), [*(("gru", k) for k in range(2)), ("lstm", 2)])
def test_a_gate_that_is_held_is_a_constant_before_and_after_training(cell, block, bias, value):
    adder = Without(cell, held={block: bias})
    first = adder.weights[-1].copy()
    assert np.all(np.abs(gates_of(adder)[block] - value) <= (5e-5 if bias == 3 else 0))
    for _ in chapter_11.train(adder, T=4, updates=4, every=4):
        assert np.all(np.abs(gates_of(adder)[block] - value) <= (5e-5 if bias == 3 else 0))
    assert adder.weights[-1] != first  # it has been trained


def test_the_gradient_of_a_cell_without_parts_is_right_where_it_can_move(rng):
    """Along each change that keeps the gates held, or coupled, as they are."""
    x, y = (array.astype(float) for array in chapter_11.adding_batch(rng, T=5, N=3))
    for cell, settings in (("gru", {"held": {0: 3}}), ("lstm", {"coupled": True, "held": {2: 1}})):
        adder = Without(cell, **settings)
        weights = [array.astype(float) for array in adder.weights]
        direction = [rng.standard_normal(array.shape) for array in weights]
        for array in direction[:-2]:
            if adder.coupled:
                array[..., :32] = -array[..., 32:64]
            for block in adder.held:
                array[..., 32 * block : 32 * (block + 1)] = 0

        def error(step, cell=cell, weights=weights, direction=direction):
            moved = [array + step * way for array, way in zip(weights, direction)]
            return np.mean((chapter_11.adding_forward(cell, moved, x)[0] - y) ** 2)

        _, gradients = adder.gradients(weights, x, y)
        for gradient in gradients[:-2]:
            if adder.coupled:  # the same change is counted in both gates
                gradient[..., :32] = 0
        found = sum(np.sum(g * way) for g, way in zip(gradients, direction))
        np.testing.assert_allclose(found, complex_step(error, np.array(0.0)), rtol=1e-9)


def test_coupled_gates_always_add_up_to_one():
    adder = Without("lstm", coupled=True)
    for _ in chapter_11.train(adder, T=4, updates=6, every=3):
        i, f, *_ = gates_of(adder)
        np.testing.assert_allclose(i + f, 1, rtol=1e-6)


def test_nothing_left_out_is_the_adder_of_chapter_11():
    one, other = Without("lstm", 3), chapter_11.Adder("lstm", 3)
    for (t, loss), reported in zip(
        chapter_11.train(one, T=4, updates=4, every=2),
        chapter_11.train(other, T=4, updates=4, every=2),
    ):
        assert (t, loss) == reported


def test_the_script_of_parts_makes_what_is_missing_and_no_more(tmp_path, monkeypatch):
    made = []

    def row_of(way, T, seed):
        made.append((way, T, seed))
        row = {"way": way, "T": T, "seed": seed, "updates needed": 10 * seed}
        return row | {"last mean of 50": 0.005}

    monkeypatch.setattr(parts, "FILE", tmp_path / "parts.csv")
    monkeypatch.setattr(parts, "row_of", row_of)
    monkeypatch.setattr(parts, "SEEDS", range(2))
    parts.main("50", "GRU")
    monkeypatch.setattr(parts, "SEEDS", range(3))
    parts.main("50", "GRU")
    assert made == [("GRU", 50, seed) for seed in range(3)]


def test_a_row_of_parts_says_when_the_mean_over_50_fell_below_the_mark(monkeypatch):
    losses = [0.1, 0.02, 0.01, 0.005, 0.005, 0.005, 0.005]
    reports = [(10 * k, loss) for k, loss in enumerate(losses, 1)]
    monkeypatch.setattr(chapter_11, "train", lambda *settings, **_: iter(reports))
    assert parts.row_of("GRU", 50, 0)["updates needed"] == 60
    monkeypatch.setattr(chapter_11, "train", lambda *settings, **_: iter(reports[:4]))
    assert parts.row_of("GRU", 50, 0)["updates needed"] == ""
    quick = [(10 * k, 0.001) for k in range(1, 9)]
    monkeypatch.setattr(chapter_11, "train", lambda *settings, **_: iter(quick))
    assert parts.row_of("GRU", 50, 0)["updates needed"] == 50


# Networks that read names


@each_cell
@pytest.mark.parametrize("drop", [0, 0.4])
def test_the_gradients_of_a_reader_are_right_for_the_complex_step(cell, drop):
    x, y, mask = chapter_09.encode(["anna", "bo", "hannah"])
    start = chapter_12.reader_weights(cell, np.random.default_rng(8), D=3, H=4)
    weights = [array.astype(float) + 0.1 for array in start]

    def run(weights):
        luck = np.random.default_rng(1)
        return chapter_12.reader_gradients(cell, weights, x, y, mask, drop, luck)

    def loss_at(k, array):
        return run([*weights[:k], array, *weights[k + 1 :]])[0]

    for k, gradient in enumerate(run(weights)[1]):
        needed = complex_step(functools.partial(loss_at, k), weights[k])
        np.testing.assert_allclose(gradient, needed, rtol=1e-9, atol=1e-12)


def test_a_vanilla_reader_is_the_network_of_chapter_09():
    start = chapter_12.reader_weights("vanilla", np.random.default_rng(8))
    for array, same in zip(start, chapter_09.new_weights(np.random.default_rng(8)), strict=True):
        np.testing.assert_array_equal(array, same)
    batch = chapter_09.encode(NAMES)
    loss, gradients = chapter_12.reader_gradients("vanilla", start, *batch)
    needed_loss, needed = chapter_09.loss_and_gradients(start, *batch)
    assert loss == needed_loss
    for array, same in zip(gradients, needed, strict=True):
        np.testing.assert_array_equal(array, same)


@each_cell
def test_a_reader_starts_and_stays_in_float32(cell):
    weights = chapter_12.reader_weights(cell, np.random.default_rng(8), D=3, H=4)
    luck = np.random.default_rng(1)
    batch = chapter_09.encode(["anna", "bo"])
    gradients = chapter_12.reader_gradients(cell, weights, *batch, 0.3, luck)[1]
    assert {array.dtype for array in (*weights, *gradients)} == {np.dtype("float32")}


# Scripts and what they have stored


@pytest.mark.parametrize("way", cells.WAYS)
def test_the_script_trains_every_way(way, monkeypatch):
    monkeypatch.setattr(chapter_09, "split", lambda seed: (NAMES, VALIDATION_NAMES, TEST_NAMES))
    monkeypatch.setattr(
        cells, "counter_costs", lambda split: np.full(sum(map(len, TEST_NAMES)) + 64, 9)
    )
    row = cells.row_of(way, 0, rounds=2)
    assert float(row["ahead of tuned Kneser-Ney"]) == pytest.approx(
        9 - float(row["test"]), abs=2e-5
    )
    assert all(np.isfinite(float(row[name])) for name in list(row)[1:-3])


def test_the_stored_vanilla_rows_are_those_of_chapter_09s_splits():
    single = {row["split"]: row for row in chapter_09.stored(cells.FILE.with_name("splits.csv"))}
    mine = [row for row in chapter_09.stored(cells.FILE) if row["way"] == "vanilla"]
    assert len(mine) >= 3
    for row in mine:
        other = single[row["split"]]
        assert float(row["test"]) == pytest.approx(float(other["network (seed 8)"]), abs=2e-4)
        assert row["tuned Kneser-Ney"] == other["tuned Kneser-Ney"]


def test_every_stored_reader_stands_once_and_its_gain_is_a_difference():
    rows = chapter_09.stored(cells.FILE)
    assert len({(row["way"], row["split"]) for row in rows}) == len(rows)
    assert {row["way"] for row in rows} <= set(cells.WAYS)
    for row in rows:
        gain = float(row["tuned Kneser-Ney"]) - float(row["test"])
        assert float(row["ahead of tuned Kneser-Ney"]) == pytest.approx(gain, abs=2e-5)
        assert all(row.values())


def test_stored_times_are_multiples_of_the_vanilla_cells():
    rows = {
        (row["size"], row["cell"]): float(row["times vanilla"])
        for row in chapter_09.stored(times.FILE)
    }
    assert set(rows) == {(size, cell) for size in times.SIZES for cell in CELLS}
    assert all(rows[size, "vanilla"] == 1 for size in times.SIZES)


def test_times_are_measured_for_each_size_and_cell(monkeypatch):
    monkeypatch.setattr(times, "SIZES", {"tiny": (2, 3, 4, 5)})
    assert [row["cell"] for row in times.rows(turns=3)] == list(CELLS)


# Pictures


def test_a_gated_unit_says_each_state_and_each_gate():
    picture = GatedUnit(2, {"from 1": "forward"})
    picture.update({"from 1": [1, 0.5, 0.25]}, z=[0.5, 0.5], r=[1, 0])
    assert (
        "from 1: h goes 1.000, 0.500, 0.250; z is [0.500, 0.500]; r is [1.000, 0.000]"
        in picture.alt()
    )


def test_a_gated_unit_refuses_states_of_another_length():
    with pytest.raises(ValueError, match=r"from 1 has shape \(2,\); it should be \(3,\)"):
        GatedUnit(2, {"from 1": "forward"}).update({"from 1": [1, 0.5]}, z=[0, 0], r=[0, 0])


def test_two_streams_leave_for_the_step_before():
    picture = GatedNetwork(np.zeros((1, 3, 2)), np.zeros((1, 2)), sums=False)
    names = "dh", "past", "through", "total", "z"
    blame = {name: np.full((1, 3, 2), k + 0.5) for k, name in enumerate(names)}
    blame |= {"past at t = 0": np.full((1, 2), 70.5), "through at t = 0": np.full((1, 2), 80.5)}
    picture.update(5, np.zeros((1, 3, 2)), **blame)
    assert "70.5" not in picture.alt()
    picture.update(6, np.zeros((1, 3, 2)), **blame)
    assert "past at t = 0: [[70.50, 70.50]]" in picture.alt()
    assert "through at t = 0: [[80.50, 80.50]]" in picture.alt()


def test_what_the_page_says_of_the_stored_readers_is_so():
    rows = chapter_09.stored(cells.FILE)
    gains = {way: [] for way in cells.WAYS}
    for row in rows:
        gains[row["way"]].append(float(row["ahead of tuned Kneser-Ney"]))
    assert {len(each) for each in gains.values()} == {4}
    assert all(gain > 0 for way in ("GRU, dropout", "GRU") for gain in gains[way])
    assert np.mean(gains["GRU, dropout"]) == pytest.approx(0.042, abs=5e-4)
    behind = {way: np.subtract(gains["GRU"], gains[way]) for way in gains}
    for way in ("GRU, r = 1", "GRU, z = 0"):
        assert behind[way].mean() == pytest.approx(0.0045, abs=0.001)
        assert chapter_09.over_splits(behind[way])[2] == pytest.approx(0.004, abs=5e-4)
        assert np.all(behind[way] < behind["vanilla"])
    mean, _, error = chapter_09.over_splits(behind["vanilla"])
    assert mean == pytest.approx(0.022, abs=5e-4)
    assert mean > 3.9 * error


def test_what_the_page_says_of_the_cells_without_parts_is_so():
    needed = {}
    for row in chapter_09.stored(parts.FILE):
        needed.setdefault((row["way"], row["T"]), []).append(row["updates needed"])
    assert all(len(updates) == 10 for updates in needed.values())
    learned = {way: sum(map(bool, updates)) for way, updates in needed.items()}
    assert {way for way, _ in needed} == set(parts.WAYS)
    none = {"GRU, z = 0", "GRU, z = 0.953", "GRU, z = 0.993", "LSTM, f = 0", "LSTM, i = 1"}
    slow = {"LSTM, o = 1": 8, "LSTM, f = 1": 4}
    assert {way for way, T in learned if T == "50" and not learned[way, T]} == none
    assert {way: learned[way, "50"] for way in slow} == slow
    for way in set(parts.WAYS) - none - set(slow):
        assert learned[way, "50"] == 10

    def median(way, T="50"):
        return np.median([int(t) for t in needed[way, T] if t])

    assert median("GRU, r = 1") <= median("GRU") + 10
    assert median("GRU") < median("LSTM, i = 1 - f") < median("LSTM, i first at 0.05")
    lead = median("LSTM") - median("GRU")
    assert median("LSTM") - median("LSTM, i first at 0.05") > lead / 2
    assert median("LSTM, i first at 0.05") < median("LSTM") - 50
