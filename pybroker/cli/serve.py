"""`pybroker serve`: run a broker until SIGTERM or SIGINT.

Promises:
  * Standard output gets one line per endpoint, when it listens; everything else goes to standard
    error.
  * Exit code 0 after a signal, with requests in flight answered and logs flushed; 1 when it cannot
    start, with one line that says why and what to do.
"""

import asyncio
import contextlib
import errno
import logging
import os
import signal
import sys
from typing import TYPE_CHECKING

from pybroker.configs.listeners import Listener, ListenError, format_host
from pybroker.configs.loading import load_config
from pybroker.configs.values import ConfigError
from pybroker.data_directory import DataDirectories, DataDirectoryError
from pybroker.observability.logs import configure_logging, log_ready

if TYPE_CHECKING:
    from collections.abc import Callable

    from pybroker.cli.arguments import Arguments
    from pybroker.configs.config import Config

logger = logging.getLogger(__name__)


def serve(arguments: "Arguments") -> int:
    """Run a broker. Gives the exit code."""
    configure_logging()
    _raise_descriptor_limit()
    try:
        if arguments.ephemeral:
            with DataDirectories.temporary() as directories:
                return _serve(_load(arguments, directories.settings))
        where = {} if arguments.data_dir is None else {"log.dirs": arguments.data_dir}
        config = _load(arguments, where)
        with DataDirectories(config.log_dirs):
            return _serve(config)
    except (ConfigError, DataDirectoryError) as error:
        return _fail(str(error))
    except ListenError as error:
        return _fail(_advice(error))


def _raise_descriptor_limit() -> None:
    """Allow as many connections and open logs as the system does: its default is fewer."""
    if sys.platform == "win32":
        return
    import resource  # noqa: PLC0415 - Other systems have no such module.

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        except (ValueError, OSError):
            logger.info("The limit of open files stays at %d", soft)


def _load(arguments: "Arguments", where: dict[str, str]) -> "Config":
    loaded = load_config(
        file=arguments.config,
        environment=os.environ,
        overrides=arguments.overrides,
        port=arguments.port,
        where=where,
        brokers=arguments.brokers,
    )
    for notice in loaded.notices:
        logger.warning(notice)
    return loaded.config


def _serve(config: "Config") -> int:
    failure = asyncio.run(_run(config))
    return 0 if failure is None else _fail(failure)


async def _run(config: "Config") -> str | None:
    """Serve until a signal. Gives why, when the end came by itself."""
    # Not needed to refuse a bad config.
    from pybroker.broker import Broker  # noqa: PLC0415
    from pybroker.store.database import StoreError  # noqa: PLC0415

    stopping = asyncio.Event()
    _on_signals(stopping.set)
    broker = Broker(config)
    broker.log_dirs.on_all_failed = stopping.set
    try:
        await broker.start()
    except StoreError as error:
        return str(error)
    try:
        for endpoint in broker.endpoints:
            _announce(endpoint.node_id, endpoint.listener)
        for node_id in config.node_ids:
            log_ready(node_id)
        await stopping.wait()
        logger.info("Stopping")
    finally:
        await broker.stop()
    return broker.log_dirs.all_failed


def _on_signals(stop: "Callable[[], None]") -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        try:
            loop.add_signal_handler(number, stop)
        except NotImplementedError:  # Windows' loops have no signals of their own.
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(stop))


def _announce(node_id: int, listener: Listener) -> None:
    """Say where a node listens, as a client would write it."""
    host = format_host(listener.host or "localhost")
    # Nobody may be reading standard output; that is no reason not to serve.
    with contextlib.suppress(OSError):
        print(f"Node {node_id} listens on {listener.name}://{host}:{listener.port}", flush=True)


def _advice(error: ListenError) -> str:
    listener = error.listener
    if error.error.errno == errno.EADDRINUSE:
        return (
            f"Port {listener.port} is in use ({listener}). Choose another with --port N "
            f"or --set listeners={listener.name}://{format_host(listener.host)}:N; "
            "port 0 takes any free one."
        )
    return f"Listening on {listener} failed: {error.error.strerror or error.error}"


def _fail(message: str) -> int:
    print(f"pybroker: {message}", file=sys.stderr)
    return 1
