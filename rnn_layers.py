"""The layers of recurrent neural networks, vanilla, LSTM and GRU, forward and backward, in NumPy.

Names, arguments and return orders are those of CS231n, assignment 3, so that this module can take
the place of that course's own. Sizes: N sequences, T steps, D inputs, H hidden units, V symbols,
M outputs. `dA` is the derivative of the loss by `A` and has the shape of `A`. `# eq. 5.2` says
which equation of the notebooks the line is.

Results have the widest floating type among the arguments; integers count as float64. Complex input
is welcome (every forward and backward pass is analytic); infinities and NaN go through as NumPy has
them; neither layout in memory nor byte order matters. Before any arithmetic, every function raises
    ValueError  where a shape, a dtype, an index or a label does not fit: nothing is broadcast,
                clipped or ignored;
    TypeError   where an argument is no plain numpy.ndarray (a numpy.memmap is one; other subclasses
                have masks or units to lose), or a cache is not the forward function's.
No argument is changed, and no result shares memory with one. A cache refers to arguments and
results: leave them as they are until the backward pass.
"""

import functools
from itertools import pairwise
import re

import numpy as np


def rnn_step_forward(x, prev_h, Wx, Wh, b):
    """Take one step: next_h = tanh(x Wx + prev_h Wh + b).

    x (N, D), prev_h (N, H), Wx (D, H), Wh (H, H), b (H,) -> next_h (N, H), cache.
    Raises ValueError, TypeError. Source: Elman (1990), Finding structure in time.
    """
    x, prev_h, Wx, Wh, b = _fit("x ND, prev_h NH, Wx DH, Wh HH, b H", x, prev_h, Wx, Wh, b)
    z = x @ Wx + prev_h @ Wh + b  # (N, H)  eq. 1.3
    next_h = np.tanh(z)  # (N, H)  eq. 1.4
    return next_h, (x, prev_h, Wx, Wh, next_h)


def rnn_step_backward(dnext_h, cache):
    """Pull the gradient back through one step: dz = dnext_h (1 - next_h^2), then to each input.

    dnext_h (N, H), cache -> dx (N, D), dprev_h (N, H), dWx (D, H), dWh (H, H), db (H,).
    Raises ValueError, TypeError. Source: the chain rule, in chapter 03.
    """
    legend = "x ND, prev_h NH, Wx DH, Wh HH, next_h NH, dnext_h NH"
    x, prev_h, Wx, Wh, next_h, dnext_h = _fit_cache("rnn_step_forward", legend, cache, dnext_h)
    dz = dnext_h * (1 - next_h**2)  # (N, H)  eq. 3.1
    dx = dz @ Wx.T  # (N, D)  eq. 3.2
    dprev_h = dz @ Wh.T  # (N, H)  eq. 3.3
    dWx = x.T @ dz  # (D, H)  eq. 3.4
    dWh = prev_h.T @ dz  # (H, H)  eq. 3.5
    db = dz.sum(axis=0)  # (H,)  eq. 3.6
    return dx, dprev_h, dWx, dWh, db


def rnn_forward(x, h0, Wx, Wh, b):
    """Run through time: h_t = tanh(x_t Wx + h_{t-1} Wh + b) for t = 1 to T.

    x (N, T, D), h0 (N, H), Wx (D, H), Wh (H, H), b (H,) -> h (N, T, H), cache.
    Raises ValueError, TypeError. Source: Elman (1990), Finding structure in time.
    """
    x, h0, Wx, Wh, b = _fit("x NTD, h0 NH, Wx DH, Wh HH, b H", x, h0, Wx, Wh, b)
    (N, T, D), H = x.shape, len(b)
    x = np.ascontiguousarray(x.swapaxes(0, 1))  # (T, N, D): what one step needs lies together
    states = np.empty((T + 1, N, H), x.dtype)  # h_0 to h_T
    states[0] = h0
    np.dot(x.reshape(T * N, D), Wx, out=states[1:].reshape(T * N, H))  # (T N, H)  eq. 4.1
    states[1:] += b  # (T, N, H)  eq. 4.1
    for prev_h, h_t in pairwise(states):
        h_t += prev_h.dot(Wh)  # (N, H)  eq. 4.2
        np.tanh(h_t, out=h_t)  # (N, H)  eq. 4.2
    return states[1:].swapaxes(0, 1), (x, Wx, Wh, states)


