"""`septum info --engines` lists what this machine can predict with."""

import json

import pytest
from typer.testing import CliRunner

from septum.cli import app
from septum.errors import ConfigError
from septum.predict.engines import available


def test_every_engine_is_in_the_table_and_in_the_json():
    shown = CliRunner().invoke(app, ["info", "--engines"])
    assert shown.exit_code == 0
    listed = CliRunner().invoke(app, ["info", "--engines", "--json"])
    found = json.loads(listed.stdout)["engines"]
    assert len(found) == len(available()) > 2
    for engine in found:
        assert engine["backend"] in shown.output
        assert all(precision in shown.output for precision in engine["precisions"])


@pytest.mark.parametrize("arguments", [["--json"], ["run", "--engines"]])
def test_it_is_a_path_or_the_engines(arguments):
    result = CliRunner().invoke(app, ["info", *arguments])
    assert isinstance(result.exception, ConfigError)
    assert "or --engines alone" in str(result.exception)
