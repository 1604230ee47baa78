"""A traced program: an oslo.messaging RPC server, and a client, whose spans the test reads.

    traced.py URL TOPIC SERVER NEXT

Serves `echo`, and `relay`, which calls `echo` on the topic NEXT with the context that it got. Takes lines from the test:
{"op": "call", …} calls a method; {"op": "spans"} gives the spans that have ended so far.
"""

import sys
import threading

# The tracing options of oslo.messaging 18.3.1 are read only from the global configuration.
from oslo_config import cfg
import oslo_messaging
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

import peer


class Main:
    def __init__(self, next_client):
        self._next = next_client

    def echo(self, ctxt, arg):
        return arg

    def relay(self, ctxt, arg):
        return self._next.call(ctxt, "echo", arg=arg)


def shown(span):
    """A span, as the test compares it."""
    return {
        "name": span.name,
        "kind": span.kind.name.lower(),
        "trace": f"{span.context.trace_id:032x}",
        "id": f"{span.context.span_id:016x}",
        "parent": f"{span.parent.span_id:016x}" if span.parent else None,
        "attributes": dict(span.attributes),
    }


def main():
    url, topic, name, next_topic = sys.argv[1:]
    peer.log_to_stderr()
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    trace.set_tracer_provider(provider)

    transport = oslo_messaging.get_rpc_transport(cfg.CONF, url=url)
    cfg.CONF.set_override("tracing_enabled", True, group="oslo_messaging_tracing")

    def client(topic):
        return oslo_messaging.get_rpc_client(transport, oslo_messaging.Target(topic=topic), timeout=30)

    server = oslo_messaging.get_rpc_server(
        transport,
        oslo_messaging.Target(topic=topic, server=name),
        [Main(client(next_topic))],
        executor="threading",
        access_policy=oslo_messaging.DefaultRPCAccessPolicy,
    )
    server.start()
    peer.say(event="ready")
    for line in peer.lines():
        if line["op"] == "spans":
            peer.say(result=[shown(span) for span in exporter.get_finished_spans()])
        else:
            peer.say(result=client(line["topic"]).call(line["context"], line["method"], **line["args"]))
    server.stop()
    server.wait()


if __name__ == "__main__":
    main()