def rnn_backward(dh, cache):
    """Backpropagate through time: dz_t = (dh_t + dz_{t+1} Wh^T) (1 - h_t^2), from t = T back to 1.

    dh_t is what the loss at step t says of h_t by itself; the rest comes from the step after it. A
    weight, used at every step, adds up its gradient over time: one product each, after the loop.
    dh (N, T, H), cache -> dx (N, T, D), dh0 (N, H), dWx (D, H), dWh (H, H), db (H,).
    Raises ValueError, TypeError. Source: Werbos (1990), Backpropagation through time; chapter 05.
    """
    legend = "x TND, Wx DH, Wh HH, states SNH, dh NTH"
    x, Wx, Wh, states, dh = _fit_cache("rnn_forward", legend, cache, dh)
    (N, T, H), D = dh.shape, len(Wx)
    dz = 1 - states[1:] ** 2  # (T, N, H)  eq. 5.2, the slope of tanh
    WhT = np.ascontiguousarray(Wh.T)  # (H, H): in this order every step reads it faster
    dprev_h = np.zeros_like(states[0])  # (N, H): no step comes after the last
    for dh_t, dz_t in zip(dh.swapaxes(0, 1)[::-1], dz[::-1]):
        dz_t *= dh_t + dprev_h  # (N, H)  eq. 5.1, 5.2
        dz_t.dot(WhT, out=dprev_h)  # (N, H)  eq. 5.1; at the first step eq. 5.3
    dz = dz.reshape(T * N, H)
    dx = (dz @ Wx.T).reshape(T, N, D).swapaxes(0, 1)  # (N, T, D)  eq. 5.4
    dWx = x.reshape(T * N, D).T @ dz  # (D, H)  eq. 5.5
    dWh = states[:-1].reshape(T * N, H).T @ dz  # (H, H)  eq. 5.6
    db = dz.sum(axis=0)  # (H,)  eq. 5.7
    return dx, dprev_h, dWx, dWh, db


def word_embedding_forward(x, W):
    """Look up a vector for each symbol: out[n, t] = W[x[n, t]].

    x (N, T) of integers from 0 to V - 1, W (V, D) -> out (N, T, D), cache. Raises ValueError,
    TypeError. Source: Bengio et al. (2003), A neural probabilistic language model.
    """
    x, W = _fit("x NT integer, W VD", x, W)
    _check_symbols("x", x, len(W))
    out = W[x]  # (N, T, D)  eq. 8.1
    return out, (x, W)


def word_embedding_backward(dout, cache):
    """Add up the gradients of all places where a symbol stood: dW[v] = sum of dout where x = v.

    dout (N, T, D), cache -> dW (V, D). Raises ValueError, TypeError. Source: chapter 08.
    """
    x, W, dout = _fit_cache("word_embedding_forward", "x NT integer, W VD, dout NTD", cache, dout)
    dW = np.zeros(W.shape, dout.dtype)
    np.add.at(dW, x, dout)  # (V, D)  eq. 8.2
    return dW


def temporal_affine_forward(x, w, b):
    """Apply one affine map at every step: out_t = x_t w + b.

    x (N, T, D), w (D, M), b (M,) -> out (N, T, M), cache.
    Raises ValueError, TypeError. Source: interface of CS231n.
    """
    x, w, b = _fit("x NTD, w DM, b M", x, w, b)
    (N, T, D), M = x.shape, len(b)
    out = (x.reshape(N * T, D) @ w).reshape(N, T, M)  # (N, T, M)  eq. 8.3
    out += b  # (N, T, M)  eq. 8.3
    return out, (x, w)


def temporal_affine_backward(dout, cache):
    """Pull the gradient back: dx_t = dout_t w^T, dw = sum of x_t^T dout_t, db = sum of dout_t.

    dout (N, T, M), cache -> dx (N, T, D), dw (D, M), db (M,).
    Raises ValueError, TypeError. Source: the chain rule, in chapter 08.
    """
    legend = "x NTD, w DM, dout NTM"
    x, w, dout = _fit_cache("temporal_affine_forward", legend, cache, dout)
    (N, T, D), M = x.shape, w.shape[1]
    dout = dout.reshape(N * T, M)
    dx = (dout @ w.T).reshape(N, T, D)  # (N, T, D)  eq. 8.4
    dw = x.reshape(N * T, D).T @ dout  # (D, M)  eq. 8.5
    db = dout.sum(axis=0)  # (M,)  eq. 8.6
    return dx, dw, db


