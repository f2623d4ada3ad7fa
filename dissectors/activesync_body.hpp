// SPDX-License-Identifier: BSD-3-Clause
// What a WBXML body of ActiveSync says about waiting and admission (MS-ASCMD, MS-ASPROV): the
// heartbeat a Ping or a hanging Sync asks for, the status of the answer, the keys of provisioning,
// and whether a remote wipe is under way. Everything else is passed over.
#pragma once

#include <optional>

#include "dissectors/wbxml.hpp"

namespace exwire::activesync {

struct Body {
  std::optional<uint32_t> heartbeat;  ///< seconds
  std::optional<uint32_t> status;     ///< of the command
  std::optional<uint32_t> policy_status;
  uint32_t folders = 0;  ///< named by a Ping, collections of a Sync
  uint32_t policy_key = 0;
  bool remote_wipe = false;
  bool whole = false;  ///< read to its end
};

class BodyReader {
 public:
  static constexpr uint32_t kMost = 65536;  ///< octets of a document that are read

  /// Goes on reading. False when nothing more is to be learned: what follows need not come here.
  bool feed(Bytes octets) noexcept;
  const Body& body() const noexcept { return body_; }

 private:
  void opened() noexcept;
  void text() noexcept;

  wbxml::Reader reader_;
  Body body_;
  uint32_t left_ = kMost;
};

}  // namespace exwire::activesync
