"""Every gradient of every layer, before witnesses that share nothing with it."""

import autograd
import autograd.numpy as anp
import layers
import numpy as np
import pytest

import gradient_check

EXACT = 1e-11


def autograd_rnn_step(x, prev_h, Wx, Wh, b):
    return anp.tanh(anp.dot(x, Wx) + anp.dot(prev_h, Wh) + b)


def autograd_rnn(x, h0, Wx, Wh, b):
    states = [h0]
    for t in range(x.shape[1]):
        states.append(autograd_rnn_step(x[:, t], states[-1], Wx, Wh, b))
    return anp.stack(states[1:], axis=1)


def autograd_sigmoid(a):
    return 1 / (1 + anp.exp(-a))


def autograd_lstm_states(x, prev_h, prev_c, Wx, Wh, b):
    """Return next_h and next_c, gate by gate."""
    H = prev_h.shape[1]
    blocks = [slice(k * H, (k + 1) * H) for k in range(4)]
    i, f, o, g = (anp.dot(x, Wx[:, k]) + anp.dot(prev_h, Wh[:, k]) + b[k] for k in blocks)
    next_c = autograd_sigmoid(f) * prev_c + autograd_sigmoid(i) * anp.tanh(g)
    return autograd_sigmoid(o) * anp.tanh(next_c), next_c


def autograd_lstm_step(x, prev_h, prev_c, Wx, Wh, b):
    return anp.concatenate(autograd_lstm_states(x, prev_h, prev_c, Wx, Wh, b), axis=1)


def autograd_lstm(x, h0, Wx, Wh, b):
    h_t, c_t, states = h0, anp.zeros(h0.shape), []
    for t in range(x.shape[1]):
        h_t, c_t = autograd_lstm_states(x[:, t], h_t, c_t, Wx, Wh, b)
        states.append(h_t)
    return anp.stack(states, axis=1)


def autograd_gru_step(x, prev_h, Wx, Wh, b, bh, early=False):
    """Cho et al. (2014) reset the state before its product with Wh; cuDNN resets the product."""
    H = prev_h.shape[1]
    R, Z, N = (slice(k * H, (k + 1) * H) for k in range(3))
    a, u = anp.dot(x, Wx) + b, anp.dot(prev_h, Wh) + bh
    r, z = autograd_sigmoid(a[:, R] + u[:, R]), autograd_sigmoid(a[:, Z] + u[:, Z])
    u_n = anp.dot(r * prev_h, Wh[:, N]) if early else r * u[:, N]
    return z * prev_h + (1 - z) * anp.tanh(a[:, N] + u_n)


def autograd_gru(x, h0, Wx, Wh, b, bh, early=False):
    states = [h0]
    for t in range(x.shape[1]):
        states.append(autograd_gru_step(x[:, t], states[-1], Wx, Wh, b, bh, early))
    return anp.stack(states[1:], axis=1)


def autograd_early_gru_step(**args):
    return autograd_gru_step(**args, bh=0, early=True)


def autograd_early_gru(**args):
    return autograd_gru(**args, bh=0, early=True)


def autograd_word_embedding(x, W):
    return anp.stack([anp.stack([W[symbol] for symbol in row]) for row in x])


def autograd_temporal_affine(x, w, b):
    return anp.einsum("ntd,dm->ntm", x, w) + b


def autograd_softmax_loss(x, y, mask):
    N, T, _ = x.shape
    p = anp.exp(x) / anp.sum(anp.exp(x), axis=2, keepdims=True)
    told = [anp.log(p[n, t, y[n, t]]) for n in range(N) for t in range(T) if mask[n, t]]
    return -sum(told) / N


def every_gradient(codes):
    return [
        pytest.param(code, layer, name, id=f"{code}-{layer}-{name}")
        for code, layer in layers.EVERY_CODE
        if code in codes
        for name, array in layers.arguments(layer).items()
        if array.dtype.kind == "f"
    ]


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("layer", layers.LAYERS)
def test_backward_satisfies_all_witnesses(layer, seed):
    args = layers.arguments(layer, seed)
    gradient_check.check_layer(
        layers.function(f"{layer}_forward"),
        layers.function(f"{layer}_backward"),
        *args.values(),
        names=list(args),
        seed=seed,
    )


@pytest.mark.parametrize(("code", "layer", "name"), every_gradient(layers.CODES))
def test_backward_agrees_with_autograd(code, layer, name):
    args, dout = layers.arguments(layer), layers.upstream(layer)

    def loss(array):
        return anp.sum(dout * globals()[f"autograd_{layer}"](**(args | {name: array})))

    needed = autograd.grad(loss)(args[name])
    got = layers.gradients(layer, args, dout, code)[name]
    assert got.shape == needed.shape
    assert gradient_check.relative_error(got, needed) < EXACT


@pytest.mark.parametrize(("code", "layer", "name"), every_gradient(["fast"]))
def test_the_exact_witnesses_agree_with_each_other(code, layer, name):
    args, dout = layers.arguments(layer, seed=2), layers.upstream(layer, seed=3)

    def out(array):
        return layers.forward(layer, code=code, **(args | {name: array}))[0]

    def autograd_out(array):
        return globals()[f"autograd_{layer}"](**(args | {name: array}))

    by_complex_step = gradient_check.complex_step(lambda a: np.sum(dout * out(a)), args[name])
    by_autograd = autograd.grad(lambda a: anp.sum(dout * autograd_out(a)))(args[name])
    assert gradient_check.relative_error(by_complex_step, by_autograd) < EXACT
    gap = gradient_check.inner_product_gap(out, args[name], by_autograd, upstream=dout)
    assert gap < EXACT


@pytest.mark.parametrize(("code", "layer"), layers.EVERY_CODE)
def test_forward_agrees_with_its_definition(code, layer):
    args = layers.arguments(layer, seed=4)
    needed = globals()[f"autograd_{layer}"](**args)
    out, _ = layers.forward(layer, code=code, **args)
    np.testing.assert_allclose(out, needed, rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize("code", layers.CODES)
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_softmax_loss_satisfies_all_witnesses(seed, code):
    x, y, mask = layers.scores(seed)
    _, dx = layers.loss(x, y, mask, code)
    gradient_check.assert_gradient(
        dx, lambda x: layers.loss(x, y, mask, code)[0], x, sizes=layers.SIZES
    )


@pytest.mark.parametrize("code", layers.CODES)
def test_softmax_loss_agrees_with_autograd(code):
    x, y, mask = layers.scores()
    loss, dx = layers.loss(x, y, mask, code)
    np.testing.assert_allclose(loss, autograd_softmax_loss(x, y, mask), rtol=1e-14)
    needed = autograd.grad(autograd_softmax_loss)(x, y, mask)
    assert gradient_check.relative_error(dx, needed) < EXACT
