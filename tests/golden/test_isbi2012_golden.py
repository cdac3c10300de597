"""The ISBI 2012 metrics against what the challenge's own implementation answers."""

import json

import numpy as np
import pytest
import tifffile

from septum.metrics import isbi, rand_error, topology_errors
from septum.metrics.components import components
from septum.metrics.isbi import rand_f_score
from septum.metrics.overlap import overlap

NAMES = [f"proposal_{z}_{kind}.tif" for z in ("03", "12") for kind in
         ("identity", "blur", "noisy", "gaps", "extra")]  # fmt: skip
EXACT = {"rel": 0, "abs": 1e-6}


@pytest.fixture(scope="module")
def expected(golden_dir):
    return json.loads((golden_dir / "isbi2012" / "expected.json").read_text())


@pytest.fixture
def pair(request, golden_dir, expected):
    folder = golden_dir / "isbi2012"
    truth = tifffile.imread(folder / expected[request.param]["truth"])
    return truth, tifffile.imread(folder / request.param) / 255, expected[request.param]


def test_every_golden_proposal_is_tested(expected):
    assert sorted(expected) == sorted(NAMES)


@pytest.mark.parametrize("pair", NAMES, indirect=True)
def test_the_five_metrics_equal_the_reference(pair):
    truth, proposal, answers = pair
    assert isbi(truth, proposal) == {
        "warping_error": pytest.approx(answers["warping_error_min_splits_mergers"], **EXACT),
        "rand_error": pytest.approx(answers["rand_error"], **EXACT),
        "pixel_error": pytest.approx(answers["pixel_error"], **EXACT),
        "v_rand": pytest.approx(answers["v_rand_thinned"], **EXACT),
        "v_info": pytest.approx(answers["v_info_thinned"], **EXACT),
    }


@pytest.mark.parametrize("pair", NAMES, indirect=True)
def test_the_parts_at_one_threshold_equal_the_reference(pair):
    truth, proposal, answers = pair
    errors = topology_errors(truth, proposal, threshold=0.5)
    assert sum(errors.values()) / truth.size == pytest.approx(
        answers["warping_error_plain_at_0.5"], **EXACT
    )
    # The reference had been told to look at splits and mergers only when it wrote this answer,
    # and counts pixels, not clusters of them, whatever the name of the answer says.
    assert (errors["split"] + errors["merge"]) / truth.size == pytest.approx(
        answers["warping_error_clustered_all_at_0.5"], **EXACT
    )
    cells, proposed = truth > 0, proposal > 0.5
    table = overlap(components(cells), components(proposed))
    assert rand_f_score(table) == pytest.approx(answers["rand_fscore_at_0.5"], **EXACT)
    assert np.mean(cells != proposed) == pytest.approx(answers["pixel_mse_at_0.5"], **EXACT)


@pytest.mark.parametrize("pair", ["proposal_03_noisy.tif"], indirect=True)
def test_a_stack_is_the_average_of_its_slices(pair):
    truth, proposal, answers = pair
    stack = np.stack([truth, truth]), np.stack([proposal, (truth > 0).astype(float)])
    assert rand_error(*stack) == pytest.approx(answers["rand_error"] / 2, **EXACT)
