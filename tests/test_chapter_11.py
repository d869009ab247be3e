"""The plain LSTM and its exhibits, the adding problem, and the walk with two carries."""

from collections import Counter
import importlib.util
import sys

import numpy as np
import pytest

from course import chapter_11
from course.chapter_09 import NAMES, stored
from course.chapter_11 import (
    CELLS,
    SLIPS,
    Adder,
    TwoCarries,
    lstm_backward,
    lstm_forward,
    peephole_backward,
    peephole_forward,
    with_the_output_gates_bias,
)
from gradient_check import check_layer, directional_derivative
import rnn_layers

SPEC = importlib.util.spec_from_file_location("adding", NAMES.with_name("adding.py"))
adding = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(adding)


def inputs_of(rng, N=2, T=5, D=3, H=4):
    shapes = (N, T, D), (N, H), (D, 4 * H), (H, 4 * H), (4 * H,)
    return [rng.standard_normal(shape) / 2 for shape in shapes]


# The layer in plain code


@pytest.mark.parametrize("sizes", [(2, 5, 3, 4), (3, 4, 5, 2), (1, 1, 1, 1)])
def test_the_plain_sequence_is_the_tested_one(sizes, rng):
    inputs = inputs_of(rng, *sizes)
    h, cache = lstm_forward(*inputs)
    tested_h, tested_cache = rnn_layers.lstm_forward(*inputs)
    np.testing.assert_allclose(h, tested_h, rtol=1e-12)
    dh = rng.standard_normal(h.shape)
    pairs = zip(lstm_backward(dh, cache), rnn_layers.lstm_backward(dh, tested_cache), strict=True)
    for plain, tested in pairs:
        np.testing.assert_allclose(plain, tested, rtol=1e-9, atol=1e-14)


def test_a_name_of_a_slip_is_used_once():
    assert max(Counter(slip.name for slip in SLIPS).values()) == 1


@pytest.mark.parametrize(("N", "D", "H"), [(2, 3, 4), (3, 4, 2), (1, 1, 1)])
def test_the_peephole_backward_belongs_to_its_forward(N, D, H, rng):
    shapes = (N, D), (N, H), (N, H), (D, 4 * H), (H, 4 * H), (4 * H,), (3, H)
    check_layer(peephole_forward, peephole_backward, *map(rng.standard_normal, shapes))


def test_without_peepholes_the_step_is_the_plain_one(rng):
    shapes = (2, 3), (2, 4), (2, 4), (3, 16), (4, 16), (16,)
    inputs = [rng.standard_normal(shape) for shape in shapes]
    *peeping, _ = peephole_forward(*inputs, np.zeros((3, 4)))
    *plain, _ = rnn_layers.lstm_step_forward(*inputs)
    np.testing.assert_allclose(peeping, plain)


def test_the_bias_of_another_gate_is_hidden_by_biases_of_zero(rng):
    inputs = inputs_of(rng)
    for b, hidden in ((inputs[4], False), (np.zeros(16), True)):
        cache = lstm_forward(*inputs[:4], b)[1]
        for made, gate in zip(with_the_output_gates_bias(cache), cache[4:6]):
            assert np.allclose(made, gate) == hidden
    # With the bias of o moved to i and f, the gates are those that the mistake makes.
    b = np.concatenate([inputs[4][8:12], inputs[4][8:12], inputs[4][8:]])
    needed = lstm_forward(*inputs[:4], b)[1][4:6]
    for made, gate in zip(with_the_output_gates_bias(lstm_forward(*inputs)[1]), needed):
        np.testing.assert_allclose(made[:, 0], gate[:, 0])  # later steps start from other states


def test_with_the_wrong_bias_the_slopes_alone_are_wrong(rng):
    """As in numpy-ml: the candidate, the output gate and what the cell carries use the right gates.

    So the candidate's and the output gate's weights are right at the last step, and so is what goes
    to the cell before it.
    """
    inputs = inputs_of(rng, T=1)
    dh, cache = rng.standard_normal((2, 1, 4)), lstm_forward(*inputs)[1]
    right = lstm_backward(dh, cache)[2]
    wrong = chapter_11.exhibits()["3 numpy-ml"](dh, cache)[2]
    np.testing.assert_allclose(wrong[:, 8:], right[:, 8:])
    assert not np.any(np.isclose(wrong[:, :4], right[:, :4]))
    wrong_i, _ = with_the_output_gates_bias(cache)
    slopes = [(gate * (1 - gate))[:, 0] for gate in (wrong_i, cache[4])]
    one_sample = [array[:1] for array in inputs[:2]] + inputs[2:]
    alone = lstm_forward(*one_sample)[1]
    ratio = chapter_11.exhibits()["3 numpy-ml"](dh[:1], alone)[4][:4]
    ratio = ratio / lstm_backward(dh[:1], alone)[4][:4]
    np.testing.assert_allclose(ratio, (slopes[0] / slopes[1])[0])


