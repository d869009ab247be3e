"""Chapter 13: what PyTorch says, what is stored of it, and functions of its autograd.

What asks PyTorch itself is left out where it is not installed.
"""

import re

import nbformat
import numpy as np
import pytest
from test_chapter_12 import script

from course import chapter_05, chapter_13
from course.chapter_11 import CELLS
from course.chapter_13 import (
    TRAPS,
    Function,
    as_layer,
    projected_arrays,
    projected_step_backward,
    projected_step_forward,
    to_numpy,
    to_tensor,
)
from gradient_check import check_layer, relative_error
import rnn_layers

STORED = chapter_13.stored()
SIZES = [(3, 4), (4, 1), (1, 5)]  # D, H
each_case = pytest.mark.parametrize("name", STORED["cases"])
each_kind = pytest.mark.parametrize("kind", chapter_13.TO_TORCH)
needs_torch = pytest.mark.skipif(
    chapter_13.torch is None, reason="PyTorch is not installed: what it says is stored"
)


def markdown():
    [page] = (chapter_13.FILE.parents[1]).glob("13-*.ipynb")
    cells = nbformat.read(page, as_version=4).cells
    return "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")


def alike(answer, other):
    assert answer.keys() == other.keys()
    for name, array in answer.items():
        np.testing.assert_allclose(array, other[name], rtol=1e-9, atol=1e-12, err_msg=name)


# What is stored


def test_what_is_stored_says_where_it_comes_from():
    assert STORED["versions"].startswith("PyTorch ")
    assert STORED["command"] == "python notebooks/data/pytorch.py"
    assert np.datetime64(STORED["date"]) > np.datetime64("2026-01-01")


def test_the_page_names_the_version_that_is_stored():
    version = STORED["versions"].partition(";")[0].removeprefix("PyTorch ")
    assert f"of version {version})" in markdown()


@each_case
def test_a_stored_case_has_a_gradient_for_each_input(name):
    inputs, answer = STORED["cases"][name]["inputs"], STORED["cases"][name]["answer"]
    assert answer["h"].shape == inputs["dh"].shape
    assert {f"d{key}" for key in inputs.keys() - {"dh"}} == answer.keys() - {"h"}
    assert all(answer[f"d{key}"].shape == inputs[key].shape for key in inputs.keys() - {"dh"})


@each_case
def test_a_stored_case_is_found_by_its_inputs(name, monkeypatch):
    monkeypatch.setattr(chapter_13, "torch", None)
    case = STORED["cases"][name]
    alike(chapter_13.torch_says(case["kind"], case["inputs"], **case["options"]), case["answer"])


def test_what_is_not_stored_is_refused(monkeypatch):
    monkeypatch.setattr(chapter_13, "torch", None)
    inputs = chapter_13.case("RNN")
    with pytest.raises(LookupError, match="install PyTorch"):
        chapter_13.torch_says("RNN", inputs, batch_first=False)
    inputs["x"][0, 0, 0] += 1e-9
    with pytest.raises(LookupError, match="install PyTorch"):
        chapter_13.torch_says("RNN", inputs)


def test_a_projected_step_has_pytorchs_states_and_gradients():
    case = STORED["cases"]["one projected step"]
    x, h0, c0, dh, *weights, weight_hr = case["inputs"].values()
    Wx, Wh, b = chapter_13.lstm_from_torch(*weights)
    h, _, cache = projected_step_forward(x[:, 0], h0, c0, Wx, Wh, b, weight_hr.T)
    gradients = projected_step_backward(dh[:, 0], np.zeros_like(c0), cache)
    dx, dh0, dc0, *dweights, dWp = gradients
    found = dict(zip(("x", "h0", "c0"), (dx[:, None], dh0, dc0)))
    found |= dict(zip(chapter_13.WEIGHTS, chapter_13.lstm_gradients_to_torch(*dweights)))
    found |= {"weight_hr": dWp.T}
    alike({"h": h[:, None]} | {f"d{name}": array for name, array in found.items()}, case["answer"])


@pytest.mark.parametrize("scale", STORED["let by gradcheck"])
def test_what_gets_by_gradcheck_is_within_its_tolerance(scale):
    h, cache = chapter_05.forward_with_cache(*chapter_13.small_problem(float(scale)))
    units = np.eye(h.size).reshape(h.size, *h.shape)

    def jacobian(backward):
        return [[g.copy() for g in backward(unit.copy(), cache)] for unit in units]

    right, near = jacobian(chapter_05.rnn_backward), []
    for slip in (slip for slip in chapter_05.BACKWARD_SLIPS if slip.shown):
        pairs = zip(jacobian(slip.build()), right)
        if all(np.allclose(a, b, 1e-3, 1e-5) for rows in pairs for a, b in zip(*rows)):
            near.append(slip.name)
    assert near == STORED["let by gradcheck"][scale]