def temporal_softmax_loss(x, y, mask, verbose=False):
    """Cross-entropy, in nats, of softmax(x) with the labels y: -sum(log p[y] where mask) / N.

    A sum over steps, a mean over sequences. Where mask is False the gradient is 0, whatever x is.
    `verbose` is for callers of CS231n's function, which then prints; this one never does.
    x (N, T, V), y (N, T) of integers from 0 to V - 1, mask (N, T) of bool -> loss, dx (N, T, V).
    Raises ValueError (also where N or V is 0), TypeError.
    Source: Bridle (1990), Probabilistic interpretation of feedforward classification outputs.
    """
    x, y, mask = _fit("x NTV, y NT integer, mask NT boolean", x, y, mask)
    N, _, V = x.shape
    if N == 0 or V == 0:
        raise ValueError(f"x has shape {x.shape}; it should be (N, T, V) with N >= 1 and V >= 1")
    _check_symbols("y", y, V)
    scores = x[mask]  # (K, V): K steps count
    label = np.arange(len(scores)), y[mask]
    scores = scores - scores.real.max(axis=1, keepdims=True)  # the same p, and no overflow
    log_p = scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))  # (K, V)  eq. 8.7
    loss = (-log_p[label] / N).sum()  # eq. 8.8
    dscores = np.exp(log_p)  # (K, V): p
    dscores[label] -= 1  # (K, V)  eq. 8.9
    dx = np.zeros_like(x)
    dx[mask] = dscores / N  # (N, T, V)  eq. 8.9
    return loss, dx


def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b):
    """Take one step: next_c = f prev_c + i g, next_h = o tanh(next_c).

    i, f, o, g are the blocks of x Wx + prev_h Wh + b, sigmoid of the first three, tanh of the last.
    x (N, D), prev_h and prev_c (N, H), Wx (D, 4H), Wh (H, 4H), b (4H,) -> next_h and next_c (N, H),
    cache. Raises ValueError, TypeError. Source: Gers et al. (2000), Learning to forget.
    """
    legend = "x ND, prev_h NH, prev_c NH, Wx D4H, Wh H4H, b 4H"
    x, prev_h, prev_c, Wx, Wh, b = _fit(legend, x, prev_h, prev_c, Wx, Wh, b)
    a_i, a_f, a_o, a_g = np.split(x @ Wx + prev_h @ Wh + b, 4, axis=1)  # (N, H) each  eq. 11.1
    i, f, o, g = _sigmoid(a_i), _sigmoid(a_f), _sigmoid(a_o), np.tanh(a_g)  # eq. 11.2
    next_c = f * prev_c + i * g  # (N, H)  eq. 11.3
    next_h = o * np.tanh(next_c)  # (N, H)  eq. 11.4
    return next_h, next_c, (x, prev_h, prev_c, Wx, Wh, i, f, o, g, next_c)


def lstm_step_backward(dnext_h, dnext_c, cache):
    """Pull both gradients back through one step: into the cell, into its gates, to each input.

    dnext_h and dnext_c (N, H), cache -> dx (N, D), dprev_h and dprev_c (N, H), dWx (D, 4H),
    dWh (H, 4H), db (4H,). Raises ValueError, TypeError. Source: the chain rule, in chapter 11.
    """
    legend = "x ND, prev_h NH, prev_c NH, Wx D4H, Wh H4H, i NH, f NH, o NH, g NH, next_c NH"
    legend += ", dnext_h NH, dnext_c NH"
    arrays = _fit_cache("lstm_step_forward", legend, cache, dnext_h, dnext_c)
    x, prev_h, prev_c, Wx, Wh, i, f, o, g, next_c, dnext_h, dnext_c = arrays
    dc = dnext_c + dnext_h * o * (1 - np.tanh(next_c) ** 2)  # (N, H)  eq. 11.5
    di, df, do, dg = dc * g, dc * prev_c, dnext_h * np.tanh(next_c), dc * i  # eq. 11.6
    da = di * i * (1 - i), df * f * (1 - f), do * o * (1 - o), dg * (1 - g**2)  # eq. 11.7
    da, dprev_c = np.hstack(da), dc * f  # (N, 4H), (N, H)  eq. 11.8
    dx, dprev_h = da @ Wx.T, da @ Wh.T  # (N, D), (N, H)  eq. 11.9, 11.10
    dWx, dWh = x.T @ da, prev_h.T @ da  # (D, 4H), (H, 4H)  eq. 11.11, 11.12
    return dx, dprev_h, dprev_c, dWx, dWh, da.sum(axis=0)  # eq. 11.13


