"""A project that uses everything a spec can say, and says everything with a word of its own."""

# long because: it says everything that a spec can say.
from __future__ import annotations

import copy
import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_SURROGATE = re.compile("[\ud800-\udfff]")
_NOT_ASCII = re.compile("[\x7f-\uffff]")

THINGS: dict[str, Any] = {
    "openapi": "3.0.3",
    "info": {
        "title": "Title of things",
        "version": "version of things",
        "description": "Description of things",
        "summary-of-things": None,
        "contact": {
            "name": "Contact name",
            "url": "https://contact.example",
            "email": "a@b.example",
        },
        "license": {"name": "Licence name", "url": "https://licence.example"},
        "termsOfService": "https://terms.example",
        "x-info": "Extension of info",
    },
    "servers": [{"url": "https://api.example.com/base", "description": "Server description"}],
    "tags": [{"name": "tagname", "description": "Tag description"}],
    "externalDocs": {"url": "https://docs.example", "description": "Docs description"},
    "security": [{"schemename": ["scopename"]}],
    "x-root": "Extension of the document",
    "paths": {
        "/first/{pathname}/{constantname}/send": {
            "summary": "Path summary",
            "description": "Path description",
            "parameters": [
                {
                    "name": "pathname",
                    "in": "path",
                    "required": True,
                    "description": "Path parameter description",
                    "schema": {"type": "string", "enum": ["pathvalue", "otherpathvalue"]},
                },
                {"$ref": "#/components/parameters/queryparameter"},
            ],
            "post": {
                "operationId": "sendOperation",
                "summary": "Operation summary",
                "description": "Operation description",
                "tags": ["tagname"],
                "externalDocs": {"url": "https://more.example"},
                "security": [{"schemename": ["ownscope", "scopename"]}, {"keyscheme": []}],
                "parameters": [
                    {
                        "name": "constantname",
                        "in": "path",
                        "required": True,
                        "schema": {"type": "string", "enum": ["constantvalue"]},
                    },
                    {
                        "name": "X-Header-Name",
                        "in": "header",
                        "description": "Header description",
                        "schema": {"type": "string", "pattern": "^headerpattern"},
                    },
                    {
                        "name": "listname",
                        "in": "query",
                        "explode": False,
                        "schema": {"type": "array", "items": {"type": "string"}},
                    },
                ],
                "requestBody": {
                    "description": "Body description",
                    "required": True,
                    "content": {
                        "application/json": {
                            "schema": {"$ref": "shared.json#/components/schemas/BatchSchema"},
                            "examples": {
                                "examplename": {
                                    "summary": "Example summary",
                                    "value": {
                                        "inputsfield": [
                                            {
                                                "keyfield": "examplevalue",
                                                "propertiesfield": {"p": "v"},
                                            }
                                        ]
                                    },
                                }
                            },
                        }
                    },
                },
                "responses": {
                    "200": {
                        "description": "Success description",
                        "headers": {"X-Answer": {"description": "d", "schema": {"type": "string"}}},
                        "content": {
                            "application/json": {
                                "schema": {"$ref": "shared.json#/components/schemas/AnswerSchema"},
                                "examples": {
                                    "goodexample": {
                                        "value": {"resultsfield": [{"resultid": "goodvalue"}]}
                                    }
                                },
                            }
                        },
                    },
                    "4XX": {"$ref": "#/components/responses/failure"},
                },
                "x-upsert": {
                    "inputs": "inputsfield",
                    "key": "keyfield",
                    "key-property": "keypropertyfield",
                    "properties": "propertiesfield",
                    "trace-id": "traceidfield",
                    "results": "resultsfield",
                    "errors": "errorsfield",
                    "created": "createdfield",
                    "result-id": "resultid",
                    "warnings": "warningsfield",
                    "separator": "separatorvalue",
                    "case-insensitive": ["caseproperty"],
                    "error": {"message": "messagefield", "code": "codefield"},
                    "systemic": [
                        {
                            "status": [403],
                            "code": "systemiccode",
                            "message": "m",
                            "mend": "mendtext",
                        }
                    ],
                },
                "x-errors": {
                    "fields": {"message": "messagefield", "category": "categoryfield"},
                    "rules": [
                        {
                            "status": [429, "5XX"],
                            "when": {"whenfield": "whenvalue"},
                            "error": "rate-limit",
                            "retry": True,
                            "minimum-delay": 1,
                            "delay-header": "X-Delay-Header",
                        }
                    ],
                },
                "x-retry": {
                    "transport": True,
                    "backoff": {"initial": 1, "multiplier": 2, "maximum": 9},
                },
                "x-rate-limit": {"headers": {"maximum": "X-Maximum", "remaining": "X-Remaining"}},
                "x-sandbox": {
                    "answers": {
                        "invalid-json": {
                            "status": 400,
                            "example": "failureexample",
                            "part": "/errors/0",
                            "values": {"/message": "sandboxvalue"},
                        }
                    },
                    "batch": {"batchkey": "batchvalue"},
                    "result": {"resultkey": "resultvalue"},
                    "problems": {"email": {"code": "problemcode", "message": "problemmessage"}},
                    "properties": {
                        "propertyname": {"type": "enumeration", "options": ["optionvalue"]}
                    },
                    "refused-keys": ["refusedkey"],
                },
            },
            "get": {
                "operationId": "getOperation",
                "responses": {
                    "2XX": {
                        "description": "Any success",
                        "content": {
                            "application/vnd.own+json": {
                                "schema": {"type": "array", "items": {"type": "string"}}
                            }
                        },
                    },
                },
                "parameters": [
                    {
                        "name": "constantname",
                        "in": "path",
                        "required": True,
                        "schema": {"type": "string", "enum": ["getconstant"]},
                    }
                ],
            },
        },
        "/second": {
            "put": {
                "operationId": "putOperation",
                "requestBody": {
                    "required": True,
                    "content": {
                        "application/vnd.other+json": {
                            "schema": {
                                "type": "array",
                                "items": {"type": "string", "enum": ["bodyenum"]},
                            }
                        }
                    },
                },
                "responses": {"204": {"description": "Nothing description"}},
            }
        },
    },
    "components": {
        "parameters": {
            "queryparameter": {
                "name": "queryname",
                "in": "query",
                "description": "Query description",
                "schema": {"type": "string", "default": "querydefault"},
            }
        },
        "responses": {
            "failure": {
                "description": "Failure description",
                "content": {
                    "application/json": {
                        "schema": {"$ref": "shared.json#/components/schemas/ErrorSchema"},
                        "examples": {
                            "failureexample": {"value": {"errors": [{"message": "failurevalue"}]}}
                        },
                    }
                },
            }
        },
        "securitySchemes": {
            "schemename": {
                "type": "oauth2",
                "description": "Scheme description",
                "flows": {
                    "clientCredentials": {
                        "tokenUrl": "https://token.example",
                        "scopes": {"scopename": "Scope description", "ownscope": "Own scope"},
                    }
                },
            },
            "keyscheme": {"type": "apiKey", "name": "X-Key-Name", "in": "header"},
        },
    },
}

