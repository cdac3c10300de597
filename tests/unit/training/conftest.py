"""A case of every kind of right and wrong, for the verdicts and for the page that shows them."""

import numpy as np
import pytest

from septum.data.sample import Sample


@pytest.fixture
def made_by_hand():
    """One found, a merged pair, one split, one missed; and one that is none."""
    truth, labels = np.zeros((40, 60), np.int32), np.zeros((40, 60), np.int32)
    truth[2:8, 2:8], labels[2:8, 2:7] = 1, 11  # 36 px, found with IoU 5/6
    truth[2:12, 20:30], truth[2:12, 30:40] = 2, 3  # 100 px each,
    labels[2:12, 20:40] = 12  # as one: IoU 0.5 with each, which is not above 0.5
    truth[20:32, 2:22] = 4  # 240 px,
    labels[20:32, 2:11], labels[20:32, 13:22] = 13, 14  # in two halves of IoU 0.45
    truth[20:24, 40:44] = 5  # 16 px, missed
    labels[34:38, 50:56] = 15  # 24 px, false
    return Sample(np.zeros((1, 40, 60), np.uint8), truth, name="by hand"), labels
