"""Every error as a problem (RFC 9457): what was wrong, never what was sent."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterable, Mapping
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from pydantic.json_schema import models_json_schema
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from jwtkit.adapters.fastapi import install_error_handlers
from jwtkit.web import Answer, problem

__all__ = ["Problem", "ProblemAPI", "ProblemError", "problem_responses", "wrong_parameter"]

MEDIA_TYPE: Final = "application/problem+json"
_SCHEMAS: Final = "#/components/schemas/"

_log = logging.getLogger("orders")

_TEXTS: Final[Mapping[int, str]] = {
    400: "The body cannot be read: expected JSON in UTF-8.",
    404: "There is nothing at this address.",
    405: "This address does not take that method; the Allow header names those it takes.",
    500: "The service failed; its log names the cause under this instance.",
}


class WrongField(BaseModel):
    """One thing wrong with a request: in its body (`pointer`) or its address (`parameter`)."""

    detail: str = Field(examples=["Input should be greater than or equal to 1"])
    pointer: str | None = Field(
        None, description="JSON pointer into the body (RFC 6901).", examples=["/email"]
    )
    parameter: str | None = Field(None, description="The parameter's name.", examples=["size"])


class Problem(BaseModel):
    """What every error answers (RFC 9457)."""

    type: str = Field(description="What kind of problem it is.", examples=["about:blank"])
    title: str = Field(description="The HTTP status in words.", examples=["Unauthorized"])
    status: int = Field(description="The HTTP status.", examples=[401])
    detail: str = Field(description="What went wrong.", examples=["The access token has expired."])
    instance: str = Field(
        description="This very occurrence; the service's log knows it.",
        examples=["urn:uuid:0b8b7f0e-6f8b-4b1c-9a53-8a6c1d1f6a55"],
    )
    code: str | None = Field(None, description="A stable name for programs.", examples=["claim.exp.expired"])
    error: str | None = Field(None, description="OAuth's name for it.", examples=["invalid_token"])
    errors: list[WrongField] | None = Field(None, description="For 422: everything that is wrong.")


class ProblemError(Exception):
    """A request the service does not carry out.

    Args:
        answer: What to answer.
    """

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.detail)
        self.answer = answer


def wrong_parameter(name: str, message: str) -> RequestValidationError:
    """Return the error that answers 422 and names the query parameter `name`."""
    return RequestValidationError([{"type": "value_error", "loc": ("query", name), "msg": message}])


class ProblemAPI(FastAPI):
    """A FastAPI that answers every error as a problem, and says so in its OpenAPI document.

    Every error: jwtkit's, FastAPI's, the service's own and the unforeseen.
    """

    def __init__(self, *, realm: str, **options: Any) -> None:
        super().__init__(**options)
        install_error_handlers(self, realm=realm, respond=_respond)
        self.add_exception_handler(ProblemError, _of_problem)
        self.add_exception_handler(RequestValidationError, _of_validation)
        self.add_exception_handler(HTTPException, _of_http)
        self.add_exception_handler(Exception, _of_failure)

    def openapi(self) -> dict[str, Any]:
        """Return the document; each of its problems refers to one schema."""
        if self.openapi_schema is None:
            document = super().openapi()
            _, definitions = models_json_schema(
                [(Problem, "serialization")], ref_template=f"{_SCHEMAS}{{model}}"
            )
            document["components"]["schemas"] |= definitions["$defs"]
            for operation in (
                operation for item in document["paths"].values() for operation in item.values()
            ):
                _complete(operation)
            self.openapi_schema = document
        return self.openapi_schema


def _complete(operation: dict[str, Any]) -> None:
    """Put into one operation what FastAPI and fastapi-filters have no place for."""
    for response in operation["responses"].values():
        if MEDIA_TYPE in response.get("content", {}):
            response["content"][MEDIA_TYPE]["schema"] = {"$ref": f"{_SCHEMAS}Problem"}
    for parameter in operation.get("parameters", ()):
        if "explode" in parameter["schema"]:  # a,b and not one parameter for each
            parameter["explode"] = parameter["schema"].pop("explode")


def problem_responses(when: Mapping[int, str]) -> dict[int | str, dict[str, Any]]:
    """Return the OpenAPI ``responses`` of an operation: for each status, when it is answered."""
    return {status: {"description": text, "content": {MEDIA_TYPE: {}}} for status, text in when.items()}


def _respond(_: Request, answer: Answer) -> Response:
    return _write(answer, _instance())


def _of_problem(_: Request, error: Exception) -> Response:
    assert isinstance(error, ProblemError)
    return _write(error.answer, _instance())


def _of_validation(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    errors = [_wrong_field(entry["loc"], entry["msg"]) for entry in error.errors()]
    named = sorted({wrong.get("parameter") or wrong.get("pointer") or "the body" for wrong in errors})
    answer = problem(
        422, f"The request is wrong in: {', '.join(named)}.", code="request.invalid", errors=errors
    )
    return _write(answer, _instance())


def _of_http(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    text = _TEXTS.get(error.status_code, "The request cannot be carried out.")
    answer = problem(
        error.status_code, text, *(error.headers or {}).items(), code=f"http.{error.status_code}"
    )
    return _write(answer, _instance())


def _of_failure(_: Request, error: Exception) -> Response:
    instance = _instance()
    _log.error("%s: %s", instance, type(error).__name__)  # the traceback follows from the server
    return _write(problem(500, _TEXTS[500], code="http.500"), instance)


def _instance() -> str:
    return f"urn:uuid:{uuid.uuid4()}"


def _write(answer: Answer, instance: str) -> Response:
    body = {**answer.body, "instance": instance}
    return JSONResponse(body, answer.status, headers=dict(answer.headers), media_type=MEDIA_TYPE)


def _wrong_field(location: Iterable[int | str], message: str) -> dict[str, str]:
    place, *path = location
    detail = message.removeprefix("Value error, ")
    if place == "body":
        # FastAPI gives the position of a JSON syntax error as a bare number: that points at the whole body.
        steps = [str(step) for step in path] if path and isinstance(path[0], str) else []
        return {
            "detail": detail,
            "pointer": "".join(f"/{step.replace('~', '~0').replace('/', '~1')}" for step in steps),
        }
    return {"detail": detail, "parameter": str(path[0])}
