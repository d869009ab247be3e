"""What must hold for all sizes and all values, by hypothesis."""

from itertools import product
import tempfile

from hypothesis import assume, given
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
every_code = pytest.mark.parametrize(("code", "layer"), layers.EVERY_CODE)
fast_and_plain = pytest.mark.parametrize("code", layers.CODES)


def close(a, b):
    assert a.shape == b.shape
    assert relative_error(a, b) < 1e-12


def all_close(found, needed):
    assert found.keys() == needed.keys()
    for name in needed:
        close(found[name], needed[name])


def has_samples(name):
    """Say whether axis 0 of the argument is the batch; weights have no batch."""
    return name in ("x", "h0", "prev_h", "prev_c")


@every_code
@given(sizes=sizes, seed=seeds, scale=scales)
def test_a_batch_equals_its_samples_one_by_one(code, layer, sizes, seed, scale):
    args = layers.arguments(layer, seed, scale, **sizes)
    dout = layers.upstream(layer, seed + 1, **sizes)
    out = layers.forward(layer, code=code, **args)[0]
    whole = layers.gradients(layer, args, dout, code)
    parts = {name: [] for name in whole}
    for n in range(sizes["N"]):
        one = {name: a[n : n + 1] if has_samples(name) else a for name, a in args.items()}
        close(layers.forward(layer, code=code, **one)[0], out[n : n + 1])
        for name, part in layers.gradients(layer, one, dout[n : n + 1], code).items():
            parts[name].append(part)
    joined = {n: np.concatenate(p) if has_samples(n) else sum(p) for n, p in parts.items()}
    all_close(joined, whole)


every_sequence = pytest.mark.parametrize(
    ("code", "layer"),
    [each for each in layers.EVERY_CODE if f"{each[1]}_step" in layers.EVERY_LAYER],
)


@pytest.mark.parametrize(
    ("code", "layer"), [("fast", "rnn"), ("plain", "rnn"), ("fast", "gru"), ("plain", "gru")]
)
@given(sizes=sizes, seed=seeds, scale=scales, cut=st.integers(0, 4))
def test_chunks_with_carried_state_equal_the_whole(code, layer, sizes, seed, scale, cut):
    args = layers.arguments(layer, seed, scale, **sizes)
    dh = layers.upstream(layer, seed + 1, **sizes)
    rnn_forward = layers.function(f"{layer}_forward", code)
    rnn_backward = layers.function(f"{layer}_backward", code)
    h, cache = rnn_forward(**args)
    whole = rnn_backward(dh, cache)

    cut = min(cut, sizes["T"])
    assume(code == "fast" or 0 < cut < sizes["T"])  # plain code takes one step at least
    _, _, *weights = args.values()
    h1, cache1 = rnn_forward(args["x"][:, :cut], args["h0"], *weights)
    carried = h1[:, -1] if cut else args["h0"]
    h2, cache2 = rnn_forward(args["x"][:, cut:], carried, *weights)
    close(np.concatenate([h1, h2], axis=1), h)

    dx2, dcarried, *dweights2 = rnn_backward(dh[:, cut:], cache2)
    dh1 = dh[:, :cut].copy()
    if cut:
        dh1[:, -1] += dcarried
    dx1, dh0, *dweights1 = rnn_backward(dh1, cache1)
    close(np.concatenate([dx1, dx2], axis=1), whole[0])
    close(dh0 if cut else dcarried, whole[1])
    for first, second, needed in zip(dweights1, dweights2, whole[2:]):
        close(first + second, needed)


@every_sequence
@given(sizes=sizes, seed=seeds, scale=scales)
def test_a_sequence_equals_a_loop_of_steps(code, layer, sizes, seed, scale):
    args = layers.arguments(layer, seed, scale, **sizes)
    x, h0, *weights = args.values()
    dh = layers.upstream(layer, seed + 1, **sizes)
    step_forward = layers.function(f"{layer}_step_forward", code)
    step_backward = layers.function(f"{layer}_step_backward", code)

    carried = [h0, np.zeros_like(h0)] if layer == "lstm" else [h0]
    states, caches = [], []
    for t in range(sizes["T"]):
        *carried, cache = step_forward(x[:, t], *carried, *weights)
        states.append(carried[0])
        caches.append(cache)
    dx, dcarried, dweights = (
        np.empty_like(x),
        [np.zeros_like(h0) for _ in carried],
        [0 for _ in weights],
    )
    for t in reversed(range(sizes["T"])):
        dnext_h, *others = dcarried
        dx[:, t], *step = step_backward(dh[:, t] + dnext_h, *others, caches[t])
        dcarried, shares = step[: len(carried)], step[len(carried) :]
        dweights = [total + share for total, share in zip(dweights, shares)]

    close(layers.forward(layer, code=code, **args)[0], np.stack(states, axis=1))
    looped = dict(zip(args, [dx, dcarried[0], *dweights], strict=True))
    all_close(layers.gradients(layer, args, dh, code), looped)


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


