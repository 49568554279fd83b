"""The bases of all models."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class RequestModel(BaseModel):
    """Base of what is sent. Refuses fields that it does not know, which are misspelt ones."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True, protected_namespaces=())


class ResponseModel(BaseModel):
    """Base of what is received. Keeps fields that it does not know: servers add some any day."""

    model_config = ConfigDict(extra="allow", populate_by_name=True, protected_namespaces=())
