// SPDX-License-Identifier: BSD-3-Clause
#include "sensor/inspect/http_transaction.hpp"

#include <algorithm>
#include <bit>
#include <charconv>

namespace exwire::inspect {
namespace {

int status_of(std::string_view code) noexcept {
  int value = 0;
  const auto [rest, error] = std::from_chars(code.data(), code.data() + code.size(), value);
  return error == std::errc{} && rest == code.data() + code.size() ? value : 0;
}

}  // namespace

const std::array<const char*, kHttpFieldCount> kHttpFieldNames = {
    "http.method",
    "http.uri.raw",
    "http.uri",
    "http.protocol",
    "http.host",
    "http.user_agent",
    "http.referer",
    "http.content_type",
    "http.x_forwarded_for",
    "http.via",
    "http.auth_scheme",
    "http.auth_user",
    "http.ms_asprotocolversion",
    "http.x_ms_policykey",
    "http.x_requesttype",
    "http.x_clientapplication",
    "http.stat_code",
    "http.stat_msg",
    "http.response_protocol",
    "http.location",
    "http.server",
    "http.response_content_type",
    "http.www_authenticate",
    "http.ms_server_activesync",
    "http.ms_asprotocolversions",
    "http.x_feserver",
    "http.x_beserver",
    "http.x_owa_version",
    "http.x_powered_by",
    "http.retry_after",
    "http.x_ms_asthrottle",
    "http.as_command",
    "http.as_user",
    "http.as_device_id",
    "http.as_device_type",
    "http.as_heartbeat_s",
    "http.as_folders",
    "http.as_client_policy_status",
    "http.as_status",
    "http.as_new_policy_key",
    "http.as_remote_wipe",
};

void HttpTransaction::set(HttpField field, Bytes value) noexcept {
  if (has(field)) return;
  present_ |= bit_of(field);
  const uint32_t kept = std::min({value.size, kLongest, kArena - used_});
  slices_[static_cast<size_t>(field)] = {static_cast<uint16_t>(used_), static_cast<uint16_t>(kept),
                                         kept < value.size ? value.size : 0};
  // A std::memcpy whose bound is known becomes an instruction that is slow to start.
  std::copy_n(reinterpret_cast<const char*>(value.data), kept, arena_.data() + used_);
  used_ += kept;
  if (field == HttpField::stat_code) status_ = status_of(text(field));
}

void HttpTransaction::merge(const HttpTransaction& other) noexcept {
  if ((present_ & other.present_) == 0 && other.used_ <= kArena - used_) return append(other);
  for (uint64_t left = other.present_ & ~present_; left != 0; left &= left - 1) {
    const auto index = static_cast<size_t>(std::countr_zero(left));
    const auto field = static_cast<HttpField>(index);
    set(field, as_bytes(other.text(field)));
    if (other.slices_[index].original != 0) slices_[index].original = other.slices_[index].original;
  }
}

void HttpTransaction::append(const HttpTransaction& other) noexcept {
  for (uint64_t left = other.present_; left != 0; left &= left - 1) {
    const auto index = static_cast<size_t>(std::countr_zero(left));
    slices_[index] = other.slices_[index];
    slices_[index].offset = static_cast<uint16_t>(slices_[index].offset + used_);
  }
  std::copy_n(other.arena_.data(), other.used_, arena_.data() + used_);
  used_ += other.used_;
  present_ |= other.present_;
  if (other.has(HttpField::stat_code)) status_ = other.status_;
}

void HttpTransaction::copy_facts(const HttpTransaction& other) noexcept {
  number = other.number;
  request_time = other.request_time;
  response_time = other.response_time;
  request_packet = other.request_packet;
  response_packet = other.response_packet;
  request_body = other.request_body;
  response_body = other.response_body;
  request_seen = other.request_seen;
  response_seen = other.response_seen;
  request_complete = other.request_complete;
  response_complete = other.response_complete;
  judged = other.judged;
}

}  // namespace exwire::inspect
