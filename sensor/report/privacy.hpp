// SPDX-License-Identifier: BSD-3-Clause
// Whether people and their devices may be recognised in the output: as they are, as a keyed digest
// that still tells one from another, or not at all. Covers user names and device identifiers in
// findings, in ActiveSync fields and in URLs, where they stand as parameters, as base64 or as a
// mailbox in the path.
#pragma once

#include <string>
#include <string_view>

#include "sensor/detect/finding.hpp"
#include "sensor/inspect/http_transaction.hpp"

namespace exwire::report {

enum class Shown : uint8_t { clear, hmac, off };

struct PrivacySettings {
  Shown users = Shown::clear, devices = Shown::clear;
  std::string key;  ///< of the digests
};

class Privacy {
 public:
  explicit Privacy(PrivacySettings settings) : settings_(std::move(settings)) {}

  bool all_clear() const noexcept {
    return settings_.users == Shown::clear && settings_.devices == Shown::clear;
  }
  std::string user(std::string_view name) const { return shown(name, settings_.users); }
  std::string device(std::string_view identifier) const {
    return shown(identifier, settings_.devices);
  }
  std::string url(std::string_view url) const;
  detect::Facts facts(const detect::Facts& facts) const;
  /// The transaction with its texts replaced.
  inspect::HttpTransaction transaction(const inspect::HttpTransaction& transaction) const;

 private:
  std::string shown(std::string_view text, Shown how) const;
  std::string parameter(std::string_view parameter) const;

  PrivacySettings settings_;
};

}  // namespace exwire::report
