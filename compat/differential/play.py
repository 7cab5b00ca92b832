"""Plays a conversation to a broker over plain sockets, and gives the normalised answers."""

import socket
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final, NamedTuple

from compat.differential.codec import decode_response, encode_request, receive_frame
from compat.differential.conversation import Ask, Collect, Conversation, Ref, SendBytes
from compat.differential.normalise import Normaliser
from compat.differential.record_batches import Batch

ANSWER_TIMEOUT_S: Final = 20.0
PATIENCE_S: Final = 30.0
RETRY_INTERVAL_S: Final = 0.02

Outcome = dict[str, Any]


class _Sent(NamedTuple):
    api: str
    version: int
    correlation_id: int | None


class _Connection:
    """A socket and the requests that wait for their answers on it."""

    def __init__(self, host: str, port: int) -> None:
        self._socket = socket.create_connection((host, port), timeout=ANSWER_TIMEOUT_S)
        self._sent: deque[_Sent | None] = deque()
        self._next_correlation_id = 1

    def send(self, step: Ask, fields: Mapping[str, Any]) -> None:
        correlation_id = self._next_correlation_id
        self._next_correlation_id += 1
        self._socket.sendall(encode_request(step.api, step.version, fields, correlation_id))
        if not step.silent:
            self._sent.append(_Sent(step.api, step.version, correlation_id))

    def send_bytes(self, step: SendBytes) -> None:
        self._socket.sendall(step.data)
        self._sent.append(_Sent(*step.answered_as, None) if step.answered_as else None)

    def receive(self) -> Outcome:
        """Take the next answer: decoded, raw after raw bytes, or how the connection ended."""
        sent = self._sent.popleft()
        try:
            frame = receive_frame(self._socket)
        except TimeoutError:
            return {"no_answer_within_s": ANSWER_TIMEOUT_S}
        except (ConnectionError, EOFError):
            return {"closed": True}
        if sent is None:
            return {"bytes": frame}
        correlation_id, answer = decode_response(sent.api, sent.version, frame)
        if sent.correlation_id is not None and correlation_id != sent.correlation_id:
            return {"answered_out_of_order": correlation_id - sent.correlation_id}
        return {"answer": answer}

    def close(self) -> None:
        self._socket.close()


class _Player:
    def __init__(self, host: str, port: int) -> None:
        self._address = host, port
        self._connections: dict[str, _Connection] = {}
        self._saved: dict[str, Any] = {}
        self._normaliser = Normaliser(host=host, port=port)
        self._open: dict[str, deque[Ask]] = {}

    def play(self, conversation: Conversation) -> list[Outcome]:
        outcomes = []
        try:
            for step in conversation.steps:
                outcome = self._step(step)
                if outcome is not None:
                    outcomes.append(outcome)
        finally:
            for connection in self._connections.values():
                connection.close()
        return outcomes

    def _step(self, step: Ask | Collect | SendBytes) -> Outcome | None:
        match step:
            case SendBytes():
                self._connection(step.connection).send_bytes(step)
                return self._finish(step.connection, "bytes")
            case Collect():
                asked = self._open[step.connection].popleft()
                if not asked.recorded:
                    self._save(self._connection(step.connection).receive(), asked.save)
                    return None
                return self._finish(step.connection, _title(asked), asked.save)
            case Ask() if step.silent:
                self._send(step)
                return None
            case Ask() if not step.awaited:
                self._send(step)
                self._open.setdefault(step.connection, deque()).append(step)
                return None
        return self._ask(step)

    def _ask(self, step: Ask) -> Outcome | None:
        deadline = time.monotonic() + PATIENCE_S
        while True:
            self._send(step)
            outcome = self._connection(step.connection).receive()
            answer = outcome.get("answer")
            if answer is None or step.until(answer):
                break
            if time.monotonic() > deadline:
                outcome = {"gave_up_after_s": PATIENCE_S, **outcome}
                break
            time.sleep(RETRY_INTERVAL_S)
        if not step.recorded:
            self._save(outcome, step.save)
            return None
        return self._outcome(step.connection, _title(step), outcome, step.save)

    def _finish(
        self, connection: str, title: str, save: Mapping[str, str] | None = None
    ) -> Outcome:
        outcome = self._connection(connection).receive()
        return self._outcome(connection, title, outcome, save or {})

    def _outcome(
        self, connection: str, title: str, outcome: Outcome, save: Mapping[str, str]
    ) -> Outcome:
        if "answer" not in outcome and "bytes" not in outcome:
            self._connections.pop(connection).close()
        self._save(outcome, save)
        named = title if connection == "main" else f"{title} by {connection}"
        return {"step": named, **self._normaliser.normalise(outcome)}

    def _save(self, outcome: Outcome, save: Mapping[str, str]) -> None:
        for name, path in save.items():
            value: Any = outcome.get("answer")
            if value is None:
                raise ValueError(f"{name!r} was to be saved from {outcome}")
            for part in path.split("."):
                value = value[int(part)] if part.isdigit() else value[part]
            self._saved[name] = value

    def _connection(self, name: str) -> _Connection:
        if name not in self._connections:
            self._connections[name] = _Connection(*self._address)
        return self._connections[name]

    def _send(self, step: Ask) -> None:
        self._connection(step.connection).send(step, self._resolve(step.fields))

    def _resolve(self, value: Any) -> Any:
        match value:
            case Ref(name):
                return self._saved[name]
            case Batch():
                return replace(
                    value,
                    producer_id=self._resolve(value.producer_id),
                    producer_epoch=self._resolve(value.producer_epoch),
                ).build()
            case [Batch(), *_]:
                return b"".join(self._resolve(batch) for batch in value)
            case list():
                return [self._resolve(item) for item in value]
            case dict():
                return {key: self._resolve(item) for key, item in value.items()}
        return value


def _title(step: Ask) -> str:
    return f"{step.api} v{step.version}"


def play(conversation: Conversation, *, host: str, port: int) -> list[Outcome]:
    """Play a conversation and give an outcome for each step that is recorded."""
    return _Player(host, port).play(conversation)
