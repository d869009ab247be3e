"""The layers of a vanilla recurrent neural network, forward and backward, in NumPy.

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

    x (N, T) of integers from 0 to V - 1, W (V, D) -> out (N, T, D), cache.
    Raises ValueError, TypeError. Source: Bengio et al. (2003), A neural probabilistic language
    model.
    """
    x, W = _fit("x NT integer, W VD", x, W)
    _check_symbols("x", x, len(W))
    out = W[x]  # (N, T, D)  eq. 8.1
    return out, (x, W)


def word_embedding_backward(dout, cache):
    """Add up the gradients of all places where a symbol stood: dW[v] = sum of dout where x = v.

    dout (N, T, D), cache -> dW (V, D).
    Raises ValueError, TypeError. Source: chapter 08.
    """
    legend = "x NT integer, W VD, dout NTD"
    x, W, dout = _fit_cache("word_embedding_forward", legend, cache, dout)
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


def _fit_cache(source, legend, cache, upstream):
    """Return the contents of the cache, and the upstream gradient, which is last in the legend."""
    entries = _entries(legend)
    arrays = (*cache, upstream) if type(cache) is tuple else ()
    complete = len(arrays) == len(entries)
    if complete and not _wrong_kind(entries, arrays) and not _sizes(entries, arrays)[1]:
        return _in_one_dtype(entries, arrays)

    *entries, last = entries
    sound = complete and not _wrong_kind(entries, cache)
    sizes, conflicts = _sizes(entries, cache) if sound else (None, True)
    if conflicts:
        found = "another tuple" if arrays else f"of type {type(cache).__name__}"
        held = ", ".join(name for name, _, _ in entries)
        raise TypeError(f"cache is {found}; it should be the tuple ({held}) of {source}")
    if fault := _wrong_kind([last], [upstream]):
        raise fault
    name, axes, _ = last
    needed = f"{_tuple(axes)} = {tuple(sizes[axis] for axis in axes)} to fit the cache"
    raise ValueError(f"{name} has shape {upstream.shape}; it should be {needed}")


@functools.cache
def _entries(legend):
    return [(*entry.split(), "numerical")[:3] for entry in legend.split(",")]


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
            conflicts += sizes.setdefault(axis, size) != size
    return sizes, conflicts


def _misfit(entries, arrays):
    """Name the array without which the others fit best (of several such, the last)."""
    blamed, fewest = None, np.inf
    for i, ((name, axes, _), array) in enumerate(zip(entries, arrays)):
        others = list(zip(entries[:i] + entries[i + 1 :], arrays[:i] + arrays[i + 1 :]))
        sizes, conflicts = _sizes(*zip(*others))
        if conflicts <= fewest:
            fewest = conflicts
            blamed = f"{name} has shape {array.shape}; it should be {_tuple(axes)}"
            known = [sizes.get(axis, axis) for axis in axes]
            if known != list(axes):
                fit = [(n, a.shape) for (n, x, _), a in others if a.shape == (*map(sizes.get, x),)]
                rest = ", ".join(f"{other} {shape}" for other, shape in fit)
                blamed += f" = {_tuple(known)} to fit {rest}"
    return blamed


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