# PyTorch itself


@needs_torch
@each_case
def test_pytorch_says_today_what_is_stored(name):
    case = STORED["cases"][name]
    alike(chapter_13.ask_torch(case["kind"], case["inputs"], **case["options"]), case["answer"])


@needs_torch
@each_kind
def test_a_state_that_is_left_out_is_zero(kind):
    inputs = chapter_13.case(kind)
    h0 = inputs.pop("h0")
    answer = chapter_13.ask_torch(kind, inputs | {"h0": np.zeros_like(h0)})
    assert np.any(answer.pop("dh0"))
    alike(answer, chapter_13.ask_torch(kind, inputs))


@needs_torch
def test_the_script_writes_the_same_file(monkeypatch, tmp_path):
    monkeypatch.setattr(chapter_13, "FILE", tmp_path / "pytorch.json")
    script("pytorch").main()
    again = chapter_13.stored()
    assert again["let by gradcheck"] == STORED["let by gradcheck"]
    assert again["cases"].keys() == STORED["cases"].keys()
    for name, case in again["cases"].items():
        alike(case["inputs"], STORED["cases"][name]["inputs"])
        alike(case["answer"], STORED["cases"][name]["answer"])


# A function of autograd, with PyTorch or without


def recurrence_function(backward):
    class Recurrence(Function):
        @staticmethod
        def forward(ctx, *tensors):
            h, ctx.cache = rnn_layers.rnn_forward(*map(to_numpy, tensors))
            return to_tensor(h)

        @staticmethod
        def backward(ctx, dh):
            return tuple(map(to_tensor, backward(to_numpy(dh), ctx.cache)))

    return Recurrence


@pytest.mark.parametrize("torch", [None, pytest.param(chapter_13.torch, marks=needs_torch)])
def test_a_function_of_autograd_is_judged_by_our_witnesses(torch, monkeypatch):
    monkeypatch.setattr(chapter_13, "torch", torch)
    inputs = chapter_13.small_problem(1.0)
    check_layer(*as_layer(recurrence_function(rnn_layers.rnn_backward)), *inputs)

    def halved(dh, cache):
        *others, db = rnn_layers.rnn_backward(dh, cache)
        return *others, db / 2

    with pytest.raises(AssertionError, match="arrays_5 is wrong"):
        check_layer(*as_layer(recurrence_function(halved)), *inputs)


@pytest.mark.parametrize("torch", [None, pytest.param(chapter_13.torch, marks=needs_torch)])
def test_the_pages_own_lstm_for_autograd_is_right_for_the_witnesses(torch, monkeypatch):
    monkeypatch.setattr(chapter_13, "torch", torch)
    [answer] = re.findall(r"```python\n(class Gated.*?)```", markdown(), re.DOTALL)
    names = vars(chapter_13) | {"chapter_13": chapter_13}
    exec(answer, names)
    lstm = chapter_13.case("LSTM")
    inputs = (lstm[name] for name in ("x", "h0", *chapter_13.WEIGHTS))
    check_layer(*as_layer(names["Gated"]), *inputs)


@needs_torch
def test_a_weight_that_is_changed_between_the_passes_is_not_noticed():
    torch, function = chapter_13.torch, recurrence_function(rnn_layers.rnn_backward)
    inputs = [torch.tensor(a, requires_grad=True) for a in chapter_13.small_problem(1.0)]
    h = function.apply(*inputs)
    right = torch.autograd.grad(h.sum(), inputs, retain_graph=True)
    with torch.no_grad():
        inputs[3].mul_(2)
    wrong = torch.autograd.grad(h.sum(), inputs)
    assert not torch.allclose(right[0], wrong[0], rtol=0.01)


@needs_torch
def test_the_function_has_no_second_derivative():
    torch, function = chapter_13.torch, recurrence_function(rnn_layers.rnn_backward)
    inputs = [torch.tensor(a, requires_grad=True) for a in chapter_13.small_problem(1.0)]
    assert torch.autograd.gradcheck(function.apply, inputs)
    assert not torch.autograd.gradgradcheck(function.apply, inputs, raise_exception=False)


# There and back


