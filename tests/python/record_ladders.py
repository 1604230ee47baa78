"""Records the messages of real services' RPC clients under each version cap: tests/wire/ladders.json.

During an upgrade, a service that runs beside older ones gives its client a version cap. The client's
methods then use a lower rung of a ladder: they send an older version of the message, without the
arguments that it lacks, and with others renamed or converted, or they refuse. This script executes the
originals, each with oslo.messaging's own RPC client. Only the last step is replaced, which would pass
the stamped message to a driver: the replacement keeps the message and returns a prepared reply.

It is run by hand, since it needs these services (none of them has to run, nor a broker, nor a database):

    python3 -m venv venv
    venv/bin/pip install nova==34.0.0 cinder==29.0.0 ironic==39.0.0 openstack-heat==27.0.1 neutron==29.0.0
    venv/bin/python tests/python/record_ladders.py        # writes tests/wire/ladders.json

Each service is recorded in a process of its own, as they share one global configuration. Two runs
write the same bytes.

The file:

    recorded_with     the packages and their versions
    methods           one for each method recorded:
      name, original  what it is called here, and where the method is in its package
      how             "executed": the package's own code ran, with its own serializer and configuration
      signature       the method's, with the defaults
      source          in words, what the method does
      transforms      only if it turns an argument's value into others: "from" is the value as its
                      client serializes it, "to" what it becomes, serialized too, under the name of
                      the Python function that makes it
      cases           one for each call:
        case          in words
        cap           the client's version cap; null: none
        conf          only if an option of the configuration differs from its default
        given         every argument, those left at their default too, as the client serializes them
        replies       only if they matter: what the server answers, in order (null otherwise)
        sent          the messages, in order, as below; empty if none was sent
        refused       only if the method raised: the exception's class, its module and its message
        returned      what the method returned, serialized; absent for casts that return nothing

    A message has its mode ("call" or "cast"), its target (exchange, topic, server, namespace,
    fanout), its version, method and args, and what call() gave the driver: timeout in seconds (the
    configured rpc_response_timeout, 60, if the method sets none; null for a cast) and monitor (the
    call_monitor_timeout). None of them set retry or transport options: the recording checks it.
"""

import importlib.metadata
import inspect
import json
import os
import pathlib
import subprocess
import sys
from unittest import mock

SERVICES = {
    "nova": "nova",
    "cinder": "cinder",
    "ironic": "ironic",
    "heat": "openstack-heat",
    "neutron": "neutron",
}
OUTPUT = pathlib.Path(__file__).parents[1] / "wire" / "ladders.json"
WIDTH = 120
INSTANCE = "10000000-0000-4000-8000-000000000001"
VOLUME = "20000000-0000-4000-8000-000000000001"
BACKUP = "30000000-0000-4000-8000-000000000001"
IMAGE = "50000000-0000-4000-8000-000000000001"
GROUP = "40000000-0000-4000-8000-000000000001"


class Recorder:
    """Replaces the transport: keeps the messages, and answers calls."""

    def __init__(self):
        import oslo_messaging.transport

        self.sent = []
        self.replies = []
        recorder = self

        def send(transport, target, ctxt, message, wait_for_reply=None, timeout=None,
                 call_monitor_timeout=None, retry=None, transport_options=None):
            return recorder.send(transport, target, message, wait_for_reply, timeout,
                                 call_monitor_timeout, retry, transport_options)

        oslo_messaging.transport.Transport._send = send

    def send(self, transport, target, message, wait, timeout, monitor, retry, options):
        assert retry is None and options is None
        assert set(message) <= {"method", "args", "version", "namespace"}
        assert message.get("namespace") == target.namespace
        self.sent.append({
            "mode": "call" if wait else "cast",
            # Drivers add the configured exchange in the same way.
            "exchange": target.exchange or transport._driver._default_exchange,
            "topic": target.topic,
            "server": target.server,
            "namespace": message.get("namespace"),
            "fanout": bool(target.fanout),
            "version": message["version"],
            "method": message["method"],
            "args": plain(message["args"]),
            "timeout": timeout,
            "monitor": monitor,
        })
        return self.replies.pop(0) if wait and self.replies else None


def plain(value):
    """The value as it arrives, since drivers write messages with these functions."""
    from oslo_serialization import jsonutils

    return jsonutils.loads(jsonutils.dumps(value))


