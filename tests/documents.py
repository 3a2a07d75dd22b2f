"""Documents against their JSON Schemas, and nothing in them that is not described."""

import json
from importlib.resources import files
from typing import Any

from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # its stubs are a package of their own


def closed(schema: Any) -> Any:
    """``schema`` without its permission to add properties, which is for the readers of later versions."""
    if isinstance(schema, list):
        return [closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    inner = {key: closed(value) for key, value in schema.items()}
    return inner | {"additionalProperties": False} if schema.get("type") == "object" else inner


def validator(name: str) -> Draft202012Validator:
    schema = json.loads(files("pytest_speedbump").joinpath(f"schema/{name}.json").read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(closed(schema))


def errors(name: str, written: Any) -> list[str]:
    return [f"{error.json_path}: {error.message}" for error in validator(name).iter_errors(written)]
