"""Makes the pictures of the documentation: `make pictures`."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.browser import find_program
from tests.docs.pictures import drawings, timeline
from tests.docs.pictures.listing import FOLDER, SHOWN, Picture, pictures, shown_digests
from tests.docs.pictures.palette import SCHEMES
from tests.docs.pictures.screenshots import shots


def main(arguments: Sequence[str] | None = None) -> int:
    """Make pictures, and say which.

    Args:
        arguments: Those of the command line; None for those of this process.

    Returns:
        The exit code: 2 if there is no browser for what needs one.
    """
    listed = {picture.name: picture for picture in pictures()}
    parser = argparse.ArgumentParser(prog="python -m tests.docs.pictures", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="the pictures to make, or all")
    parser.add_argument("--output", type=Path, default=FOLDER, help="where they are written")
    parser.add_argument("--run", action="store_true", help="run the load of the timeline again")
    chosen = parser.parse_args(arguments)
    unknown = [name for name in chosen.names if name not in listed]
    if unknown:
        parser.error(f"no picture is called {unknown[0]}; there are {', '.join(listed)}")
    if chosen.run:
        load = timeline.record()
        (FOLDER / "load-timeline.json").write_text(timeline.as_text(load), "utf-8")
    for name in chosen.names or listed:
        if not make(listed[name], chosen.output):
            print(f"{name} needs Chromium: apt-get install chromium", file=sys.stderr)
            return 2
    return 0


def make(picture: Picture, folder: Path) -> bool:
    """Make a picture in each scheme.

    Args:
        picture: The picture.
        folder: Where it is written. In the folder of the pictures, what it shows is recorded, too.

    Returns:
        Whether it was made; a screenshot is not where there is no browser.
    """
    if picture.source:
        for scheme in SCHEMES:
            _write(picture.path(scheme, folder), drawings.draw(picture, scheme).encode())
        return True
    program = find_program()
    if program is None:
        return False
    for scheme, image in shots(picture, program):
        _write(picture.path(scheme, folder), image)
    if folder == FOLDER:
        digests = shown_digests() if SHOWN.exists() else {}
        digests[picture.name] = picture.digest()
        SHOWN.write_text(json.dumps(digests, indent=2, sort_keys=True) + "\n", "utf-8")
    return True


def _write(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    print(f"wrote {path.name}, {len(content):,} bytes")


if __name__ == "__main__":
    sys.exit(main())