class Method:
    """A method of an original, and the cases recorded with it."""

    def __init__(self, recorder, name, original, function, source):
        self.recorder = recorder
        self.signature = inspect.signature(function)
        self.function = function.__name__
        self.record = {
            "name": name,
            "original": original,
            "how": "executed",
            "signature": f"def {function.__name__}{self.signature}",
            "source": source,
            "cases": [],
        }

    def transform(self, api, ctxt, argument, value, **became):
        self.record.setdefault("transforms", []).append({
            "argument": argument,
            "from": serialized(api, ctxt, value),
            "to": {by: serialized(api, ctxt, result) for by, result in became.items()},
        })

    def case(self, case, cap, api, ctxt, given, replies=None, conf=None):
        bound = self.signature.bind(api, ctxt, **given)
        bound.apply_defaults()
        arguments = list(bound.arguments.items())[2:]
        record = {"case": case.replace("cap None", "no cap"), "cap": cap}
        if conf:
            record["conf"] = conf
        record["given"] = {name: serialized(api, ctxt, value) for name, value in arguments}
        if replies:
            record["replies"] = replies
        self.recorder.sent = record["sent"] = []
        self.recorder.replies = list(replies or [])
        try:
            returned = getattr(api, self.function)(ctxt, **given)
        except Exception as error:
            record["refused"] = {
                "class": type(error).__name__,
                "module": type(error).__module__,
                "message": str(error),
            }
        else:
            if any(message["mode"] == "call" for message in record["sent"]) or returned is not None:
                record["returned"] = serialized(api, ctxt, returned)
        self.record["cases"].append(record)


def client_of(api):
    for name in ("client", "_client"):
        if hasattr(api, name):
            return getattr(api, name)
    return api.router.default_client


def serialized(api, ctxt, value):
    client = client_of(api)
    client = getattr(client, "_original_context", client)
    return plain(client.serializer.serialize_entity(ctxt, value))


