"""What must hold for all sizes and all values, by hypothesis."""

from hypothesis import given
from hypothesis import strategies as st
import layers
import numpy as np
import pytest

from gradient_check import relative_error
import rnn_layers

sizes = st.fixed_dictionaries({axis: st.integers(1, 4) for axis in "NTDHVM"})
seeds = st.integers(0, 2**32 - 1)
scales = st.sampled_from([1e-3, 0.5, 2.0])
every_layer = pytest.mark.parametrize("layer", layers.LAYERS)
SEQUENCES = ["rnn", "word_embedding", "temporal_affine"]


def close(a, b):
    assert a.shape == b.shape
    assert relative_error(a, b) < 1e-12


def all_close(found, needed):
    assert found.keys() == needed.keys()
    for name in needed:
        close(found[name], needed[name])


def has_samples(name):
    """Say whether axis 0 of the argument is the batch; weights have no batch."""
    return name in ("x", "h0", "prev_h")


@every_layer
@given(sizes=sizes, seed=seeds, scale=scales)
def test_a_batch_equals_its_samples_one_by_one(layer, sizes, seed, scale):
    args = layers.arguments(layer, seed, scale, **sizes)
    dout = layers.upstream(layer, seed + 1, **sizes)
    out = layers.forward(layer, **args)[0]
    whole = layers.gradients(layer, args, dout)
    parts = {name: [] for name in whole}
    for n in range(sizes["N"]):
        one = {name: a[n : n + 1] if has_samples(name) else a for name, a in args.items()}
        close(layers.forward(layer, **one)[0], out[n : n + 1])
        for name, part in layers.gradients(layer, one, dout[n : n + 1]).items():
            parts[name].append(part)
    joined = {n: np.concatenate(p) if has_samples(n) else sum(p) for n, p in parts.items()}
    all_close(joined, whole)


@given(sizes=sizes, seed=seeds, scale=scales, cut=st.integers(0, 4))
def test_chunks_with_carried_state_equal_the_whole(sizes, seed, scale, cut):
    args = layers.arguments("rnn", seed, scale, **sizes)
    dh = layers.upstream("rnn", seed + 1, **sizes)
    h, cache = rnn_layers.rnn_forward(**args)
    whole = rnn_layers.rnn_backward(dh, cache)

    cut = min(cut, sizes["T"])
    weights = args["Wx"], args["Wh"], args["b"]
    h1, cache1 = rnn_layers.rnn_forward(args["x"][:, :cut], args["h0"], *weights)
    carried = h1[:, -1] if cut else args["h0"]
    h2, cache2 = rnn_layers.rnn_forward(args["x"][:, cut:], carried, *weights)
    close(np.concatenate([h1, h2], axis=1), h)

    dx2, dcarried, *dweights2 = rnn_layers.rnn_backward(dh[:, cut:], cache2)
    dh1 = dh[:, :cut].copy()
    if cut:
        dh1[:, -1] += dcarried
    dx1, dh0, *dweights1 = rnn_layers.rnn_backward(dh1, cache1)
    close(np.concatenate([dx1, dx2], axis=1), whole[0])
    close(dh0 if cut else dcarried, whole[1])
    for first, second, needed in zip(dweights1, dweights2, whole[2:]):
        close(first + second, needed)


@given(sizes=sizes, seed=seeds, scale=scales)
def test_a_sequence_equals_a_loop_of_steps(sizes, seed, scale):
    args = layers.arguments("rnn", seed, scale, **sizes)
    x, h0, *weights = args.values()
    dh = layers.upstream("rnn", seed + 1, **sizes)

    states, caches = [h0], []
    for t in range(sizes["T"]):
        next_h, cache = rnn_layers.rnn_step_forward(x[:, t], states[-1], *weights)
        states.append(next_h)
        caches.append(cache)
    dx, dprev_h, dweights = np.empty_like(x), np.zeros_like(h0), [0, 0, 0]
    for t in reversed(range(sizes["T"])):
        step = rnn_layers.rnn_step_backward(dh[:, t] + dprev_h, caches[t])
        dx[:, t], dprev_h, *shares = step
        dweights = [total + share for total, share in zip(dweights, shares)]

    close(rnn_layers.rnn_forward(**args)[0], np.stack(states[1:], axis=1))
    looped = dict(zip(args, [dx, dprev_h, *dweights]))
    all_close(layers.gradients("rnn", args, dh), looped)


