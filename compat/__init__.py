"""pybroker held to the real Apache Kafka: its answers, its console tools, side by side."""
