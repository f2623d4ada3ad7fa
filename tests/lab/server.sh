# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
#
# Servers of the lab, sourced by box.sh: PostgreSQL, memcached and SOGo on the server's loopback
# address, nginx in front of them, nginx as SSL bridging proxy, and the stub that answers like Exchange.
# All configuration is written to $work, which is a memory file system of the box.
# There is no mail store: SOGo answers calendar, contacts and tasks; mail folders are missing.
# Each Ping holds a worker of SOGo until it is answered: who has many phones sets $sogo_workers before.

make_certificate() { # a root and a server certificate, so that the chain is private but not self-signed
    local dir=$work/tls
    mkdir -p "$dir"
    cat >"$dir/server.ext" <<END
subjectAltName=DNS:mail.exwire.example,DNS:autodiscover.exwire.example
keyUsage=critical,digitalSignature,keyEncipherment
extendedKeyUsage=serverAuth
basicConstraints=critical,CA:FALSE
END
    openssl req -x509 -newkey rsa:2048 -nodes -sha256 -days 7300 -subj "/O=Exwire Example/CN=Exwire Lab Root" \
        -addext keyUsage=critical,keyCertSign,cRLSign -keyout "$dir/root.key" -out "$dir/root.pem"
    openssl req -newkey rsa:2048 -nodes -sha256 -subj "/O=Exwire Example/CN=mail.exwire.example" \
        -keyout "$dir/server.key" -out "$dir/server.csr"
    openssl x509 -req -in "$dir/server.csr" -CA "$dir/root.pem" -CAkey "$dir/root.key" -CAcreateserial \
        -sha256 -days 7300 -extfile "$dir/server.ext" -out "$dir/server.pem"
}

start_database() {
    local bin; bin=$(dirname "$(ls -d /usr/lib/postgresql/*/bin/postgres | tail -n 1)")
    local dir=$work/database
    install -d -o postgres -m 700 "$dir"
    local as_postgres=(setpriv --reuid postgres --regid postgres --clear-groups)
    "${as_postgres[@]}" "$bin/initdb" -D "$dir/data" -U sogo --auth=trust --encoding=UTF8 --no-sync
    # Lost at the end of the run anyway, so nothing waits for a disk.
    (cd "$dir" && exec ip netns exec server "${as_postgres[@]}" "$bin/postgres" -D "$dir/data" -k "$dir" \
        -c listen_addresses=127.0.0.1 -c fsync=off -c shared_buffers=16MB -c max_connections=$((40 + 4 * ${sogo_workers:-8}))) &
    until_true "PostgreSQL" "$bin/pg_isready" -q -h "$dir" -U sogo
    {
        echo "CREATE TABLE accounts (c_uid text PRIMARY KEY, c_name text, c_password text, c_cn text, mail text);"
        local name
        for name in phone1 phone2; do
            echo "INSERT INTO accounts VALUES ('$name@exwire.example', '$name@exwire.example', '$password'," \
                "'Lab $name', '$name@exwire.example');"
        done
        # The form with a domain in front, which old phones send.
        echo "INSERT INTO accounts VALUES ('phone3', 'phone3', '$password'," \
            "'Lab phone3', 'phone3@exwire.example');"
    } | "$bin/psql" -v ON_ERROR_STOP=1 -q -h "$dir" -U sogo -d postgres
}

start_sogo() {
    local url=postgresql://sogo:sogo@127.0.0.1:5432/postgres dir=$work/sogo
    install -d -o sogo -g sogo "$dir" "$dir/spool" /run/sogo
    # The settings below replace /etc/sogo in the box only.
    install -d "$work/etc-sogo"
    cat >"$work/etc-sogo/sogo.conf" <<END
{
  SOGoProfileURL = "$url/sogo_user_profile";
  OCSFolderInfoURL = "$url/sogo_folder_info";
  OCSSessionsFolderURL = "$url/sogo_sessions_folder";
  OCSEMailAlarmsFolderURL = "$url/sogo_alarms_folder";
  OCSStoreURL = "$url/sogo_store";
  OCSAclURL = "$url/sogo_acl";
  OCSCacheFolderURL = "$url/sogo_cache_folder";
  SOGoUserSources = ({
    type = sql; id = accounts; viewURL = "$url/accounts"; canAuthenticate = YES; isAddressBook = NO;
    userPasswordAlgorithm = plain;
  });
  SOGoMemcachedHost = 127.0.0.1;
  SOGoTimeZone = UTC;
  SOGoMaximumPingInterval = 3540;
  SOGoMaximumSyncInterval = 3540;
  SOGoInternalSyncInterval = ${sogo_grid:-5};
  WOPort = "${sogo_address:-127.0.0.1}:20000";
  WOWorkersCount = ${sogo_workers:-8};
  WOWatchDogRequestTimeout = 70;
  WOListenQueueSize = 500;
  WONoDetach = YES;
  WOLogFile = "-";
  WOPidFile = "$dir/pid";
}
END
    mount --bind "$work/etc-sogo" /etc/sogo
    mount --bind "$dir/spool" /var/spool
    (cd "$dir" && exec ip netns exec server setpriv --reuid memcache --regid memcache --clear-groups \
        memcached -l 127.0.0.1 -U 0 -m 16) >"$work/memcached.log" 2>&1 &
    (cd "$dir" && HOME=/run/sogo exec ip netns exec server setpriv --reuid sogo --regid sogo --clear-groups \
        /usr/sbin/sogod) >"$work/sogo.log" 2>&1 &
}