@pytest.mark.parametrize("layer", ["word_embedding", "temporal_affine"])
@given(sizes=sizes, seed=seeds, scale=scales)
def test_layers_without_state_treat_each_step_alike(layer, sizes, seed, scale):
    args = layers.arguments(layer, seed, scale, **sizes)
    reversed_x = args | {"x": args["x"][:, ::-1]}
    out = layers.forward(layer, **args)[0]
    close(layers.forward(layer, **reversed_x)[0], out[:, ::-1])
    dout = layers.upstream(layer, seed + 1, **sizes)
    needed = layers.gradients(layer, args, dout)
    found = layers.gradients(layer, reversed_x, dout[:, ::-1])
    if "x" in found:
        found["x"] = found["x"][:, ::-1]
    all_close(found, needed)


@every_layer
@given(sizes=sizes, seed=seeds, a=st.floats(-3, 3), b=st.floats(-3, 3))
def test_backward_is_linear_in_its_upstream_gradient(layer, sizes, seed, a, b):
    args = layers.arguments(layer, seed, **sizes)
    _, cache = layers.forward(layer, **args)
    u, v = (layers.upstream(layer, seed + i, **sizes) for i in (1, 2))
    mixed = layers.backward(layer, a * u + b * v, cache)
    for got, of_u, of_v in zip(
        mixed, layers.backward(layer, u, cache), layers.backward(layer, v, cache)
    ):
        largest = max(np.abs(a * of_u).max(), np.abs(b * of_v).max(), 1e-300)
        assert np.abs(got - (a * of_u + b * of_v)).max() <= 1e-12 * largest


@every_layer
@given(sizes=sizes, seed=seeds)
def test_backward_called_twice_gives_the_same(layer, sizes, seed):
    args, dout = layers.arguments(layer, seed, **sizes), layers.upstream(layer, **sizes)
    _, cache = layers.forward(layer, **args)
    first = [gradient.copy() for gradient in layers.backward(layer, dout, cache)]
    for once, again in zip(first, layers.backward(layer, dout, cache)):
        np.testing.assert_array_equal(once, again)


@every_layer
@given(sizes=sizes, seed=seeds)
def test_no_argument_is_changed(layer, sizes, seed):
    args, dout = layers.arguments(layer, seed, **sizes), layers.upstream(layer, **sizes)
    before = {name: array.copy() for name, array in args.items()}
    out, cache = layers.forward(layer, **args)
    out_before, dout_before = out.copy(), dout.copy()
    layers.backward(layer, dout, cache)
    for name in args:
        np.testing.assert_array_equal(args[name], before[name], err_msg=name)
    np.testing.assert_array_equal(out, out_before, err_msg="out")
    np.testing.assert_array_equal(dout, dout_before, err_msg="dout")


def spread(array):
    """Return an equal array whose numbers lie far apart in memory, in another order of axes."""
    wide = np.zeros(tuple(2 * n for n in array.shape[::-1]), array.dtype)
    view = wide.T[tuple(slice(None, None, 2) for _ in array.shape)]
    view[...] = array
    return view


@every_layer
@given(sizes=sizes, seed=seeds)
def test_the_layout_in_memory_does_not_matter(layer, sizes, seed):
    args, dout = layers.arguments(layer, seed, **sizes), layers.upstream(layer, **sizes)
    spread_args = {name: spread(array) for name, array in args.items()}
    close(layers.forward(layer, **spread_args)[0], layers.forward(layer, **args)[0])
    all_close(
        layers.gradients(layer, spread_args, spread(dout)), layers.gradients(layer, args, dout)
    )


@every_layer
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex64, np.complex128])
def test_results_have_the_dtype_of_the_arguments(layer, dtype):
    args, dout = layers.arguments(layer, dtype=dtype), layers.upstream(layer, dtype=dtype)
    out, cache = layers.forward(layer, **args)
    assert out.dtype == dtype
    assert {gradient.dtype for gradient in layers.backward(layer, dout, cache)} == {np.dtype(dtype)}


