"""The clients of the ledger test on oslo.messaging.

    load.py URL EXCHANGE TOPIC CLIENTS RATE TIMEOUT FIRST

Reads commands, one a line, and writes the result of each request on a line when it ends:

    warm                 many calls at once; then writes `warm`
    start                begins to send RATE requests a second, calls and casts in turn
    stop                 sends no more requests
    probe ID [SERVER…]   calls each server, and the topic, from each client until each pair was answered;
                         then writes `answered ID`

    sent N call|cast     then `ok N`, `wrong N`, or `failed N KIND TEXT`

Request numbers begin at FIRST. It ends with its input.
"""

import itertools
import os
import sys
import threading
import time

import oslo_messaging

from common import say, transports

PROBE = 0.05
PROBE_TIMEOUT = 5

KINDS = [
    (oslo_messaging.MessagingTimeout, "timeout"),
    (oslo_messaging.MessageUndeliverable, "undeliverable"),
    (oslo_messaging.MessageDeliveryFailure, "delivery"),
    (oslo_messaging.RemoteError, "remote"),
]


class Load:
    def __init__(self, url, exchange, topic, clients, rate, timeout, first):
        target = oslo_messaging.Target(exchange=exchange, topic=topic, version="1.0")
        self.clients = [
            oslo_messaging.get_rpc_client(transport, target, timeout=float(timeout))
            for transport in transports(url, int(clients))
        ]
        self.pause = 1 / int(rate)
        self.numbers = itertools.count(int(first))
        self.stopped = threading.Event()
        self.probing = None

    def send(self, client, call, millis):
        number = next(self.numbers)
        ctxt = {"request_id": str(number)}
        say(f"sent {number} {'call' if call else 'cast'}")
        try:
            if call:
                answer = client.call(ctxt, "work", number=number, millis=millis)
            else:
                client.cast(ctxt, "note", number=number)
                answer = number
        except Exception as error:  # Whatever it is, the ledger has it.
            kind = next((kind for type, kind in KINDS if isinstance(error, type)), "other")
            text = " ".join(f"{type(error).__name__}: {error}".split())
            say(f"failed {number} {kind} {text[:300]}")
        else:
            say(f"{'ok' if answer == number else 'wrong'} {number}")

    def spawn(self, *what):
        thread = threading.Thread(target=self.send, args=what, daemon=True)
        thread.start()
        return thread

    def warm(self):
        burst = [self.spawn(client, True, 0) for client in self.clients * 64]
        for thread in burst:
            thread.join()
        say("warm")

    def run(self):
        due = time.monotonic()
        for turn, client in enumerate(itertools.cycle(self.clients)):
            for call in (True, False):
                due += self.pause
                if self.stopped.wait(max(0, due - time.monotonic())):
                    return
                self.spawn(client, call, turn * 7 % 40)

    def probe(self, probe, servers):
        if self.probing:
            self.probing.set()
        given_up = self.probing = threading.Event()
        pairs = [
            (client.prepare(server=server, timeout=PROBE_TIMEOUT), threading.Event())
            for client in self.clients
            for server in [*servers, None]
        ]

        def one(client, answered):
            try:
                client.call({}, "probe")
                answered.set()
            except Exception:
                pass

        def many(client, answered):
            while not answered.is_set() and not given_up.is_set():
                threading.Thread(target=one, args=(client, answered), daemon=True).start()
                answered.wait(PROBE)

        def all_of_them():
            threads = [threading.Thread(target=many, args=pair, daemon=True) for pair in pairs]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            if not given_up.is_set():
                say(f"answered {probe}")

        threading.Thread(target=all_of_them, daemon=True).start()


def main():
    load = Load(*sys.argv[1:])
    for line in sys.stdin:
        match line.split():
            case ["warm"]:
                threading.Thread(target=load.warm, daemon=True).start()
            case ["start"]:
                threading.Thread(target=load.run, daemon=True).start()
            case ["stop"]:
                load.stopped.set()
            case ["probe", probe, *servers]:
                load.probe(probe, servers)
    # Requests that still wait for a reply are abandoned.
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    sys.exit(main())