@every_code
@given(sizes=sizes, seed=seeds, a=st.floats(-3, 3), b=st.floats(-3, 3))
def test_backward_is_linear_in_its_upstream_gradient(code, layer, sizes, seed, a, b):
    args = layers.arguments(layer, seed, **sizes)
    _, cache = layers.forward(layer, code=code, **args)
    u, v = (layers.upstream(layer, seed + i, **sizes) for i in (1, 2))
    mixed, *alone = (layers.backward(layer, dout, cache, code) for dout in (a * u + b * v, u, v))
    for got, of_u, of_v in zip(mixed, *alone):
        largest = max(np.abs(a * of_u).max(), np.abs(b * of_v).max(), 1e-300)
        assert np.abs(got - (a * of_u + b * of_v)).max() <= 1e-12 * largest


@every_code
@given(sizes=sizes, seed=seeds)
def test_backward_called_twice_gives_the_same(code, layer, sizes, seed):
    args, dout = layers.arguments(layer, seed, **sizes), layers.upstream(layer, **sizes)
    _, cache = layers.forward(layer, code=code, **args)
    first = [gradient.copy() for gradient in layers.backward(layer, dout, cache, code)]
    for once, again in zip(first, layers.backward(layer, dout, cache, code)):
        np.testing.assert_array_equal(once, again)


@every_code
@given(sizes=sizes, seed=seeds)
def test_no_argument_is_changed(code, layer, sizes, seed):
    args, dout = layers.arguments(layer, seed, **sizes), layers.upstream(layer, **sizes)
    before = {name: array.copy() for name, array in args.items()}
    out, cache = layers.forward(layer, code=code, **args)
    out_before, dout_before = out.copy(), dout.copy()
    layers.backward(layer, dout, cache, code)
    for name in args:
        np.testing.assert_array_equal(args[name], before[name], err_msg=name)
    np.testing.assert_array_equal(out, out_before, err_msg="out")
    np.testing.assert_array_equal(dout, dout_before, err_msg="dout")


# The loss, forward and backward in one call, is a function of named arrays as the layers are.
EVERY_FUNCTION = [*layers.LAYERS, "loss"]
every_function = pytest.mark.parametrize("function", EVERY_FUNCTION)


def inputs(function, seed, dtype=np.float64, **sizes):
    """Return all that the function is given, by name, forward and backward; floats of the dtype."""
    if function == "loss":
        return dict(zip(["x", "y", "mask"], layers.scores(seed, dtype, **sizes)))
    args = layers.arguments(function, seed, dtype=dtype, **sizes)
    return args | {"dout": layers.upstream(function, seed + 1, dtype, **sizes)}


def results(function, given, watch_cache=lambda cache: None, code="fast"):
    """Return the outputs and the gradients; what is in between is shown to `watch_cache`."""
    if function == "loss":
        return layers.loss(*given.values(), code)
    *args, dout = given.values()
    out, cache = layers.forward(function, *args, code=code)
    watch_cache(cache)
    return out, *layers.backward(function, dout, cache, code)


def floating(given):
    return [name for name, array in given.items() if array.dtype.kind == "f"]


def read_only(array):
    array = array.copy()
    array.flags.writeable = False
    return array


def spread(array):
    """Return an equal array whose numbers lie far apart in memory, in another order of axes."""
    wide = np.zeros(tuple(2 * n for n in array.shape[::-1]), array.dtype)
    view = wide.T[tuple(slice(None, None, 2) for _ in array.shape)]
    view[...] = array
    return view


def backwards(array):
    """Return an equal array that runs from the end of its memory to the start."""
    return np.flip(np.flip(array).copy())


def unaligned(array):
    """Return an equal array whose memory begins at an odd address."""
    odd = np.ndarray(array.shape, array.dtype, bytearray(array.nbytes + 1), offset=1)
    odd[...] = array
    return odd


def mapped(array):
    """Return an equal array as a memory map, as numpy.load gives it with mmap_mode."""
    with tempfile.TemporaryFile() as file:
        mapping = np.memmap(file, array.dtype, "w+", shape=array.shape)
    mapping[...] = array
    return mapping


GUISES = [
    read_only,
    np.asfortranarray,
    spread,
    backwards,
    unaligned,
    mapped,
    lambda array: array.astype(array.dtype.newbyteorder()),
]


