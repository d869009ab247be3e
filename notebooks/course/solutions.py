"""An answer to each exercise, as a reader of the chapter could have written it.

Plain code for float64: what the arguments are is not checked, and time is a loop. The exercises
check these answers as they check any other; `rnn_layers` says the same in fewer, larger products.
"""

import numpy as np


def rnn_step_forward(x, prev_h, Wx, Wh, b):
    z = x @ Wx + prev_h @ Wh + b  # (N, H)  eq. 1.3
    return np.tanh(z)  # (N, H)  eq. 1.4


def central_difference(f, at, h):
    gradient = np.zeros_like(at)
    for entry in np.ndindex(at.shape):
        ahead, behind = at.copy(), at.copy()
        ahead[entry] += h
        behind[entry] -= h
        gradient[entry] = (f(ahead) - f(behind)) / (2 * h)  # eq. 2.2
    return gradient


def rnn_step_backward(dnext_h, cache):
    x, prev_h, Wx, Wh, next_h = cache
    dz = dnext_h * (1 - next_h**2)  # (N, H)  eq. 3.1
    dx = dz @ Wx.T  # (N, D)  eq. 3.2
    dprev_h = dz @ Wh.T  # (N, H)  eq. 3.3
    dWx = x.T @ dz  # (D, H)  eq. 3.4
    dWh = prev_h.T @ dz  # (H, H)  eq. 3.5
    db = dz.sum(axis=0)  # (H,)  eq. 3.6
    return dx, dprev_h, dWx, dWh, db


def rnn_forward(x, h0, Wx, Wh, b):
    N, T, _ = x.shape
    h = np.zeros((N, T, len(b)))
    h_t = h0
    for t in range(T):
        h_t = np.tanh(x[:, t] @ Wx + b + h_t @ Wh)  # (N, H)  eq. 4.1, 4.2
        h[:, t] = h_t
    return h


def rnn_backward(dh, cache):
    x, h0, Wx, Wh, h = cache
    dx, dWx, dWh, db = np.zeros_like(x), np.zeros_like(Wx), np.zeros_like(Wh), np.zeros(len(Wh))
    carry = np.zeros_like(h0)  # (N, H): no step comes after the last
    for t in reversed(range(x.shape[1])):
        prev_h = h[:, t - 1] if t > 0 else h0
        total = dh[:, t] + carry  # (N, H)  eq. 5.1
        dz = total * (1 - h[:, t] ** 2)  # (N, H)  eq. 5.2
        carry = dz @ Wh.T  # (N, H)  eq. 5.1; at the first step eq. 5.3
        dx[:, t] = dz @ Wx.T  # (N, D)  eq. 5.4
        dWx += x[:, t].T @ dz  # (D, H)  eq. 5.5
        dWh += prev_h.T @ dz  # (H, H)  eq. 5.6
        db += dz.sum(axis=0)  # (H,)  eq. 5.7
    return dx, carry, dWx, dWh, db


def convict():
    mystery_1 = 5.2  # all five wrong, and dx at the last step as well: the slope
    mystery_2 = 5.3  # dh0 alone
    mystery_3 = 5.1  # right up to T = 3; from T = 4 on wrong, but not at the last step
    return mystery_1, mystery_2, mystery_3


def my_check(forward, backward):
    rng = np.random.default_rng(6)
    N, T, D, H = 2, 5, 3, 4
    shapes = (N, T, D), (N, H), (D, H), (H, H), (H,)
    inputs = [0.5 * rng.standard_normal(shape) for shape in shapes]
    directions = [rng.standard_normal(shape) for shape in shapes]
    dh = rng.standard_normal((N, T, H))
    cache = forward(*inputs)[1]
    given = [array.copy() for array in (dh, *cache)]
    gradients = backward(given[0], tuple(given[1:]))
    kept = all(map(np.array_equal, given, (dh, *cache)))
    moved = [at + 1e-30j * v for at, v in zip(inputs, directions)]
    ahead = np.sum(dh * forward(*moved)[0].imag) / 1e-30  # the right side of eq. 6.3
    back = sum(np.sum(v * gradient) for v, gradient in zip(directions, gradients))  # the left side
    return np.isclose(back, ahead) and kept


def clip_by_global_norm(gradients, threshold):
    norm = np.sqrt(sum(np.sum(gradient**2) for gradient in gradients))
    scale = threshold / norm if norm > threshold else 1.0  # eq. 7.7
    return [scale * gradient for gradient in gradients]


def softmax_with_temperature(scores, tau):
    scaled = scores / tau
    shifted = scaled - scaled.max(axis=-1, keepdims=True)  # the same p, and no overflow
    p = np.exp(shifted)
    return p / p.sum(axis=-1, keepdims=True)  # (N, V)  eq. 8.13


def temporal_softmax_loss(x, y, mask):
    N, T, _ = x.shape
    loss, dx = 0.0, np.zeros_like(x)
    for n in range(N):
        for t in range(T):
            if mask[n, t]:
                scores = x[n, t] - x[n, t].max()  # the same p, and no overflow
                log_p = scores - np.log(np.exp(scores).sum())  # (V,)  eq. 8.7
                loss -= log_p[y[n, t]] / N  # eq. 8.8
                dx[n, t] = np.exp(log_p) / N  # (V,)  eq. 8.9
                dx[n, t, y[n, t]] -= 1 / N  # eq. 8.9
    return loss, dx