@every_layer
def test_the_widest_dtype_wins(layer):
    args = layers.arguments(layer, dtype=np.float32)
    _, cache = layers.forward(layer, **args)
    wide = layers.backward(layer, layers.upstream(layer), cache)
    assert {gradient.dtype for gradient in wide} == {np.dtype(np.float64)}
    for name, array in args.items():
        if array.dtype == np.float32:
            mixed = args | {name: array.astype(np.float64)}
            assert layers.forward(layer, **mixed)[0].dtype == np.float64


@every_layer
@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int64])
def test_integers_count_as_float64(layer, dtype):
    args = layers.arguments(layer)
    whole = {name: np.round(3 * array).clip(0, 5).astype(dtype) for name, array in args.items()}
    floats = {n: a if args[n].dtype.kind == "i" else a.astype(float) for n, a in whole.items()}
    dout = np.round(100 * layers.upstream(layer)).clip(0, 127).astype(dtype)
    out, cache = layers.forward(layer, **whole)
    assert out.dtype == np.float64
    close(out, layers.forward(layer, **floats)[0])
    found = layers.backward(layer, dout, cache)
    needed = layers.backward(layer, dout.astype(float), layers.forward(layer, **floats)[1])
    for got, right in zip(found, needed):
        assert got.dtype == np.float64
        close(got, right)


@every_layer
@pytest.mark.parametrize("axis", "NTDHMV")
@pytest.mark.parametrize("size", [0, 1])
def test_sizes_of_one_and_zero_work(layer, axis, size):
    sizes = {axis: size}
    if (layer, axis, size) == ("word_embedding", "V", 0):
        sizes["N"] = 0  # without symbols there is nothing to look up
        args = {"x": np.zeros((0, 3), int), "W": np.zeros((0, 4))}
    else:
        args = layers.arguments(layer, **sizes)
    dout = layers.upstream(layer, **sizes)
    out = layers.forward(layer, **args)[0]
    assert out.shape == dout.shape
    for name, gradient in layers.gradients(layer, args, dout).items():
        assert gradient.shape == args[name].shape
        if out.size == 0:
            np.testing.assert_array_equal(gradient, 0)


def test_without_steps_the_state_gets_no_gradient():
    args = layers.arguments("rnn", T=0)
    h, cache = rnn_layers.rnn_forward(**args)
    assert h.shape == (2, 0, 5)
    for gradient, array in zip(rnn_layers.rnn_backward(h, cache), args.values()):
        np.testing.assert_array_equal(gradient, np.zeros(array.shape))


@given(sizes=sizes, seed=seeds)
def test_embedding_adds_up_repeated_symbols(sizes, seed):
    args = layers.arguments("word_embedding", seed, **sizes)
    dout = layers.upstream("word_embedding", seed + 1, **sizes)
    (dW,) = layers.backward("word_embedding", dout, layers.forward("word_embedding", **args)[1])
    one_hot = args["x"][..., None] == np.arange(sizes["V"])
    np.testing.assert_allclose(dW, np.einsum("ntv,ntd->vd", one_hot, dout), atol=1e-13)


# The loss
@given(sizes=sizes, seed=seeds)
def test_loss_of_a_batch_is_the_mean_over_its_samples(sizes, seed):
    x, y, mask = layers.scores(seed, **sizes)
    loss, dx = rnn_layers.temporal_softmax_loss(x, y, mask)
    ones = [
        rnn_layers.temporal_softmax_loss(x[n : n + 1], y[n : n + 1], mask[n : n + 1])
        for n in range(len(x))
    ]
    assert loss == pytest.approx(np.mean([one for one, _ in ones]), rel=1e-12)
    close(dx, np.concatenate([one for _, one in ones]) / len(x))


@given(sizes=sizes, seed=seeds)
def test_loss_is_a_sum_over_steps(sizes, seed):
    x, y, mask = layers.scores(seed, **sizes)
    loss, _ = rnn_layers.temporal_softmax_loss(x, y, mask)
    steps = [
        rnn_layers.temporal_softmax_loss(x[:, t : t + 1], y[:, t : t + 1], mask[:, t : t + 1])[0]
        for t in range(x.shape[1])
    ]
    assert loss == pytest.approx(sum(steps), rel=1e-12)


