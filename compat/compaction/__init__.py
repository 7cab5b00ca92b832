"""Compaction beside real Kafka: the same partition, cleaned by both, with the same configs."""
