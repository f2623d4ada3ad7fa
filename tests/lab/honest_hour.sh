#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# An hour of honest traffic, on which nothing may be reported: 120 phones with long Pings at a real ActiveSync
# server, over TLS, through the bridging proxy and in clear, with browsers and health checks between.
# Usage, as root: EXWIRE_LAB_TIMEOUT=4000 tests/lab/record FOLDER honest_hour.sh [SECONDS]
# Writes FOLDER/honest-hour.pcap; then tests/lab/hour_check.py EXWIRE FOLDER/honest-hour.pcap

. "$1/box.sh"
seconds=${3:-3600} phones=120
sogo_workers=$((phones + 20)) sogo_grid=20
more_phones=$(seq -f 192.0.2.%g 101 $((100 + phones)))

make_network || fail "network"
start_servers
start_capture honest-hour router to-server "host $server_address and tcp"
at phone python3 $source_dir/phones.py "$seconds" $server_address,443,1.3 $server_address,443,1.2 \
    $proxy_address,443,1.3 $server_address,80,none --phones $phones --visitors 8 \
    --password "$password" --root $work/tls/root.pem >$work/phones.log 2>&1 || fail "phones: $(tail -n 5 $work/phones.log)"
stop_captures
cp $captures/honest-hour.pcap $output_dir/ || fail "cannot write the capture"
