"""An oslo.messaging RPC server for the tests.

    server.py URL TOPIC SERVER [--exchange E]

Writes {"event": "ready"} when it listens, then {"event": "received", …} for each request that it
runs. Ends when its standard input is closed.
"""

import argparse
import datetime
import functools
import sys
import threading

# The tracing options of oslo.messaging 18.3.1 are read only from the global configuration.
from oslo_config import cfg
import oslo_messaging

import peer
from rpc_test_exceptions import Boom, KwBoom


def reported(method):
    """Reports each run to the test, without long values, which would fill the pipe."""

    @functools.wraps(method)
    def run(self, ctxt, **args):
        short = {
            name: len(value) if isinstance(value, str) and len(value) > 10000 else value
            for name, value in args.items()
        }
        peer.say(event="received", method=method.__name__, args=short, context=ctxt)
        return method(self, ctxt, **args)

    return run


class Main:
    target = oslo_messaging.Target(version="2.5")

    def __init__(self, name, stopped):
        self._name = name
        self._stopped = stopped

    @reported
    def test(self, ctxt, arg):
        return arg

    @reported
    def echo(self, ctxt, arg):
        return arg

    @reported
    def echo_kw(self, ctxt, **args):
        return args

    @reported
    def none(self, ctxt):
        return None

    @reported
    def whoami(self, ctxt):
        return self._name

    @reported
    def context(self, ctxt):
        return ctxt

    @reported
    def boom(self, ctxt, why):
        raise Boom(why)

    @reported
    def kwboom(self, ctxt):
        raise KwBoom(id=7)

    @reported
    def valueerr(self, ctxt):
        raise ValueError("bad value", 3)

    @reported
    def slow(self, ctxt, secs):
        # Not a plain sleep, so that the end of the test need not wait for it.
        self._stopped.wait(secs)
        return "done"

    @reported
    def datetime(self, ctxt):
        return datetime.datetime(2026, 1, 2, 3, 4, 5, 678)

    @reported
    def bytes(self, ctxt):
        return b"raw"

    @reported
    def float(self, ctxt):
        return 1e300

    @reported
    def grüße(self, ctxt, имя):
        return f"здравствуй, {имя}"


class BaseApi:
    target = oslo_messaging.Target(namespace="baseapi", version="1.0")

    @reported
    def ping(self, ctxt, arg):
        return {"service": "x", "arg": arg}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("topic")
    parser.add_argument("server")
    parser.add_argument("--exchange")
    options = parser.parse_args()
    peer.log_to_stderr()

    cfg.CONF([], project="rpc-tests")
    transport = oslo_messaging.get_rpc_transport(cfg.CONF, url=options.url)
    target = oslo_messaging.Target(
        exchange=options.exchange, topic=options.topic, server=options.server
    )
    stopped = threading.Event()
    server = oslo_messaging.get_rpc_server(
        transport,
        target,
        [Main(options.server, stopped), BaseApi()],
        executor="threading",
        access_policy=oslo_messaging.DefaultRPCAccessPolicy,
    )
    server.start()
    peer.say(event="ready")
    for _ in peer.lines():
        pass
    stopped.set()
    server.stop()
    server.wait()
    transport.cleanup()


if __name__ == "__main__":
    sys.exit(main())
