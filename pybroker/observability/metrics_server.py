"""The endpoint of the metrics: GET /metrics in the formats of Prometheus, over plain HTTP.

Promises:
  * State is read on the event loop; the text is made in a thread.
  * One request a connection, with a limit on its size and its time; whatever is not
    `GET /metrics` is answered with what it is.
  * Nothing of this, nor prometheus_client, is imported unless pybroker.metrics.listener is set.
"""

import asyncio
import contextlib
import logging
from typing import TYPE_CHECKING, Final

from pybroker.configs.values import ConfigError, parse_http_address
from pybroker.observability.metrics import METRICS, Samples, collect

try:
    from prometheus_client import CollectorRegistry, ProcessCollector
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
    from prometheus_client.exposition import choose_encoder
except ImportError as error:
    raise ConfigError(
        "pybroker.metrics.listener needs prometheus-client: pip install 'pybroker[metrics]'"
    ) from error

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Self

    from prometheus_client.core import Metric as MetricFamily

    from pybroker.broker import Broker

logger = logging.getLogger("pybroker.metrics")

CONFIG_NAME: Final = "pybroker.metrics.listener"
PATH: Final = "/metrics"
REQUEST_LIMIT_BYTES: Final = 16_384
REQUEST_TIMEOUT_S: Final = 10.0  # For the request to arrive.

NOT_FOUND: Final = "404 Not Found"
NOT_ALLOWED: Final = "405 Method Not Allowed"
BAD_REQUEST: Final = "400 Bad Request"
FAILED: Final = "500 Internal Server Error"


class MetricsServer:
    """Serves one broker's metrics. `port` is the one that it got."""

    def __init__(self, broker: "Broker") -> None:
        self.port = 0
        self._broker = broker
        self._server: asyncio.Server | None = None

    @classmethod
    async def start(cls, broker: "Broker", address: str) -> "Self":
        """Listen. Raises ConfigError when that cannot be done."""
        self = cls(broker)
        host, port = parse_http_address(CONFIG_NAME, address)
        try:
            self._server = await asyncio.start_server(
                self._serve, host or None, port, limit=REQUEST_LIMIT_BYTES
            )
        except OSError as error:
            raise ConfigError(
                f"{CONFIG_NAME}: listening on {address} failed: {error.strerror or error}"
            ) from error
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    def close(self) -> None:
        """Stop listening."""
        assert self._server is not None
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(REQUEST_TIMEOUT_S):
                head = await reader.readuntil(b"\r\n\r\n")
            writer.write(await self._answer(head.decode("latin-1")))
            await writer.drain()
        except (TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, OSError):
            pass  # Whoever does not ask gets no answer.
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def _answer(self, head: str) -> bytes:
        request, *lines = head.split("\r\n")
        words = request.split(" ")
        if len(words) != 3:
            return _response(BAD_REQUEST, "text/plain", b"This is not HTTP.\n")
        method, target, _ = words
        if target.partition("?")[0] != PATH:
            return _response(NOT_FOUND, "text/plain", b"The metrics are at /metrics.\n")
        if method != "GET":
            return _response(NOT_ALLOWED, "text/plain", b"Metrics are read with GET.\n")
        accept = next((line[7:] for line in lines if line.lower().startswith("accept:")), "")
        try:
            samples = await collect(self._broker)
            body, content_type = await asyncio.to_thread(render, samples, accept.strip())
        except Exception:
            logger.exception("The metrics could not be read")
            return _response(FAILED, "text/plain", b"The broker's log says why.\n")
        return _response("200 OK", content_type, body)


class _Collector:
    """Samples as prometheus_client wants them."""

    def __init__(self, samples: Samples) -> None:
        self._samples = samples

    def collect(self) -> "Iterator[MetricFamily]":
        """Give every metric that has a sample."""
        for metric in METRICS:
            make = CounterMetricFamily if metric.kind == "counter" else GaugeMetricFamily
            family = make(metric.name, metric.documentation, labels=metric.labels)
            for labels, value in self._samples[metric.name]:
                family.add_metric(labels, value)
            if family.samples:
                yield family


def render(samples: Samples, accept: str) -> tuple[bytes, str]:
    """Write samples in the format that is accepted. Gives the text and its type."""
    registry = CollectorRegistry()
    registry.register(_Collector(samples))
    ProcessCollector(registry=registry)
    encode, content_type = choose_encoder(accept)
    return encode(registry), content_type


def _response(status: str, content_type: str, body: bytes) -> bytes:
    head = (
        f"HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\n"
        "Connection: close\r\n\r\n"
    )
    return head.encode() + body