def lstm_forward(x, h0, Wx, Wh, b):
    """Run through time from c_0 = 0, each step as in lstm_step_forward.

    x (N, T, D), h0 (N, H), Wx (D, 4H), Wh (H, 4H), b (4H,) -> h (N, T, H), cache.
    Raises ValueError, TypeError. Source: Hochreiter and Schmidhuber (1997), Long short-term memory.
    """
    x, h0, Wx, Wh, b = _fit("x NTD, h0 NH, Wx D4H, Wh H4H, b 4H", x, h0, Wx, Wh, b)
    (N, T, D), H = x.shape, len(Wh)
    x = np.ascontiguousarray(x.swapaxes(0, 1))  # (T, N, D)
    gates = (x.reshape(T * N, D) @ Wx + b).reshape(T, N, 4, H).swapaxes(1, 2).copy()  # eq. 11.1
    i, f, o, g = gates.swapaxes(0, 1)  # (T, N, H) each, in the memory of gates (T, 4, N, H)
    blocks = Wh.reshape(H, 4, H).swapaxes(0, 1)  # (4, H, H)
    h, c = np.zeros((2, T + 1, N, H), x.dtype)  # h_0 to h_T, c_0 to c_T
    h[0] = h0
    for t in range(T):
        gates[t] += h[t] @ blocks  # (4, N, H)  eq. 11.1
        gates[t, :3], g[t] = _sigmoid(gates[t, :3]), np.tanh(g[t])  # (3, N, H), (N, H)  eq. 11.2
        c[t + 1] = f[t] * c[t] + i[t] * g[t]  # (N, H)  eq. 11.3
        h[t + 1] = o[t] * np.tanh(c[t + 1])  # (N, H)  eq. 11.4
    return h[1:].swapaxes(0, 1), (x, Wx, Wh, h, c, i, f, o, g)


def lstm_backward(dh, cache):
    """Backpropagate through time, with two carries: that of h through the gates, that of c past.

    dh (N, T, H), cache -> dx (N, T, D), dh0 (N, H), dWx (D, 4H), dWh (H, 4H), db (4H,). Raises
    ValueError, TypeError. Source: Graves and Schmidhuber (2005), Framewise phoneme classification.
    """
    legend = "x TND, Wx D4H, Wh H4H, h SNH, c SNH, i TNH, f TNH, o TNH, g TNH, dh NTH"
    x, Wx, Wh, h, c, i, f, o, g, dh = _fit_cache("lstm_forward", legend, cache, dh)
    (N, T, H), D = dh.shape, len(Wx)
    slope_c = o * (1 - np.tanh(c[1:]) ** 2)  # (T, N, H)  eq. 11.5
    slope_i, slope_f = g * i * (1 - i), c[:-1] * f * (1 - f)  # (T, N, H)  eq. 11.6, 11.7
    slope_o, slope_g = h[1:] * (1 - o), i * (1 - g**2)  # (T, N, H)  eq. 11.6, 11.7, 11.4
    da = np.empty((T, N, 4 * H), dh.dtype)
    dprev_h, dc = np.zeros((2, N, H), dh.dtype)  # no step comes after the last
    for t in reversed(range(T)):
        dh_t = dh[:, t] + dprev_h  # (N, H)  eq. 11.14
        dc += dh_t * slope_c[t]  # (N, H)  eq. 11.5
        da_t = dc * slope_i[t], dc * slope_f[t], dh_t * slope_o[t], dc * slope_g[t]  # eq. 11.7
        np.concatenate(da_t, axis=1, out=da[t])  # (N, 4H)
        da[t].dot(Wh.T, out=dprev_h)  # (N, H)  eq. 11.10
        dc *= f[t]  # (N, H)  eq. 11.8
    da = da.reshape(T * N, 4 * H)
    dx = (da @ Wx.T).reshape(T, N, D).swapaxes(0, 1)  # (N, T, D)  eq. 11.9
    dWx, dWh = x.reshape(T * N, D).T @ da, h[:-1].reshape(T * N, H).T @ da  # eq. 11.15, 11.16
    return dx, dprev_h, dWx, dWh, da.sum(axis=0)  # eq. 11.17


