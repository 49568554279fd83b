"""The bases of all models."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler
from pydantic_core import CoreSchema

from .json_values import Nullable, received, sent
from .sent_values import PartialModel

__all__ = ["FilledModel", "Nullable", "RequestModel", "ResponseModel"]


class RequestModel(PartialModel):
    """Base of what is sent. Refuses fields that it does not know, which are misspelt ones.

    What was not given is not sent, and None is sent as null, or refused where the API takes none.
    """

    model_config = ConfigDict(
        extra="forbid", populate_by_name=True, protected_namespaces=(), validate_assignment=True
    )

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Give a schema that takes nothing that would be sent as something else."""
        return sent(handler(source), cls)


class FilledModel(RequestModel):
    """Base of what is sent with fields that the API needs and nobody has to give.

    They have but one value, or a default; that is sent, unlike what else was not given.
    """

    _FILLED: ClassVar[frozenset[str]]

    def model_post_init(self, context: Any, /) -> None:
        """Count these fields among those that were given."""
        self.__pydantic_fields_set__.update(self._FILLED)


class ResponseModel(BaseModel):
    """Base of what is received. Keeps fields that it does not know: servers add some any day."""

    model_config = ConfigDict(extra="allow", populate_by_name=True, protected_namespaces=())

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Give a schema that reads nothing as what would be written otherwise."""
        return received(handler(source), cls)
