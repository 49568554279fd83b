"""Edits of a spec, and the changes that they are."""

from __future__ import annotations

from tests.diffing.specs import Edit, Found

BREAKING, ADDITIVE, NONE = "breaking", "additive", "none"

CASES: dict[str, tuple[Edit, list[Found]]] = {
    "nothing": (lambda s: None, []),
    "texts alone": (
        lambda s: (s.operation.update(summary="New"), s.thing["id"].update(description="New")),
        [],
    ),
    # Requests: what is sent may become wider.
    "optional field of the request added": (
        lambda s: s.thing.update(weight={"type": "number"}),
        [("field-added", "inputs[].weight", ADDITIVE, ADDITIVE)],
    ),
    "required field of the request added": (
        lambda s: (
            s.thing.update(weight={"type": "number"}),
            s.schemas["Thing"]["required"].append("weight"),
        ),
        [("field-added", "inputs[].weight", BREAKING, BREAKING)],
    ),
    "field of the request removed": (
        lambda s: s.thing.pop("label"),
        [("field-removed", "inputs[].label", BREAKING, BREAKING)],
    ),
    "field of the request required": (
        lambda s: s.schemas["Thing"]["required"].append("colour"),
        [("field-required", "inputs[].colour", BREAKING, BREAKING)],
    ),
    "field of the request optional": (
        lambda s: s.schemas["Thing"].pop("required"),
        [("field-optional", "inputs[].id", ADDITIVE, ADDITIVE)],
    ),
    "null allowed in the request": (
        lambda s: s.thing["values"]["additionalProperties"].update(nullable=True),
        [("null-added", "inputs[].values{}", ADDITIVE, ADDITIVE)],
    ),
    "enum value of the request added": (
        lambda s: s.thing["colour"]["enum"].append("blue"),
        [("enum-value-added", "inputs[].colour", ADDITIVE, ADDITIVE)],
    ),
    "enum value of the request removed": (
        lambda s: s.thing["colour"].update(enum=["red"]),
        [("enum-value-removed", "inputs[].colour", BREAKING, BREAKING)],
    ),
    "text of the request restricted to an enum": (
        lambda s: s.thing["id"].update(enum=["a", "b"]),
        [("type-changed", "inputs[].id", BREAKING, BREAKING)],
    ),
    "enum of the request opened to any text": (
        lambda s: s.thing["colour"].pop("enum"),
        [("type-changed", "inputs[].colour", ADDITIVE, ADDITIVE)],
    ),
    "integer of the request widened to number": (
        lambda s: s.thing.update(number={"type": "number", "format": "int32"}),
        [("type-changed", "inputs[].number", ADDITIVE, ADDITIVE)],
    ),
    "text of the request became a timestamp": (
        lambda s: s.thing["id"].update(format="date-time"),
        [("type-changed", "inputs[].id", BREAKING, BREAKING)],
    ),
    "type of the request changed altogether": (
        lambda s: s.thing.update(values={"type": "boolean"}),
        [("type-changed", "inputs[].values", BREAKING, BREAKING)],
    ),
    "alternative of the request added": (
        lambda s: s.thing["size"]["oneOf"].append({"type": "boolean"}),
        [("alternative-added", "inputs[].size", ADDITIVE, ADDITIVE)],
    ),
    "limit introduced": (
        lambda s: s.schemas["Batch"]["properties"]["inputs"].update(maxItems=100),
        [("constraint-changed", "inputs", BREAKING, BREAKING)],
    ),
    "limit raised": (
        lambda s: s.thing["label"].update(maxLength=20),
        [("constraint-changed", "inputs[].label", ADDITIVE, ADDITIVE)],
    ),
    "limit lowered": (
        lambda s: s.thing["label"].update(maxLength=5),
        [("constraint-changed", "inputs[].label", BREAKING, BREAKING)],
    ),
    "limit removed": (
        lambda s: s.thing["label"].pop("maxLength"),
        [("constraint-changed", "inputs[].label", ADDITIVE, ADDITIVE)],
    ),
    "default changed": (
        lambda s: s.thing["label"].update(default="other"),
        [("default-changed", "inputs[].label", BREAKING, BREAKING)],
    ),
    "default introduced": (
        lambda s: s.thing["number"].update(default=1),
        [("default-changed", "inputs[].number", ADDITIVE, ADDITIVE)],
    ),
    "other fields of the request allowed": (
        lambda s: s.schemas["Thing"].update(additionalProperties={"type": "string"}),
        [("other-fields-allowed", "inputs[]", ADDITIVE, ADDITIVE)],
    ),
    "int32 of the request widened to int64": (
        lambda s: s.thing["number"].update(format="int64"),
        [("format-changed", "inputs[].number", NONE, ADDITIVE)],
    ),
    "body of the request optional": (
        lambda s: s.operation["requestBody"].update(required=False),
        [
            ("body-arguments-changed", "", BREAKING, NONE),
            ("body-optional", "", ADDITIVE, ADDITIVE),
        ],
    ),
    "body of the request gone": (
        lambda s: s.operation.pop("requestBody"),
        [
            ("body-removed", "", BREAKING, BREAKING),
            ("class-removed", "Batch", BREAKING, NONE),
            ("class-removed", "Thing", BREAKING, NONE),
        ],
    ),
    "media type": (
        lambda s: s.operation["requestBody"].update(
            content={
                "application/vnd.api+json": s.operation["requestBody"]["content"][
                    "application/json"
                ]
            }
        ),
        [("media-type-changed", "", NONE, BREAKING)],
    ),
    # Responses: what is received may become narrower.
    "field of the response added": (
        lambda s: s.result.update(url={"type": "string"}),
        [("field-added", "results[].url", ADDITIVE, ADDITIVE)],
    ),
    "required field of the response added": (
        lambda s: (
            s.result.update(url={"type": "string"}),
            s.schemas["Result"]["required"].append("url"),
        ),
        [("field-added", "results[].url", ADDITIVE, ADDITIVE)],
    ),
    "field of the response removed": (
        lambda s: s.result.pop("number"),
        [("field-removed", "results[].number", BREAKING, BREAKING)],
    ),
    "field of the response required": (
        lambda s: s.schemas["Result"]["required"].append("number"),
        [("field-required", "results[].number", ADDITIVE, ADDITIVE)],
    ),
    "field of the response optional": (
        lambda s: s.schemas["Result"].update(required=["id"]),
        [("field-optional", "results[].at", BREAKING, BREAKING)],
    ),
    "null in the response": (
        lambda s: s.result["id"].update(nullable=True),
        [("null-added", "results[].id", BREAKING, BREAKING)],
    ),
    "enum value of the response added": (
        lambda s: s.result["state"]["enum"].append("gone"),
        [("enum-value-added", "results[].state", ADDITIVE, ADDITIVE)],
    ),
    "enum value of the response removed": (
        lambda s: s.result["state"].update(enum=["done"]),
        [("enum-value-removed", "results[].state", ADDITIVE, ADDITIVE)],
    ),
    "int32 of the response widened to int64": (
        lambda s: s.result["number"].update(format="int64"),
        [("format-changed", "results[].number", NONE, BREAKING)],
    ),
    "int64 of the response narrowed": (
        lambda s: s.result["number"].pop("format"),
        [("format-changed", "results[].number", NONE, BREAKING)],
    ),
    "timestamp of the response became text": (
        lambda s: s.result["at"].pop("format"),
        [("type-changed", "results[].at", BREAKING, BREAKING)],
    ),
    "text of the response became a timestamp": (
        lambda s: s.result["id"].update(format="date-time"),
        [("type-changed", "results[].id", BREAKING, ADDITIVE)],
    ),
    "integer of the response widened to number": (
        lambda s: s.result.update(number={"type": "number", "format": "int32"}),
        [("type-changed", "results[].number", BREAKING, BREAKING)],
    ),
    "response gained with another body": (
        lambda s: s.operation["responses"].update(
            {
                "207": {
                    "description": "",
                    "content": {
                        "application/json": {"schema": {"$ref": "#/components/schemas/Error"}}
                    },
                }
            }
        ),
        [("response-added", "207", BREAKING, ADDITIVE)],
    ),
    "response gained with the same body": (
        lambda s: s.operation["responses"].update({"207": s.operation["responses"]["200"]}),
        [("response-added", "207", ADDITIVE, ADDITIVE)],
    ),
    "response turned into another": (
        lambda s: s.operation["responses"].update({"201": s.operation["responses"].pop("200")}),
        [
            ("response-added", "201", ADDITIVE, ADDITIVE),
            ("response-removed", "200", NONE, BREAKING),
        ],
    ),
    "field of errors added": (
        lambda s: s.schemas["Error"]["properties"].update(code={"type": "string"}),
        [("field-added", "code", ADDITIVE, ADDITIVE)],
    ),
    # Operations
    "path": (
        lambda s: s.at("/crm/v1/{shop}/things/batch/upsert"),
        [("path-changed", "", NONE, BREAKING)],
    ),
    "constant of the path became an argument": (
        lambda s: (
            s.at("/v1/{shop}/{type}/batch/upsert"),
            s.with_parameter(
                {"name": "type", "in": "path", "required": True, "schema": {"type": "string"}}
            ),
        ),
        [("parameter-added", "type", BREAKING, NONE), ("path-changed", "", NONE, ADDITIVE)],
    ),
    "argument of the path called otherwise": (
        lambda s: (
            s.at("/v1/{store}/things/batch/upsert"),
            s.parameters[0].update(name="store"),
        ),
        [
            ("parameter-added", "store", BREAKING, NONE),
            ("parameter-removed", "shop", BREAKING, NONE),
        ],
    ),
    "constant written as a parameter": (
        lambda s: (
            s.at("/v1/{shop}/{type}/batch/upsert"),
            s.with_parameter(
                {"name": "type", "in": "path", "required": True, "schema": {"enum": ["things"]}}
            ),
        ),
        [],
    ),
    "server": (
        lambda s: s.document.update(servers=[{"url": "https://api.example.org"}]),
        [("server-changed", "", NONE, BREAKING)],
    ),
    "optional parameter added": (
        lambda s: s.with_parameter({"name": "dry", "in": "query", "schema": {"type": "boolean"}}),
        [("parameter-added", "dry", ADDITIVE, ADDITIVE)],
    ),
    "required parameter added": (
        lambda s: s.with_parameter(
            {"name": "dry", "in": "query", "required": True, "schema": {"type": "boolean"}}
        ),
        [("parameter-added", "dry", BREAKING, BREAKING)],
    ),
    "parameter removed": (
        lambda s: s.parameters.pop(1),
        [("parameter-removed", "limit", BREAKING, BREAKING)],
    ),
    "parameter moved to the headers": (
        lambda s: s.parameters[1].update({"in": "header"}),
        [("parameter-moved", "limit", NONE, BREAKING)],
    ),
    "parameter required": (
        lambda s: s.parameters[1].update(required=True),
        [("field-required", "limit", BREAKING, BREAKING)],
    ),
    "lists of a parameter joined": (
        lambda s: s.parameters[2].update(explode=False),
        [("parameter-list-style-changed", "kinds", NONE, BREAKING)],
    ),
    "scope demanded instead": (
        lambda s: s.operation.update(security=[{"oauth": ["all"]}]),
        [("security-changed", "", BREAKING, BREAKING)],
    ),
    "scope demanded besides": (
        lambda s: s.operation.update(security=[{"oauth": ["things.read", "things.write"]}]),
        [("security-changed", "", BREAKING, BREAKING)],
    ),
    "scope accepted as well": (
        lambda s: s.operation["security"].append({"oauth": ["all"]}),
        [("security-changed", "", ADDITIVE, ADDITIVE)],
    ),
    "method renamed": (
        lambda s: s.operation.update(operationId="upsert_all"),
        [("method-renamed", "", BREAKING, NONE)],
    ),
    # Classes
    "class of the same body renamed": (
        lambda s: (
            s.schemas.update(Outcome=s.schemas.pop("Result")),
            s.schemas["Results"]["properties"]["results"].update(
                items={"$ref": "#/components/schemas/Outcome"}
            ),
        ),
        [("class-removed", "Result", BREAKING, NONE), ("class-added", "Outcome", ADDITIVE, NONE)],
    ),
    "names of two classes swapped": (
        lambda s: (
            s.schemas.update(Result=s.schemas["Error"], Error=s.schemas["Result"]),
            s.schemas["Results"]["properties"]["results"].update(
                items={"$ref": "#/components/schemas/Error"}
            ),
            s.operation["responses"]["default"]["content"]["application/json"].update(
                schema={"$ref": "#/components/schemas/Result"}
            ),
        ),
        [("class-changed", "Error", BREAKING, NONE), ("class-changed", "Result", BREAKING, NONE)],
    ),
}


