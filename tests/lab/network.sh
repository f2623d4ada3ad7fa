# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
#
# Network of the lab, sourced by box.sh: phone, proxy and server in namespaces of their own,
# and the box itself as the router between them, which is where a sensor's span port would be.
# Addresses are the documentation ranges of RFC 5737, MAC addresses those of RFC 7042.
# It sets up no firewall and no connection to the world outside.

phone_address=192.0.2.10
proxy_address=203.0.113.5           # SSL bridging proxy
server_address=198.51.100.20        # SOGo behind nginx, port 443 and (the misconfiguration) port 80
redirect_address=198.51.100.21      # nginx that sends everyone to https, as it should be
stub_address=198.51.100.22          # answers like Exchange on several plaintext ports
ssl_address=198.51.100.23           # Exchange 2003 whose own hop is refused: the directory requires SSL,
forms_address=198.51.100.24         # or forms-based authentication,
works_address=198.51.100.25         # or not at all

make_leg() { # make_leg NAMESPACE NUMBER GATEWAY ADDRESS...: one namespace, joined to the router
    local name=$1 number=$2 gateway=$3 address; shift 3
    ip netns add "$name"
    ip link add "to-$name" address "00:00:5e:00:53:0$number" type veth \
        peer name eth0 address "00:00:5e:00:53:1$number" netns "$name"
    ip address add "$gateway/24" dev "to-$name"
    for address; do ip -n "$name" address add "$address/24" dev eth0; done
    # Frames as on a real wire: no larger than the MTU and with finished checksums.
    python3 "$source_dir/offload.py" "to-$name"
    ip netns exec "$name" python3 "$source_dir/offload.py" eth0
    ip link set "to-$name" up
    ip -n "$name" link set lo up
    ip -n "$name" link set eth0 up
    ip -n "$name" route add default via "$gateway"
}

make_network() {
    ip link set lo up
    sysctl -q -w net.ipv4.ip_forward=1 net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1
    make_leg phone  1 192.0.2.1    $phone_address ${more_phones:-}
    make_leg proxy  2 203.0.113.1  $proxy_address
    make_leg server 3 198.51.100.1 $server_address $redirect_address $stub_address \
        $ssl_address $forms_address $works_address
}

at() { # at NAMESPACE COMMAND...
    local name=$1; shift
    ip netns exec "$name" "$@"
}