def gru_step_forward(x, prev_h, Wx, Wh, b, bh):
    """Take one step: next_h = (1 - z) n + z prev_h.

    r, z = sigmoid(a + u), n = tanh(a + r u), of the blocks of a = x Wx + b and u = prev_h Wh + bh.
    x (N, D), prev_h (N, H), Wx (D, 3H), Wh (H, 3H), b and bh (3H,) -> next_h (N, H), cache. Raises
    ValueError, TypeError. Source: Cho et al. (2014), Learning phrase representations, as in cuDNN.
    """
    legend = "x ND, prev_h NH, Wx D3H, Wh H3H, b 3H, bh 3H"
    x, prev_h, Wx, Wh, b, bh = _fit(legend, x, prev_h, Wx, Wh, b, bh)
    a_r, a_z, a_n = np.split(x @ Wx + b, 3, axis=1)  # (N, H) each  eq. 12.1
    u_r, u_z, u_n = np.split(prev_h @ Wh + bh, 3, axis=1)  # (N, H) each  eq. 12.2
    r, z = _sigmoid(a_r + u_r), _sigmoid(a_z + u_z)  # (N, H) each  eq. 12.3
    n = np.tanh(a_n + r * u_n)  # (N, H)  eq. 12.4
    next_h = (1 - z) * n + z * prev_h  # (N, H)  eq. 12.5
    return next_h, (x, prev_h, Wx, Wh, r, z, n, u_n)


def gru_step_backward(dnext_h, cache):
    """Pull the gradient back through one step: to z and n, through n to r, to each input.

    dnext_h (N, H), cache -> dx (N, D), dprev_h (N, H), dWx (D, 3H), dWh (H, 3H), db and dbh (3H,).
    Raises ValueError, TypeError. Source: the chain rule, in chapter 12.
    """
    legend = "x ND, prev_h NH, Wx D3H, Wh H3H, r NH, z NH, n NH, u_n NH, dnext_h NH"
    arrays = _fit_cache("gru_step_forward", legend, cache, dnext_h)
    x, prev_h, Wx, Wh, r, z, n, u_n, dnext_h = arrays
    da_n = dnext_h * (1 - z) * (1 - n**2)  # (N, H)  eq. 12.6
    da_z = dnext_h * (prev_h - n) * z * (1 - z)  # (N, H)  eq. 12.7
    da_r = da_n * u_n * r * (1 - r)  # (N, H)  eq. 12.8
    da, du = np.hstack([da_r, da_z, da_n]), np.hstack([da_r, da_z, da_n * r])  # eq. 12.9
    dx, dprev_h = da @ Wx.T, dnext_h * z + du @ Wh.T  # (N, D), (N, H)  eq. 12.10, 12.11
    dWx, dWh = x.T @ da, prev_h.T @ du  # (D, 3H), (H, 3H)  eq. 12.12, 12.13
    return dx, dprev_h, dWx, dWh, da.sum(axis=0), du.sum(axis=0)  # eq. 12.14, 12.15


