"""pybroker measured beside the real Kafka: pairs of runs, ratios, CPU and memory of the broker."""
