// SPDX-License-Identifier: BSD-3-Clause
// One HTTP request with its response, as far as either was seen: what detectors judge and the
// `http` event says. Texts are copied into a fixed arena, because the frames they came from are
// long gone when a Direct Push answer arrives. Nothing secret stays in here: the dissector
// publishes schemes and user names, never passwords or cookies.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "sensor/base/bytes.hpp"
#include "sensor/base/time.hpp"

namespace exwire::inspect {

enum class HttpField : uint8_t {
  method,
  uri_raw,
  uri,
  protocol,
  host,
  user_agent,
  referer,
  content_type,
  x_forwarded_for,
  via,
  auth_scheme,
  auth_user,
  as_version,
  policy_key,
  request_type,
  client_application,
  stat_code,
  stat_msg,
  response_protocol,
  location,
  server,
  response_content_type,
  www_authenticate,
  server_activesync,
  as_versions,
  fe_server,
  be_server,
  owa_version,
  powered_by,
  retry_after,
  as_throttle,
  as_command,
  as_user,
  as_device_id,
  as_device_type,
  as_heartbeat_s,
  as_folders,
  as_client_policy_status,
  as_status,
  as_new_policy_key,
  as_remote_wipe,
  count_
};
inline constexpr size_t kHttpFieldCount = static_cast<size_t>(HttpField::count_);

/// The field's name in rules and dissectors ("http.method"), in the order of HttpField.
extern const std::array<const char*, kHttpFieldCount> kHttpFieldNames;

class HttpTransaction {
 public:
  HttpTransaction() noexcept {}  // NOLINT: leaves slices and arena as they are

  static constexpr uint32_t kArena = 3072;    ///< octets of text kept per transaction
  static constexpr uint32_t kLongest = 2048;  ///< octets kept of one field

  uint32_t number = 0;  ///< within the flow, from 0
  Timestamp request_time, response_time;
  uint64_t request_packet = 0;  ///< number of the packet that completed the request head
  uint64_t response_packet = 0;
  uint64_t request_body = 0, response_body = 0;  ///< octets, known at the end of each
  bool request_seen = false, response_seen = false;
  bool request_complete = false, response_complete = false;
  /// Start line and header fields as on the wire, secrets among them: for request_head and
  /// response_head only, empty otherwise. Never to be told.
  std::string_view head{};
  std::string_view body{};  ///< likewise the front of a body, for http_body only
  bool judged = false;      ///< a detector needs no further look at it
  /// What the first detector that asked made of the path, for the others; 0: nobody has asked.
  mutable uint8_t path_memo = 0;

  std::string_view text(HttpField field) const noexcept {
    if (!has(field)) return {arena_.data(), 0};
    const Slice& slice = slices_[static_cast<size_t>(field)];
    return {arena_.data() + slice.offset, slice.size};
  }
  bool has(HttpField field) const noexcept { return (present_ & bit_of(field)) != 0; }
  /// Length on the wire when it exceeds what was kept, else 0.
  uint32_t original_size(HttpField field) const noexcept {
    return has(field) ? slices_[static_cast<size_t>(field)].original : 0;
  }
  /// 0 when no status was seen or it was not a number.
  int status() const noexcept { return status_; }

  /// First value wins; what does not fit is cut and its length remembered.
  void set(HttpField field, Bytes value) noexcept;
  /// Takes over the fields of the other half.
  void merge(const HttpTransaction& other) noexcept;
  /// Takes over everything but the texts.
  void copy_facts(const HttpTransaction& other) noexcept;

 private:
  /// The other half as it stands: it has no field of this one, and there is room for it.
  void append(const HttpTransaction& other) noexcept;

  struct Slice {
    uint16_t offset, size;
    uint32_t original;
  };
  static constexpr uint64_t bit_of(HttpField field) noexcept {
    return uint64_t{1} << static_cast<unsigned>(field);
  }
  static_assert(kHttpFieldCount <= 64);

  uint64_t present_ = 0;  ///< a bit for each field
  uint32_t used_ = 0;
  int status_ = 0;  ///< stat_code as a number: many ask for it
  // Neither is cleared: only slices of fields that are present are read, and what they name.
  std::array<Slice, kHttpFieldCount> slices_;
  std::array<char, kArena> arena_;
};

}  // namespace exwire::inspect
