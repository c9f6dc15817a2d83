"""Clients of `infer serve`, for `tools/serve/faults.py`."""
