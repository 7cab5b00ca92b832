"""What a broker says about itself while it runs: log lines and metrics."""
