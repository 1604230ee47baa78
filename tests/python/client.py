"""An oslo.messaging RPC client for the tests.

    client.py URL [ALLOWED_REMOTE_EXMOD…]

Reads requests, one JSON object a line, and answers each with a line:

    {"op": "call" | "cast", "topic": …, "method": …, "args": {…},
     "exchange", "server", "namespace", "version", "fanout", "timeout", "monitor", "context": …,
     "times": n, "brief": true}

The answer has `result`, or `raised`. With `times`, the result is a list of results. With `brief`, the
result is only the length of a string, and its different letters. `raised` has the class, the module,
whether it is a RemoteError, and the contents of that or of the rebuilt exception.
"""

import inspect
import sys
import traceback

from oslo_config import cfg
import oslo_messaging

import peer

_ABSENT = object()


def client_for(transport, request):
    target = oslo_messaging.Target(
        exchange=request.get("exchange"), topic=request["topic"], version=request.get("version")
    )
    options = {}
    if "timeout" in request:
        options["timeout"] = request["timeout"]
    if "monitor" in request:
        options["call_monitor_timeout"] = request["monitor"]
    client = oslo_messaging.get_rpc_client(transport, target, **options)
    prepare = {
        name: request[name] for name in ("server", "namespace", "fanout") if name in request
    }
    return client.prepare(**prepare) if prepare else client


def run(transport, request):
    client = client_for(transport, request)
    send = client.call if request["op"] == "call" else client.cast
    context = request.get("context", {})
    args = peer.revive(request.get("args", {}))
    if "times" in request:
        return [send(context, request["method"], **args) for _ in range(request["times"])]
    result = send(context, request["method"], **args)
    if request.get("brief"):
        return {"length": len(result), "letters": sorted(set(result))}
    return result


def describe(error):
    kind = type(error)
    # The class of a rebuilt exception is a generated subclass of the real class.
    bases = [f"{base.__module__}.{base.__qualname__}" for base in inspect.getmro(kind)]
    remote = isinstance(error, oslo_messaging.RemoteError)
    described = {
        "class": kind.__name__,
        "module": kind.__module__,
        "bases": bases,
        "remote": remote,
        "text": str(error),
        "args": [arg if isinstance(arg, (str, int, float)) else repr(arg) for arg in error.args],
    }
    kwargs = getattr(error, "kwargs", _ABSENT)
    if kwargs is not _ABSENT:
        described["kwargs"] = {name: str(value) for name, value in kwargs.items()} if remote else kwargs
    if remote:
        described["exc_type"] = error.exc_type
        described["value"] = error.value
        described["traceback"] = error.traceback
    return described


def main():
    peer.log_to_stderr()
    url, *exmods = sys.argv[1:]
    cfg.CONF([], project="rpc-tests")
    transport = oslo_messaging.get_rpc_transport(cfg.CONF, url=url, allowed_remote_exmods=exmods)
    peer.say(event="ready")
    for request in peer.lines():
        try:
            peer.say(result=run(transport, request))
        except Exception as error:
            traceback.print_exc()
            peer.say(raised=describe(error))
    transport.cleanup()


if __name__ == "__main__":
    sys.exit(main())
