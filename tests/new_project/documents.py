"""Documents as different publishers write them; all of them are made up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

Document: TypeAlias = dict[str, Any]

TEXT: Document = {"type": "string"}
FLAG: Document = {"type": "boolean"}
ERROR: Document = {"type": "object", "properties": {"message": TEXT, "code": TEXT}}


def ref(name: str) -> Document:
    return {"$ref": f"#/components/schemas/{name}"}


def objects(properties: Document, *required: str) -> Document:
    return {"type": "object", "required": [*required], "properties": properties}


def listed(items: Document) -> Document:
    return {"type": "array", "items": items}


def body(schema: Document, media_type: str = "application/json") -> Document:
    return {"content": {media_type: {"schema": schema}}}


def operation(request: Document, *answers: Document, name: str = "upsert") -> Document:
    """Return an operation; the first answer is a 200, the next a 207."""
    statuses = dict(zip(("200", "207"), answers, strict=False))
    return {
        "operationId": name,
        "requestBody": {"required": True, **body(request)},
        "responses": {
            **{one: {"description": "Done.", **body(answer)} for one, answer in statuses.items()},
            "default": {"description": "Failed.", **body(ERROR)},
        },
        "security": [{"token": []}],
    }


def document(paths: Document, version: str = "3.0.3", **schemas: Document) -> Document:
    return {
        "openapi": version,
        "info": {"title": "An API", "version": "1.0.0"},
        "servers": [{"url": "https://api.example.com"}],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def by_property() -> Document:
    """A CRM: records are found by a unique property that each names, and traced."""
    record = objects(
        {
            "id": TEXT,
            "idProperty": TEXT,
            "objectWriteTraceId": TEXT,
            "properties": {"type": "object", "additionalProperties": TEXT},
        },
        "id",
        "properties",
    )
    result = objects(
        {
            "id": TEXT,
            "new": FLAG,
            "properties": {"type": "object", "additionalProperties": TEXT},
            "warnings": listed(TEXT),
        },
        "id",
    )
    fault = objects({"message": TEXT, "category": TEXT})
    answer = objects({"results": listed(ref("Result")), "errors": listed(ref("Fault"))}, "results")
    return document(
        {
            f"/crm/v3/objects/{name}/batch/upsert": {
                "post": operation(ref("Batch"), ref("Answer"), ref("Answer"))
            }
            for name in ("contacts", "deals")
        },
        Batch=objects({"inputs": listed(ref("Record"))}, "inputs"),
        Record=record,
        Result=result,
        Fault=fault,
        Answer=answer,
    )


def key_in_a_fixed_field() -> Document:
    """A shop: products are found by their SKU, with PUT, in an OpenAPI 3.1 document."""
    product = objects({"sku": TEXT, "title": {"type": ["string", "null"]}}, "sku")
    result = objects({"uid": TEXT, "sku": TEXT, "wasCreated": FLAG}, "sku")
    return document(
        {
            "/products/bulk": {
                "put": operation(
                    objects({"products": listed(ref("Product"))}, "products"),
                    objects({"items": listed(ref("Done")), "failures": listed(ERROR)}),
                    name="upsertProducts",
                )
            },
            "/products/{sku}": {
                "get": {"operationId": "get", "responses": {"200": {"description": "It."}}}
            },
        },
        "3.1.0",
        Product=product,
        Done=result,
    )


def external_id() -> Document:
    """A help desk: records have an `external_id`, written by a custom verb."""
    user = {"allOf": [objects({"external_id": TEXT}, "external_id"), objects({"name": TEXT})]}
    return document(
        {
            "/api/v2/users:batchUpsert": {
                "post": operation(
                    objects({"users": listed(user)}, "users"),
                    objects(
                        {"users": listed(objects({"id": {"type": "integer"}, "created": FLAG}))}
                    ),
                )
            }
        }
    )


def type_as_argument() -> Document:
    """A platform: the object type is an argument of the path."""
    path = "/objects/{objectType}/batch/upsert"
    found = document(
        {
            path: {
                "post": operation(
                    objects({"records": listed(objects({"key": TEXT}, "key"))}, "records"),
                    objects({"results": listed(objects({"id": TEXT}))}),
                )
            }
        }
    )
    found["paths"][path]["post"]["parameters"] = [
        {"name": "objectType", "in": "path", "required": True, "schema": TEXT}
    ]
    return found


def list_at_the_top() -> Document:
    """A list: the records are the request itself."""
    return document(
        {
            "/leads/upsert": {
                "post": operation(
                    listed(objects({"id": TEXT}, "id")),
                    objects({"results": listed(objects({"id": TEXT}))}),
                )
            }
        }
    )


def results_elsewhere() -> Document:
    """A ledger: the results stand one level deeper."""
    return document(
        {
            "/entries/batch/upsert": {
                "post": operation(
                    objects({"entries": listed(objects({"id": TEXT}, "id"))}, "entries"),
                    objects({"data": objects({"items": listed(objects({"id": TEXT}))})}),
                )
            }
        }
    )


def more_is_needed() -> Document:
    """A mailer: a request names the list that it is about."""
    return document(
        {
            "/members/batch/upsert": {
                "post": operation(
                    objects(
                        {"list": TEXT, "members": listed(objects({"email": TEXT}, "email"))},
                        "list",
                        "members",
                    ),
                    objects({"members": listed(objects({"id": TEXT}))}),
                )
            }
        }
    )


def no_key() -> Document:
    """A meter: nothing of a record looks like its key."""
    return document(
        {
            "/readings/batch/upsert": {
                "post": operation(
                    objects({"readings": listed(objects({"at": TEXT, "value": TEXT}))}, "readings"),
                    objects({"readings": listed(objects({"at": TEXT}))}),
                )
            }
        }
    )


def results_by_position() -> Document:
    """Another CRM: results come in the order of the records, refused ones among them."""
    result = objects(
        {
            "status": {"type": "string", "enum": ["success", "error"]},
            "message": TEXT,
            "code": TEXT,
            "action": {"type": "string", "enum": ["insert", "update"]},
            "details": objects({"id": TEXT, "modified": TEXT}),
        }
    )
    return document(
        {
            "/v8/leads/upsert": {
                "post": operation(
                    objects(
                        {
                            "data": listed(objects({"email": TEXT, "name": TEXT})),
                            "match_fields": listed(TEXT),
                        },
                        "data",
                    ),
                    objects({"data": listed(result)}),
                )
            }
        }
    )


def counted() -> Document:
    """A store of vectors: the answer tells how many were written."""
    return document(
        {
            "/vectors/upsert": {
                "post": operation(
                    objects(
                        {
                            "vectors": listed(
                                objects({"id": TEXT, "values": listed({"type": "number"})}, "id")
                            ),
                            "namespace": TEXT,
                        },
                        "vectors",
                    ),
                    objects({"upsertedCount": {"type": "integer"}}),
                )
            }
        }
    )


ALL: tuple[Callable[[], Document], ...] = (
    by_property,
    key_in_a_fixed_field,
    external_id,
    type_as_argument,
    list_at_the_top,
    results_elsewhere,
    more_is_needed,
    no_key,
    results_by_position,
    counted,
)
