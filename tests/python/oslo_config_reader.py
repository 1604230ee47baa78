"""Answers questions, one a line, by oslo.config: the values in files, and the options of oslo.messaging."""

import contextlib
import io
import os
import tempfile
import threading

from oslo_config import cfg
from oslo_messaging import opts
from oslo_messaging._metrics import client as metrics
from oslo_messaging._tracing import client as tracing

import peer

# Options of a program of its own. Registering them makes its groups.
OWN = [
    (None, [cfg.StrOpt(name) for name in ("a", "b", "c", "state_path")] + [cfg.MultiStrOpt("many")]),
    ("own", [cfg.StrOpt(name) for name in ("a", "b", "c")] + [cfg.MultiStrOpt("many")]),
    ("upgrade_levels", [cfg.StrOpt(name) for name in ("compute", "conductor")]),
]


def messaging():
    """oslo.messaging's options by group. list_opts does not have those of its tracing and metrics."""
    return opts.list_opts() + [
        ("oslo_messaging_metrics", metrics.oslo_messaging_metrics),
        ("oslo_messaging_tracing", tracing.oslo_messaging_tracing),
    ]


def listed():
    return [
        {
            "group": group or "DEFAULT",
            "name": option.dest,
            "deprecated": [old.name for old in option.deprecated_opts],
            "groups": [old.group for old in option.deprecated_opts if old.group],
            "default": option.default,
        }
        for group, options in messaging()
        for option in options
    ]


def read(files, environment, options):
    """The value of each option, None if it has no value, or "raised" if reading it fails."""
    os.environ.update(environment)
    try:
        with tempfile.TemporaryDirectory() as directory:
            arguments = []
            for index, text in enumerate(files):
                path = os.path.join(directory, f"{index}.conf")
                with open(path, "w", newline="", encoding="utf-8") as file:
                    file.write(text)
                arguments += ["--config-file", path]
            conf = cfg.ConfigOpts()
            for group, registered in OWN + messaging():
                conf.register_opts(registered, group=group)
            # The log lines about deprecated names are not compared.
            with contextlib.redirect_stderr(io.StringIO()):
                try:
                    conf(arguments, project="rpc_tests", default_config_files=[])
                except cfg.Error as error:
                    return {"raised": type(error).__name__}
                return {"values": [value(conf, *option) for option in options]}
    finally:
        for name in environment:
            del os.environ[name]


def value(conf, group, name):
    group = None if group == "DEFAULT" else group
    try:
        found = (conf if group is None else conf[group])[name]
    except (cfg.Error, RecursionError) as error:
        return {"raised": type(error).__name__}
    return {"value": found}


def main():
    peer.log_to_stderr()
    peer.say(event="ready")
    for line in peer.lines():
        if line["op"] == "options":
            peer.say(result=listed())
        else:
            peer.say(result=read(line["files"], line["environment"], line["options"]))


if __name__ == "__main__":
    # A value that refers to itself ends at Python's recursion limit. That takes a large stack, which the main thread does
    # not have on all systems.
    threading.stack_size(64 * 1024 * 1024)
    thread = threading.Thread(target=main)
    thread.start()
    thread.join()
