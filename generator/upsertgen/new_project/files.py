"""The texts of a new project's files: settings, a first spec by hand, Makefile, workflow, test."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import InlineTable

from upsertgen.errors import InvalidInput, Location, quoted
from upsertgen.inputs import editor_comment
from upsertgen.new_project.guesses import Guess
from upsertgen.new_project.overlay import scalar
from upsertgen.shipped_metadata import FIELDS

MAKEFILE = """\
# make          brings {output}/ up to date with specs/
# make check    tells whether specs are in order and {output}/ is up to date; nothing is written
# make test     installs the client with its sandbox and runs tests/

PYTHON ?= python3
INSTALL ?= $(PYTHON) -m pip install --quiet

.PHONY: generate check test
.DEFAULT_GOAL := generate

generate:
\t$(PYTHON) -m upsertgen generate
\t$(PYTHON) -m upsertgen schema --write

check:
\t$(PYTHON) -m upsertgen validate
\t$(PYTHON) -m upsertgen generate --check
\t$(PYTHON) -m upsertgen schema --check

test: generate
\t$(INSTALL) --editable './{output}[sandbox]' pytest
\t$(PYTHON) -m pytest tests
"""

WORKFLOW = """\
name: upsertgen
on:
  push:
  pull_request:
permissions:
  contents: read
jobs:
  clients:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-python@v5
        with:
          python-version: "3.13"
      # Or from where you keep it: python -m pip install ./path/to/upsertgen
      - run: python -m pip install upsertgen
{check}      - run: make test PYTHON=python
"""
_CHECK = "      - run: python -m upsertgen generate --check --format github\n"

IGNORED = "__pycache__/\n*.egg-info/\n.pytest_cache/\n.venv/\ndist/\nbuild/\n"

TOKEN, BASIC_TOKEN = '"token"', '"user:password"'
"""What a test gives for a token, and for a user name with a password."""

_UPSERTS = """\
\"\"\"The client works: against the sandbox that it comes with, which is a real server on this machine.\"\"\"

from {package}.{version} import Client
from {package}.sandbox import Sandbox


def test_records_are_upserted() -> None:
    with Sandbox() as sandbox, sandbox.client(Client, {token}) as client:
{declaration}\
        client.{resource}.upsert([{record!r}]{arguments})
        assert sandbox.count({resource!r}) == 1
"""
_DECLARATION = "        sandbox.declare({resource!r}, email={{'unique': True}})\n"
_REACHES = """\
\"\"\"There is a client.\"\"\"

from {package}.{version} import Client


def test_there_is_a_client() -> None:
    with Client({token}) as client:
        assert client.{resource} is not None
"""

_SPEC = """\
{editor}
# One object type, by hand: fill in what your API says, and 'upsertgen validate' tells what is missing.
# 'upsertgen init --from openapi.json' begins with a published document instead.
openapi: 3.0.3
info:
  title: {title}
  version: {label}
  description: What one record is.               # shows in the client's documentation
servers:
  - url: https://api.example.com                 # the address of your API
paths:
  /{object_type}/upsert:                         # the path of the batch upsert
    post:
      operationId: batch_upsert                  # becomes the name of the method
      summary: Create or update records by a unique key
      security:
        - token: []
      requestBody:
        required: true
        content:
          application/json:
            schema:
              $ref: "#/components/schemas/Batch"
      responses:
        "200":
          description: What became of the records.
          content:
            application/json:
              schema:
                $ref: "#/components/schemas/BatchResult"
        default:
          description: The request failed.
          content:
            application/json:
              schema:
                $ref: "#/components/schemas/Error"
components:
  securitySchemes:
    token: {{type: http, scheme: bearer}}
  schemas:
    Batch:
      type: object
      required: [records]
      properties:
        records:
          type: array
          maxItems: 100                          # the most records that one request may have
          items:
            $ref: "#/components/schemas/Record"
    Record:
      type: object
      required: [key]
      properties:
        key: {{type: string, description: The value that finds the record.}}
        name: {{type: string}}
    BatchResult:
      type: object
      required: [results]
      properties:
        results:
          type: array
          items:
            $ref: "#/components/schemas/Result"
    Result:
      type: object
      required: [id]
      properties:
        id: {{type: string}}
        key: {{type: string}}
        created: {{type: boolean}}
    Error:
      type: object
      properties:
        message: {{type: string}}
"""

_OVERLAY = """\
{editor}
# What OpenAPI cannot say: which fields of the bodies hold what. 'upsertgen schema overlays' lists all words.
overlay: 1.0.0
info: {{title: What makes the operations batch upserts, version: 1.0.0}}
actions:
  - target: $.paths.*.post
    description: Records are found by their key.
    x-documents: ["*/{object_type}.yaml"]
    update:
      x-upsert:
        inputs: records                          # the request's list of records
        key: key                                 # the field of a record that finds it
        results: results                         # the answer's list of results
        created: created                         # the field of a result that tells created from updated
        result-id: id                            # the field of a result for the id that the API gave
        error: {{message: message}}                # the field of an error that says what is wrong
