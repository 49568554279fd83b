"""A small project with a released API version, and what is published of the next one."""

from __future__ import annotations

import contextlib
import json
import subprocess
import zipfile
from pathlib import Path

from tests.command_line import upsertgen, write_files
from tests.importing.documents import document
from tests.importing.published_documents import Document
from tests.servers import PROGRAM_PATIENCE

PYPROJECT = """\
[tool.upsertgen]
specs = "specs"
output = "generated"
package = "hubspot_upsert"
distribution = "hubspot-upsert"
distribution-version = "1.4.2"
jobs = 1

[tool.upsertgen.import]
select = ["batch/upsert"]
pattern = "Rollouts/{rollout}/{version}/{type}"
"""
OVERLAY = """\
overlay: 1.0.0
info: {title: Corrections, version: 1.0.0}
actions:
  - target: $.components.schemas.Input.properties.id
    description: An id has at most 255 characters.
    x-source: [documented]
    update: {maxLength: 255}
"""
IDENTITY = {
    "GIT_AUTHOR_NAME": "Somebody",
    "GIT_AUTHOR_EMAIL": "somebody@example.com",
    "GIT_COMMITTER_NAME": "Somebody",
    "GIT_COMMITTER_EMAIL": "somebody@example.com",
}
"""What git wants to know of whoever commits, as variables."""


def git(folder: Path, *words: str) -> None:
    """Run git in a folder."""
    plain = ("-c", "init.defaultBranch=main", "-c", "commit.gpgsign=false")
    subprocess.run(
        ["git", *plain, *words],
        cwd=folder,
        check=True,
        capture_output=True,
        timeout=PROGRAM_PATIENCE,
    )


def write_project(folder: Path) -> None:
    """Write the project into an empty folder, and commit it; `IDENTITY` has to be in the environment."""
    write_files(folder, {"pyproject.toml": PYPROJECT, "specs/overlays/corrections.yaml": OVERLAY})
    first = folder.parent / "first.zip"
    _publish(first, "2026-03", contacts=document("contacts"), companies=document("companies"))
    with contextlib.chdir(folder):
        for words in (("import", first, "--api-version", "2026-03"), ("release",)):
            done = upsertgen(*words)
            assert done.code == 0, done.err
    newer = {name: document(name) for name in ("companies", "contacts")}
    for one in newer.values():
        one["components"]["schemas"]["Input"]["properties"]["locale"] = {"type": "string"}
    _publish(folder / "collection.zip", "2026-09", **newer)
    git(folder, "init", "--quiet")
    git(folder, "add", "--", ".", ":!collection.zip")
    git(folder, "commit", "--quiet", "--message", "Release 1.4.2")


def _publish(archive: Path, label: str, **documents: Document) -> None:
    with zipfile.ZipFile(archive, "w") as file:
        for name, one in documents.items():
            place = f"CRM/{name.capitalize()}/Rollouts/7/{label}/{name}.json"
            file.writestr(
                place,
                json.dumps(one, indent=1)
                .replace("/things/v1/", f"/objects/{label}/")
                .replace('"wrong"', '"batch_upsert"'),
            )