SHARED: dict[str, Any] = {
    "openapi": "3.0.3",
    "info": {"title": "Title of shared", "version": "1"},
    "paths": {},
    "components": {
        "schemas": {
            "BatchSchema": {
                "type": "object",
                "title": "Schema title",
                "description": "Schema description",
                "required": ["inputsfield"],
                "additionalProperties": False,
                "properties": {
                    "inputsfield": {
                        "type": "array",
                        "description": "Inputs description",
                        "maxItems": 100,
                        "items": {"$ref": "#/components/schemas/InputSchema"},
                    },
                    "plaindefault": {"type": "string", "default": "defaultvalue"},
                    "listdefault": {
                        "type": "array",
                        "items": {"type": "string"},
                        "default": ["listdefaultvalue"],
                    },
                },
            },
            "InputSchema": {
                "type": "object",
                "required": ["keyfield"],
                "properties": {
                    "keyfield": {
                        "type": "string",
                        "pattern": "patternvalue",
                        "example": "anexample",
                    },
                    "keypropertyfield": {
                        "type": "string",
                        "maxLength": 99,
                        "format": "formatvalue",
                    },
                    "traceidfield": {"type": "string", "nullable": True},
                    "propertiesfield": {
                        "type": "object",
                        "additionalProperties": {"type": "string"},
                    },
                    "enumfield": {"type": "string", "enum": ["enumvalue", "otherenum"]},
                    "constantfield": {"type": "string", "enum": ["onlyvalue"]},
                    "enumdefault": {"type": "string", "enum": ["e1", "e2"], "default": "e1"},
                    "unionfield": {
                        "oneOf": [
                            {"$ref": "#/components/schemas/CatSchema"},
                            {"$ref": "#/components/schemas/DogSchema"},
                        ],
                        "discriminator": {
                            "propertyName": "kindfield",
                            "mapping": {
                                "catkind": "#/components/schemas/CatSchema",
                                "dogkind": "DogSchema",
                            },
                        },
                    },
                    "nestedfield": {
                        "type": "object",
                        "description": "Nested description",
                        "properties": {"innerfield": {"type": "integer", "description": "Inner"}},
                    },
                    "joinedfield": {
                        "allOf": [
                            {"$ref": "#/components/schemas/CatSchema"},
                            {"type": "object", "properties": {"morefield": {"type": "string"}}},
                        ]
                    },
                },
            },
            "CatSchema": {
                "type": "object",
                "properties": {"catfield": {"type": "string"}},
                "additionalProperties": {"type": "string", "enum": ["additionalvalue", "b"]},
            },
            "DogSchema": {
                "type": "object",
                "properties": {"parentfield": {"$ref": "#/components/schemas/DogSchema"}},
            },
            "AnswerSchema": {
                "type": "object",
                "required": ["resultsfield"],
                "properties": {
                    "resultsfield": {
                        "type": "array",
                        "items": {"$ref": "#/components/schemas/ResultSchema"},
                    },
                    "errorsfield": {
                        "type": "array",
                        "items": {"$ref": "#/components/schemas/ErrorSchema"},
                    },
                },
            },
            "ResultSchema": {
                "type": "object",
                "properties": {
                    "resultid": {"type": "string"},
                    "createdfield": {"type": "boolean"},
                    "propertiesfield": {
                        "type": "object",
                        "additionalProperties": {"type": "string"},
                    },
                    "warningsfield": {"type": "array", "items": {"type": "string"}},
                    "statefield": {"type": "string", "enum": ["statevalue", "otherstate"]},
                },
            },
            "ErrorSchema": {
                "type": "object",
                "properties": {
                    "messagefield": {"type": "string", "description": "Message description"},
                    "codefield": {"type": "string"},
                    "categoryfield": {"type": "string"},
                },
            },
        }
    },
}

