"""A trained model on disk: ``model.safetensors``, ``model.json``, a page for people; no code."""

import json
from hashlib import sha256
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file
from safetensors.torch import save as to_bytes

from septum.atomic import replacing, write_text
from septum.card import card
from septum.config import to_dict
from septum.description import FORMAT, Description, describe, digest_in
from septum.errors import DataError
from septum.network import UNet
from septum.version import __version__

INT8 = "int8.xml"
"""The network with 8-bit weights, in the folder of a model that `septum compress` wrote."""


def write_model(folder: Path, network: UNet, description: Description) -> None:
    """Write a model to `folder`; each file appears only when it is complete."""
    weights = {k: v.detach().cpu().contiguous() for k, v in network.state_dict().items()}
    binary = to_bytes(weights)
    with replacing(folder / "model.safetensors") as path:
        path.write_bytes(binary)
    known = {"format": FORMAT, "septum": __version__, "weights": sha256(binary).hexdigest()}
    content = {**known, **to_dict(description)}
    write_text(folder / "README.md", card(description))
    write_text(folder / "model.json", json.dumps(content, indent=2) + "\n")


def read_model(folder: Path) -> tuple[UNet, Description, Path | None]:
    """Return the network with its weights, its description and, where there is one, its int8 file.

    Parameters
    ----------
    folder : Path
        A run folder as `septum.train` writes it, or the ``model`` folder in it.

    Raises
    ------
    DataError
        If the folder is no model, or one that this version cannot read.
    """
    if (folder / "model").is_dir():
        folder = folder / "model"
    description = describe(folder)
    network = description.build()
    weights = folder / "model.safetensors"
    try:
        network.load_state_dict(load_file(weights))
    except (OSError, SafetensorError) as error:
        raise DataError(f"{weights} cannot be read: {error}") from None
    except RuntimeError as error:
        reason = str(error).splitlines()[-1].strip()
        raise DataError(f"{weights} does not hold the network of model.json: {reason}") from None
    _verify(weights, digest_in(folder))
    int8 = folder / INT8
    return network, description, int8 if int8.is_file() else None


def _verify(weights: Path, digest: str | None) -> None:
    """Raise DataError if a file of weights is not the one that its description tells of."""
    if digest is None or not weights.is_file():
        return  # a model of septum 0.1 before it was written down; what is missing is said later
    if sha256(weights.read_bytes()).hexdigest() != digest:
        raise DataError(
            f"{weights} is not the file that model.json describes: writing was interrupted, or one "
            "of them was replaced. `septum train DATA -o RUN --resume` writes both again"
        )
