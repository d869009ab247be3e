"""Both forms of the GRU, a reader with any cell, the scripts of chapter 12, and its pictures."""

import functools
import importlib.util

import numpy as np
import pytest

from course import chapter_09, chapter_12
from course.chapter_11 import CELLS
from course.chapter_12 import (
    BACKWARD_SLIPS,
    GatedNetwork,
    GatedUnit,
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


cells, times = script("cells"), script("times")
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


# Networks that read names


@each_cell
@pytest.mark.parametrize("drop", [0, 0.4])
def test_the_gradients_of_a_reader_are_right_for_the_complex_step(cell, drop):
    x, y, mask = chapter_09.encode(["anna", "bo", "hannah"])
    start = chapter_12.reader_weights(cell, np.random.default_rng(8), D=3, H=4)
    weights = [np.float64(array) + 0.1 for array in start]

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


def test_what_the_page_says_of_the_stored_readers_and_adders_is_so():
    rows = chapter_09.stored(cells.FILE)
    gains = {way: [] for way in cells.WAYS}
    for row in rows:
        gains[row["way"]].append(float(row["ahead of tuned Kneser-Ney"]))
    assert {len(each) for each in gains.values()} == {4}
    assert all(gain > 0 for way in ("GRU, dropout", "GRU") for gain in gains[way])
    assert np.mean(gains["GRU, dropout"]) == pytest.approx(0.042, abs=5e-4)
    assert np.mean(gains["vanilla, dropout"]) < 0 < np.mean(gains["vanilla"])
    runs = [
        row for row in chapter_09.stored(cells.FILE.with_name("adding.csv")) if row["bias"] != "0"
    ]
    needed = {(row["cell"], row["T"]): [] for row in runs}
    for row in runs:
        needed[row["cell"], row["T"]].append(row["first mean of 50 below 0.01"])
    spans = {
        "gru": {"50": (150, 200), "100": (150, 250)},
        "lstm": {"50": (250, 600), "100": (350, 700)},
    }
    for cell, by_length in spans.items():
        for T, span in by_length.items():
            updates = list(map(int, needed[cell, T]))
            assert (len(updates), min(updates), max(updates)) == (10, *span)
    assert all(needed["vanilla", T] == 10 * [""] for T in ("50", "100"))
