"""A project with two API versions and three object types."""

from __future__ import annotations

_SPEC = """\
openapi: 3.0.3
info:
  title: {title}
  version: {version}
servers:
  - url: https://api.example.com
paths:
  /{version}/{name}/upsert:
    post:
      operationId: batch_upsert
      requestBody:
        required: true
        content:
          application/json:
            schema:
              $ref: "schemas.yaml#/components/schemas/Batch"
      responses:
        "200":
          description: The {name}.
          content:
            application/json:
              schema:
                $ref: "schemas.yaml#/components/schemas/Answer"
"""
_SCHEMAS = """\
openapi: 3.0.3
info: {title: Shared schemas, version: v1}
paths: {}
components:
  schemas:
    Batch:
      type: object
      required: [inputs]
      properties:
        inputs: {type: array, items: {$ref: "#/components/schemas/Record"}}
    Record:
      type: object
      required: [id]
      properties:
        id: {type: string}
    Answer:
      type: object
      properties:
        results: {type: array, items: {$ref: "#/components/schemas/Record"}}
"""
OVERLAY = """\
overlay: 1.0.0
info: {title: Corrections, version: "1"}
actions:
  - target: $.paths.*.post
    description: Versions forget that an upsert may succeed in part.
    x-documents: ["*/contacts.yaml"]
    update:
      responses:
        "207":
          description: Some failed.
          content:
            application/json:
              schema:
                $ref: "schemas.yaml#/components/schemas/Answer"
  - target: $.components.schemas.Record
    description: Records have a size.
    update:
      properties:
        size: {type: integer}
"""


def spec(name: str, version: str) -> str:
    """Return the spec of one object type."""
    return (
        _SPEC.replace("{name}", name)
        .replace("{version}", version)
        .replace("{title}", name.capitalize())
    )


PYPROJECT = """\
[tool.upsertgen]
specs = "specs"
output = "generated"
package = "my_client"
jobs = 1
"""
PROJECT: dict[str, str | bytes] = {
    "pyproject.toml": PYPROJECT,
    "specs/v1/contacts.yaml": spec("contacts", "v1"),
    "specs/v1/schemas.yaml": _SCHEMAS,
    "specs/2026-03/contacts.yaml": spec("contacts", "2026-03"),
    "specs/2026-03/line-items.yaml": spec("items", "2026-03"),
    "specs/2026-03/schemas.yaml": _SCHEMAS,
    "specs/overlays/corrections.yaml": OVERLAY,
}
