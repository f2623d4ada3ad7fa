// SPDX-License-Identifier: BSD-3-Clause
// The ActiveSync part of an HTTP transaction, as detectors ask for it (MS-ASHTTP, MS-ASCMD). Views
// into the transaction: valid as long as it is.
#pragma once

#include <charconv>
#include <optional>

#include "sensor/inspect/http_transaction.hpp"

namespace exwire::inspect {

/// The value of a field made of decimal digits; nothing for anything else.
inline std::optional<uint32_t> number_of(const HttpTransaction& transaction,
                                         HttpField field) noexcept {
  const std::string_view text = transaction.text(field);
  uint32_t value = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc{} || rest != text.data() + text.size()) return {};
  return value;
}

struct ActiveSync {
  std::string_view command;  ///< "Ping"; empty: an OPTIONS, or no ActiveSync at all
  std::string_view user, device_id, device_type;
  std::optional<uint32_t> heartbeat_s;  ///< asked for by Ping or Sync; an empty body says nothing
  std::optional<uint32_t> status;       ///< of the answer's body

  static ActiveSync of(const HttpTransaction& transaction) noexcept {
    return {transaction.text(HttpField::as_command),
            transaction.text(HttpField::as_user),
            transaction.text(HttpField::as_device_id),
            transaction.text(HttpField::as_device_type),
            number_of(transaction, HttpField::as_heartbeat_s),
            number_of(transaction, HttpField::as_status)};
  }
};

}  // namespace exwire::inspect
