// SPDX-License-Identifier: BSD-3-Clause
// Names of hosts as certificates and clients give them: which name a certificate covers (RFC 6125
// 6.4), and which names administrators give to Exchange.
#pragma once

#include <cstdint>
#include <string_view>

#include "sensor/inspect/certificate.hpp"

namespace exwire::detect {

/// Letters, digits, hyphens and what some hosts have besides (RFC 1123 2.1, RFC 2181 11), and no
/// address: clients may ask for anything, and what is no name says nothing of the server.
bool is_host_name(std::string_view name) noexcept;

enum class NameSign : uint8_t {
  none,
  common,    ///< mail., webmail., exchange.: often Exchange, but others use it, too
  exchange,  ///< autodiscover., owa., activesync.: nobody else's
};

/// What the first label of a name says. Names of the large public mail services say nothing: their
/// posture is not the reader's to change. A sign below `least` is none; most names are done with
/// then.
NameSign sign_of(std::string_view name, NameSign least = NameSign::common) noexcept;

/// A name of a large mail or hosting service that anybody may use, also *.<service>.
bool is_public_service(std::string_view name) noexcept;

/// Does the name a certificate holds, perhaps with a wildcard as its whole first label, cover
/// `name`? Case and one trailing dot do not matter.
bool covers_name(std::string_view held, std::string_view name) noexcept;
/// The same for a certificate: its alternative names count; its common name where it has none.
bool covers_name(const inspect::Certificate& certificate, std::string_view name) noexcept;

/// Whether a name of the certificate is of the same domain.
bool shares_domain(const inspect::Certificate& certificate, std::string_view name) noexcept;

bool has_wildcard(const inspect::Certificate& certificate) noexcept;

/// The certificate Exchange makes for itself during setup: CN=<NetBIOS name>, issued by itself, for
/// this name and the full name of the machine.
bool is_self_provisioned(const inspect::Certificate& certificate) noexcept;

}  // namespace exwire::detect
