# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash disable=SC2154
#
# Scenes of stall_table and stall_activesync.sh, sourced by both: each plays one real tool of a stall against a server,
# with 120 honest long polls to it throughout and the sensor live between; stall_check.py judges what was told.
# The sourcing script sets $here (the sources), $logs_of_all, the commands sensor=(...) and attacker=(...), the latter
# for what runs on the attacker's side, which reaches the servers by $interface, and the functions honest SERVER (52 s)
# and from SERVER SOURCE. only=(NAME...) names the scenes to play, none all of them.

failed=0
scene() { # scene NAME SERVER SOURCE STAGE COUNT COMMAND...: SOURCE - for forged ones
    local name=$1 server=$2 source=$3 stage=$4 count=$5; shift 5
    [[ ${#only[@]} = 0 || " ${only[*]} " == *" $name "* ]] || return 0
    local logs=$logs_of_all/$name
    mkdir -p "$logs"
    "${sensor[@]}" -q -l "$logs" 2>"$logs/stderr" & local listening=$!
    sleep 1
    honest "$server" >"$logs/phones" 2>&1 & local phones=$!
    sleep 4
    date +%s.%N > "$logs/began"
    if [[ $source == 192.0.2.* ]]; then from "$server" "$source"; fi
    "$@" >"$logs/output" 2>&1 || true
    wait "$phones" || echo "$name: honest phones failed: $(tail -n 1 "$logs/phones")"
    kill "$listening"
    wait "$listening" || true
    python3 "$here/stall_check.py" "$logs" "$name" "$server" "$source" "$stage" "$count" || failed=1
}
tool() { "${attacker[@]}" timeout 46 slowhttptest "${@:2}" -c 60 -r 30 -i 8 -l 44 -u "$1"; } # tool URL OPTION...
hold() { "${attacker[@]}" timeout 46 python3 "$here/stall_clients.py" "$1" 44 "${@:2}"; }    # hold STAGE SERVER [PORT]
flood() { "${attacker[@]}" timeout -s INT 46 hping3 -q -S -I "$interface" "${@:2}" "$1"; }   # flood SERVER OPTION...
loop() { # loop SERVER PORT: the one of THC-SSL-DOS, by the openssl command
    for _ in $(seq 60); do sleep 0.1; echo R; done | timeout 20 "${attacker[@]}" openssl s_client -connect "$1:$2" -tls1_2
}
