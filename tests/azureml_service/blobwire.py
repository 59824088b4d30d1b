"""Blob storage's wire format: XML, error codes in a header, signed addresses."""

from collections.abc import Callable, Mapping
from typing import Any
from xml.etree import ElementTree as Xml

from tests.azureml_service.routing import Refusal, Request, Response
from tests.azureml_service.storage import CONTAINER, storage_of


class BlobRefusal(Refusal):
    """An error of blob storage: in XML, with the code in a header."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(status, code, message)
        body = element("Error", element("Code", code), element("Message", message))
        self.response = answer(body, status, {"x-ms-error-code": code})


def element(tag: str, *content: Xml.Element | str | int | None) -> Xml.Element:
    """Build an element that contains elements or a text."""
    built = Xml.Element(tag)
    for part in content:
        if isinstance(part, Xml.Element):
            built.append(part)
        elif part is not None:
            built.text = str(part)
    return built


def answer(body: Xml.Element, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    data = Xml.tostring(body, encoding="utf-8", xml_declaration=True)
    return Response(status, data, {**(headers or {}), "Content-Type": "application/xml"})


def check_signature(handler: Callable[..., Response]) -> Callable[..., Response]:
    """Refuse requests without a valid signature. The handler gets (storage, request, container, **segments).

    An account without shared keys refuses signatures in the datastore, and takes the user's token.
    """

    def check(service: Any, request: Request, area: str, **segments: str) -> Response:
        storage, is_signed = storage_of(service), request.query.get("sig") == storage_of(service).signature
        is_datastore = f"azureml-{area}" == CONTAINER and service.behaviour.without_keys
        if is_datastore and is_signed:
            raise BlobRefusal(
                403, "KeyBasedAuthenticationNotPermitted", "Key based authentication is not permitted."
            )
        if is_datastore and service.behaviour.storage_role is False:
            raise BlobRefusal(
                403, "AuthorizationPermissionMismatch", "This request is not authorized to do this."
            )
        if not is_signed and not (is_datastore and request.headers.get("authorization")):
            raise BlobRefusal(403, "AuthenticationFailed", "The signature is missing or invalid.")
        return handler(storage, request, f"azureml-{area}", **segments)

    return check
