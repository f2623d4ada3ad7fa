#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# The scenes of the captures in pcaps/: start everything, play one scene per capture, write the captures.
# Usage: only from `record`. Each scene lists who talks to whom; each capture sees one leg only.
# Captures go to the output directory when all scenes are done, so a failed run leaves the old ones as they were.

. "$1/box.sh"

scene_tls() { # both sides of the front end at the same time: the TLS leg, and its plaintext hop on loopback
    echo "scene: TLS, with the loopback hop behind it"
    start_capture activesync-tls router to-server "host $phone_address and host $server_address and tcp port 443"
    start_capture activesync-loopback-hop server lo "tcp port 20000"
    local to=(--address $server_address --port 443 --keylog $work/activesync-tls.keylog)
    phone "${to[@]}" --tls 1.3 --steps options,provision,folders,sync,add,ping,ping-again,sync-more & local a=$!
    phone "${to[@]}" --tls 1.2 --device android --user phone2@exwire.example --preemptive \
        --steps options,folders,sync,sync-more,ping & local b=$!
    phone "${to[@]}" --tls 1.2 --device ipad --close --steps options,folders,sync,sync-more & local c=$!
    wait_for $a $b $c
    stop_captures
}

scene_plaintext() {
    echo "scene: the same service on port 80"
    start_capture activesync-plaintext router to-server "host $phone_address and host $server_address and tcp port 80"
    local to=(--address $server_address --port 80 --tls none)
    phone "${to[@]}" --steps options,provision,folders,sync,ping & local a=$!
    phone "${to[@]}" --device samsung --user 'EXWIRE\phone3' --preemptive --close --steps options,folders & local b=$!
    phone "${to[@]}" --device android --user phone2@exwire.example --preemptive --base64 --steps folders,ping & local c=$!
    wait_for $a $b $c
    stop_captures
}

scene_bridge() {
    echo "scene: SSL bridging proxy with a plaintext leg to the server"
    start_capture bridged-hop router to-server "host $proxy_address and host $server_address and tcp port 80"
    local to=(--address $proxy_address --port 443)
    phone "${to[@]}" --tls 1.3 --steps options,provision,folders,sync,ping & local a=$!
    phone "${to[@]}" --tls 1.2 --device android --user phone2@exwire.example --preemptive --steps options,folders & local b=$!
    wait_for $a $b
    stop_captures
}

endpoints() { # endpoints SCENE ADDRESS: plaintext requests that are not ActiveSync
    at phone python3 $source_dir/endpoints.py "$1" "$2" "$password" || fail "scene $1 went wrong"
}

scene_redirect() {
    echo "scene: redirects to https"
    start_capture redirect-to-https router to-server "host $redirect_address and tcp port 80"
    endpoints redirect $redirect_address
    stop_captures
    start_capture redirect-with-credentials router to-server "host $redirect_address and tcp port 80"
    endpoints redirect-with-credentials $redirect_address
    stop_captures
}

scene_endpoints() {
    echo "scene: other Exchange paths in clear, and paths that only look like it"
    start_capture owa-ews-plaintext router to-server "host $stub_address and tcp"
    endpoints exchange $stub_address
    stop_captures
    start_capture not-exchange router to-server "host $stub_address and tcp"
    endpoints not-exchange $stub_address
    stop_captures
}

doors() { # doors NAMESPACE SCENE [ADDRESS]
    at "$1" python3 $source_dir/doors.py "$2" "${3:-$stub_address}" "$password" || fail "scene $2 went wrong"
}

scene_doors() {
    echo "scene: who comes in by which door, with which policy, and who guesses"
    start_capture mobile-other-doors router to-server "host $stub_address and tcp"
    doors phone mobile
    stop_captures
    start_capture provisioning router to-server "host $stub_address and tcp"
    doors phone policies
    stop_captures
    start_capture activesync-bodies router to-server "host $stub_address and tcp"
    doors phone bodies
    stop_captures
    start_capture guessing router to-server "host $stub_address and tcp"
    doors proxy guessing
    doors phone spraying
    stop_captures
    start_capture guessing-forms router to-server "host $stub_address and tcp"
    doors proxy forms
    stop_captures
    start_capture mistyping router to-server "host $stub_address and tcp"
    doors phone mistyping
    stop_captures
}

scene_front_end() { # both legs in one capture: the phones' and the one of the server to itself
    echo "scene: Exchange 2003 asks its own directory"
    start_capture front-end-hop server any "tcp port 80 and (host $ssl_address or host $forms_address or host $works_address)"
    doors phone hop-fails $ssl_address
    doors phone hop-fails $forms_address
    doors phone hop $works_address
    stop_captures
}

ews_client() { # ews_client URL
    at phone /usr/bin/python3 $source_dir/ews_client.py "$1" "$password" || fail "the EWS client went wrong"
}

scene_clients() {
    echo "scene: real clients of Exchange Web Services, and honest requests next to signatures"
    start_capture ews-client router to-server "host $stub_address and tcp"
    ews_client http://$stub_address
    stop_captures
    start_capture ews-davmail router to-server "host $stub_address and tcp"
    at phone python3 $source_dir/davmail.py http://$stub_address "$password" $work || fail "DavMail went wrong"
    stop_captures
    start_capture ews-tls router to-server "host $server_address and tcp port 443"
    start_capture ews-loopback-hop server lo "tcp port 81"
    ews_client https://$server_address
    stop_captures
    start_capture attack-words router to-server "host $stub_address and tcp"
    at phone bash $source_dir/attack_words.sh $stub_address "$password" || fail "the requests next to signatures went wrong"
    stop_captures
}

make_network || fail "network"
start_servers
scene_tls
scene_plaintext
scene_bridge
scene_redirect
scene_endpoints
scene_doors
scene_front_end
scene_clients

cp $work/activesync-tls.keylog $captures/
python3 $source_dir/manifest.py $captures || fail "manifest"
cp $captures/*.pcap $captures/*.keylog $captures/manifest.tsv $output_dir/ || fail "cannot write the captures"
echo "recorded $(ls $captures/*.pcap | wc -l) captures"
