// SPDX-License-Identifier: BSD-3-Clause
// What a server runs, as its response headers tell (MS-ASHTTP, and what IIS and Outlook on the web
// add): small enough for an observation.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "sensor/flow/flow.hpp"
#include "sensor/inspect/http_transaction.hpp"

namespace exwire::detect {

struct ServerSoftware {
  std::array<uint16_t, 4> build{};  ///< of Exchange: 15.2.1118.7; 0: not told
  std::array<uint8_t, 2> iis{};     ///< 10.0
  uint8_t protocol = 0;             ///< newest ActiveSync it speaks, 161: 16.1
  bool front_end = false;           ///< names itself as the one that routes to a mailbox server

  friend bool operator==(const ServerSoftware&, const ServerSoftware&) noexcept = default;
  bool tells_nothing() const noexcept { return *this == ServerSoftware{}; }
  /// What `other` tells and this one does not.
  void add(const ServerSoftware& other) noexcept;
};

ServerSoftware software_of(const inspect::HttpTransaction& transaction) noexcept;

/// A service whose software is known.
struct KnownServer {
  wire::Address address{};
  uint16_t port = 0;
  uint8_t ip_version = 4;
  ServerSoftware software;
};

/// "Exchange 2016"; by its build, else by the newest protocol: at least which one. A literal, empty
/// when neither is told.
std::string_view product_of(const ServerSoftware& software) noexcept;
/// "15.2.1118.7", empty when it is not told.
std::string build_of(const ServerSoftware& software);
/// "Microsoft-IIS/10.0", empty when it is not told.
std::string web_server_of(const ServerSoftware& software);
/// "back end" on the ports of Exchange's second web site, "front end", or empty.
std::string_view role_of(const KnownServer& server) noexcept;

}  // namespace exwire::detect