@every_function
@given(sizes=sizes, seed=seeds, data=st.data())
def test_an_array_in_any_guise_gives_the_same(function, sizes, seed, data):
    given = inputs(function, seed, **sizes)
    needed = results(function, given)
    mixture = {name: data.draw(st.sampled_from(GUISES)) for name in given}
    for guises in [*(dict.fromkeys(given, guise) for guise in GUISES), mixture]:
        disguised = {name: guises[name](array) for name, array in given.items()}
        for got, right in zip(results(function, disguised), needed, strict=True):
            assert type(got) is type(right)
            assert got.dtype == right.dtype  # the byte order is part of it
            close(np.asarray(got), np.asarray(right))


def lock(arrays):
    for array in arrays:
        array.flags.writeable = False


@every_function
@given(sizes=sizes, seed=seeds)
def test_nothing_that_is_read_only_is_written_to(function, sizes, seed):
    given = inputs(function, seed, **sizes)
    needed = results(function, given)
    lock(given.values())
    for got, right in zip(results(function, given, watch_cache=lock), needed, strict=True):
        np.testing.assert_array_equal(got, right)


@every_function
@given(sizes=sizes, seed=seeds)
def test_results_may_be_changed_and_share_memory_with_nothing(function, sizes, seed):
    given, cached = inputs(function, seed, **sizes), []
    out, *gradients = results(function, given, watch_cache=cached.extend)
    for i, gradient in enumerate(gradients):
        assert gradient.flags.writeable
        for other in [*given.values(), *cached, out, *gradients[:i]]:
            assert not np.shares_memory(gradient, other)
    if function != "loss":  # which is a number
        assert out.flags.writeable
        for name, array in given.items():
            assert not np.shares_memory(out, array), name


@every_function
@given(sizes=sizes, seed=seeds)
def test_every_pass_is_analytic(function, sizes, seed):
    """Analytic, and right for real numbers: then it is right for complex ones, by continuation.

    On a circle t around 0, the mean of t f(t) / r^2 is the derivative by the conjugate of t. It is
    0 where f is analytic; a conj, abs or real somewhere inside makes it as large as the other one.
    """
    given = inputs(function, seed, **sizes)
    rng = np.random.default_rng(seed)
    names = floating(given)
    shapes = {name: given[name].shape for name in names}
    center = {n: given[n] + 0.1j * rng.standard_normal(shape) for n, shape in shapes.items()}
    step = {n: 0.3 * rng.standard_normal(shape) + 0j for n, shape in shapes.items()}
    r = 0.01
    turns = np.exp(2j * np.pi * np.arange(8) / 8)
    around = [
        results(function, given | {n: center[n] + r * turn * step[n] for n in names})
        for turn in turns
    ]
    for values in zip(*around):
        values = np.array(values)
        by_t = np.tensordot(turns.conj(), values, 1) / (8 * r)
        by_conjugate = np.tensordot(turns, values, 1) / (8 * r)
        assert np.abs(by_conjugate).max() <= 1e-6 * np.abs(by_t).max() + 1e-12


def moved(given, name, place, value):
    array = given[name].copy()
    array[place] = value
    return given | {name: array}


# Not of lstm, where the first forget gate meets a cell of zeros: a number there has no say, and NaN
# has. The test below asks it.
@pytest.mark.parametrize("function", [name for name in EVERY_FUNCTION if name != "lstm"])
@given(sizes=sizes, seed=seeds, data=st.data())
def test_nan_goes_wherever_the_number_in_its_place_has_a_say(function, sizes, seed, data):
    sizes["V"] += 1  # the only symbol has p = 1, whatever its score
    given = inputs(function, seed, **sizes)
    for name in floating(given):
        place = tuple(data.draw(st.integers(0, n - 1)) for n in given[name].shape)
        other = given[name][place] + 0.5
        before, after, spoilt = (
            results(function, moved(given, name, place, value))
            for value in (given[name][place], other, np.nan)
        )
        for was, becomes, got in zip(before, after, spoilt, strict=True):
            np.testing.assert_array_equal(got, np.where(was == becomes, was, np.nan))


