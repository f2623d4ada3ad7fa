// SPDX-License-Identifier: BSD-3-Clause
// What a user agent says about the program behind it, as data: phones and tablets, desktops,
// servers, probes. A client may claim any: evidence beside address and fingerprint, never proof.
#pragma once

#include <cstdint>
#include <string_view>

#include "sensor/flow/flow.hpp"

namespace exwire::detect {

enum class ClientKind : uint8_t {
  unknown,
  mobile,       ///< mail programs and browsers of phones and tablets
  relay,        ///< Outlook for iOS and Android, which comes by way of Microsoft's cloud
  desktop,      ///< Outlook, Mail, Evolution, desktop browsers
  application,  ///< programs on servers: archives, calendars of meeting rooms, scripts
  server,       ///< Exchange itself
  probe,        ///< monitoring and connectivity tests
};
const char* to_text(ClientKind kind) noexcept;

ClientKind kind_of_agent(std::string_view user_agent) noexcept;

/// Whether the address is one from which Microsoft's cloud speaks for Outlook's mobile programs.
bool is_cloud_relay(const wire::Address& address, uint8_t ip_version) noexcept;

}  // namespace exwire::detect
