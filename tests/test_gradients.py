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
        lambda *inputs: layers.forward(layer, *inputs),
        lambda dout, cache: layers.backward(layer, dout, cache),
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