def nova(recorder):
    import nova.conf
    import nova.config
    from nova import context, objects, rpc
    from nova.compute import rpcapi as compute
    from nova.conductor import rpcapi as conductor
    from nova.scheduler import rpcapi as scheduler

    conf = nova.conf.CONF
    nova.config.set_lib_defaults()
    conf([], project="nova", default_config_files=[])
    objects.register_all()
    rpc.init(conf)
    ctxt = context.RequestContext(user_id="u", project_id="p")

    def fresh(value):
        value.obj_reset_changes(recursive=True)
        return value

    def scheduler_api(cap):
        conf.set_override("scheduler", cap, group="upgrade_levels")
        return scheduler.SchedulerAPI()

    def compute_api(cap):
        conf.set_override("compute", cap, group="upgrade_levels")
        compute.reset_globals()
        api = compute.ComputeAPI()
        assert api.router.version_cap == cap
        return api

    small = fresh(objects.RequestSpec(instance_uuid=INSTANCE, project_id="p", num_instances=1))
    flavor = fresh(objects.Flavor(
        id=1, flavorid="m1", name="m1.small", memory_mb=512, vcpus=1, root_gb=10, ephemeral_gb=0,
        swap=0, extra_specs={"hw:cpu_policy": "shared"}))
    image = fresh(objects.ImageMeta(
        id=IMAGE, name="cirros", min_disk=1,
        properties=objects.ImageMetaProps(hw_disk_bus="virtio")))
    large = fresh(objects.RequestSpec(
        instance_uuid=INSTANCE, project_id="p", user_id="u", availability_zone="az1", num_instances=2,
        image=image, flavor=flavor, numa_topology=None,
        ignore_hosts=["old-1"], force_hosts=["big-1"], force_nodes=["node-1"],
        limits=objects.SchedulerLimits(
            numa_topology=None, vcpu=4, disk_gb=None, memory_mb=2048),
        retry=objects.SchedulerRetries(num_attempts=1, hosts=objects.ComputeNodeList(objects=[
            objects.ComputeNode(host="big-2", hypervisor_hostname="node-2")])),
        instance_group=objects.InstanceGroup(
            uuid=GROUP, policy="affinity", hosts=["big-1"], members=[INSTANCE]),
        scheduler_hints={"group": [GROUP], "different_host": ["a", "b"]}))
    instance = fresh(objects.Instance(uuid=INSTANCE, host="compute-1"))
    homeless = fresh(objects.Instance(uuid=INSTANCE, host=None))

    # The scheduler.
    select = Method(
        recorder, "nova.scheduler.select_destinations",
        "nova/scheduler/rpcapi.py SchedulerAPI.select_destinations",
        scheduler.SchedulerAPI.select_destinations,
        "Down from 4.5. Below it, either of return_objects and return_alternates refuses if true, and "
        "both are dropped: 4.4. Below 4.4 instance_uuids is dropped: 4.3. Below 4.3 spec_obj becomes "
        "request_spec and filter_properties, by two methods of the object: 4.0. What is not sendable "
        "even so is the RPC client's to refuse. The timeout is the configured long_rpc_timeout (1800), "
        "and the monitor the configured rpc_response_timeout (60).")
    api = scheduler_api(None)
    for spec in (small, large):
        select.transform(api, ctxt, "spec_obj", spec,
                         to_legacy_request_spec_dict=spec.to_legacy_request_spec_dict(),
                         to_legacy_filter_properties_dict=spec.to_legacy_filter_properties_dict())
    reply = [[{"host": "compute-1"}]]
    plainly = {"spec_obj": small, "instance_uuids": [INSTANCE]}
    both = plainly | {"return_objects": True, "return_alternates": True}
    for cap in (None, "4.5"):
        select.case(f"cap {cap}, defaults", cap, scheduler_api(cap), ctxt, plainly, replies=[reply])
        select.case(f"cap {cap}, objects and alternates", cap, scheduler_api(cap), ctxt, both)
    for cap in ("4.4", "4.3", "4.2", "4.0"):
        api = scheduler_api(cap)
        select.case(f"cap {cap}, defaults", cap, api, ctxt, plainly, replies=[reply])
        if cap in ("4.4", "4.0"):
            select.case(f"cap {cap}, objects refused", cap, api, ctxt, plainly | {"return_objects": True})
            select.case(f"cap {cap}, alternates refused", cap, api, ctxt,
                        plainly | {"return_alternates": True})
    select.case("cap 4.6, a cap beyond all rungs", "4.6", scheduler_api("4.6"), ctxt, plainly)
    select.case("cap 4.4, no instance_uuids", "4.4", scheduler_api("4.4"), ctxt,
                plainly | {"instance_uuids": None})
    select.case("cap 4.0, a large spec_obj", "4.0", scheduler_api("4.0"), ctxt,
                plainly | {"spec_obj": large})
    for cap in ("3.0", "5.0"):
        api = scheduler_api(cap)
        select.case(f"cap {cap}, another major", cap, api, ctxt, plainly)
        select.case(f"cap {cap}, another major, alternates", cap, api, ctxt, both)
    conf.set_override("rpc_response_timeout", 120)
    conf.set_override("long_rpc_timeout", 300)
    select.case("timeouts configured", None, scheduler_api(None), ctxt, plainly,
                conf={"rpc_response_timeout": 120, "long_rpc_timeout": 300})
    conf.clear_override("rpc_response_timeout")
    conf.clear_override("long_rpc_timeout")

    # The compute services.
    prep = Method(
        recorder, "nova.compute.prep_resize", "nova/compute/rpcapi.py ComputeAPI.prep_resize",
        compute.ComputeAPI.prep_resize,
        "Down from 6.0. Below it flavor is sent as instance_type: 5.1. Below 5.1 request_spec becomes "
        "a dict, by a method of the object: 5.0. An image that is an object becomes a plain dict at "
        "every version. host is not sent: it is the server.")
    api = compute_api(None)
    prep.transform(api, ctxt, "request_spec", small,
                   to_legacy_request_spec_dict=small.to_legacy_request_spec_dict())
    prep.transform(api, ctxt, "image", image,
                   obj_to_primitive=nova.objects.base.obj_to_primitive(image))
    moved = {
        "instance": instance, "image": {"id": "img-1"}, "flavor": {"name": "m1.small"},
        "host": "compute-2", "migration": {"id": 7}, "request_spec": small,
        "filter_properties": {"retry": {"num_attempts": 1}}, "node": "node-2", "clean_shutdown": True,
        "host_list": [{"host": "compute-3"}],
    }
    for cap in (None, "6.0", "5.13", "5.1", "5.0", "4.22", "7.0"):
        api = compute_api(cap)
        prep.case(f"cap {cap}", cap, api, ctxt, moved)
    api = compute_api("5.1")
    prep.case("cap 5.1, nothing known", "5.1", api, ctxt, moved | {
        "image": None, "node": None, "host_list": None, "filter_properties": None,
        "migration": None, "clean_shutdown": False})
    prep.case("cap 6.0, a flavor and an image that are objects, no host", "6.0", compute_api("6.0"), ctxt,
              moved | {"flavor": flavor, "image": image, "host": None})
    prep.case("cap 5.0, a large request_spec", "5.0", compute_api("5.0"), ctxt,
              moved | {"request_spec": large})

    rebuild = Method(
        recorder, "nova.compute.rebuild_instance", "nova/compute/rpcapi.py ComputeAPI.rebuild_instance",
        compute.ComputeAPI.rebuild_instance,
        "Down from 6.2. Below it a true target_state refuses, and it is dropped: 6.1. Below 6.1 a true "
        "reimage_boot_volume refuses, and it is dropped: 6.0, or else 5.12. Below 5.12 accel_uuids is "
        "dropped, whatever it holds: 5.0. node is sent as scheduled_node; limits that are an object as a "
        "dict. host is not sent: it is the server, or else the instance's host; with neither it refuses.")
    limits = fresh(objects.SchedulerLimits(numa_topology=None, vcpu=None, disk_gb=20, memory_mb=2048))
    rebuild.transform(compute_api(None), ctxt, "limits", limits, to_dict=limits.to_dict())
    rebuilt = {
        "instance": instance, "new_pass": "secret", "injected_files": [], "image_ref": "img-2",
        "orig_image_ref": "img-1", "orig_sys_metadata": {"k": "v"}, "bdms": [], "recreate": False,
        "on_shared_storage": None, "host": None, "node": None, "preserve_ephemeral": False,
        "migration": None, "limits": None, "request_spec": None, "accel_uuids": [],
        "reimage_boot_volume": False, "target_state": None,
    }
    for cap in (None, "6.2", "6.1", "6.0", "5.13", "5.12", "5.11", "5.0"):
        api = compute_api(cap)
        if cap not in ("5.13", "5.12", "5.11"):
            rebuild.case(f"cap {cap}, nothing new", cap, api, ctxt, rebuilt)
        if cap is None:
            continue
        rebuild.case(f"cap {cap}, accel_uuids, host and node", cap, api, ctxt, rebuilt | {
            "accel_uuids": ["acc-1"], "host": "compute-2", "node": "node-2", "recreate": True,
            "limits": {"memory_mb": 2048}, "migration": {"id": 7}})
    for cap in ("6.2", "6.1", "6.0", "5.12"):
        api = compute_api(cap)
        rebuild.case(f"cap {cap}, reimage_boot_volume", cap, api, ctxt,
                     rebuilt | {"reimage_boot_volume": True})
        rebuild.case(f"cap {cap}, target_state", cap, api, ctxt, rebuilt | {"target_state": "stopped"})
    rebuild.case("cap 6.5, a cap beyond all rungs", "6.5", compute_api("6.5"), ctxt,
                 rebuilt | {"reimage_boot_volume": True, "target_state": "stopped"})
    rebuild.case("cap 6.0, reimage_boot_volume and target_state", "6.0", compute_api("6.0"), ctxt,
                 rebuilt | {"reimage_boot_volume": True, "target_state": "stopped"})
    rebuild.case("cap 6.0, what is false but present", "6.0", compute_api("6.0"), ctxt,
                 rebuilt | {"reimage_boot_volume": None, "target_state": ""})
    api = compute_api("6.2")
    rebuild.case("limits that are an object", "6.2", api, ctxt, rebuilt | {"limits": limits})
    rebuild.case("an instance without a host", "6.2", api, ctxt, rebuilt | {"instance": homeless})
    rebuild.case("an instance without a host, and a host", "6.2", api, ctxt,
                 rebuilt | {"instance": homeless, "host": "compute-2"})
    rebuild.case("neither instance nor host", "6.2", api, ctxt, rebuilt | {"instance": None})
    rebuild.case("cap 6.1, target_state is refused before the host is looked for", "6.1",
                 compute_api("6.1"), ctxt, rebuilt | {"instance": None, "target_state": "stopped"})
    for cap in ("4.22", "7.0"):
        rebuild.case(f"cap {cap}, another major", cap, compute_api(cap), ctxt, rebuilt)

    # Call or cast, as the caller chooses.
    stop = Method(
        recorder, "nova.compute.stop_instance", "nova/compute/rpcapi.py ComputeAPI.stop_instance",
        compute.ComputeAPI.stop_instance,
        "A cast, or a call if do_cast is false; do_cast is not sent. 6.0, or else 5.0. The server is "
        "the instance's host. The compute client has a call monitor of 60 s only if "
        "rpc_response_timeout is configured as more than 60.")
    for cap in (None, "6.0", "5.13", "4.22"):
        api = compute_api(cap)
        stop.case(f"cap {cap}, a cast", cap, api, ctxt, {"instance": instance})
        stop.case(f"cap {cap}, a call", cap, api, ctxt, {"instance": instance, "do_cast": False})
    stop.case("without clean_shutdown", "6.0", compute_api("6.0"), ctxt,
              {"instance": instance, "clean_shutdown": False})
    for seconds in (61, 60):
        conf.set_override("rpc_response_timeout", seconds)
        for do_cast in (True, False):
            stop.case(f"a {'cast' if do_cast else 'call'}, rpc_response_timeout configured as {seconds}",
                      "6.0", compute_api("6.0"), ctxt, {"instance": instance, "do_cast": do_cast},
                      conf={"rpc_response_timeout": seconds})
        conf.clear_override("rpc_response_timeout")

    confirm = Method(
        recorder, "nova.compute.confirm_resize", "nova/compute/rpcapi.py ComputeAPI.confirm_resize",
        compute.ComputeAPI.confirm_resize,
        "A cast, or a call if cast is false; cast is not sent. 6.0, or else 5.0. host is not sent: it is "
        "the server, or else the instance's host.")
    for cap in ("6.0", "5.13"):
        api = compute_api(cap)
        confirmed = {"instance": instance, "migration": {"id": 7}, "host": "compute-2"}
        confirm.case(f"cap {cap}, a cast", cap, api, ctxt, confirmed)
        confirm.case(f"cap {cap}, a call", cap, api, ctxt, confirmed | {"cast": False})
        confirm.case(f"cap {cap}, a call, the instance's host", cap, api, ctxt,
                     confirmed | {"cast": False, "host": None}, replies=["done"])

    # The conductor. Its client never gets a cap in nova; here it gets one, to record the result.
    attach = Method(
        recorder, "nova.conductor.attach_volume", "nova/conductor/rpcapi.py ComputeTaskAPI.attach_volume",
        conductor.ComputeTaskAPI.attach_volume,
        "1.26 of the namespace compute_task. A call, or a cast if do_cast is true; do_cast is not sent. "
        "The call's timeout is the configured long_rpc_timeout (1800), and its monitor the configured "
        "rpc_response_timeout (60). Below 1.26 it refuses; but the original gives its client no cap, so "
        "that this cannot happen: the caps are the recording's own.")

    def conductor_api(cap):
        api = conductor.ComputeTaskAPI()
        assert api.client.version_cap is None
        api.client = api.client.prepare(version_cap=cap) if cap else api.client
        return api

    attached = {
        "instance": instance, "volume": {"id": VOLUME, "multiattach": False}, "device": "/dev/vdb",
        "disk_bus": "virtio", "device_type": "disk",
    }
    for cap in (None, "1.26", "1.25"):
        api = conductor_api(cap)
        for do_cast in (False, True):
            attach.case(f"cap {cap}, a {'cast' if do_cast else 'call'}", cap, api, ctxt,
                        attached | {"do_cast": do_cast}, replies=None if do_cast else ["/dev/vdb"])
    attach.case("everything", None, conductor_api(None), ctxt, attached | {
        "tag": "data", "supports_multiattach": True, "delete_on_termination": True})
    attach.case("as little as possible", None, conductor_api(None), ctxt, attached | {
        "device": None, "disk_bus": None, "device_type": None})
    conf.set_override("rpc_response_timeout", 120)
    conf.set_override("long_rpc_timeout", 300)
    for do_cast in (False, True):
        attach.case(f"a {'cast' if do_cast else 'call'}, timeouts configured", None, conductor_api(None),
                    ctxt, attached | {"do_cast": do_cast},
                    conf={"rpc_response_timeout": 120, "long_rpc_timeout": 300})
    conf.clear_override("rpc_response_timeout")
    conf.clear_override("long_rpc_timeout")
    return [select, prep, rebuild, stop, confirm, attach]


