"""Valid documents whose operations, names, servers or security cannot become a client."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.bad_input.cases import CONTACTS, PROJECT, SCHEMAS, Case, broken, several

_POST = "    post:\n      operationId: batch_upsert\n"
_DRY_RUN = (
    "        - name: dry_run\n          in: query\n          schema:\n            type: boolean\n"
)
_SERVERS = "servers:\n  - url: https://api.example.com\n"

_NAMES = [
    broken(
        "no operationId",
        CONTACTS,
        _POST,
        "    ‸post:\n",
        "the operation has no operationId",
        "add operationId",
    ),
    several(
        "equal operationIds, after snake-casing",
        (
            "and the one at specs/v1/contacts.yaml:9:5 would both get the name batch_upsert",
            "change one",
        ),
        changes=(
            (
                CONTACTS,
                "components:\n  securitySchemes:\n",
                "  /v1/contacts:\n    ‸put:\n      operationId: batchUpsert\n      responses:\n"
                '        "204":\n          description: Done.\n'
                "components:\n  securitySchemes:\n",
            ),
        ),
    ),
    several(
        "equal module names",
        ("this file and specs/v1/line-items.yaml would both get the module name line_items",),
        files={
            "specs/v1/line-items.yaml": PROJECT[CONTACTS],
            "specs/v1/line_items.yaml": "‸" + PROJECT[CONTACTS],
        },
    ),
    several(
        "equal package names",
        ("the versions '2025-09' and '2025.09' would both get the package name v2025_09", "rename"),
        files={
            "specs/2025-09/contacts.yaml": PROJECT[CONTACTS],
            "specs/2025-09/schemas.yaml": PROJECT[SCHEMAS],
            "specs/2025.09/contacts.yaml": "‸" + PROJECT[CONTACTS],
            "specs/2025.09/schemas.yaml": PROJECT[SCHEMAS],
        },
    ),
    several(
        "equal class names",
        (
            "and the one at specs/v1/schemas.yaml:34:5 would both get the class name Cat",
            "rename one",
        ),
        changes=(
            (
                SCHEMAS,
                "    Answer:\n      type: object\n      properties:\n",
                "    ‸cat:\n      type: object\n      properties:\n        lives: {type: integer}\n"
                "    Answer:\n      type: object\n      properties:\n"
                "        cat: {$ref: '#/components/schemas/cat'}\n"
                "        other: {$ref: '#/components/schemas/Cat'}\n",
            ),
        ),
    ),
]

_PARAMETERS = [
    broken(
        "a path parameter that is not declared",
        CONTACTS,
        "  /v1/{kind}/upsert:",
        "  ‸/v1/{kind}/{id}/upsert:",
        "the path parameter 'id' is not declared",
        "declare it under parameters",
    ),
    broken(
        "a path parameter that does not occur",
        CONTACTS,
        "  /v1/{kind}/upsert:",
        "  ‸/v1/upsert:",
        "the path parameter 'kind' does not occur in the path",
        "expected {kind} in the path",
    ),
    broken(
        "a path that is no path",
        CONTACTS,
        "  /v1/{kind}/upsert:",
        "  ‸/v1/{kind}/up sert:",
        "the path '/v1/{kind}/up sert' is not a URL path",
        "percent-encode the rest",
    ),
    broken(
        "a cookie",
        CONTACTS,
        "        - name: dry_run\n          in: query\n",
        "        - ‸name: dry_run\n          in: cookie\n",
        "a cookie parameter is not supported",
        "parameters in path, query or header",
    ),
    broken(
        "a style that is not read",
        CONTACTS,
        "          in: query\n",
        "          in: query\n          ‸style: deepObject\n",
        "the style 'deepObject' is not supported",
        "expected style form",
    ),
    broken(
        "an object as parameter",
        CONTACTS,
        _DRY_RUN,
        "        - ‸name: dry_run\n          in: query\n          schema: {type: object}\n",
        "the type of the parameter 'dry_run' is not supported",
        "a scalar or a list of scalars",
    ),
    broken(
        "a media type as parameter",
        CONTACTS,
        _DRY_RUN,
        "        - ‸name: dry_run\n          in: query\n"
        "          content: {application/json: {schema: {type: string}}}\n",
        "a parameter with a media type is not supported",
    ),
    broken(
        "a header that is none",
        CONTACTS,
        _DRY_RUN,
        "        - ‸name: dry run\n          in: header\n          schema: {type: string}\n",
        "'dry run' is not a header name",
    ),
]

_BODIES = [
    broken(
        "a request without JSON",
        CONTACTS,
        "      requestBody:\n        required: true\n        content:\n          application/json:",
        "      ‸requestBody:\n        required: true\n        content:\n          text/csv:",
        "a body of text/csv is not supported",
        "application/json among them",
    ),
    broken(
        "a response without JSON",
        CONTACTS,
        '        "200":\n          description: The contacts.\n'
        "          content:\n            application/json:",
        '        ‸"200":\n          description: The contacts.\n'
        "          content:\n            text/csv:",
        "a body of text/csv is not supported",
    ),
    broken(
        "no success",
        CONTACTS,
        '      responses:\n        "200":',
        '      ‸responses:\n        "400":',
        "no response with a status of 2xx is declared",
    ),
    several(
        "no responses at all, which OpenAPI 3.1 allows",
        ("no response with a status of 2xx is declared",),
        changes=(
            (CONTACTS, "openapi: 3.0.3", "openapi: 3.1.0"),
            (CONTACTS, "    post:\n", "    ‸post:\n"),
            (CONTACTS, "      responses:\n", "      x-responses:\n"),
        ),
    ),
    broken(
        "callbacks",
        CONTACTS,
        _POST,
        _POST + "      ‸callbacks: {done: {'{$url}': {}}}\n",
        "callbacks of an operation is not supported",
    ),
    several(
        "webhooks",
        ("webhooks is not supported", "expected operations under paths"),
        changes=(
            (CONTACTS, "openapi: 3.0.3", "openapi: 3.1.0"),
            (
                CONTACTS,
                "paths:\n",
                "‸webhooks: {done: {post: {responses: {'200': {description: ok}}}}}\npaths:\n",
            ),
        ),
    ),
]

_SERVER = [
    several(
        "no server",
        ("the document names no server", "add servers, such as"),
        changes=((CONTACTS, _SERVERS, ""), (CONTACTS, "openapi: 3.0.3", "‸openapi: 3.0.3")),
    ),
    broken(
        "a relative server",
        CONTACTS,
        "  - url: https://api.example.com",
        "  - url: ‸/api",
        "the server '/api' is not an absolute URL",
    ),
    broken(
        "a server with variables",
        CONTACTS,
        "  - url: https://api.example.com",
        "  - url: ‸https://{region}.example.com\n    variables: {region: {default: eu}}",
        "is not an absolute URL",
        "without variables",
    ),
    several(
        "servers that differ",
        (
            "the server 'https://eu.example.com' differs from 'https://api.example.com' of "
            "specs/v1/contacts.yaml",
            "one server for all documents of a version",
        ),
        files={
            "specs/v1/deals.yaml": PROJECT[CONTACTS].replace("https://api", "‸https://eu"),
        },
    ),
    broken(
        "servers of a path",
        CONTACTS,
        _POST,
        "    ‸servers: [{url: https://eu.example.com}]\n" + _POST,
        "servers of a path is not supported",
        "servers of the document",
    ),
    broken(
        "servers of an operation",
        CONTACTS,
        _POST,
        _POST + "      ‸servers: [{url: https://eu.example.com}]\n",
        "servers of an operation is not supported",
    ),
]

_SECURITY = [
    several(
        "only an API key",
        ("security without a bearer token is not supported", "a scheme of type oauth2"),
        changes=(
            (CONTACTS, "    post:\n", "    ‸post:\n"),
            (CONTACTS, "        - oauth: [write]", "        - key: []"),
        ),
    ),
    broken(
        "a scheme that is not declared",
        CONTACTS,
        "      security:\n        - oauth: [write]",
        "      ‸security:\n        - oauth2: [write]",
        "the security scheme 'oauth2' is not declared",
        "declare it or correct the name",
    ),
]


@pytest.mark.parametrize("case", [*_NAMES, *_PARAMETERS, *_BODIES, *_SERVER, *_SECURITY])
def test_operations(case: Case, check: Callable[[Case], None]) -> None:
    check(case)
