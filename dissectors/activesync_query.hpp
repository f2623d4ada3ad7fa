// SPDX-License-Identifier: BSD-3-Clause
// Who asks what of ActiveSync (MS-ASHTTP 2.2.1.1.1): command, user and device from the query of a
// request, in its plain form or in the base64 form of protocol 12.1 and later. Parameters are read
// as a map: real clients send them in any order.
#pragma once

#include <array>

#include "dissectors/http1_text.hpp"

namespace exwire::activesync {

/// A short text of its own; what does not fit is dropped.
template <size_t kSize>
class Text {
 public:
  void add(char letter) noexcept {
    if (size_ < kSize) octets_[size_++] = letter;
  }
  void add(std::string_view text) noexcept {
    const size_t kept = std::min(text.size(), kSize - size_);
    std::copy_n(text.data(), kept, octets_.data() + size_);
    size_ += kept;
  }
  void clear() noexcept { size_ = 0; }
  std::string_view view() const noexcept { return {octets_.data(), size_}; }

 private:
  std::array<char, kSize> octets_;
  size_t size_ = 0;
};

struct Query {
  Text<32> command;
  Text<64> device_id, device_type;
  Text<256> user;
  Text<16> policy_key, version;  ///< of the base64 form only
};

/// `target`: path and query. False when it does not go to ActiveSync.
bool read_query(Query& query, std::string_view target) noexcept;

}  // namespace exwire::activesync