NEWER: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "Title of newer", "version": "1", "summary": "Summary of newer"},
    "servers": [{"url": "https://api.example.com/base"}],
    "paths": {
        "/newer/{newerpath}": {
            "patch": {
                "operationId": "newerOperation",
                "parameters": [
                    {
                        "name": "newerpath",
                        "in": "path",
                        "required": True,
                        "schema": {"const": "newerconstant"},
                    }
                ],
                "requestBody": {
                    "content": {
                        "application/json": {
                            "example": {"newerfield": "newerexample"},
                            "schema": {"$ref": "#/components/schemas/NewerSchema"},
                        }
                    }
                },
                "responses": {"200": {"description": "Newer success"}},
            }
        }
    },
    "components": {
        "schemas": {
            "NewerSchema": {
                "type": "object",
                "$comment": "A comment",
                "required": ["requiredfield", "newerfield"],
                "properties": {
                    "newerfield": {"const": "fieldconstant", "title": "Newer title"},
                    "nullablefield": {"type": ["string", "null"], "examples": ["newerexamples"]},
                    "definedfield": {
                        "$ref": "#/components/schemas/NewerSchema/$defs/DefinedSchema"
                    },
                },
                "$defs": {
                    "DefinedSchema": {
                        "type": "object",
                        "properties": {"definedinner": {"type": "string"}},
                    }
                },
            }
        }
    },
}

OVERLAY: dict[str, Any] = {
    "overlay": "1.0.0",
    "info": {"title": "Overlay title", "version": "1", "x-source": "Overlay source"},
    "actions": [
        {
            "target": "$.info",
            "description": "Action description",
            "x-source": "https://source.example",
            "x-documents": ["v1/things.json"],
            "update": {"description": "Corrected description"},
        },
        {
            "target": "$.paths['/second'].put",
            "x-documents": ["v1/things.json"],
            "update": {"summary": "Added summary", "x-added": "Added extension"},
        },
        {
            "target": "$.paths.*.post.externalDocs",
            "x-documents": ["v1/things.json"],
            "remove": True,
        },
    ],
}
del THINGS["info"]["summary-of-things"]


@dataclass(frozen=True)
class Project:
    """What a run is given.

    Attributes:
        files: The contents of spec files and overlays, by their path in the specs folder.
        settings: Settings, by their name.
    """

    files: dict[str, Any]
    settings: dict[str, Any] = field(default_factory=dict)

    def copied(self) -> Project:
        """Return a copy that can be changed."""
        return Project(copy.deepcopy(self.files), dict(self.settings))

    def moved(self, version: str) -> Project:
        """Return the same as an API version of another name, so that several are one project."""
        files: dict[str, Any] = {}
        for path, data in self.files.items():
            folder, _, name = path.rpartition("/")
            if folder == "overlays":
                data = copy.deepcopy(data)
                for action in data["actions"]:
                    action["x-documents"] = [
                        f"{version}/{one.partition('/')[2]}" for one in action["x-documents"]
                    ]
                files[f"overlays/{version}-{name}"] = data
            else:
                files[f"{version}/{name}"] = data
        return Project(files, self.settings)

    def write(self, folder: Path) -> None:
        """Write the files.

        Raises:
            OSError: A name is none for a file.
            ValueError: As well.
        """
        for path, data in self.files.items():
            target = folder / path
            if target.parent.parent != folder:
                raise ValueError(path)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(json_of(data), "utf-8")


def json_of(data: Any) -> str:
    """Return JSON data as text that YAML reads as the same, as far as there is any such text."""
    text = json.dumps(data, ensure_ascii=False, indent=1)
    # Half a surrogate pair stays an escape sequence, which YAML refuses; it could not be written at all.
    return _NOT_ASCII.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


WHOLE = Project(
    {
        "v1/things.json": THINGS,
        "v1/shared.json": SHARED,
        "v1/newer.json": NEWER,
        "overlays/more.json": OVERLAY,
    },
    {"description": "Settings description."},
)
"""The whole project."""
