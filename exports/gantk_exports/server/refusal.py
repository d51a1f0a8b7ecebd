"""The refusal of a request by a server."""

from collections.abc import Mapping


class Refusal(Exception):  # noqa: N818 (it reads well after raise)
    """A request that is answered with an error.

    Attributes:
        status: the HTTP status.
        detail: what was wrong, and what to do.
        headers: headers of the answer.
    """

    def __init__(self, status: int, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = headers
