# Shared by tests/run, tests/bench and tests/bench-against: installs what they need, and runs a RabbitMQ node of their
# own.
#
# Source it in the workspace's root. It installs at once, and sets traps: whatever happens, the node and its data
# are removed at the end, and all `work` is ended. The caller then calls `make_certificates` and `start_broker`.
#
# The broker is a private node on free ports of the loopback interface, with its own name, cookie, epmd and data. Other
# brokers on the machine are neither used nor disturbed.
#
# It exports these variables for the `work`:
#     RPC_TEST_RABBIT_URL        the transport URL of the broker, with user and virtual host. The virtual
#                                host / exists, too
#     RPC_TEST_RABBITMQCTL       a command: rabbitmqctl, for this node
#     RPC_TEST_RABBITMQ_BIN      the directory of RabbitMQ's scripts, for tests that start nodes
#     RPC_TEST_RABBITMQ_VERSION  the version of RabbitMQ
#     RPC_TEST_RABBIT_TLS_PORT   its TLS port (for 127.0.0.1 and localhost)
#     RPC_TEST_TLS_DIR           ca.pem, client.pem and client.key (CN=rpc), client.p12 (password
#                                "rpc"), other-ca.pem, which signed nothing
#     RPC_TEST_RABBIT_PID        the process id of the broker, for the load program
#     RPC_TEST_PYTHON            the Python that has oslo.messaging
#     RPC_TEST_HOST_NAME         a `hostname` for stable names of queues. The counters in /dev/shm whose names
#                                begin with it are removed at the end
#     OSLO_LOCK_PATH             the directory for the lock files of oslo.messaging
#
# shellcheck shell=bash

source tests/install.sh

# --- the broker ---------------------------------------------------------------------------------

home=$(mktemp -d "${TMPDIR:-/tmp}/rpc-tests.XXXXXX")
mkdir "$home/locks"
export RPC_TEST_HOST_NAME=rpc-tests-$$ OSLO_LOCK_PATH=$home/locks
broker_pid='' epmd_pid='' show_log=yes
# The process groups that use the broker, by their leaders.
declare -A work=()

# Whether a process of these groups runs.
any_runs() {
    local group
    for group in "$@"; do
        ! kill -0 -- "-$group" 2>/dev/null || return 0
    done
    return 1
}

# Removes what else the script has made. The script may define it anew.
clean_up() { :; }