def cinder(recorder):
    from oslo_config import cfg

    from cinder import context, objects, rpc
    from cinder.common import config
    from cinder.objects import base
    from cinder.scheduler import rpcapi as scheduler
    from cinder.volume import rpcapi as volumes

    conf = config.CONF
    assert conf is cfg.CONF
    conf([], project="cinder", default_config_files=[])
    objects.register_all()
    rpc.init(conf)
    ctxt = context.RequestContext(user_id="u", project_id="p")

    def api_of(api, cap):
        # The cache of the versions that the services report.
        rpc.LAST_RPC_VERSIONS[api.BINARY] = cap
        rpc.LAST_OBJ_VERSIONS[api.BINARY] = base.OBJ_VERSIONS.get_current()
        made = api()
        assert made.client.version_cap == cap
        return made

    def fresh(value):
        value.obj_reset_changes()
        return value

    def volume(host, cluster=None):
        return fresh(objects.Volume(id=VOLUME, host=host, cluster_name=cluster))

    migrate = Method(
        recorder, "cinder.scheduler.migrate_volume",
        "cinder/scheduler/rpcapi.py SchedulerAPI.migrate_volume", scheduler.SchedulerAPI.migrate_volume,
        "From 3.3 on it is migrate_volume with backend and force_copy; below, at 3.0, it is "
        "migrate_volume_to_host with host and force_host_copy in their places. request_spec becomes "
        "primitive before the client serializes it.")
    given = {"volume": volume("block-1@lvm#pool"), "backend": "block-2@lvm#pool"}
    more = {"force_copy": True, "request_spec": {"volume_id": VOLUME}, "filter_properties": {"retry": {}}}
    for cap in ("3.12", "3.3", "3.2", "3.0"):
        api = api_of(scheduler.SchedulerAPI, cap)
        migrate.case(f"cap {cap}, defaults", cap, api, ctxt, given)
        migrate.case(f"cap {cap}, everything", cap, api, ctxt, given | more)
    for cap in ("2.3", "4.0"):
        migrate.case(f"cap {cap}, another major", cap, api_of(scheduler.SchedulerAPI, cap), ctxt, given)

    device = Method(
        recorder, "cinder.volume.get_backup_device", "cinder/volume/rpcapi.py VolumeAPI.get_backup_device",
        volumes.VolumeAPI.get_backup_device,
        "From 3.17 on a cast with want_objects and async_call, both true, which returns None; from 3.2 a "
        "call with want_objects, which returns its reply; at 3.0 a call whose reply, a dict, is made into "
        "that object. volume is not sent: its cluster or else its host, without the pool, is the route: "
        "from 3.6 on topic cinder-volume.HOST@BACKEND and server HOST, below topic cinder-volume and "
        "server HOST@BACKEND.")
    backup = fresh(objects.Backup(id=BACKUP, volume_id=VOLUME, host="backup-1", metadata={}))
    given = {"backup": backup, "volume": volume("block-1@lvm#pool")}
    info = fresh(objects.BackupDeviceInfo(volume=volume("block-1@lvm#pool"), secure_enabled=False))
    primitive = serialized(api_of(volumes.VolumeAPI, "3.20"), ctxt, info)
    old = {"backup_device": primitive["versioned_object.data"]["volume"], "is_snapshot": False,
           "secure_enabled": False}
    for cap in ("3.20", "3.17", "3.16", "3.6", "3.5", "3.2", "3.1", "3.0"):
        api = api_of(volumes.VolumeAPI, cap)
        replies = {"3.16": [primitive], "3.1": [old], "3.0": [old]}.get(cap)
        device.case(f"cap {cap}", cap, api, ctxt, given, replies=replies)
    for cap in ("3.17", "3.5"):
        api = api_of(volumes.VolumeAPI, cap)
        device.case(f"cap {cap}, a volume of a cluster", cap, api, ctxt,
                    given | {"volume": volume("block-1@lvm#pool", "cluster-1@lvm#pool")})
        device.case(f"cap {cap}, a host without a backend", cap, api, ctxt,
                    given | {"volume": volume("block-1")})
        device.case(f"cap {cap}, no host at all", cap, api, ctxt, given | {"volume": volume(None)})
    for cap in ("2.6", "4.0"):
        device.case(f"cap {cap}, another major", cap, api_of(volumes.VolumeAPI, cap), ctxt, given)
    return [migrate, device]


