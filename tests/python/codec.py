"""How kombu and oslo.messaging read bytes, and compare versions.

Reads lines of JSON, and answers each with a line:

    {"body": "…"}          the message in a body, in a form that loses nothing: {"i": "…"} is an
                           integer, {"f": "…"} the hexadecimal digits of a float's 64 bits, {"d": [[key,
                           value], …]} an object in its order; other values are unchanged
    {"failure": "…"}       the exception of a client for a failure that it may not rebuild
    {"versions": [[implemented, requested], …]}
"""

import struct
import sys

from kombu import serialization
from oslo_messaging import _utils
from oslo_messaging._drivers import common

import peer


def exact(value):
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    if isinstance(value, int):
        return {"i": str(value)}
    if isinstance(value, float):
        return {"f": struct.pack(">d", value).hex()}
    if isinstance(value, list):
        return [exact(item) for item in value]
    if isinstance(value, dict):
        return {"d": [[key, exact(item)] for key, item in value.items()]}
    raise TypeError(f"{type(value)} is nothing that JSON has")


def answer(request):
    if "body" in request:
        payload = serialization.loads(
            request["body"].encode(), "application/json", "utf-8", accept=["application/json"]
        )
        return exact(common.deserialize_msg(payload))
    if "failure" in request:
        error = common.deserialize_remote_exception(request["failure"], [])
        return {"class": error.exc_type, "value": error.value, "traceback": error.traceback}
    return [_utils.version_is_compatible(*pair) for pair in request["versions"]]


def main():
    peer.log_to_stderr()
    peer.say(event="ready")
    for request in peer.lines():
        try:
            peer.say(result=answer(request))
        except Exception as error:
            peer.say(raised=f"{type(error).__name__}: {error}")


if __name__ == "__main__":
    sys.exit(main())