@each_kind
@pytest.mark.parametrize(("D", "H"), SIZES)
def test_weights_come_back_from_pytorchs_layout(kind, D, H):
    ours = chapter_13.our_weights(kind, D, H)
    weight_ih, weight_hh, bias_ih, bias_hh = theirs = chapter_13.TO_TORCH[kind](*ours)
    from_torch = {
        "RNN": lambda *_: (weight_ih.T, weight_hh.T, bias_ih + bias_hh),
        "LSTM": chapter_13.lstm_from_torch,
        "GRU": lambda *_: (weight_ih.T, weight_hh.T, bias_ih, bias_hh),
    }
    for array, back in zip(ours, from_torch[kind](*theirs), strict=True):
        np.testing.assert_array_equal(array, back)


@each_kind
def test_gradients_move_a_loss_as_much_in_either_layout(kind, rng):
    """A direction and the gradient by it are carried over: their inner product stays."""
    cell = CELLS[{"RNN": "vanilla", "LSTM": "lstm", "GRU": "gru"}[kind]]
    x, h0, dh, *_ = chapter_13.case("RNN").values()
    ours = chapter_13.our_weights(kind, 3, 4)
    gradients = cell.backward(dh, cell.forward(x, h0, *ours)[1])[2:]
    moves = [rng.standard_normal(array.shape) for array in ours]
    here = sum(np.sum(move * gradient) for move, gradient in zip(moves, gradients))
    carried = chapter_13.TO_TORCH[kind]
    answer = STORED["cases"][f"our {kind}"]["answer"]
    there = [
        np.sum(move * answer[f"d{name}"]) for name, move in zip(chapter_13.WEIGHTS, carried(*moves))
    ]
    assert here == pytest.approx(sum(there), rel=1e-9)


def test_the_projected_step_is_right_for_the_witnesses(rng):
    for N, D, H, P in [(2, 3, 4, 5), (1, 4, 3, 2), (5, 1, 2, 1)]:
        arrays = projected_arrays(rng.standard_normal, N, D, H, P).values()
        check_layer(projected_step_forward, projected_step_backward, *arrays)


@pytest.mark.parametrize("trap", TRAPS)
def test_a_trap_has_right_and_wrong_states_that_both_look_like_states(trap):
    right, wrong = TRAPS[trap](3)
    assert right.shape == wrong.shape == (8, 20, 32)
    assert max(np.abs(right).max(), np.abs(wrong).max()) <= 1
    assert not np.allclose(right, wrong, atol=0.05)


@pytest.mark.parametrize("trap", [trap for trap in TRAPS if "bias" in trap or "GRU" in trap])
def test_a_quiet_trap_stays_near_the_right_states_in_other_draws(trap):
    for seed in range(20, 60):
        right, wrong = TRAPS[trap](seed)
        assert 0.1 < relative_error(right, wrong) < 0.45
        assert np.corrcoef(right.ravel(), wrong.ravel())[0, 1] > 0.9


def test_without_batch_first_pytorch_reads_the_batch_as_time():
    x, _, weight_ih, weight_hh, bias_ih, bias_hh = chapter_13.case(
        "RNN, batch_first left out"
    ).values()
    answer = STORED["cases"]["RNN, batch_first left out"]["answer"]
    arrays = np.zeros((5, 4)), weight_ih.T, weight_hh.T, bias_ih + bias_hh
    h, _ = rnn_layers.rnn_forward(x.swapaxes(0, 1), *arrays)
    np.testing.assert_allclose(h.swapaxes(0, 1), answer["h"], rtol=1e-12)


def test_times_are_those_of_the_quickest_calls(monkeypatch):
    clock = iter(np.cumsum(range(60)))  # each look takes longer than the one before
    monkeypatch.setattr(chapter_13.time, "perf_counter", lambda: next(clock))
    calls = []
    runs = {"a": lambda: calls.append("a"), "b": lambda: calls.append("b")}
    assert chapter_13.quickest(runs, turn=0) == {"a": 2, "b": 4}
    assert calls == 9 * ["a", "b"]


def test_what_is_timed_is_the_same_pass_in_float32(monkeypatch):
    monkeypatch.setattr(chapter_13, "quickest", lambda runs: runs)
    runs = chapter_13.the_three(2, 3, T=4)
    for looped, hoisted in zip(runs["loop"](), runs["hoisted"](), strict=True):
        assert looped.dtype == hoisted.dtype == np.float32
        np.testing.assert_allclose(looped, hoisted, rtol=1e-4, atol=1e-6)