stop() {
    local status=$?
    trap - EXIT
    trap '' INT TERM HUP
    if [[ $status != 0 && $show_log == yes ]]; then
        printf -- '-- the end of the broker'\''s log --\n' >&2
        tail -q -n 30 "$home"/ctl.out "$home"/log/*.log >&2 2>/dev/null || true
    fi
    # The work's data and the broker's are removed, too, so an orderly end gets little time.
    local group groups=("${!work[@]}" ${broker_pid:+"$broker_pid"})
    for group in "${groups[@]}"; do
        kill -TERM -- "-$group" 2>/dev/null || true
    done
    for _ in {1..50}; do
        any_runs "${groups[@]}" || break
        sleep 0.1
    done
    for group in "${groups[@]}"; do
        kill -KILL -- "-$group" 2>/dev/null || true
        wait "$group" 2>/dev/null || true
    done
    if [[ -n $epmd_pid ]]; then
        kill "$epmd_pid" 2>/dev/null || true
        wait "$epmd_pid" 2>/dev/null || true
    fi
    clean_up
    rm -rf "$home" "/dev/shm/$RPC_TEST_HOST_NAME"_*
    exit "$status"
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
trap 'exit 129' HUP

# Starts a command, and sets `started` to its process. It runs in the background, since a trap waits for a command in the
# foreground. It has a process group of its own, so that none of its processes continues when the script ends early.
start_work() {
    setsid "$@" </dev/null &
    started=$!
    work[$started]=running
}

# Waits for a command of `start_work`, and returns its status.
await_work() {
    local status=0
    wait "$1" || status=$?
    unset "work[$1]"
    return "$status"
}

# Outside of the range from which the system gives ports to sockets without a fixed port: another process could get such
# a port before the broker listens there.
free_ports() {
    python3 - "$1" <<'PY'
import random, socket, sys
held = []
while len(held) < int(sys.argv[1]):
    try:
        held.append(socket.create_server(("", random.randrange(10_000, 32_768))))
    except OSError:
        pass
print(*(each.getsockname()[1] for each in held))
PY
}

make_certificates() {
    mkdir "$home/tls"
    (
        cd "$home/tls"
        new=(openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -noenc -days 7)
        ca_ext=(-addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign)
        leaf=(-CA ca.pem -CAkey ca.key -addext basicConstraints=critical,CA:FALSE)
        "${new[@]}" -subj "/CN=rpc tests" "${ca_ext[@]}" -keyout ca.key -out ca.pem
        "${new[@]}" -subj "/CN=another" "${ca_ext[@]}" -keyout other-ca.key -out other-ca.pem
        "${new[@]}" -subj /CN=localhost "${leaf[@]}" -addext extendedKeyUsage=serverAuth \
            -addext subjectAltName=DNS:localhost,IP:127.0.0.1 -keyout server.key -out server.pem
        "${new[@]}" -subj /CN=rpc "${leaf[@]}" -addext extendedKeyUsage=clientAuth \
            -addext subjectAltName=DNS:rpc -keyout client.key -out client.pem
        openssl pkcs12 -export -in client.pem -inkey client.key -passout pass:rpc -out client.p12
    ) >"$home/openssl.out" 2>&1 || { cat "$home/openssl.out" >&2; die "openssl failed"; }
}

ctl() { "$home/rabbitmqctl" "$@"; }

start_broker() {
    local epmd_port dist_port amqp_port tls_port
    read -r epmd_port dist_port amqp_port tls_port < <(free_ports 4)
    local node="rpc-tests-$$@localhost"

    cat >"$home/rabbitmq.conf" <<CONF
listeners.tcp.1 = 127.0.0.1:$amqp_port
listeners.ssl.1 = 127.0.0.1:$tls_port
ssl_options.cacertfile = $home/tls/ca.pem
ssl_options.certfile = $home/tls/server.pem
ssl_options.keyfile = $home/tls/server.key
ssl_options.verify = verify_peer
ssl_options.fail_if_no_peer_cert = false
auth_mechanisms.1 = PLAIN
auth_mechanisms.2 = AMQPLAIN
auth_mechanisms.3 = EXTERNAL
ssl_cert_login_from = common_name
default_user = rpc
default_pass = rpc
default_vhost = /
loopback_users = none
# The disk of a test machine may be nearly full; the broker must not stop publishers for it.
disk_free_limit.absolute = 50MB
log.file.level = info
CONF
    echo '[rabbitmq_auth_mechanism_ssl].' >"$home/enabled_plugins"
    : >"$home/rabbitmq-env.conf"
    mkdir -p "$home/log" "$home/data"
    (umask 077 && openssl rand -hex 20 >"$home/.erlang.cookie")

    cat >"$home/env" <<ENV
unset \${!RABBITMQ_@} ERL_AFLAGS ERL_FLAGS ERL_ZFLAGS
export HOME=$home LANG=C.UTF-8 LC_ALL=C.UTF-8
export ERL_EPMD_PORT=$epmd_port ERL_EPMD_ADDRESS=127.0.0.1
export RABBITMQ_NODENAME=$node RABBITMQ_USE_LONGNAME=false
export RABBITMQ_CONF_ENV_FILE=$home/rabbitmq-env.conf
export RABBITMQ_CONFIG_FILE=$home/rabbitmq.conf
export RABBITMQ_ADVANCED_CONFIG_FILE=$home/advanced.config
export RABBITMQ_ENABLED_PLUGINS_FILE=$home/enabled_plugins
export RABBITMQ_MNESIA_BASE=$home/data RABBITMQ_LOG_BASE=$home/log
export RABBITMQ_GENERATED_CONFIG_DIR=$home/config RABBITMQ_PID_FILE=$home/pid
export RABBITMQ_DIST_PORT=$dist_port
export RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS='-kernel inet_dist_use_interface {127,0,0,1}'
ENV
    {
        echo '#!/usr/bin/env bash'
        cat "$home/env"
        echo "exec $rabbitmq/rabbitmqctl --quiet -n $node \"\$@\""
    } >"$home/rabbitmqctl"
    chmod 755 "$home/rabbitmqctl"

    (source "$home/env" && exec epmd -address 127.0.0.1 -port "$epmd_port") >/dev/null 2>&1 </dev/null &
    epmd_pid=$!
    # A process group of its own, so that all of its processes can be killed.
    (source "$home/env" && cd "$home" && exec setsid "$rabbitmq/rabbitmq-server") \
        >"$home/broker.out" 2>&1 </dev/null &
    broker_pid=$!

    # The node must be known to epmd before rabbitmqctl can wait for it.
    local deadline=$((SECONDS + 120))
    until ctl await_startup --timeout 60 >"$home/ctl.out" 2>&1; do
        kill -0 "$broker_pid" 2>/dev/null || die "the broker did not start"
        ((SECONDS < deadline)) || { cat "$home/ctl.out" >&2; die "the broker is not up after 120 s"; }
    done
    # A virtual host whose name must be escaped, in addition to `/`.
    { ctl add_vhost rpc/tests && ctl set_permissions -p rpc/tests rpc '.*' '.*' '.*'; } \
        >"$home/ctl.out" 2>&1 || { cat "$home/ctl.out" >&2; die "cannot make a virtual host"; }
    export RPC_TEST_RABBIT_URL="rabbit://rpc:rpc@127.0.0.1:$amqp_port/rpc%2Ftests"
    RPC_TEST_RABBIT_PID=$(<"$home/pid")
    export RPC_TEST_RABBIT_PID
    export RPC_TEST_RABBIT_TLS_PORT=$tls_port RPC_TEST_TLS_DIR=$home/tls
    export RPC_TEST_RABBITMQCTL=$home/rabbitmqctl RPC_TEST_RABBITMQ_BIN=$rabbitmq RPC_TEST_PYTHON=$venv/bin/python
    RPC_TEST_RABBITMQ_VERSION=$(ctl version | tail -n 1)
    export RPC_TEST_RABBITMQ_VERSION
    say "RabbitMQ $RPC_TEST_RABBITMQ_VERSION on 127.0.0.1:$amqp_port, TLS on $tls_port"
}