BACKWARDS: dict[str, tuple[Edit, list[Found]]] = {
    "null refused in the request": (
        lambda s: s.thing["values"]["additionalProperties"].update(nullable=True),
        [("null-removed", "inputs[].values{}", BREAKING, BREAKING)],
    ),
    "no null in the response any more": (
        lambda s: s.result["id"].update(nullable=True),
        [("null-removed", "results[].id", ADDITIVE, ADDITIVE)],
    ),
    "alternative of the request removed": (
        lambda s: s.thing["size"]["oneOf"].append({"type": "boolean"}),
        [("alternative-removed", "inputs[].size", BREAKING, BREAKING)],
    ),
    "other fields of the request refused": (
        lambda s: s.schemas["Thing"].update(additionalProperties={"type": "string"}),
        [("other-fields-refused", "inputs[]", BREAKING, BREAKING)],
    ),
    "body of the request required": (
        lambda s: s.operation["requestBody"].update(required=False),
        [
            ("body-required", "", BREAKING, BREAKING),
            ("body-arguments-changed", "", BREAKING, NONE),
        ],
    ),
    "body of the request demanded": (
        lambda s: s.operation.pop("requestBody"),
        [
            ("body-added", "", BREAKING, BREAKING),
            ("class-added", "Batch", ADDITIVE, NONE),
            ("class-added", "Thing", ADDITIVE, NONE),
        ],
    ),
    "fields of the request whose Python names clash no more": (
        lambda s: s.thing.update(maxSize={"type": "string"}, max_size={"type": "string"}),
        [
            ("field-removed", "inputs[].maxSize", BREAKING, BREAKING),
            ("field-removed", "inputs[].max_size", BREAKING, BREAKING),
        ],
    ),
    "scope accepted no more": (
        lambda s: s.operation["security"].append({"oauth": ["all"]}),
        [("security-changed", "", BREAKING, BREAKING)],
    ),
    "int64 of the request narrowed to int32": (
        lambda s: s.thing["number"].update(format="int64"),
        [("format-changed", "inputs[].number", NONE, BREAKING)],
    ),
    "another HTTP method": (
        lambda s: next(iter(s.document["paths"].values())).update(
            put=next(iter(s.document["paths"].values())).pop("post")
        ),
        [("http-method-changed", "", NONE, BREAKING)],
    ),
}