def gru_forward(x, h0, Wx, Wh, b, bh):
    """Run through time, each step as in gru_step_forward.

    x (N, T, D), h0 (N, H), Wx (D, 3H), Wh (H, 3H), b and bh (3H,) -> h (N, T, H), cache.
    Raises ValueError, TypeError. Source: as that of gru_step_forward.
    """
    legend = "x NTD, h0 NH, Wx D3H, Wh H3H, b 3H, bh 3H"
    x, h0, Wx, Wh, b, bh = _fit(legend, x, h0, Wx, Wh, b, bh)
    (N, T, D), H = x.shape, len(Wh)
    x = np.ascontiguousarray(x.swapaxes(0, 1))  # (T, N, D)
    gates = (x.reshape(T * N, D) @ Wx + b).reshape(T, N, 3, H).swapaxes(1, 2).copy()  # eq. 12.1
    r, z, n = gates.swapaxes(0, 1)  # (T, N, H) each, in the memory of gates (T, 3, N, H)
    blocks, bh = Wh.reshape(H, 3, H).swapaxes(0, 1), bh.reshape(3, 1, H)
    h, u = np.empty((T + 1, N, H), x.dtype), np.empty_like(gates)  # h_0 to h_T, u_1 to u_T
    h[0] = h0
    for t in range(T):
        u[t] = h[t] @ blocks + bh  # (3, N, H)  eq. 12.2
        gates[t, :2] = _sigmoid(gates[t, :2] + u[t, :2])  # (2, N, H)  eq. 12.3
        n[t] = np.tanh(n[t] + r[t] * u[t, 2])  # (N, H)  eq. 12.4
        h[t + 1] = (1 - z[t]) * n[t] + z[t] * h[t]  # (N, H)  eq. 12.5
    return h[1:].swapaxes(0, 1), (x, Wx, Wh, h, r, z, n, u[:, 2])


def gru_backward(dh, cache):
    """Backpropagate through time: the carry goes through the gates, and past them by z.

    dh (N, T, H), cache -> dx (N, T, D), dh0 (N, H), dWx (D, 3H), dWh (H, 3H), db and dbh (3H,).
    Raises ValueError, TypeError. Source: the chain rule, in chapter 12.
    """
    legend = "x TND, Wx D3H, Wh H3H, h SNH, r TNH, z TNH, n TNH, u_n TNH, dh NTH"
    x, Wx, Wh, h, r, z, n, u_n, dh = _fit_cache("gru_forward", legend, cache, dh)
    (N, T, H), D = dh.shape, len(Wx)
    slope_n, slope_z = (1 - z) * (1 - n**2), (h[:-1] - n) * z * (1 - z)  # eq. 12.6, 12.7
    slope_r, slope_u = slope_n * u_n * r * (1 - r), slope_n * r  # (T, N, H)  eq. 12.8, 12.9
    da, du = np.empty((2, T, N, 3 * H), dh.dtype)
    dprev_h = np.zeros((N, H), dh.dtype)  # no step comes after the last
    for t in reversed(range(T)):
        dh_t = dh[:, t] + dprev_h  # (N, H)  eq. 12.16
        da_t = dh_t * slope_r[t], dh_t * slope_z[t], dh_t * slope_n[t]  # eq. 12.6 to 12.8
        np.concatenate(da_t, axis=1, out=da[t])  # (N, 3H)
        np.concatenate([*da_t[:2], dh_t * slope_u[t]], axis=1, out=du[t])  # (N, 3H)  eq. 12.9
        dprev_h = dh_t * z[t] + du[t].dot(Wh.T)  # (N, H)  eq. 12.11
    da, du = da.reshape(T * N, 3 * H), du.reshape(T * N, 3 * H)
    dx = (da @ Wx.T).reshape(T, N, D).swapaxes(0, 1)  # (N, T, D)  eq. 12.10
    dWx, dWh = x.reshape(T * N, D).T @ da, h[:-1].reshape(T * N, H).T @ du  # eq. 12.17, 12.18
    return dx, dprev_h, dWx, dWh, da.sum(axis=0), du.sum(axis=0)  # eq. 12.19, 12.20


def _sigmoid(a):
    return 0.5 * np.tanh(0.5 * a) + 0.5  # 1 / (1 + exp(-a)) in a form that never overflows


_KINDS = {"numerical": "iufc", "integer": "iu", "boolean": "b"}  # codes of numpy.dtype.kind


def _fit(legend, *arrays):
    """Return the arrays if they fit the legend, all that are numerical in one floating dtype.

    "x NT integer, W VD" says: x is integer and has shape (N, T), W is numerical with shape (V, D).
    """
    entries = _entries(legend)
    if fault := _wrong_kind(entries, arrays):
        raise fault
    if _sizes(entries, arrays)[1]:
        raise ValueError(_misfit(entries, arrays))
    return _in_one_dtype(entries, arrays)


