"""A server of the ledger test on oslo.messaging, with the protocol of ledger-server.

    server.py URL EXCHANGE TOPIC NAME CONCURRENCY
"""

import sys
import time

from oslo_config import cfg
import oslo_messaging

from common import say, transports


class Work:
    target = oslo_messaging.Target(version="1.0")

    def work(self, ctxt, number, millis):
        say(f"begun {number}")
        time.sleep(millis / 1000)
        say(f"done {number}")
        return number

    def note(self, ctxt, number):
        say(f"begun {number}")
        say(f"done {number}")

    def probe(self, ctxt):
        return None


def main():
    url, exchange, topic, name, concurrency = sys.argv[1:]
    (transport,) = transports(url, 1)
    server = oslo_messaging.get_rpc_server(
        transport,
        oslo_messaging.Target(exchange=exchange, topic=topic, server=name),
        [Work()],
        executor="threading",
        access_policy=oslo_messaging.DefaultRPCAccessPolicy,
    )
    cfg.CONF.set_override("executor_thread_pool_size", int(concurrency))
    server.start()
    say("ready")
    sys.stdin.read()
    server.stop()
    server.wait()
    transport.cleanup()


if __name__ == "__main__":
    sys.exit(main())
