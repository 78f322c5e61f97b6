"""What a registry refuses with: a status below 500 and a code of the OCI distribution specification.

Clients repeat what is answered with 5xx for most of a minute, and then show nothing of it.
"""

from __future__ import annotations

_STATUS = {
    "BLOB_UNKNOWN": 404,
    "BLOB_UPLOAD_INVALID": 400,
    "BLOB_UPLOAD_UNKNOWN": 404,
    "DENIED": 403,
    "DIGEST_INVALID": 400,
    "MANIFEST_BLOB_UNKNOWN": 400,
    "MANIFEST_INVALID": 400,
    "MANIFEST_UNKNOWN": 404,
    "NAME_INVALID": 400,
    "NAME_UNKNOWN": 404,
    "RANGE_INVALID": 416,
    "SIZE_INVALID": 413,
    "UNAUTHORIZED": 401,
    "UNSUPPORTED": 405,
}


class RegistryRefused(Exception):
    """A request that the registry refuses.

    Args:
        code: as in the specification.
        message: one line for a person.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.status = _STATUS[code]

    def body(self) -> dict[str, object]:
        """The JSON of the answer."""
        return {"errors": [{"code": self.code, "message": str(self), "detail": None}]}
