# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
#
# What every script begins with that `record` runs in its box, sourced with that script's arguments (sources, output):
# the view of the files, the network and servers to be started, and captures. Who sets $program before finds that file
# as $work/program.

set -u
export PYTHONDONTWRITEBYTECODE=1
password='Canary-7f3e-Passw0rd!'        # the one secret of the lab: no output of the sensor may ever contain it

exec 3>&2                               # the caller's terminal, also where output goes to a log
fail() { echo "record: $*" >&3; exit 1; }

until_true() { # until_true WHAT COMMAND...: waits up to 30 s for something to be ready
    local what=$1 turn; shift
    for ((turn = 0; turn < 150; turn++)); do
        "$@" >/dev/null 2>&1 && return
        sleep 0.2
    done
    tail -n 5 "$work"/*.log >&3
    fail "$what did not become ready"
}

# The box sees sources and output under neutral names, and nobody's /run, /tmp, hosts or host name.
mount -t tmpfs -o mode=755 tmpfs /run || fail "cannot mount a memory file system"
work=/run/lab source_dir=/run/lab/source output_dir=/run/lab/output captures=/run/lab/captures
mkdir -p /run/netns $work $source_dir $output_dir $captures
mount --bind "$1" $source_dir && mount --bind "$2" $output_dir || fail "cannot reach sources and output"
if [ -n "${program:-}" ]; then   # perhaps below /tmp as well
    touch $work/program && mount --bind "$program" $work/program || fail "cannot reach $program"
fi
mount -t tmpfs -o mode=1777 tmpfs /tmp
printf '127.0.0.1 localhost\n127.0.1.1 mail.exwire.example\n' >$work/hosts
mount --bind $work/hosts /etc/hosts
hostname mail.exwire.example
cd $work || exit 1

. $source_dir/network.sh
. $source_dir/server.sh

running=()   # processes that capture
start_capture() { # start_capture NAME NAMESPACE INTERFACE FILTER
    local log=$work/tcpdump-$1.log prefix=()
    [ "$2" = router ] || prefix=(ip netns exec "$2")
    "${prefix[@]}" tcpdump -Z root -n -U -B 16384 -s 262144 -i "$3" -w "$captures/$1.pcap" "$4" 2>"$log" &
    running+=($!)
    until_true "tcpdump for $1" grep -q 'listening on' "$log"
}

stop_captures() {
    sleep 1.5       # the kernel hands packets over once a second
    kill -INT "${running[@]}"
    wait "${running[@]}"
    running=()
    grep -h -E '^[1-9][0-9]* packets? dropped' $work/tcpdump-*.log && fail "tcpdump lost packets"
}

phone() { # phone ARGUMENTS...: a session; its failure fails the run
    at phone python3 $source_dir/phone.py --password "$password" --root $work/tls/root.pem "$@"
}

wait_for() { # wait_for PID...: each one must have gone well
    local one
    for one; do wait "$one" || fail "a phone's session went wrong"; done
}
