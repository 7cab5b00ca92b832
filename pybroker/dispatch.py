"""The dispatcher: take -> decode -> handler -> encode -> reply.

Promises:
  * Every request is answered or its connection closed, whatever a handler does.
  * The changes of one drained mailbox batch go into one transaction, and their answers leave when
    it is durable.
  * Timers fire after a read barrier and a drained mailbox: what arrived in time counts in time.
"""

import asyncio
import logging
from importlib import import_module
from types import coroutine
from typing import TYPE_CHECKING, Any, Final

from pybroker.api import Kept
from pybroker.data_plane import (
    CleaningFailed,
    Completed,
    ConnectionFault,
    LogDirChanged,
    LogFailed,
    Request,
)
from pybroker.errors import ErrorCode, KafkaError, ProtocolError
from pybroker.handlers import HANDLERS
from pybroker.protocol.codec import codec
from pybroker.store import StoreError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Generator

    from pybroker.api import Api
    from pybroker.broker import Broker
    from pybroker.protocol.declare import Message

logger = logging.getLogger("pybroker.dispatch")

# Items that one drain takes: what came meanwhile is taken by the next turn of the loop.
TAKE_LIMIT: Final = 512

NEVER_KEPT: Final = -1

API_VERSIONS: Final = 18


class Route:
    """A row of HANDLERS with its modules, which are imported at the first request of the key."""

    __slots__ = ("api", "codecs", "function", "is_async", "request_class", "response_class")

    def __init__(self, api: "Api") -> None:
        self.api = api
        self.function: Callable[..., Any] = getattr(
            import_module(f"pybroker.handlers.{api.name}"), api.name
        )
        self.is_async = bool(self.function.__code__.co_flags & 0x80)  # CO_COROUTINE
        messages = import_module(f"pybroker.protocol.{api.name}")
        message_name = api.name.title().replace("_", "")
        self.request_class: type[Message] = getattr(messages, f"{message_name}Request")
        self.response_class: type[Message] = getattr(messages, f"{message_name}Response")
        # (decode, encode) by version; a request of an unsupported version has None to decode with.
        self.codecs: dict[int, tuple[Callable[[bytes], Any] | None, Callable[[Any], bytes]]] = {}

    def codec(self, version: int) -> "tuple[Callable[[bytes], Any] | None, Callable[[Any], bytes]]":
        """How to read requests and write responses of a version."""
        known = self.codecs.get(version)
        if known is None:
            if self.api.min_version <= version <= self.api.max_version:
                # Kafka leaves alone what follows a request; librdkafka's Metadata has such bytes.
                decode = codec(self.request_class, version).decode_prefix
                known = decode, codec(self.response_class, version).encode
            else:
                known = None, codec(self.response_class, 0).encode
            self.codecs[version] = known
        return known


