"""What a generated call raises where it cannot read an answer."""

from ..errors import UnexpectedAnswerError


class UnexpectedStatus(UnexpectedAnswerError):
    """An answer whose status is in no document."""

    def __init__(self, status_code: int, content: bytes) -> None:
        super().__init__(f"the answer has a status that this client does not know: {status_code}")
        self.status_code = status_code
        self.content = content


__all__ = ["UnexpectedStatus"]