def ironic(recorder):
    from ironic.common import config, context, release_mappings, rpc
    from ironic.conductor import rpcapi as conductor
    from ironic.conf import CONF as conf

    config.parse_args(["ironic"], default_config_files=[])
    rpc.init(conf)
    ctxt = context.RequestContext(user_id="u")

    pins = {}
    for release in release_mappings.RELEASE_VERSIONS:
        pins.setdefault(release_mappings.RELEASE_MAPPING[release]["rpc"], release)

    def api_of(cap):
        conf.clear_override("pin_release_version")
        if cap in pins:
            conf.set_override("pin_release_version", pins[cap])
            api = conductor.ConductorAPI()
        else:
            # No release has this version, so the client gets the cap directly.
            api = conductor.ConductorAPI()
            api.client = rpc.get_client(api.client.target, version_cap=cap,
                                        serializer=api.client.serializer._base)
        assert api.client.version_cap == cap
        return api

    heartbeat = Method(
        recorder, "ironic.conductor.heartbeat", "ironic/conductor/rpcapi.py ConductorAPI.heartbeat",
        conductor.ConductorAPI.heartbeat,
        "Up from 1.34. From 1.42 on with agent_version, from 1.49 with agent_token, from 1.51 with "
        "agent_verify_ca, from 1.54 with agent_status and agent_status_message; below each, what it adds is "
        "dropped, whatever it holds. topic is not sent: of TOPIC.HOST, HOST is the server.")
    given = {"node_id": "node-1", "callback_url": "http://192.0.2.1:9999", "agent_version": "9.0.0"}
    more = {"agent_token": "t0ken", "agent_verify_ca": "/ca.pem", "agent_status": "end",
            "agent_status_message": "done", "topic": "ironic.conductor_manager.conductor-1"}
    for cap in ("1.62", "1.54", "1.53", "1.51", "1.50", "1.49", "1.48", "1.42", "1.41", "1.34"):
        api = api_of(cap)
        heartbeat.case(f"cap {cap}, defaults", cap, api, ctxt, given)
        heartbeat.case(f"cap {cap}, everything", cap, api, ctxt, given | more)
    api = api_of(None)
    heartbeat.case("no cap, defaults", None, api, ctxt, given)
    heartbeat.case("the topic itself as the topic", None, api, ctxt,
                   given | {"topic": "ironic.conductor_manager"})
    for cap in ("1.33", "2.0"):
        heartbeat.case(f"cap {cap}", cap, api_of(cap), ctxt, given)
    return [heartbeat]


