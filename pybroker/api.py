"""What a handler module needs of the dispatcher: its row, its context, and the kept answer."""

from typing import TYPE_CHECKING, Generic, NamedTuple, TypeAlias, TypeVar

if TYPE_CHECKING:
    from pybroker.data_plane import Request

    RequestContext: TypeAlias = Request

ResponseT = TypeVar("ResponseT")


class Api(NamedTuple):
    """One row of HANDLERS: an API key, and the versions that are served.

    `name` is the module in `pybroker.handlers`, the function in it, and the module in
    `pybroker.protocol`.
    """

    key: int
    name: str
    min_version: int
    max_version: int


class Kept(Generic[ResponseT]):
    """An answer that depends on the request, the dialled address and published state only.

    The data plane gives it to every equal request until the epoch of the published state moves.
    """

    __slots__ = ("response",)

    def __init__(self, response: ResponseT) -> None:
        self.response = response