nginx_common() { # nginx_common NAME: what every nginx of the lab has in front of its own servers
    cat <<END
daemon off;
worker_processes 1;
user www-data;
pid $work/$1.pid;
error_log $work/$1.log;
events { worker_connections 1000; }
http {
  access_log off;
  server_tokens off;
  keepalive_timeout 75s;
  client_body_temp_path $work/$1-body;
  proxy_temp_path $work/$1-proxy;
  fastcgi_temp_path $work/$1-fastcgi;
  uwsgi_temp_path $work/$1-uwsgi;
  scgi_temp_path $work/$1-scgi;
  proxy_http_version 1.1;
  proxy_read_timeout 4000s;             # longer than any heartbeat
  ssl_certificate $work/tls/server.pem;
  ssl_certificate_key $work/tls/server.key;
  ssl_protocols TLSv1.2 TLSv1.3;
END
}

start_front() {
    {
        nginx_common front
        local listen
        # The second server is the fault exwire looks for: the same service without TLS.
        for listen in "$server_address:443 ssl" "$server_address:80"; do
            cat <<END
  server {
    listen $listen;
    server_name mail.exwire.example;
    location /Microsoft-Server-ActiveSync {
      proxy_pass http://${sogo_address:-127.0.0.1}:20000/SOGo/Microsoft-Server-ActiveSync;
      proxy_set_header Host \$host;
      proxy_set_header X-Forwarded-For \$proxy_add_x_forwarded_for;
      proxy_set_header x-webobjects-server-protocol HTTP/1.0;
      proxy_set_header x-webobjects-server-name mail.exwire.example;
      proxy_set_header x-webobjects-remote-host \$remote_addr;
    }
    location /EWS { proxy_pass http://127.0.0.1:81; proxy_set_header X-Forwarded-For \$remote_addr; }
    location /SOGo { proxy_pass http://${sogo_address:-127.0.0.1}:20000; }
    location / { return 404; }
  }
END
        done
        cat <<END
  server {
    listen $redirect_address:80;
    server_name mail.exwire.example;
    location /owa { return 302 https://mail.exwire.example\$request_uri; }
    location / { return 301 https://mail.exwire.example\$request_uri; }
  }
}
END
    } >"$work/front.conf"
    at server nginx -c "$work/front.conf" >"$work/front-start.log" 2>&1 &
}

start_bridge() {
    {
        nginx_common bridge
        cat <<END
  upstream exchange { server $server_address:80; keepalive 4; keepalive_timeout 10s; }
  server {
    listen $proxy_address:443 ssl;
    server_name mail.exwire.example;
    location / {
      proxy_pass http://exchange;
      proxy_set_header Host \$host;
      proxy_set_header X-Forwarded-For \$proxy_add_x_forwarded_for;
      proxy_set_header Connection "";   # keeps the plaintext leg open between requests
      proxy_set_header X-Forwarded-Proto https;
    }
  }
}
END
    } >"$work/bridge.conf"
    at proxy nginx -c "$work/bridge.conf" >"$work/bridge-start.log" 2>&1 &
}

start_stub() {
    at server python3 "$source_dir/exchange_stub.py" "$stub_address" 80 81 8080 >"$work/stub.log" 2>&1 &
    at server python3 "$source_dir/exchange_stub.py" 127.0.0.1 81 >"$work/stub-back-end.log" 2>&1 &
    at server python3 "$source_dir/front_end.py" "$ssl_address" ssl >"$work/front-end-ssl.log" 2>&1 &
    at server python3 "$source_dir/front_end.py" "$forms_address" forms >"$work/front-end-forms.log" 2>&1 &
    at server python3 "$source_dir/front_end.py" "$works_address" works >"$work/front-end-works.log" 2>&1 &
}

start_servers() {
    make_certificate >"$work/certificate.log" 2>&1 || fail "certificate: $(tail -n 3 "$work/certificate.log")"
    start_database >"$work/database.log" 2>&1 || fail "PostgreSQL: $(tail -n 3 "$work/database.log")"
    start_sogo
    start_front
    start_bridge
    start_stub
    local through
    for through in "$server_address" "$proxy_address"; do
        until_true "SOGo through $through" at phone curl --silent --fail --output /dev/null --cacert "$work/tls/root.pem" \
            --resolve "mail.exwire.example:443:$through" --user "phone1@exwire.example:$password" \
            -X OPTIONS https://mail.exwire.example/Microsoft-Server-ActiveSync
    done
    until_true "the stub" at phone curl --silent --output /dev/null "http://$stub_address:8080/ready"
    local address
    for address in $ssl_address $forms_address $works_address; do
        until_true "Exchange 2003" at phone curl --silent --output /dev/null "http://$address/ready"
    done
}