class Dispatcher:
    """Serves the mailbox of one broker on its event loop."""

    def __init__(self, broker: "Broker") -> None:
        self.bugs = 0
        self._broker = broker
        self._data_plane = broker.data_plane
        self._store = broker.store
        self._timers = broker.timers
        self._apis = {api.key: api for api in HANDLERS}
        self._routes: dict[int, Route] = {}
        # (request, message, response, how to encode it, epoch under which it may be kept)
        self._answers: list[tuple[Request, Any, Any, Callable[[Any], bytes], int]] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop = asyncio.get_running_loop()
        self._is_flush_scheduled = False

    def start(self) -> None:
        """Serve the mailbox from now on."""
        self._loop.add_reader(self._data_plane.mailbox_fd, self.drain)

    def stop(self) -> None:
        """Leave the mailbox alone."""
        self._loop.remove_reader(self._data_plane.mailbox_fd)
        for task in self._tasks:
            task.cancel()

    def drain(self) -> int:
        """Serve what is in the mailbox, up to a limit. Gives the number of items."""
        items = self._data_plane.take(TAKE_LIMIT)
        for item in items:
            if type(item) is Request:
                self._serve(item)
            elif type(item) is Completed:
                self._data_plane.complete(item)
            elif type(item) is LogFailed:
                self._broker.log_dirs.log_failed(item)
            elif type(item) is LogDirChanged:
                self._broker.log_dirs.changed(item)
            elif type(item) is CleaningFailed:
                self._broker.log_dirs.cleaning_failed(item)
            elif type(item) is ConnectionFault:
                self._broker.connection_fault(item)
        self._flush()
        return len(items)

    def fire_timers(self, due_ms: int) -> None:
        """Fire what was due at a time, after everything in the mailbox is served."""
        while self.drain() == TAKE_LIMIT:
            pass
        try:
            self._timers.fire(due_ms)
        except StoreError:
            pass  # The flush hears of it too.
        except Exception as error:
            self.report_bug("A timer failed", error)
        self._flush()

    def _serve(self, request: Request) -> None:
        message = None
        try:
            route = self._routes.get(request.api_key) or self._load(request.api_key)
            decode, encode = route.codec(request.api_version)
            if decode is not None:
                message = decode(request.body)
            if route.is_async:
                self._serve_later(request, message, encode, route)
            else:
                response = route.function(self._broker, request, message)
                self._answer(request, message, response, encode, self._data_plane.epoch)
        except ProtocolError as error:
            self._disconnect(request, error)
        except Exception as error:
            self._fail(request, message, error)

    def _serve_later(
        self, request: Request, message: Any, encode: "Callable[[Any], bytes]", route: Route
    ) -> None:
        """Run a handler up to where it waits; only the rest needs a task.

        What it decides until then is decided at its place in the mailbox, before any timer fires.
        """
        epoch = self._data_plane.epoch
        started = route.function(self._broker, request, message)
        try:
            awaited = started.send(None)
        except StopIteration as finished:
            self._answer(request, message, finished.value, encode, epoch)
            return
        rest = _go_on(started, awaited)
        task = self._loop.create_task(self._await(request, message, encode, epoch, rest))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _await(
        self,
        request: Request,
        message: Any,
        encode: "Callable[[Any], bytes]",
        epoch: int,
        rest: "Awaitable[Any]",
    ) -> None:
        # The state may move while the handler waits: what it answers then is not kept.
        try:
            response = await rest
            self._answer(request, message, response, encode, epoch)
        except Exception as error:
            self._fail(request, message, error)
        if not self._is_flush_scheduled:
            # Those that end in the same turn of the loop share one transaction and one reply.
            self._is_flush_scheduled = True
            self._loop.call_soon(self._flush)

    def _answer(
        self,
        request: Request,
        message: Any,
        response: Any,
        encode: "Callable[[Any], bytes]",
        epoch: int,
    ) -> None:
        if type(response) is Kept:
            self._answers.append((request, message, response.response, encode, epoch))
        else:
            self._answers.append((request, message, response, encode, NEVER_KEPT))

    def _flush(self) -> None:
        """Make the changes durable, then let the answers leave."""
        self._is_flush_scheduled = False
        try:
            self._store.commit()
        except StoreError:
            logger.exception("The control state could not be written")
            self._refuse_answers()
        if not self._answers:
            return
        answers, self._answers = self._answers, []
        replies = []
        for request, message, response, encode, epoch in answers:
            try:
                replies.append((request.request_id, encode(response), epoch))
            except Exception as error:
                self.report_bug(
                    f"The answer of API key {request.api_key} could not be encoded", error
                )
                self._refuse(request, message, ErrorCode.UNKNOWN_SERVER_ERROR, None)
        self._data_plane.reply(replies)
        if self._answers:
            self._flush()

    def _refuse_answers(self) -> None:
        """Nothing that was decided since the last commit holds: say so instead of the answers."""
        answers, self._answers = self._answers, []
        self._broker.store_failed()
        for answer in answers:
            request, message, *_ = answer
            if request.api_key == API_VERSIONS:
                # It depends on no state, and whoever is refused it takes the broker for an old one.
                self._answers.append(answer)
            else:
                self._refuse(request, message, ErrorCode.COORDINATOR_NOT_AVAILABLE, None)

    def _fail(self, request: Request, message: Any, error: Exception) -> None:
        """Answer with what a handler raised: expected, a failed store, or a bug."""
        if isinstance(error, KafkaError):
            self._refuse(request, message, error.code, error.message)
        elif isinstance(error, StoreError):
            # The flush that follows hears of it too, and refuses what went with this.
            self._refuse(request, message, ErrorCode.COORDINATOR_NOT_AVAILABLE, None)
        else:
            self.report_bug(f"A request of API key {request.api_key} failed", error)
            self._refuse(request, message, ErrorCode.UNKNOWN_SERVER_ERROR, None)

    def _refuse(
        self, request: Request, message: Any, code: ErrorCode, error_message: str | None
    ) -> None:
        """Answer with an error; where even that fails, the connection closes."""
        from pybroker.protocol.error_response import error_response  # noqa: PLC0415 - rarely needed

        try:
            response = error_response(message, request.api_version, code, error_message)
            encode = self._routes[request.api_key].codec(request.api_version)[1]
            # Encoded here, so that an answer that cannot be encoded is not tried again.
            body = encode(response)
        except Exception as error:
            self.report_bug(f"A refusal of API key {request.api_key} failed", error)
            self._data_plane.disconnect(request.request_id)
        else:
            self._answers.append((request, message, body, bytes, NEVER_KEPT))

    def _disconnect(self, request: Request, error: ProtocolError) -> None:
        self._broker.protocol_error(request, error)
        self._data_plane.disconnect(request.request_id)

    def _load(self, api_key: int) -> Route:
        route = self._routes[api_key] = Route(self._apis[api_key])
        return route

    def report_bug(self, what: str, error: Exception) -> None:
        """Log and count what must never happen."""
        self.bugs += 1
        logger.error(what, exc_info=error)


@coroutine
def _go_on(started: "Coroutine[Any, Any, Any]", awaited: Any) -> "Generator[Any, Any, Any]":
    """Await a coroutine that already waits for `awaited`."""
    while True:
        try:
            try:
                yield awaited
            except BaseException as error:
                awaited = started.throw(error)
            else:
                awaited = started.send(None)
        except StopIteration as finished:
            return finished.value
