"""Both ends of oslo.messaging under load: speaks the lines of src/peer.rs.

    oslo_peer.py client|server|first NAME URL
"""

import logging
import sys
import threading
import time

from oslo_config import cfg
import oslo_messaging

ARGUMENT = ("An ordinary sentence; \"quoted\", with a line's end.\n" * 5)[:250]
CONTEXT = {"request_id": "req-3a5bd0e2-6d17-4f14-9c6d-0bc1e0f8a1f4", "user": "alice"}


def say(line):
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


class Echoes:
    target = oslo_messaging.Target(version="1.0")

    def __init__(self):
        self._lock = threading.Lock()
        self.handled = 0

    def _one_more(self):
        with self._lock:
            self.handled += 1

    def echo(self, ctxt, text):
        self._one_more()
        return text

    def note(self, ctxt, text):
        self._one_more()


def serve(transport):
    echoes = Echoes()
    server = oslo_messaging.get_rpc_server(
        transport,
        oslo_messaging.Target(topic="bench-oslo", server="one"),
        [echoes],
        executor="threading",
        access_policy=oslo_messaging.DefaultRPCAccessPolicy,
    )
    server.start()
    say("ready -")
    for _ in sys.stdin:
        say(str(echoes.handled))
    server.stop()
    server.wait()


def one_caller(client, kind, end, latencies):
    request = client.call if kind == "call" else client.cast
    method = "echo" if kind == "call" else "note"
    before = time.monotonic()
    while before < end:
        request(CONTEXT, method, text=ARGUMENT)
        now = time.monotonic()
        latencies.append(now - before)
        before = now


def load(client, kind, callers, seconds):
    started = time.monotonic()
    seen = [[] for _ in range(callers)]
    threads = [
        threading.Thread(target=one_caller, args=(client, kind, started + seconds, latencies))
        for latencies in seen
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(latency for each in seen for latency in each), time.monotonic() - started


def again(client):
    failures = 0
    while True:
        try:
            client.call(CONTEXT, "echo", text=ARGUMENT)
            return failures
        except Exception as error:
            print(f"a call has failed: {error}", file=sys.stderr)
            failures += 1
            time.sleep(0.01)


def make_client(transport):
    target = oslo_messaging.Target(topic="bench-oslo", version="1.0")
    return oslo_messaging.get_rpc_client(transport, target, timeout=60)


def first(began, transport):
    if make_client(transport).call(CONTEXT, "echo", text=ARGUMENT) != ARGUMENT:
        raise RuntimeError("the reply is not the argument")
    say(f"{time.monotonic() - began} {time.process_time()}")


def drive(transport):
    client = make_client(transport)
    requests = sum(len(load(client, "call", callers, 0.1)[0]) for callers in (1, 16))
    say("ready -")
    for line in sys.stdin:
        if line.strip() == "again":
            say(str(again(client)))
            requests += 1
            continue
        kind, callers, milliseconds, _ = line.split()
        latencies, took = load(client, kind, int(callers), int(milliseconds) / 1000)
        requests += len(latencies)
        median, p99 = (latencies[len(latencies) * at // 100] * 1e6 for at in (50, 99))
        say(f"{len(latencies)} {took} {median} {p99} {requests}")


def main():
    role, _, url = sys.argv[1:]
    logging.basicConfig(stream=sys.stderr, level=logging.ERROR)
    cfg.CONF([], project="rpc-bench")
    began = time.monotonic()
    transport = oslo_messaging.get_rpc_transport(cfg.CONF, url=url)
    if role == "first":
        first(began, transport)
    elif role == "server":
        serve(transport)
    else:
        drive(transport)
    transport.cleanup()


if __name__ == "__main__":
    main()
