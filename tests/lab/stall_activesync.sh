#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Each real tool of a stall against a real ActiveSync server, SOGo: directly on its plaintext port, and through the TLS
# front end before it; beside 120 phones with Pings there, as stall_scenes.sh plays and judges them. Twelve minutes.
# Usage, as root: EXWIRE_LAB_TIMEOUT=1500 tests/lab/record FOLDER stall_activesync.sh EXWIRE [SCENE...]

program=$3
. "$1/box.sh"
for tool in hping3 slowhttptest; do command -v $tool >/dev/null || fail "$tool is missing (apt-get install)"; done
phones=120 sogo_workers=210 sogo_address=$server_address    # each connection in clear holds a worker, an attacker's too
more_phones=$(seq -f 192.0.2.%g 66 $((100 + phones)))
printf '%s phone.exwire.example\n' $more_phones $server_address >>$work/hosts   # SOGo asks for names
make_network || fail "network"
ip route add default via $phone_address    # forged sources: nobody answers for them
start_servers
at server python3 $source_dir/renegotiating_front.py $server_address 444 $server_address 20000 $work/tls/server.pem \
    $work/tls/server.key >$work/renegotiating.log 2>&1 &

only=("${@:4}")
here=$source_dir logs_of_all=$output_dir
. $source_dir/stall_scenes.sh
sensor=($work/program -i to-phone --set 'site.ports.plaintext=[80,81,20000]')
attacker=(ip netns exec phone) interface=eth0
from() { at phone ip route replace "$1/32" via 192.0.2.1 src "$2"; }
honest() {
    at phone python3 $source_dir/phones.py 52 "$1,443,1.3" "$1,443,1.2" "$1,20000,none" "$1,80,none" --phones $phones \
        --within 3 --heartbeat 30 --password "$password" --root $work/tls/root.pem
}
renegotiation() {
    local loops=()
    for _ in 1 2 3 4; do loop $server_address 444 & loops+=($!); done
    wait "${loops[@]}"
}
ping=/SOGo/Microsoft-Server-ActiveSync?Cmd=Ping
page=/SOGo/     # 2.5 KB, more than a client of slow reads has room for; in TLS, which is read in whole records, ten of them
port=$server_address:20000
scene syn-one-forged  $server_address 198.18.0.66 "half-open" 2000 flood $server_address -p 20000 -i u10000 -c 2000 -a 198.18.0.66
scene syn-many-forged $server_address - "half-open|SYN unanswered" 10000 flood $server_address -p 443 -i u2000 -c 10000 --rand-source
scene syn-own-address $server_address 192.0.2.66 "handshake refused by its client" 2000 flood $server_address -p 20000 -i u10000 -c 2000 -a 192.0.2.66
scene silent          $server_address 192.0.2.66 "no octets" 60 hold silent $server_address 20000
scene half-hello      $server_address 192.0.2.67 "handshake unfinished" 60 hold handshake $server_address
scene no-request      $server_address 192.0.2.68 "no request after handshake" 60 hold no_request $server_address
scene slow-head-http  $server_address 192.0.2.69 "request head unfinished" 60 tool http://$port$ping -H
scene slow-head-https $server_address 192.0.2.70 "request in pieces" 60 tool https://$server_address$ping -H
scene slow-body-http  $server_address 192.0.2.71 "request body unfinished" 60 tool http://$port$ping -B -s 4096
scene slow-body-https $server_address 192.0.2.72 "request in pieces" 60 tool https://$server_address$ping -B -s 4096
scene slow-read-http  $server_address 192.0.2.73 "response not consumed" 60 tool http://$port$page -X -w 10 -y 20 -n 5 -z 32
scene slow-read-https $server_address 192.0.2.74 "response not consumed" 60 tool https://$server_address$page -X -k 10 -w 10 -y 20 -n 5 -z 32
# Four connections of 60 renegotiations of three records each, the first twelve records of each being usual.
scene renegotiation   $server_address 192.0.2.75 "renegotiating" 672 renegotiation
exit "$failed"
