"""Pictures that are drawn from a file: the same bytes on any machine, and without a browser."""

from __future__ import annotations

import json

import yaml

from tests.docs.pictures import diagram, timeline
from tests.docs.pictures.listing import FOLDER, Picture


def draw(picture: Picture, scheme: str) -> str:
    """Draw a picture.

    Args:
        picture: One that has a source.
        scheme: `light` or `dark`.

    Returns:
        The image as SVG.
    """
    text = (FOLDER / picture.source).read_text("utf-8")
    if picture.source.endswith(".json"):
        return timeline.draw(json.loads(text), scheme)
    return diagram.draw(yaml.safe_load(text), scheme)
