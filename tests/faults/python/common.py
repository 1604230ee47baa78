"""Shared by both oslo.messaging ends of the ledger test."""

import logging
import os
import sys
import threading

# The tracing options of oslo.messaging 18.3.1 are read only from the global configuration.
from oslo_config import cfg
import oslo_messaging

_lock = threading.Lock()


def say(line):
    """Writes one line to the ledger, which records the time at which it comes."""
    with _lock:
        sys.stdout.write(line + "\n")
        sys.stdout.flush()


def transports(url, count):
    """Makes this many transports, each with connections of its own."""
    level = os.environ.get("RPC_LOG")
    logging.basicConfig(stream=sys.stderr, level=level.upper() if level else logging.CRITICAL)
    cfg.CONF([], project="rpc-faults")
    return [oslo_messaging.get_rpc_transport(cfg.CONF, url=url) for _ in range(count)]
