"""The toy of chapter 00 shows what it is there to show."""

import layers
import numpy as np

from course.chapter_00 import SENTENCE, fourteen, sentence, train
from course.chapter_05 import SLIPS, forward_with_cache


def test_a_falling_loss_proves_nothing():
    last = {name: np.median(train(f)[-50:]) for name, f in fourteen(SLIPS).items()}
    first = np.log(len(set(SENTENCE)))
    assert len(last) == 14
    assert last["right"] < 0.02 * first
    assert sorted(last.values())[11] < 0.05 * first  # twelve of them learn it by heart
    assert max(last.values()) < 0.5 * first  # and no one learns nothing


def test_thirteen_of_the_fourteen_are_wrong():
    args, dh = layers.arguments("rnn", T=6), layers.upstream("rnn", T=6)
    needed = layers.gradients("rnn", args, dh)
    for name, backward in fourteen(SLIPS).items():
        given = dh.copy()
        found = backward(given, forward_with_cache(**args)[1])
        same = all(map(np.allclose, found, needed.values())) and np.array_equal(given, dh)
        assert same == (name == "right"), name


def test_the_sentence_is_cut_into_equal_parts_with_their_next_letters():
    x, y = sentence()
    letters = np.array(sorted(set(SENTENCE)))
    assert x.shape == (2, 22, len(letters))
    halves = ["".join(letters[row]) for row in np.argmax(x, axis=2)]
    assert halves == [SENTENCE[:22], SENTENCE[23:45]]
    assert ["".join(row) for row in letters[y]] == [SENTENCE[1:23], SENTENCE[24:46]]
