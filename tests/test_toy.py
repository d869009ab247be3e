"""The toy of chapter 00 shows what it is there to show."""

import layers
import numpy as np
import pytest

from course.chapter_00 import SENTENCE, ends, fourteen, sentence, standing_still, train
from course.chapter_05 import SLIPS, forward_with_cache


def test_a_falling_loss_proves_nothing():
    last = {name: np.median(train(f)[-50:]) for name, f in fourteen(SLIPS).items()}
    first = np.log(len(set(SENTENCE)))
    assert len(last) == 14
    assert max(last.values()) < 0.05 * first  # all learn it by heart
    assert min(last, key=last.get) == "half the carry"


def test_it_proves_nothing_from_other_starts_either():
    last = ends()
    assert set(last) == {*fourteen(SLIPS), "standing still"}
    wrong = [last[name] for name in set(last) - {"right", "standing still"}]
    assert np.all(last["half the carry"] < last["right"])
    assert np.all(np.max(wrong, axis=0) < 0.1 * np.log(len(set(SENTENCE))))
    assert np.all(np.max(wrong, axis=0) < last["standing still"] / 4)


@pytest.mark.parametrize("name", ["right", "half the carry", "standing still"])
def test_a_stored_end_is_where_the_training_ends(name):
    seed = 7
    backward = (fourteen(SLIPS) | {"standing still": standing_still})[name]
    np.testing.assert_allclose(train(backward, seed=seed)[-1], ends()[name][seed], rtol=0.01)


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
