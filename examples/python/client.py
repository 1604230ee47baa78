"""A Python client of the inventory service, for servers in Rust (or server.py beside it).

    pip install oslo.messaging
    python client.py [URL] [NAME]

URL is a transport URL, by default rabbit://guest:guest@localhost:5672/. NAME is the server of the directed
call, by default rack-7.
"""

import sys
import uuid

from oslo_config import cfg
import oslo_messaging


def main():
    url = sys.argv[1] if len(sys.argv) > 1 else "rabbit://guest:guest@localhost:5672/"
    name = sys.argv[2] if len(sys.argv) > 2 else "rack-7"
    cfg.CONF([], project="inventory")
    transport = oslo_messaging.get_rpc_transport(cfg.CONF, url=url)
    target = oslo_messaging.Target(topic="inventory", version="2.0")
    inventory = oslo_messaging.get_rpc_client(transport, target, timeout=10)
    ctxt = {"request_id": "req-1", "user": "alice"}
    id = str(uuid.uuid4())

    # A call to any server of the topic, and a call to a certain server.
    print(inventory.call(ctxt, "host", name="db-1"))
    print(inventory.prepare(server=name).call(ctxt, "host", name="db-2"))

    # A method of a later version needs that version as its stamp.
    inventory.prepare(version="2.3").call(ctxt, "resize", id=id, size=16)

    # A cast to one server, and a cast to all.
    inventory.cast(ctxt, "touch", id=id)
    inventory.prepare(fanout=True).cast(ctxt, "refresh_cache", images=["debian-13", "fedora-44"])

    # An exception whose module is not in allowed_remote_exmods arrives as a RemoteError with the name of its class.
    try:
        inventory.call(ctxt, "host", name="nowhere")
    except oslo_messaging.RemoteError as error:
        print(f"{error.exc_type}: {error.value}")

    # The servers refuse a version that they do not have.
    try:
        inventory.prepare(version="3.0").call(ctxt, "host", name="db-1")
    except oslo_messaging.RemoteError as error:
        print(f"{error.exc_type}: {error.value}")


if __name__ == "__main__":
    main()