"""


def spec_by_hand(object_type: str, label: str) -> str:
    """Return a small spec to fill in."""
    title = scalar(object_type.replace("_", " ").capitalize())
    return _SPEC.format(
        editor=f"# {editor_comment('specs')}",
        title=title,
        label=scalar(label),
        object_type=object_type,
    )


def overlay_by_hand(object_type: str) -> str:
    """Return the overlay of the spec by hand."""
    return _OVERLAY.format(editor=f"# {editor_comment('overlays')}", object_type=object_type)


def first_test(
    package: str, version: str, resource: str, upserted: Guess | None, token: str
) -> str:
    """Return a test of the client.

    Args:
        package: The package of the client.
        version: That of the API version.
        resource: The object type.
        upserted: What is known of its only batch upsert; nothing where more is needed than a small record.
        token: The expression of what a client is given.
    """
    names = {"package": package, "version": version, "resource": resource, "token": token}
    if upserted is None:
        return _REACHES.format(**names)
    if upserted.value("key-property") and upserted.value("properties"):
        # Any name will do for the property that finds the record.
        declaration = _DECLARATION.format(**names)
        record, arguments = {"email": "a@example.com"}, ", id_property='email'"
        return _UPSERTS.format(**names, declaration=declaration, record=record, arguments=arguments)
    if upserted.record is None:
        return _REACHES.format(**names)
    return _UPSERTS.format(**names, declaration="", record=upserted.record, arguments="")


def workflow(*, ships_clients: bool) -> str:
    """Return the workflow; what is not committed is not stale."""
    return WORKFLOW.format(check="" if ships_clients else _CHECK)


def pyproject(
    before: str | None,
    path: Path,
    settings: dict[str, Any],
    select: tuple[str, ...],
    *,
    with_hook: bool,
    force: bool,
) -> str:
    """Return the text of a `pyproject.toml` with the settings added to it; everything else in it stays.

    Args:
        before: Its text; nothing where there is none.
        path: The file, for messages.
        settings: What to write into `[tool.upsertgen]`.
        select: The endings of paths that imports select.
        with_hook: Whether builds of the project are to make the clients.
        force: Whether settings that are there may be replaced.

    Raises:
        InvalidInput: It has such settings, or builds in a way that knows no hook.
    """
    try:
        document: Any = tomlkit.parse(before or "")
    except TOMLKitError as error:
        raise InvalidInput.at(
            Location(path.as_posix()), f"this is not TOML: {error}", "TOML", "correct the syntax"
        ) from None
    if with_hook:
        _add_hook(document, path, settings)
    tool = document.get("tool")
    if isinstance(tool, Mapping) and "upsertgen" in tool and not force:
        raise InvalidInput.at(
            Location(path.as_posix()),
            "the project has a [tool.upsertgen] already",
            "a project without, to begin with",
            "add to it with 'upsertgen import', or replace its settings with --force",
        )
    section = _table(document, path, "tool", "upsertgen")
    for key, value in settings.items():
        section[key] = value
    imports = _table(document, path, "tool", "upsertgen", "import")
    if select:
        imports["select"] = list(select)
    return tomlkit.dumps(document)


def _table(document: Any, path: Path, *keys: str) -> Any:
    """Return a table of a document, which is made where there is none.

    Raises:
        InvalidInput: Something else stands in its place.
    """
    place, inline = document, False
    for number, key in enumerate(keys, 1):
        inline = inline or isinstance(place, InlineTable)
        if key not in place:
            is_last = number == len(keys)
            place[key] = (
                tomlkit.inline_table() if inline else tomlkit.table(is_super_table=not is_last)
            )
        place = place[key]
        if not isinstance(place, MutableMapping):
            name = ".".join(keys[:number])
            raise InvalidInput.at(
                Location(path.as_posix()),
                f"{name} is {quoted(place)}",
                f"a table [{name}]",
                "correct the value",
            )
    return place


def _add_hook(document: Any, path: Path, settings: dict[str, Any]) -> None:
    """Let hatchling build the project, with the clients in what it builds.

    Raises:
        InvalidInput: Something else builds it.
    """
    is_built, is_project = "build-system" in document, "project" in document
    system = _table(document, path, "build-system")
    if not is_built:
        system["requires"] = ["hatchling>=1.27", "upsertgen"]
        system["build-backend"] = "hatchling.build"
    elif system.get("build-backend") != "hatchling.build":
        raise InvalidInput.at(
            Location(path.as_posix()),
            f"the project is built by {quoted(str(system.get('build-backend')))}",
            "hatchling.build, whose hook makes the clients",
            "leave --build-hook out",
        )
    elif not any(str(one).startswith("upsertgen") for one in system.get("requires", [])):
        system.setdefault("requires", []).append("upsertgen")
    project = _table(document, path, "project")
    if not is_project:
        project["name"] = settings["distribution"]
        project["version"] = settings["distribution-version"]
        project["requires-python"] = ">=3.11"
        project["dynamic"] = list(FIELDS)
        _table(document, path, "tool", "hatch", "metadata", "hooks", "upsertgen")
    _table(document, path, "tool", "hatch", "build", "hooks", "upsertgen")