def heat(recorder):
    from oslo_config import cfg

    from heat.common import config  # noqa: F401  registers the options
    from heat.common import context, messaging
    from heat.rpc import client

    cfg.CONF([], project="heat", default_config_files=[])
    messaging.setup(url="fake://")
    ctxt = context.RequestContext(user_id="u")
    api = client.EngineClient()

    check = Method(
        recorder, "heat.engine.check_software_deployment",
        "heat/rpc/client.py EngineClient.check_software_deployment",
        client.EngineClient.check_software_deployment,
        "1.27; the client has no version cap. timeout is both an argument of the message and the call's "
        "timeout; null leaves the call the configured one.")
    for timeout in (30, 0, None, 2.5):
        check.case(f"timeout {timeout}", None, api, ctxt, {"deployment_id": "d-1", "timeout": timeout},
                   replies=["d-1"])

    delete = Method(
        recorder, "heat.engine.delete_stack", "heat/rpc/client.py EngineClient.delete_stack",
        client.EngineClient.delete_stack,
        "A call, or a cast if cast is true; cast is not sent. The interface's own version, 1.0.")
    identity = {"stack_name": "s", "stack_id": "s-1", "tenant": "p", "path": ""}
    delete.case("a call", None, api, ctxt, {"stack_identity": identity}, replies=[identity])
    delete.case("a cast", None, api, ctxt, {"stack_identity": identity, "cast": True})
    return [check, delete]


