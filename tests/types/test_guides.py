"""What type checkers say of the code of a guide is what the guide shows."""

from __future__ import annotations

import json
import re
from pathlib import Path

import yaml

from tests.command_line import upsertgen, write_files
from tests.docs.guides import GUIDES, File, steps
from tests.types.test_type_checkers import ROOT, run_mypy


def test_mypy_tells_of_what_the_guide_to_properties_says(tmp_path: Path) -> None:
    text = (GUIDES / "properties.md").read_text("utf-8")
    files = {one.name: one.text for one in steps(text) if isinstance(one, File)}
    # What the guide pulls from its sandbox, as far as its code needs it.
    own = yaml.safe_load(files["own.yaml"])["contacts"]
    listing = {"object_type": "contacts", "properties": {"email": {"unique": True}, **own}}
    write_files(
        tmp_path,
        {
            "contacts.yaml": json.dumps(listing),
            "load.py": files["load.py"],
            "mypy.ini": f"[mypy]\nmypy_path = {ROOT / 'generated'}\n",
        },
    )
    made = tmp_path / "crm_types.py"
    options = ("--output", made, "--key", "contacts=email")
    assert upsertgen("properties", tmp_path / "contacts.yaml", *options).code == 0
    shown = re.findall(r"^load\.py:(\d+): error: (.*)  \[[a-z-]+\]$", text, re.MULTILINE)
    assert shown
    assert shown == [
        (str(one.line), one.message)
        for one in run_mypy(tmp_path, "--config-file", "mypy.ini", "load.py")
    ]
