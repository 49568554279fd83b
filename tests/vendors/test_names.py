"""What is made for every API knows no vendor, and what is generated for one knows no other."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.vendors.project import Project

ROOT = Path(__file__).parents[2]
# Not those that are words as well, such as Close, Front, Iterable and Segment.
NAMES = (
    "activecampaign airtable algolia attio brevo elasticsearch freshdesk hubapi hubspot intercom klaviyo "
    "mailchimp marketo meilisearch milvus netsuite odata opensearch pinecone pipedrive qdrant salesforce "
    "sendgrid servicenow shopify stripe supabase typesense weaviate zendesk zoho"
).split()


def named(folder: Path) -> dict[str, set[str]]:
    """The vendors that files below a folder name, by their paths."""
    known = re.compile("|".join(NAMES), re.IGNORECASE)
    # What other processes compile comes and goes.
    files = [
        path for path in folder.rglob("*") if "__pycache__" not in path.parts and path.is_file()
    ]
    return {
        path.relative_to(folder).as_posix(): {*map(str.lower, found)}
        for path in files
        if (found := known.findall(f"{path.name}\n{path.read_text('utf-8', 'replace')}"))
    }


@pytest.mark.parametrize("folder", ["generator", "templates"])
def test_no_vendor_is_named(folder: str) -> None:
    assert named(ROOT / folder) == {}


@pytest.mark.parametrize(
    ("name", "own"), [("vectors", "pinecone"), ("crm", "zoho"), ("profiles", "klaviyo")]
)
def test_a_package_names_no_other_vendor(
    project: Callable[[str], Project], name: str, own: str
) -> None:
    assert {one for found in named(project(name).output).values() for one in found} == {own}
