"""A freshly formatted node of the real Kafka, controller and broker in one process."""

import base64
import subprocess
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from compat.kafka.jars import java_command
from compat.process import HOST, BrokerProcess, free_port

DEFAULT_HEAP: Final = "1G"

# As bin/kafka-server-start.sh sets them.
JVM_OPTIONS: Final = (
    "-server",
    "-XX:+UseG1GC",
    "-XX:MaxGCPauseMillis=20",
    "-XX:InitiatingHeapOccupancyPercent=35",
    "-XX:+ExplicitGCInvokesConcurrent",
)
FORMAT_TIMEOUT_S: Final = 60

SINGLE_NODE: Final = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.listener.names": "CONTROLLER",
    "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
    "offsets.topic.replication.factor": "1",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
}


class RealKafka(BrokerProcess):
    """One node of Apache Kafka. `settings` are lines of server.properties."""

    name = "kafka"

    def __init__(
        self,
        *,
        settings: Mapping[str, str] | None = None,
        data_dir: Path | None = None,
        port: int = 0,
        cpu: int | None = None,
        heap: str = DEFAULT_HEAP,
    ) -> None:
        super().__init__(settings=settings, data_dir=data_dir, port=port, cpu=cpu)
        self._heap = heap

    def prepare(self) -> None:
        """Write server.properties and format the log directory, unless a former start did."""
        super().prepare()
        properties = self.data_dir / "server.properties"
        if properties.exists():
            return
        controller_port = free_port()
        lines = SINGLE_NODE | {
            "controller.quorum.bootstrap.servers": f"{HOST}:{controller_port}",
            "listeners": f"PLAINTEXT://{HOST}:{self.port},CONTROLLER://{HOST}:{controller_port}",
            "advertised.listeners": f"PLAINTEXT://{HOST}:{self.port}",
            "log.dirs": str(self.data_dir / "logs"),
            **self.settings,
        }
        properties.write_text("".join(f"{key}={value}\n" for key, value in lines.items()))
        cluster_id = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        subprocess.run(
            [
                *java_command(
                    heap="256M",
                    jvm_options=("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"),
                    class_name="kafka.tools.StorageTool",
                ),
                *("format", "--standalone", f"--cluster-id={cluster_id}", "-c", str(properties)),
            ],
            check=True,
            capture_output=True,
            timeout=FORMAT_TIMEOUT_S,
        )

    def command(self) -> list[str]:
        """Give the command that starts the node."""
        return [
            *java_command(heap=self._heap, jvm_options=JVM_OPTIONS, class_name="kafka.Kafka"),
            str(self.data_dir / "server.properties"),
        ]
