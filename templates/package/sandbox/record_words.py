"""The words of `x-sandbox` about records and properties: which fields of requests and answers mean what."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict

from .._properties.property import PropertyType

Action: TypeAlias = Literal[
    "read", "list", "archive", "batch-read", "batch-archive", "search", "create-property"
]
Comparison: TypeAlias = Literal[
    "equal",
    "unequal",
    "below",
    "at-most",
    "above",
    "at-least",
    "between",
    "among",
    "not-among",
    "has",
    "has-not",
    "has-word",
    "has-no-word",
]
"""How a filter compares the value of a record."""

ANY_OTHER = "*"
"""Stands for object types that are not named."""


class Extension(BaseModel):
    """What the extension `x-sandbox` says, whose words are joined by hyphens."""

    model_config = ConfigDict(frozen=True, alias_generator=lambda name: name.replace("_", "-"))


class Computed(Extension):
    """A property that the API writes itself, as far as nothing is stored for it.

    Attributes:
        type: Its type.
        value: Its value, with placeholders such as `{record_id}`.
    """

    type: PropertyType = "string"
    value: str


class SearchWords(Extension):
    """Which fields of a search mean what.

    Attributes:
        groups: The list of groups, one of which has to hold.
        filters: In a group: the list of filters, all of which have to hold.
        property: In a filter or a sort: the name of the property.
        operator: In a filter: how it compares.
        operators: What the operators are called, and what they mean.
        value: In a filter: what it compares with.
        values: The same for operators that take several.
        high_value: The upper end of a range.
        sorts: What results are sorted by, most important first.
        direction: In a sort: its direction.
        descending: The direction that begins with the largest.
        descending_prefix: What stands for it before the name of a property that is a sort by itself.
        query: A text that records have to hold.
        maximum_results: How many results can be reached by paging.
    """

    groups: str
    filters: str
    property: str
    operator: str
    operators: Mapping[str, Comparison]
    value: str
    values: str
    high_value: str
    sorts: str
    direction: str
    descending: str
    descending_prefix: str
    query: str
    maximum_results: int


class RecordWords(Extension):
    """What an operation does with records, or with the properties of their type.

    Attributes:
        action: What it does.
        object_type: The argument in its path that names the object type.
        id: The argument in its path, or the field of an input, that names the record.
        inputs: The list of inputs in its body.
        id_property: What names the unique property that records are found by.
        properties: What lists the properties that are asked for, and holds their values in the answer.
        history: The same for those whose former values are asked for.
        history_entry: What is said of a former value; the sandbox keeps but the last one.
        archived: What asks for archived records in place of the others.
        results: The list of records in the answer; nothing if it is the record itself.
        errors: The list of errors beside them.
        limit: What says how many records a page has at most.
        usual_limit: How many it has where that is not said.
        maximum_limit: The most that may be asked for.
        after: What says where a page begins.
        next_page: What the answer holds beside its results if there is another page.
        computed: Properties that the API writes itself.
        usual_properties: The properties that come if none are asked for, by object type.
        search: The fields of a search.
    """

    action: Action
    object_type: str
    id: str = ""
    inputs: str = ""
    id_property: str = ""
    properties: str = ""
    history: str = ""
    history_entry: Mapping[str, Any] = {}
    archived: str = ""
    results: str = ""
    errors: str = ""
    limit: str = ""
    usual_limit: int = 10
    maximum_limit: int = 100
    after: str = ""
    next_page: Mapping[str, Any] = {}
    computed: Mapping[str, Computed] = {}
    usual_properties: Mapping[str, tuple[str, ...]] = {}
    search: SearchWords | None = None


class OwnLimit(Extension):
    """A limit of some requests that all tokens share, in place of the window of each.

    Attributes:
        name: What they ask for; operations that say the same share it.
        requests: The most requests in the window.
        seconds: The length of that window.
    """

    name: str
    requests: int
    seconds: float