def neutron(recorder):
    import datetime

    from neutron_lib import context
    from neutron_lib import rpc as lib_rpc
    from neutron_lib.agent import topics
    from oslo_config import cfg

    from neutron.common import config
    from neutron.conf.agent import common as agent_config
    from neutron.conf.agent.database import agents_db

    config.register_common_config_options()
    agents_db.register_db_agents_opts()
    agent_config.register_agent_state_opts_helper(cfg.CONF)
    cfg.CONF([], project="neutron", default_config_files=[])
    lib_rpc.init(cfg.CONF)
    from neutron.agent import rpc

    ctxt = context.Context(user_id="u", project_id="p")
    api = rpc.PluginApi(topics.PLUGIN)
    update = Method(
        recorder, "neutron.plugin.update_device_list", "neutron/agent/rpc.py PluginApi.update_device_list",
        rpc.PluginApi.update_device_list,
        "1.9; the client has no version cap. One call for each rpc_resources_processing_step (20) devices, "
        "in both lists side by side: as many calls as the longer list needs, the shorter one's parts "
        "being empty then; none if both are empty. Of each reply four lists are appended to those returned, "
        "in order; one that is missing counts as empty.")
    conf = {"rpc_resources_processing_step": 2}
    given = {"devices_up": [], "devices_down": [], "agent_id": "ovs-1", "host": "compute-1"}

    def reply(up, down, failed_up=(), failed_down=()):
        return {"devices_up": list(up), "failed_devices_up": list(failed_up),
                "devices_down": [{"device": name, "exists": True} for name in down],
                "failed_devices_down": list(failed_down)}

    update.case("one chunk of the default size", None, api, ctxt,
                given | {"devices_up": ["a", "b", "c"], "devices_down": ["x"]},
                replies=[reply("abc", "x")])
    update.case("20 devices are one chunk", None, api, ctxt,
                given | {"devices_up": [f"d{number}" for number in range(20)]}, replies=[reply("", "")])
    update.case("21 devices are two", None, api, ctxt,
                given | {"devices_down": [f"d{number}" for number in range(21)]},
                replies=[reply("", ""), reply("", ["d20"])])
    update.case("nothing to update", None, api, ctxt, given)
    cfg.CONF.set_override("rpc_resources_processing_step", 2)
    update.case("chunks of 2, more up than down", None, api, ctxt,
                given | {"devices_up": list("abcde"), "devices_down": ["x"]}, conf=conf,
                replies=[reply("ab", "x"), reply("c", "", failed_up="d"), reply("e", "")])
    update.case("chunks of 2, more down than up, refresh_tunnels", None, api, ctxt,
                given | {"devices_up": ["a"], "devices_down": list("xyz"), "refresh_tunnels": True},
                conf=conf, replies=[reply("a", "x", failed_down="y"), reply("", "z")])
    update.case("chunks of 2, both full", None, api, ctxt,
                given | {"devices_up": list("ab"), "devices_down": list("xy")}, conf=conf,
                replies=[reply("ab", "xy")])
    update.case("chunks of 2, replies that lack lists", None, api, ctxt,
                given | {"devices_up": list("abc"), "devices_down": list("xyz")}, conf=conf,
                replies=[{"devices_up": ["a", "b"], "unknown": 1}, {}])
    update.case("chunks of 2, devices that are a mac and a slot", None, api, ctxt,
                given | {"devices_up": [rpc.DeviceInfo("02:00:00:00:00:01", "0000:00:01.0")]}, conf=conf,
                replies=[reply([["02:00:00:00:00:01", "0000:00:01.0"]], "")])
    cfg.CONF.clear_override("rpc_resources_processing_step")

    report = Method(
        recorder, "neutron.reports.report_state", "neutron/agent/rpc.py PluginReportStateAPI.report_state",
        rpc.PluginReportStateAPI.report_state,
        "A cast, or a call if use_call is true; use_call is not sent. The interface's own version, 1.4; "
        "its namespace is a constant that is None. A uuid of the report is put into agent_state (which "
        "the caller sees), it is "
        "wrapped once more in a dict, and the time is added. The call's timeout is the configured "
        "report_interval (30). The uuid and the time are made fixed for the recording.")
    reports = rpc.PluginReportStateAPI(topics.REPORTS)
    for use_call in (False, True):
        with mock.patch("oslo_utils.uuidutils.generate_uuid", return_value=GROUP), mock.patch(
            "oslo_utils.timeutils.utcnow", return_value=datetime.datetime(2026, 1, 2, 3, 4, 5, 678901)
        ):
            report.case(f"a {'call' if use_call else 'cast'}", None, reports, ctxt,
                        {"agent_state": {"host": "compute-1", "binary": "ovs"}, "use_call": use_call},
                        replies=["alive"] if use_call else None)
    return [update, report]


