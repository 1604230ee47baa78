"""The inventory service in Python, for Rust (or any) clients.

    pip install oslo.messaging
    python server.py [URL] [NAME]

URL is a transport URL, by default rabbit://guest:guest@localhost:5672/. NAME is the name of the server for
directed calls, by default rack-7. It runs until it is interrupted.

It serves the trait in examples/inventory/src/lib.rs, for client.py in this directory or a Rust client.
"""

import sys
import threading

from oslo_config import cfg
import oslo_messaging


class HostNotFound(Exception):
    """Rust clients see this class's name, module and message."""


class Inventory:
    # The highest version in the trait. Older clients of the same major are served, too.
    target = oslo_messaging.Target(version="2.3")

    def __init__(self, rack):
        self._rack = rack
        self._sizes = {"db-1": 4, "db-2": 8}

    def host(self, ctxt, name):
        if name not in self._sizes:
            raise HostNotFound(f"no host {name}")
        return {"name": name, "rack": self._rack, "size": self._sizes[name]}

    def resize(self, ctxt, id, size):
        print(f"{ctxt.get('request_id')}: resize {id} to {size}", flush=True)

    def touch(self, ctxt, id):
        print(f"{ctxt.get('request_id')}: touch {id}", flush=True)

    def refresh_cache(self, ctxt, images):
        print(f"{ctxt.get('request_id')}: refresh {', '.join(images)}", flush=True)


def main():
    url = sys.argv[1] if len(sys.argv) > 1 else "rabbit://guest:guest@localhost:5672/"
    name = sys.argv[2] if len(sys.argv) > 2 else "rack-7"
    cfg.CONF([], project="inventory")
    transport = oslo_messaging.get_rpc_transport(cfg.CONF, url=url)
    server = oslo_messaging.get_rpc_server(
        transport,
        oslo_messaging.Target(topic="inventory", server=name),
        [Inventory(name)],
        executor="threading",
        access_policy=oslo_messaging.DefaultRPCAccessPolicy,
    )
    server.start()
    print(f"{name} serves inventory", flush=True)
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        # Takes no more requests, and finishes the running ones.
        server.stop()
        server.wait()


if __name__ == "__main__":
    main()
