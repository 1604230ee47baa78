# Installs what the tests need and cargo does not provide: RabbitMQ by apt, oslo.messaging into tests/.venv.
#
# Source it with the root of the workspace as the current directory. Afterwards $rabbitmq is the directory of RabbitMQ's
# own scripts, and $venv the virtual environment of Python.
#
# RabbitMQ is the machine's own, or that of RPC_TEST_RABBITMQ_BIN, a directory of RabbitMQ's scripts. A script with the
# option `--rabbitmq VERSION` sets $rabbitmq_version first. Then RabbitMQ is that of another Debian, in a chroot.

say() { printf '== %s\n' "$*"; }
die() { printf '%s: %s\n' "$0" "$*" >&2; exit 1; }

command -v cargo >/dev/null || die "needs Rust: see https://rustup.rs"

install() {
    say "installing $* (apt)"
    local sudo=()
    if [[ $(id -u) != 0 ]]; then
        command -v sudo >/dev/null || die "needs $*: install by hand, or run as root or with sudo"
        sudo=(sudo)
    fi
    command -v apt-get >/dev/null || die "needs $*: install by hand, there is no apt-get here"
    local log
    log=$(mktemp)
    if ! { "${sudo[@]}" apt-get -q update &&
        "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive \
            apt-get -qy install --no-install-recommends "$@"; } >"$log" 2>&1 </dev/null; then
        cat "$log" >&2
        rm -f "$log"
        die "cannot install $*"
    fi
    rm -f "$log"
}

# RabbitMQ's own scripts, since Debian's wrappers in the PATH require root and use the system's node.
find_rabbitmq() {
    local at
    for at in "${RPC_TEST_RABBITMQ_BIN:-}" /usr/lib/rabbitmq/bin "$(dirname "$(command -v rabbitmq-server || echo /)")"; do
        if [[ -n $at && -x $at/rabbitmq-server ]]; then
            rabbitmq=$at
            return 0
        fi
    done
    return 1
}

case ${rabbitmq_version:-} in
    '') ;;
    4 | 4.0) suite=trixie ;;
    *) suite=$rabbitmq_version ;; # such as sid
esac
if [[ -n ${suite:-} ]]; then
    RPC_TEST_RABBITMQ_BIN=$(tests/rabbitmq-chroot "$suite") || die "no RabbitMQ $rabbitmq_version: see above"
fi
if [[ -n ${RPC_TEST_RABBITMQ_BIN:-} && ! -x $RPC_TEST_RABBITMQ_BIN/rabbitmq-server ]]; then
    die "there is no rabbitmq-server in RPC_TEST_RABBITMQ_BIN, $RPC_TEST_RABBITMQ_BIN"
fi

wanted=()
find_rabbitmq || wanted+=(rabbitmq-server)
command -v epmd >/dev/null || [[ ${#wanted[@]} != 0 ]] || wanted+=(erlang-base)
command -v openssl >/dev/null || wanted+=(openssl)
command -v python3 >/dev/null || wanted+=(python3)
python3 -c 'import ensurepip, venv' 2>/dev/null || wanted+=(python3-venv)
((${#wanted[@]} == 0)) || install "${wanted[@]}"
find_rabbitmq || die "rabbitmq-server is installed, but not to be found"

venv=$PWD/tests/.venv
stamp=$(python3 -V; cat tests/python/requirements.txt)
if [[ ! -x $venv/bin/python || $(cat "$venv/stamp" 2>/dev/null || true) != "$stamp" ]]; then
    say "oslo.messaging into tests/.venv"
    python3 -m venv --clear "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check -r tests/python/requirements.txt
    printf '%s\n' "$stamp" >"$venv/stamp"
fi
