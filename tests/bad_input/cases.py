"""A project that is in order, and ways to break it."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

CARET = "‸"

CONTACTS = "specs/v1/contacts.yaml"
SCHEMAS = "specs/v1/schemas.yaml"
OVERLAY = "specs/overlays/upsert.yaml"

PROJECT = {
    CONTACTS: """\
openapi: 3.0.3
info:
  title: Contacts
  version: v1
servers:
  - url: https://api.example.com
paths:
  /v1/{kind}/upsert:
    post:
      operationId: batch_upsert
      security:
        - oauth: [write]
      parameters:
        - name: kind
          in: path
          required: true
          schema:
            type: string
        - name: dry_run
          in: query
          schema:
            type: boolean
      requestBody:
        required: true
        content:
          application/json:
            schema:
              $ref: "schemas.yaml#/components/schemas/Batch"
      responses:
        "200":
          description: The contacts.
          content:
            application/json:
              schema:
                $ref: "schemas.yaml#/components/schemas/Answer"
components:
  securitySchemes:
    oauth:
      type: http
      scheme: bearer
    key:
      type: apiKey
      name: X-Key
      in: header
""",
    SCHEMAS: """\
openapi: 3.0.3
info:
  title: Shared schemas
  version: v1
paths: {}
components:
  schemas:
    Batch:
      type: object
      required: [inputs]
      properties:
        inputs:
          type: array
          items:
            $ref: "#/components/schemas/Contact"
    Contact:
      type: object
      required: [id]
      properties:
        id:
          type: string
        size:
          type: integer
        pet:
          $ref: "#/components/schemas/Pet"
    Pet:
      oneOf:
        - $ref: "#/components/schemas/Cat"
        - $ref: "#/components/schemas/Dog"
      discriminator:
        propertyName: kind
        mapping:
          cat: "#/components/schemas/Cat"
    Cat:
      type: object
      properties:
        kind:
          type: string
    Dog:
      type: object
      properties:
        kind:
          type: string
        loud:
          type: boolean
    Answer:
      type: object
      properties:
        results:
          type: array
          items:
            $ref: "#/components/schemas/Contact"
""",
    OVERLAY: """\
overlay: 1.0.0
info:
  title: What OpenAPI cannot say
  version: "1"
actions:
  - target: $.paths.*.post
    x-documents: ["v1/contacts.yaml"]
    update:
      x-upsert:
        inputs: inputs
        key: id
        results: results
      x-errors:
        rules:
          - status: [400]
            error: validation
""",
}


@dataclass(frozen=True)
class Case:
    """A broken project.

    Attributes:
        files: The whole text of files that are other than in the project that is in order.
        changes: Replacements in files: the file, the text, and what to put there.
        told: For each problem, in the order of their places, what its message has to say.
        places: The places of the problems, where no file can hold a caret.
    """

    files: dict[str, str | bytes]
    changes: tuple[tuple[str, str, str], ...]
    told: tuple[tuple[str, ...], ...]
    places: tuple[str, ...]

    def project(self) -> tuple[dict[str, str | bytes], list[str]]:
        """Return the files of the broken project, and where its problems are."""
        files: dict[str, str | bytes] = {**PROJECT, **self.files}
        for path, old, new in self.changes:
            text = files[path]
            assert isinstance(text, str)
            assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {path}"
            files[path] = text.replace(old, new)
        places = list(self.places)
        for path, text in sorted(files.items()):
            if isinstance(text, str):
                places += [f"{path}:{place}" for place in carets(text)]
                files[path] = text.replace(CARET, "")
        return files, places


def carets(text: str) -> list[str]:
    """Return the line and column of each caret, as if the carets were not there."""
    places: list[str] = []
    for number, line in enumerate(text.split("\n"), 1):
        parts = line.split(CARET)
        column = 1
        for part in parts[:-1]:
            column += len(part)
            places.append(f"{number}:{column}")
    return places


def whole(name: str, path: str, text: str | bytes, *told: str, at: str | None = None) -> object:
    """Return a case in which one file is another, with one problem.

    Args:
        name: What is wrong.
        path: The file.
        text: Its contents.
        told: What the message has to say.
        at: Line and column, where the contents cannot hold a caret.
    """
    places = () if at is None else (f"{path}:{at}",)
    return pytest.param(Case({path: text}, (), (told,), places), id=name)


def broken(name: str, path: str, old: str, new: str, *told: str) -> object:
    """Return a case in which one place of one file is another, with one problem."""
    return pytest.param(Case({}, ((path, old, new),), (told,), ()), id=name)


def several(
    name: str,
    *told: tuple[str, ...],
    changes: tuple[tuple[str, str, str], ...] = (),
    files: dict[str, str | bytes] | None = None,
    places: tuple[str, ...] = (),
) -> object:
    """Return a case with several changes or problems."""
    return pytest.param(Case(files or {}, changes, told, places), id=name)
