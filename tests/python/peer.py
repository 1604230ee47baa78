"""Shared by the peers: lines of JSON in both directions, and values that JSON does not have."""

import datetime
import json
import logging
import sys
import threading

_lock = threading.Lock()


def say(**line):
    """Writes one line to the test."""
    text = json.dumps(line)
    with _lock:
        sys.stdout.write(text + "\n")
        sys.stdout.flush()


def lines():
    """The lines from the test, until it closes its end."""
    for line in sys.stdin:
        if line.strip():
            yield json.loads(line)


def log_to_stderr():
    """Logs of oslo.messaging go to standard error, which the test prints if it fails."""
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING)


def revive(value):
    """Converts {"$datetime": "…"}, {"$bytes": "…"}, {"$nan": …} and {"$repeat": "…", "$times": n} to values
    of Python."""
    if isinstance(value, dict):
        if set(value) == {"$datetime"}:
            return datetime.datetime.fromisoformat(value["$datetime"])
        if set(value) == {"$bytes"}:
            return value["$bytes"].encode()
        if set(value) == {"$nan"}:
            return float("nan")
        if set(value) == {"$repeat", "$times"}:
            return value["$repeat"] * value["$times"]
        return {key: revive(item) for key, item in value.items()}
    if isinstance(value, list):
        return [revive(item) for item in value]
    return value
