"""A project that is in order, and ways to break it.

`cases/*.txt` tell them: what they are about, the file that most of them change, and then for each case

    # what is wrong
    specs/v1/contacts.yaml         the file, where it is another
    |text                          its whole contents; or, as in a patch, what stays, goes and comes:
     text
    -text
    +text
    @                              another place of the same file
    > what is wrong; expected …    what is told, where … is anything

A caret (‸) marks where a problem stands. Problems are told in the order of their places. `cases/notes.txt`
tells in the same way of projects that are in order and of which something has to be said.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

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
        files: The files that are other than in the project that is in order.
        told: For each problem, in the order of their places, what its message says; … is anything.
        places: The places of the problems, where no file can hold a caret.
        name: What is wrong.
    """

    files: dict[str, str | bytes]
    told: list[str]
    places: list[str] = field(default_factory=list)
    name: str = ""

    def project(self) -> tuple[dict[str, str | bytes], list[str]]:
        """Return the files of the broken project, and where its problems are."""
        files: dict[str, str | bytes] = {**PROJECT, **self.files}
        places = list(self.places)
        for path, text in sorted(files.items()):
            if isinstance(text, str):
                places += [f"{path}:{place}" for place in carets(text)]
                files[path] = text.replace(CARET, "")
        return files, places

    def is_told(self, problem: str, place: str, number: int) -> bool:
        """Return whether a problem is the one that is expected at a place."""
        pattern = ".*".join(re.escape(part) for part in f"{place}: {self.told[number]}".split("…"))
        return re.fullmatch(pattern, problem) is not None


def cases(topic: str) -> Iterator[Case]:
    """Yield what `cases/<topic>.txt` tells."""
    text = (Path(__file__).parent / "cases" / f"{topic}.txt").read_text("utf-8")
    about, _, text = text.partition("\n# ")
    for block in text.removesuffix("\n").split("\n# "):
        name, *lines = block.split("\n")
        files: dict[str, str] = {}
        told: list[str] = []
        path, before, after = about.split("\n")[1], "", ""
        for line in [*lines, "@"]:
            kind, rest = line[:1], f"{line[1:]}\n"
            if kind in (" ", "-", "+"):
                before += "" if kind == "+" else rest
                after += "" if kind == "-" else rest
                continue
            if before:
                old = f"\n{files.get(path, PROJECT[path])}"
                assert old.count(f"\n{before}") == 1, f"{name}: not once in {path}:\n{before}"
                files[path] = old.replace(f"\n{before}", f"\n{after}")[1:]
                before = after = ""
            if kind == "|":
                files[path] = f"{files.get(path, '')}{rest}"
            elif kind == ">":
                told.append(line[2:])
            elif kind != "@":
                path = line
        yield Case({**files}, told, name=name)


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
