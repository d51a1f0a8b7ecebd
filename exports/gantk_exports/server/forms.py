"""A form that is sent: one of its files, and its texts."""

from typing import Any

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from gantk_exports.server.refusal import Refusal

_PARTS = 17
"""An image, and as many more fields as apps send."""

_TEXT = 1000
"""Bytes of the longest text that a field may have."""


def image_in(kind: str, body: bytes, field: str = "image") -> tuple[bytes, dict[str, str]]:
    """Return the file in a field of a form, whose Content-Type is `kind`, and the texts of its fields without files.

    Raises Refusal.
    """
    form = _Form(field.encode())
    try:
        _, options = parse_options_header(kind)
        parser = MultipartParser(options[b"boundary"], form.callbacks)
        parser.write(body)
        parser.finalize()
    except KeyError:
        raise Refusal(400, "a broken form: its type names no boundary") from None
    except FormParserError as error:
        raise Refusal(400, f"a broken form: {str(error).rstrip('.')}") from error
    if not form.ended:
        raise Refusal(400, "a broken form: its last boundary is missing")
    if form.image is None:
        raise Refusal(422, f"the form has no file called {field}: curl -F {field}=@photo.jpg")
    return bytes(form.image), {name: bytes(text).decode("utf-8", "replace") for name, text in form.texts.items()}


class _Form:
    """What a form was found to hold: the first file in a field, and the texts of fields without files."""

    def __init__(self, field: bytes) -> None:
        self.image: bytearray | None = None
        self.texts: dict[str, bytearray] = {}
        self._field = field
        self._text: bytearray | None = None
        self.ended = False
        self._parts = 0
        self._here = False
        self._name, self._value, self._disposition = bytearray(), bytearray(), bytearray()

    @property
    def callbacks(self) -> Any:
        """What the parser calls."""
        return {
            "on_part_begin": self._begin,
            "on_header_field": lambda data, start, end: self._name.extend(data[start:end]),
            "on_header_value": lambda data, start, end: self._value.extend(data[start:end]),
            "on_header_end": self._keep_header,
            "on_headers_finished": self._begin_content,
            "on_part_data": self._keep,
            "on_end": self._end,
        }

    def _begin(self) -> None:
        self._parts += 1
        self._disposition.clear()
        if self._parts > _PARTS:
            raise Refusal(400, f"a form of more than {_PARTS} fields; send the image alone")

    def _keep_header(self) -> None:
        if self._name.lower() == b"content-disposition":
            self._disposition[:] = self._value
        self._name.clear()
        self._value.clear()

    def _begin_content(self) -> None:
        _, options = parse_options_header(self._disposition.decode("latin-1"))
        self._here = self.image is None and options.get(b"name") == self._field and b"filename" in options
        if self._here:
            self.image = bytearray()
        self._text = None
        if b"filename" not in options and b"name" in options:
            self._text = self.texts.setdefault(options[b"name"].decode("utf-8", "replace"), bytearray())

    def _keep(self, data: bytes, start: int, end: int) -> None:
        if self._here and self.image is not None:
            self.image += data[start:end]
        elif self._text is not None:
            self._text += data[start : min(end, start + _TEXT - len(self._text))]

    def _end(self) -> None:
        self.ended = True
