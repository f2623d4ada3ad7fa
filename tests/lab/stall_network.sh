# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
#
# Network of the stall laboratory, sourced by stalls and stall_table: nginx and the server behind it in one network
# namespace, everybody else in this one, both gone when the sourcing script ends. Sets $here, $scratch and $server.

scratch=$(mktemp -d)
ip link set lo up
unshare --net sleep 3600 & server=$!
trap 'kill $(jobs -p) 2>/dev/null; rm -rf "$scratch"' EXIT
sleep 0.3
in_server=(nsenter --net="/proc/$server/ns/net")
on_server() { "${in_server[@]}" "$@"; }
ip link add to-server type veth peer name eth0 netns "$server"
for host in 1 10 $(seq 66 79) $(seq 101 220); do ip address add "192.0.2.$host/24" dev to-server; done
here=$(dirname "$(readlink -f "$0")")
python3 "$here/offload.py" to-server
on_server python3 "$here/offload.py" eth0
ip link set to-server up
on_server ip link set lo up
on_server ip link set eth0 up
for host in $(seq 20 32); do on_server ip address add "192.0.2.$host/24" dev eth0; done
on_server ip route add default via 192.0.2.1   # spoofed sources: nobody answers for them
on_server sysctl -q -w net.ipv4.tcp_synack_retries=2

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 \
    -subj /CN=mail.exwire.example -keyout "$scratch/key" -out "$scratch/certificate" 2>/dev/null
cat > "$scratch/nginx.conf" <<END
daemon off; pid $scratch/pid; error_log $scratch/error;
events { worker_connections 4096; }
http {
  access_log off; client_header_timeout 300; client_body_timeout 300; proxy_read_timeout 300;
  server { listen 80; listen 443 ssl; ssl_certificate $scratch/certificate; ssl_certificate_key $scratch/key;
           location /large { root $scratch; }
           location / { proxy_pass http://127.0.0.1:8000; } }
}
END
head -c 1000000 /dev/zero > "$scratch/large"
chmod 711 "$scratch"
# Not by on_server: the job would be a shell, and they would outlive it.
"${in_server[@]}" nginx -c "$scratch/nginx.conf" &
"${in_server[@]}" python3 "$here/stall_clients.py" answer &
sleep 1

from() { ip route replace "192.0.2.$1/32" dev to-server src "192.0.2.$2"; }
slow() { # slow SERVER SOURCE SCHEME PATH OPTION...
    from "$1" "$2"
    timeout 48 slowhttptest "${@:5}" -c 60 -r 30 -i 8 -l 44 -u "$3://192.0.2.$1$4" >/dev/null 2>&1 &
}
# Renegotiation wants a server whose standard input stays open.
renegotiating_server() { # renegotiating_server SERVER SECONDS
    sleep "$2" | on_server timeout "$2" openssl s_server -accept "192.0.2.$1:444" -key "$scratch/key" \
        -cert "$scratch/certificate" -tls1_2 -client_renegotiation >/dev/null 2>&1 &
}
renegotiate() { for _ in $(seq 60); do sleep 0.1; echo R; done; sleep 2; }
