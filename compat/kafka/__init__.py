"""The real Apache Kafka, unmodified, from Maven: a broker to compare with and the console tools.

`RealKafka` runs one node; `Tool` runs one of Kafka's command line tools against any broker.
"""

from compat.kafka.jars import KAFKA_VERSION, jars_folder
from compat.kafka.real_kafka import RealKafka
from compat.kafka.tool import Tool, ToolResult

__all__ = ("KAFKA_VERSION", "RealKafka", "Tool", "ToolResult", "jars_folder")
