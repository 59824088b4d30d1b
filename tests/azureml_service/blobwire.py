"""How blob storage speaks: XML, refusals with a code in a header, addresses that carry a signature."""

from collections.abc import Callable, Mapping
from typing import Any
from xml.etree import ElementTree as Xml

from tests.azureml_service.routing import Refusal, Request, Response
from tests.azureml_service.storage import stored


class BlobRefusal(Refusal):
    """Answered as {"error": …} is elsewhere, but in XML and with the code in a header."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(status, code, message)
        body = element("Error", element("Code", code), element("Message", message))
        self.response = answer(body, status, {"x-ms-error-code": code})


def element(tag: str, *content: Xml.Element | str | int | None) -> Xml.Element:
    """An element of elements, or of text."""
    made = Xml.Element(tag)
    for part in content:
        if isinstance(part, Xml.Element):
            made.append(part)
        elif part is not None:
            made.text = str(part)
    return made


def answer(body: Xml.Element, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    data = Xml.tostring(body, encoding="utf-8", xml_declaration=True)
    return Response(status, data, {**(headers or {}), "Content-Type": "application/xml"})


def signed(handler: Callable[..., Response]) -> Callable[..., Response]:
    """The handler gets (storage, request, container, **segments), once the signature is right."""

    def checked(service: Any, request: Request, area: str, **segments: str) -> Response:
        storage = stored(service)
        if request.query.get("sig") != storage.signature:
            raise BlobRefusal(403, "AuthenticationFailed", "The signature is missing or not ours.")
        return handler(storage, request, f"azureml-{area}", **segments)

    return checked
