"""What documents say and an import leaves out, though somebody may mean it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.importing.conftest import Bring
from tests.importing.documents import document, post, ref
from tests.importing.published_documents import Document


def _beside_schema(one: Document) -> None:
    fields = one["components"]["schemas"]["Input"]["properties"]
    fields["more"] = {**ref("Result"), "nullable": True, "description": "It.", "x-more": 1}


def _beside_parameter(one: Document) -> None:
    one["components"]["parameters"] = {"P": {"name": "p", "in": "query", "schema": {}}}
    post(one)["parameters"] = [{"$ref": "#/components/parameters/P", "required": True}]


def _links(one: Document) -> None:
    post(one)["responses"]["200"]["links"] = {"Next": {"operationId": "wrong"}}


def _media_types(one: Document) -> None:
    post(one)["requestBody"]["content"]["text/csv"] = {}


def _content_media_type(one: Document) -> None:
    one["components"]["schemas"]["Input"]["properties"]["id"]["contentMediaType"] = "text/html"


def _relative_server(one: Document) -> None:
    one["servers"].append({"url": "/api"})


def _variable(one: Document) -> None:
    one["servers"] = [{"url": "https://{at}.example.com", "variables": {"at": {"default": "eu"}}}]


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (
            _beside_schema,
            "'nullable' beside $ref has no effect in OpenAPI 3.0; to give it one, put",
        ),
        (_beside_parameter, "'required' beside $ref has no effect"),
        (_links, "links are not followed"),
        (_media_types, "the media types 'text/csv' are passed over"),
        (_content_media_type, "what is in the text is not read, whatever this says"),
        (_relative_server, "the server '/api' is no absolute URL, and is left out"),
        (_variable, "the variables of the server 'https://{at}.example.com' get their defaults"),
    ],
)
def test_what_is_left_out_is_noted(
    change: Callable[[Document], None], text: str, bring: Bring
) -> None:
    one = document()
    change(one)
    (note,) = bring(one).notes
    assert note.text.startswith(text)
    assert note.location.path == "things.json"
    assert note.location.line > 1


def test_nothing_is_noted_of_what_is_whole(bring: Bring) -> None:
    assert bring(document()).notes == ()