def written(value, indent=0):
    """JSON with lines of at most WIDTH characters. A value that fits into a line is not split."""
    line = json.dumps(value, ensure_ascii=False)
    if not isinstance(value, (dict, list)) or not value or indent + len(line) < WIDTH:
        return line
    if isinstance(value, dict):
        left, right = "{}"
        items = [f"{json.dumps(key)}: {written(item, indent + 1)}" for key, item in value.items()]
    else:
        left, right = "[]"
        items = [written(item, indent + 1) for item in value]
    lines = []
    for item in items:
        together = f"{lines[-1]}, {item}" if lines else item
        if lines and "\n" not in together and indent + len(together) < WIDTH:
            lines[-1] = together
        else:
            lines.append(item)
    margin = "\n" + " " * (indent + 1)
    return f"{left}{margin}{f',{margin}'.join(lines)}\n{' ' * indent}{right}"


def main():
    if len(sys.argv) > 1:
        service = sys.argv[1]
        os.environ["OS_DEFAULT__TRANSPORT_URL"] = "fake://"
        methods = globals()[service](Recorder())
        json.dump([method.record for method in methods], sys.stdout, sort_keys=False)
        return
    packages = [*SERVICES.values(), "oslo.messaging", "neutron-lib"]
    recorded = {
        "recorded_with": {package: importlib.metadata.version(package) for package in packages},
        "methods": [],
    }
    for service in SERVICES:
        output = subprocess.run(
            [sys.executable, __file__, service], check=True, stdout=subprocess.PIPE,
            env=os.environ | {"PYTHONHASHSEED": "0"},
        ).stdout
        recorded["methods"] += json.loads(output)
    OUTPUT.write_text(written(recorded) + "\n")
    for method in recorded["methods"]:
        print(f"{len(method['cases']):3} cases  {method['name']}")


if __name__ == "__main__":
    main()