def test_each_exhibit_is_caught_by_all_arrays_and_the_right_one_passes_every_check():
    checks = chapter_11.checks()
    assert all(passes(lstm_backward) for passes in checks.values())
    for backward in chapter_11.exhibits().values():
        assert not checks["all\narrays"](backward)
        assert checks["shapes"](backward)


def test_without_the_carry_of_c_a_sentence_is_learned_better_from_each_of_ten_starts():
    [no_carry] = [slip.build() for slip in SLIPS if slip.name == "no carry of c"]
    for seed in range(10):
        ends = [np.mean(chapter_11.learn(f, seed=seed)[-10:]) for f in (no_carry, lstm_backward)]
        assert ends[0] < ends[1]


# The adding problem


@pytest.mark.parametrize("T", [2, 7, 50])
def test_one_number_of_each_half_is_marked_and_their_sum_is_asked(T, rng):
    x, y = chapter_11.adding_batch(rng, T, N=300)
    marks = x[:, :, 1] == 1
    assert marks[:, : T // 2].sum(axis=1).tolist() == marks[:, T // 2 :].sum(axis=1).tolist()
    assert marks.sum() == 600
    np.testing.assert_allclose(x[marks, 0].reshape(300, 2).sum(axis=1), y[:, 0])
    assert np.mean((y - 1) ** 2) == pytest.approx(1 / 6, rel=0.25)
    assert x.dtype == y.dtype == np.float32


@pytest.mark.parametrize("cell", CELLS)
def test_the_gradient_of_the_adding_problem_is_right(cell, rng):
    x, y = (array.astype(float) for array in chapter_11.adding_batch(rng, T=5, N=3))
    weights = [array.astype(float) + 0.1 for array in chapter_11.adding_weights(cell, rng, H=2)]
    loss, gradients = chapter_11.adding_gradients(cell, weights, x, y)
    assert len(gradients) == len(weights)
    assert loss == pytest.approx(np.mean((chapter_11.adding_forward(cell, weights, x)[0] - y) ** 2))
    for k, gradient in enumerate(gradients):
        v = rng.standard_normal(gradient.shape)

        def error(moved, k=k):
            moved_weights = [*weights[:k], moved, *weights[k + 1 :]]
            return np.mean((chapter_11.adding_forward(cell, moved_weights, x)[0] - y) ** 2)

        ahead = directional_derivative(error, weights[k], v)
        np.testing.assert_allclose(np.sum(v * gradient), ahead, rtol=1e-10)


@pytest.mark.parametrize("cell", CELLS)
def test_the_bias_of_the_gate_that_keeps_is_raised_and_no_other(cell):
    weights = chapter_11.adding_weights(cell, np.random.default_rng(0), H=2, bias=3.0)
    raised = np.flatnonzero(np.concatenate(weights[2:-2]))
    assert raised.tolist() == ([] if CELLS[cell].keep is None else [2, 3])
    if cell != "vanilla":
        held = weights[2].copy()
        held[2:4] = 40  # the gate at 1
        arrays = [weights[0], weights[1], held, *weights[3:-2]]
        h0, x = np.full((1, 2), 0.5, np.float32), np.zeros((1, 4, 2), np.float32)
        h, cache = CELLS[cell].forward(x, h0, *arrays)
        kept = h if cell == "gru" else cache[6][:, None]  # the state of a GRU, f of an LSTM
        np.testing.assert_allclose(kept, 0.5 if cell == "gru" else 1)


def test_training_helps_and_the_weights_are_those_of_the_last_report():
    adder = Adder("lstm", H=8)
    before, reports = adder.loss(T=4), []
    for report in chapter_11.train(adder, T=4, updates=60, every=20):
        reports.append(report)
    assert [t for t, _ in reports] == [20, 40, 60]
    assert adder.loss(T=4) < before / 2
    assert all(array.dtype == np.float32 for array in adder.weights)


def stopped_at(line):
    """Train, interrupted when so many lines of `train` have been begun: the adder, the reports."""
    adder, reports, passed = Adder("vanilla", H=2), [], 0
    code = chapter_11.train.__code__

    def trace(frame, event, argument):
        nonlocal passed
        if event == "line" and frame.f_code is code:
            passed += 1
            if passed == line:
                raise KeyboardInterrupt
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        for report in chapter_11.train(adder, T=4, updates=4, every=2):
            reports.append(report)
    except KeyboardInterrupt:
        pass
    finally:
        sys.settrace(before)
    return adder, reports, passed


def test_an_interrupt_at_any_line_leaves_the_weights_of_a_report():
    fit, training = [Adder("vanilla", H=2)], Adder("vanilla", H=2)
    for _ in chapter_11.train(training, T=4, updates=4, every=2):
        fit.append(training.weights)
    fit[0] = fit[0].weights
    _, _, lines = stopped_at(0)
    assert lines > 20
    for line in range(1, lines + 1):
        adder, reports, _ = stopped_at(line)
        as_reported = fit[len(reports) :][:2]  # as reported, or about to be
        assert any(all(map(np.array_equal, adder.weights, weights)) for weights in as_reported)


def test_the_script_makes_what_is_missing_and_no_more(tmp_path, monkeypatch, capsys):
    made = []

    def row_of(cell, T, bias, seed):
        made.append((cell, T, bias, seed))
        row = {"cell": cell, "T": T, "bias": bias, "seed": seed, "loss": 0.005 * seed}
        return row | {"first mean of 50 below 0.01": 100 if seed < 2 else ""}

    monkeypatch.setattr(adding, "FILE", tmp_path / "adding.csv")
    monkeypatch.setattr(adding, "row_of", row_of)
    monkeypatch.setattr(adding, "SEEDS", range(2))
    adding.main("lstm", "50")
    monkeypatch.setattr(adding, "SEEDS", range(3))
    adding.main("lstm", "50")
    adding.main("vanilla", "50", "7")  # which has no such gate
    assert made == [
        *[("lstm", "50", "3", seed) for seed in range(3)],
        *[("vanilla", "50", "", seed) for seed in range(3)],
    ]
    assert (
        "lstm       50     3   2 of 3     0.0000    0.0100  100 to 100" in capsys.readouterr().out
    )


def test_a_row_of_the_script_is_a_training():
    row = adding.row_of("vanilla", "4", "", 0, updates=50)
    assert float(row["loss"]) < 0.5
    assert row["command"] == "python notebooks/data/adding.py vanilla 4"


def test_the_stored_results_are_what_the_chapter_says():
    rows = stored(adding.FILE)
    counts = {("lstm", "50", "3"): 10, ("lstm", "50", "0"): 10}
    counts |= {("lstm", "100", "3"): 10, ("lstm", "100", "0"): 8, ("vanilla", "50", ""): 0}
    for way, learned in counts.items():
        those = [row for row in rows if (row["cell"], row["T"], row["bias"]) == way]
        assert sorted(int(row["seed"]) for row in those) == list(range(10))
        assert sum(float(row["loss"]) < 0.01 for row in those) == learned
        assert all(row["date"] and row["versions"] and row["command"] for row in those)


# The picture


def walk():
    arrays = {"dh": [1, 2], "carry_h": [3, 4, 0], "total_h": [5, 6], "total_c": [7, 8]}
    arrays |= {"carry_c": [0.5, 0.25, 0], "f": [0.75, 0.125], "o": [0.5, 0.6], "slope": [0.9, 1]}
    return TwoCarries(2), arrays | {"da": np.arange(8).reshape(2, 4) / 10}


def test_a_walk_shows_what_is_known_so_far():
    picture, arrays = walk()
    picture.update(0, **arrays)
    assert "total_h" not in picture.alt()
    for name, first, last in (("f", 0.75, 0.125), ("o", 0.5, 0.6), ("slope", 0.9, 1)):
        assert f"{name}: {first:.3f} at t = 1, {last:.3f} at t = 2." in picture.alt()
    picture.update(1, **arrays)
    assert "carry_c: 0.250 at t = 1, 0.000 at t = 2." in picture.alt()
    assert "da: [0.400, 0.500, 0.600, 0.700] at t = 2." in picture.alt()
    seen = [[arrow.get_visible() for arrow in arrows] for _, arrows in picture._arrows]
    assert seen == [7 * [False], 7 * [True]]  # two carries, and eq. 11.5 down to the forget gate
    picture.update(2, **arrays)
    assert "carry_h: 3.000 at t = 0, 4.000 at t = 1" in picture.alt()
    assert all(arrow.get_visible() for _, arrows in picture._arrows for arrow in arrows)


def test_a_walk_refuses_what_does_not_fit():
    picture, arrays = walk()
    with pytest.raises(ValueError, match="back is 3; it should be from 0 to 2"):
        picture.update(3, **arrays)
    with pytest.raises(ValueError, match=r"carry_c has shape \(2,\); it should be \(3,\)"):
        picture.update(1, **arrays | {"carry_c": [1, 2]})