@given(sizes=sizes, seed=seeds, junk=st.sampled_from([0.0, 1e300, np.inf, -np.inf, np.nan]))
def test_a_masked_step_has_exactly_zero_gradient_and_no_say(sizes, seed, junk):
    x, y, mask = layers.scores(seed, **sizes)
    loss, dx = rnn_layers.temporal_softmax_loss(x, y, mask)
    junked = np.where(mask[..., None], x, junk)
    junk_loss, junk_dx = rnn_layers.temporal_softmax_loss(junked, y, mask)
    assert junk_loss == loss
    np.testing.assert_array_equal(junk_dx, dx)
    np.testing.assert_array_equal(junk_dx[~mask], 0)


@given(sizes=sizes, seed=seeds, shift=st.floats(-1e3, 1e3))
def test_softmax_ignores_a_shift_and_its_gradient_sums_to_zero(sizes, seed, shift):
    x, y, mask = layers.scores(seed, **sizes)
    loss, dx = rnn_layers.temporal_softmax_loss(x, y, mask)
    shifted_loss, shifted_dx = rnn_layers.temporal_softmax_loss(x + shift, y, mask)
    assert shifted_loss == pytest.approx(loss, abs=1e-10)
    np.testing.assert_allclose(shifted_dx, dx, atol=1e-12)
    np.testing.assert_allclose(dx.sum(axis=2), 0, atol=1e-15)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_scores_of_ten_thousand_stay_finite(dtype):
    x = np.array([[[1e4, -1e4, 0.0], [-1e4, 1e4, 1e4], [-1e4, -2e4, -1e4]]], dtype)
    y, mask = np.zeros((1, 3), int), np.ones((1, 3), bool)
    loss, dx = rnn_layers.temporal_softmax_loss(x, y, mask)
    assert loss == pytest.approx(2e4 + 2 * np.log(2))
    np.testing.assert_allclose(dx, [[[0, 0, 0], [-1, 0.5, 0.5], [-0.5, 0, 0.5]]], atol=1e-12)


def test_a_fully_masked_batch_has_no_loss_and_no_gradient():
    x, y, mask = layers.scores()
    loss, dx = rnn_layers.temporal_softmax_loss(x, y, np.zeros_like(mask))
    assert loss == 0
    assert not np.signbit(loss)
    np.testing.assert_array_equal(dx, np.zeros_like(x))


def test_without_steps_there_is_no_loss():
    x, y, mask = layers.scores(T=0)
    loss, dx = rnn_layers.temporal_softmax_loss(x, y, mask)
    assert loss == 0
    assert dx.shape == x.shape


@pytest.mark.parametrize("sizes", [{"N": 1}, {"T": 1}, {"V": 1}])
def test_loss_works_for_sizes_of_one(sizes):
    x, y, mask = layers.scores(**sizes)
    loss, dx = rnn_layers.temporal_softmax_loss(x, y, mask)
    assert loss == 0 if sizes == {"V": 1} else loss > 0
    assert dx.shape == x.shape


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex64, np.complex128])
def test_loss_and_gradient_have_the_dtype_of_the_scores(dtype):
    loss, dx = rnn_layers.temporal_softmax_loss(*layers.scores(dtype=dtype))
    assert loss.dtype == dx.dtype == dtype


def test_integer_scores_count_as_float64():
    x, y, mask = layers.scores()
    whole = np.round(3 * x).astype(np.int8)
    loss, dx = rnn_layers.temporal_softmax_loss(whole, y, mask)
    needed_loss, needed_dx = rnn_layers.temporal_softmax_loss(whole.astype(float), y, mask)
    assert loss == needed_loss
    assert dx.dtype == np.float64
    np.testing.assert_array_equal(dx, needed_dx)


@given(sizes=sizes, seed=seeds)
def test_loss_changes_nothing_and_does_not_mind_the_layout(sizes, seed):
    scores = layers.scores(seed, **sizes)
    before = [array.copy() for array in scores]
    loss, dx = rnn_layers.temporal_softmax_loss(*scores)
    for array, kept in zip(scores, before):
        np.testing.assert_array_equal(array, kept)
    spread_loss, spread_dx = rnn_layers.temporal_softmax_loss(*map(spread, scores))
    assert spread_loss == pytest.approx(loss, rel=1e-14)
    np.testing.assert_allclose(spread_dx, dx, atol=1e-15)