@pytest.mark.parametrize(
    "function", ["rnn_step", "rnn", "loss", "lstm_step", "lstm", "gru_step", "gru"]
)
@given(sizes=sizes, seed=seeds, data=st.data())
def test_infinity_and_nan_go_through_as_in_the_loops(function, sizes, seed, data):
    given = inputs(function, seed, **sizes)
    for name, value in product(floating(given), (np.inf, -np.inf, np.nan)):
        place = tuple(data.draw(st.integers(0, n - 1)) for n in given[name].shape)
        spoilt = moved(given, name, place, value)
        with np.errstate(all="ignore"):
            fast, plain = results(function, spoilt), results(function, spoilt, code="plain")
        for got, right in zip(fast, plain, strict=True):
            np.testing.assert_allclose(got, right, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("layer", ["word_embedding", "temporal_affine"])
@given(sizes=sizes, seed=seeds, data=st.data())
def test_infinity_goes_through_a_linear_layer_with_its_sign(layer, sizes, seed, data):
    given = inputs(layer, seed, **sizes)
    for name, sign in product(floating(given), (-1, 1)):
        place = tuple(data.draw(st.integers(0, n - 1)) for n in given[name].shape)
        values = 0.0, 0.5, sign * np.inf
        with np.errstate(invalid="ignore"):  # some products multiply infinity by zeros, and drop it
            before, after, infinite = (
                results(layer, moved(given, name, place, value)) for value in values
            )
        for was, becomes, got in zip(before, after, infinite, strict=True):
            change = np.sign(becomes - was) * sign
            needed = np.where(change == 0, was, np.where(change > 0, np.inf, -np.inf))
            np.testing.assert_allclose(got, needed, rtol=1e-12, atol=1e-14)


REAL = ["int8", "uint16", "int64", "float16", "float32", "float64", "longdouble"]
NUMBERS = [*REAL, "complex64", "complex128", ">i4", ">f4", ">f8", ">c8"]
SYMBOLS = ["int8", "uint8", ">i2", "uint16", "int32", "uint32", "int64", ">i8", "uint64"]


@every_function
@given(sizes=sizes, seed=seeds, data=st.data())
def test_mixed_dtypes_give_what_their_widest_gives(function, sizes, seed, data):
    given = inputs(function, seed, **sizes)
    names = floating(given)
    drawn = {name: data.draw(st.sampled_from(NUMBERS), label=name) for name in names}
    mixed = {name: np.rint(3 * given[name]).astype(drawn[name]) for name in names}
    floats = {name: float if a.dtype.kind in "iu" else a.dtype for name, a in mixed.items()}
    forward = np.result_type(*(dtype for name, dtype in floats.items() if name != "dout"))
    widest = np.result_type(*floats.values())
    mixed = {name: mixed.get(name, array) for name, array in given.items()}
    for name, array in mixed.items():
        if array.dtype.kind in "iu" and name not in names:
            mixed[name] = array.astype(data.draw(st.sampled_from(SYMBOLS), label=name))
    out, *gradients = results(function, mixed)
    assert out.dtype == forward
    assert {gradient.dtype for gradient in gradients} == {widest}  # in the machine's byte order
    for name in names:
        mixed[name] = mixed[name].astype(widest if name == "dout" else forward)
    for got, right in zip((out, *gradients), results(function, mixed), strict=True):
        close(np.asarray(got), np.asarray(right))


@every_function
@pytest.mark.parametrize("dtype", ["float16", "longdouble"])
def test_the_narrowest_and_the_widest_float_stay_as_they_are(function, dtype):
    for result in results(function, inputs(function, 0, dtype)):
        assert result.dtype == dtype


@pytest.mark.parametrize("dtype", SYMBOLS)
def test_symbols_reach_as_far_as_their_dtype(dtype):
    V = min(np.iinfo(dtype).max + 1, 70_000)
    x = np.array([[0, V - 1, V - 1]], dtype)
    out, cache = rnn_layers.word_embedding_forward(x, np.arange(V, dtype=float)[:, None])
    np.testing.assert_array_equal(out[..., 0], x)
    dW = rnn_layers.word_embedding_backward(np.ones_like(out), cache)
    np.testing.assert_array_equal(np.flatnonzero(dW), [0, V - 1])
    _, dx = rnn_layers.temporal_softmax_loss(np.zeros((1, 3, V)), x, np.ones((1, 3), bool))
    np.testing.assert_array_equal(dx.argmin(axis=2), x)


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


def test_what_a_step_of_the_lstm_returns_may_be_changed_and_shares_memory_with_no_argument():
    args = layers.arguments("lstm_step")
    next_h, next_c, cache = rnn_layers.lstm_step_forward(**args)
    dnext_h, dnext_c = np.ones((2, 2, 5))
    gradients = rnn_layers.lstm_step_backward(dnext_h, dnext_c, cache)
    given = [*args.values(), dnext_h, dnext_c]
    for i, array in enumerate([next_h, next_c, *gradients]):
        assert array.flags.writeable
        for other in [*given, next_h, next_c, *gradients][: len(given) + i]:
            assert not np.shares_memory(array, other)


@pytest.mark.parametrize("layer", ["rnn", "lstm", "gru"])
def test_without_steps_the_state_gets_no_gradient(layer):
    args = layers.arguments(layer, T=0)
    h, cache = layers.forward(layer, **args)
    assert h.shape == (2, 0, 5)
    for gradient, array in zip(layers.backward(layer, h, cache), args.values(), strict=True):
        np.testing.assert_array_equal(gradient, np.zeros(array.shape))


@given(sizes=sizes, seed=seeds)
def test_embedding_adds_up_repeated_symbols(sizes, seed):
    args = layers.arguments("word_embedding", seed, **sizes)
    dout = layers.upstream("word_embedding", seed + 1, **sizes)
    (dW,) = layers.backward("word_embedding", dout, layers.forward("word_embedding", **args)[1])
    one_hot = args["x"][..., None] == np.arange(sizes["V"])
    np.testing.assert_allclose(dW, np.einsum("ntv,ntd->vd", one_hot, dout), atol=1e-13)


# The loss
@fast_and_plain
@given(sizes=sizes, seed=seeds)
def test_loss_of_a_batch_is_the_mean_over_its_samples(code, sizes, seed):
    x, y, mask = layers.scores(seed, **sizes)
    loss, dx = layers.loss(x, y, mask, code)
    ones = [layers.loss(x[n : n + 1], y[n : n + 1], mask[n : n + 1], code) for n in range(len(x))]
    assert loss == pytest.approx(np.mean([one for one, _ in ones]), rel=1e-12)
    close(dx, np.concatenate([one for _, one in ones]) / len(x))


@fast_and_plain
@given(sizes=sizes, seed=seeds)
def test_loss_is_a_sum_over_steps(code, sizes, seed):
    x, y, mask = layers.scores(seed, **sizes)
    loss, _ = layers.loss(x, y, mask, code)
    steps = [
        layers.loss(x[:, t : t + 1], y[:, t : t + 1], mask[:, t : t + 1], code)[0]
        for t in range(x.shape[1])
    ]
    assert loss == pytest.approx(sum(steps), rel=1e-12)


@fast_and_plain
@given(sizes=sizes, seed=seeds, junk=st.sampled_from([0.0, 1e300, np.inf, -np.inf, np.nan]))
def test_a_masked_step_has_exactly_zero_gradient_and_no_say(code, sizes, seed, junk):
    x, y, mask = layers.scores(seed, **sizes)
    loss, dx = layers.loss(x, y, mask, code)
    junked = np.where(mask[..., None], x, junk)
    junk_loss, junk_dx = layers.loss(junked, y, mask, code)
    assert junk_loss == loss
    np.testing.assert_array_equal(junk_dx, dx)
    np.testing.assert_array_equal(junk_dx[~mask], 0)


@fast_and_plain
@given(sizes=sizes, seed=seeds, shift=st.floats(-1e3, 1e3))
def test_softmax_ignores_a_shift_and_its_gradient_sums_to_zero(code, sizes, seed, shift):
    x, y, mask = layers.scores(seed, **sizes)
    loss, dx = layers.loss(x, y, mask, code)
    shifted_loss, shifted_dx = layers.loss(x + shift, y, mask, code)
    assert shifted_loss == pytest.approx(loss, abs=1e-10)
    np.testing.assert_allclose(shifted_dx, dx, atol=1e-12)
    np.testing.assert_allclose(dx.sum(axis=2), 0, atol=1e-15)


@fast_and_plain
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_scores_of_ten_thousand_stay_finite(code, dtype):
    x = np.array([[[1e4, -1e4, 0.0], [-1e4, 1e4, 1e4], [-1e4, -2e4, -1e4]]], dtype)
    y, mask = np.zeros((1, 3), int), np.ones((1, 3), bool)
    loss, dx = layers.loss(x, y, mask, code)
    assert loss == pytest.approx(2e4 + 2 * np.log(2))
    np.testing.assert_allclose(dx, [[[0, 0, 0], [-1, 0.5, 0.5], [-0.5, 0, 0.5]]], atol=1e-12)


@fast_and_plain
def test_a_fully_masked_batch_has_no_loss_and_no_gradient(code):
    x, y, mask = layers.scores()
    loss, dx = layers.loss(x, y, np.zeros_like(mask), code)
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


@fast_and_plain
@given(sizes=sizes, seed=seeds)
def test_loss_changes_nothing(code, sizes, seed):
    scores = layers.scores(seed, **sizes)
    before = [array.copy() for array in scores]
    layers.loss(*scores, code)
    for array, kept in zip(scores, before):
        np.testing.assert_array_equal(array, kept)