def _fit_cache(source, legend, cache, *upstream):
    """Return the contents of the cache, and the upstream gradients, which end the legend."""
    entries = _entries(legend)
    arrays = (*cache, *upstream) if type(cache) is tuple else ()
    complete = len(arrays) == len(entries)
    if complete and not _wrong_kind(entries, arrays) and not _sizes(entries, arrays)[1]:
        return _in_one_dtype(entries, arrays)

    entries, last = entries[: -len(upstream)], entries[-len(upstream) :]
    sound = complete and not _wrong_kind(entries, cache)
    sizes, conflicts = _sizes(entries, cache) if sound else (None, True)
    if conflicts:
        found = "another tuple" if arrays else f"of type {type(cache).__name__}"
        held = ", ".join(name for name, _, _ in entries)
        raise TypeError(f"cache is {found}; it should be the tuple ({held}) of {source}")
    if fault := _wrong_kind(last, upstream):
        raise fault
    for (name, axes, _), array in zip(last, upstream):
        if array.shape != _known(axes, sizes):
            needed = f"{_tuple(axes)} = {_known(axes, sizes)} to fit the cache"
            raise ValueError(f"{name} has shape {array.shape}; it should be {needed}")


@functools.cache
def _entries(legend):
    entries = [(*entry.split(), "numerical")[:3] for entry in legend.split(",")]
    return [(name, re.findall(r"\d?[A-Z]", axes), kind) for name, axes, kind in entries]


def _wrong_kind(entries, arrays):
    """Return the error to raise where something is no array or has the wrong dtype, else None."""
    for (name, axes, kind), array in zip(entries, arrays):
        if type(array) not in (np.ndarray, np.memmap):
            needed = f"a plain numpy.ndarray of shape {_tuple(axes)}"
            return TypeError(f"{name} is of type {type(array).__name__}; it should be {needed}")
        if array.dtype.kind not in _KINDS[kind]:
            return ValueError(f"{name} has dtype {array.dtype}; it should be {kind}")


def _sizes(entries, arrays):
    """Return the size of each axis, by its letter, and how many others contradict it."""
    sizes, conflicts = {}, 0
    for (_, axes, _), array in zip(entries, arrays):
        conflicts += len(axes) != array.ndim
        for axis, size in zip(axes, array.shape):
            size, rest = divmod(size, int(axis[:-1] or 1))
            conflicts += rest > 0 or sizes.setdefault(axis[-1], size) != size
    return sizes, conflicts


def _misfit(entries, arrays):
    """Name the array without which the others fit best (of several such, the last)."""
    blamed, fewest = None, np.inf
    for i, ((name, axes, _), array) in enumerate(zip(entries, arrays)):
        others = list(zip(entries[:i] + entries[i + 1 :], arrays[:i] + arrays[i + 1 :]))
        sizes, conflicts = _sizes(*zip(*others))
        if conflicts <= fewest:
            fewest, known = conflicts, _known(axes, sizes)
            blamed = f"{name} has shape {array.shape}; it should be {_tuple(axes)}"
            if known != tuple(axes):
                fit = [f"{n} {a.shape}" for (n, x, _), a in others if a.shape == _known(x, sizes)]
                blamed += f" = {_tuple(known)} to fit {', '.join(fit)}"
    return blamed


def _known(axes, sizes):
    """Return the size of each axis, such as H or 4H, or its name where no size is known."""
    return tuple(int(a[:-1] or 1) * sizes[a[-1]] if a[-1] in sizes else a for a in axes)


def _in_one_dtype(entries, arrays):
    numerical = [kind == "numerical" for _, _, kind in entries]
    dtypes = {array.dtype for array, is_one in zip(arrays, numerical) if is_one}
    dtype = np.result_type(*(np.float64 if one.kind in "iu" else one for one in dtypes))
    return [np.asarray(a, dtype) if is_one else a for a, is_one in zip(arrays, numerical)]


def _tuple(axes):
    return str(tuple(axes)).replace("'", "")


def _check_symbols(name, symbols, V):
    wrong = np.argwhere((symbols < 0) | (symbols >= V))
    if len(wrong):
        place = wrong[0].tolist()
        needed = f"it should be from 0 to V - 1 = {V - 1}" if V else "V = 0: there are no symbols"
        raise ValueError(f"{name}{place} is {symbols[tuple(place)]}; {needed}")
