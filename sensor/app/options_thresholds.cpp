// SPDX-License-Identifier: BSD-3-Clause
// From when on a silence is a stall, and from when on a heartbeat is too short.
#include "sensor/app/option_makers.hpp"

namespace exwire::app {
namespace {

using detect::PushSettings;
using detect::StallSettings;

Option stall_limit(const char* key, const char* standard, const char* meaning,
                   int64_t StallSettings::*member) {
  return duration(key, standard, meaning, at(&Config::site, &detect::Site::stalled, member),
                  kNanosPerSecond, 512 * kNanosPerSecond);
}

Option push_time(const char* key, const char* standard, const char* meaning,
                 int64_t PushSettings::*member) {
  return duration(key, standard, meaning, at(&Config::site, &detect::Site::push, member),
                  kNanosPerSecond);
}

}  // namespace

std::vector<Option> threshold_options() {
  return {
      stall_limit("stalled.half_open", "6s",
                  "A SYN without answer, or an answer without the third packet, is a stall after.",
                  &StallSettings::half_open_ns),
      stall_limit("stalled.handshake", "10s", "A TLS handshake that is not finished is one after.",
                  &StallSettings::handshake_ns),
      stall_limit("stalled.first_request", "30s",
                  "A connection on which the client has sent no request is one after.",
                  &StallSettings::first_request_ns),
      stall_limit("stalled.request_head", "10s",
                  "A request head that has begun and is not complete is one after.",
                  &StallSettings::request_head_ns),
      stall_limit("stalled.request_body", "30s",
                  "A request of which less than 16 KiB arrive within this time is one.",
                  &StallSettings::request_body_ns),
      stall_limit(
          "stalled.response_stall", "30s",
          "A client with a shut window that takes less than 16 KiB within this time is one.",
          &StallSettings::response_stall_ns),
      number("stalled.minimum", "50", "Stalled connections of one server that are worth a finding.",
             at(&Config::site, &detect::Site::stalled, &StallSettings::minimum), 2U, 1000000U),
      push_time("direct_push.shortest_gap", "30s",
                "Silence of a connection that tells something about the boxes on its way.",
                &PushSettings::shortest_gap_ns),
      push_time("direct_push.shortest_heartbeat", "1m",
                "A wait for an answer under TLS that may be a heartbeat.",
                &PushSettings::shortest_heartbeat_ns),
      push_time("direct_push.required", "30m", "Idle timeouts at least this long are no finding.",
                &PushSettings::required_ns),
      push_time("direct_push.average", "9m",
                "Average of the newest heartbeats that is too short (Exchange: "
                "HeartbeatAlertThreshold).",
                &PushSettings::average_ns),
      number("direct_push.samples", "200", "Newest heartbeats the average is taken of.",
             at(&Config::site, &detect::Site::push, &PushSettings::samples), 5U, 1000U),
      yes_or_no("direct_push.tell_drops", "no", "Tell every connection dropped while idle.",
                at(&Config::site, &detect::Site::push, &PushSettings::tell_drops)),
  };
}

}  // namespace exwire::app
