// SPDX-License-Identifier: BSD-3-Clause
// What an Exchange administrator knows about paths, as data: which virtual directory belongs to
// which protocol and product, and whether its name alone proves Exchange. Matching ignores case, as
// IIS does; paths are given after IIS normalisation.
#pragma once

#include <cstdint>
#include <string_view>

#include "sensor/inspect/http_transaction.hpp"

namespace exwire::detect {

enum class Proof : uint8_t {
  path,       ///< nobody else uses this path
  with_sign,  ///< a common word: Exchange only together with a method or header of Exchange
};

/// Whom a directory is meant for.
enum class Clients : uint8_t {
  mobile,   ///< phones and tablets, under the policies of ActiveSync
  desktop,  ///< Outlook, Mail and programs on servers
  browser,
  any,
  server,  ///< Exchange servers and their administrators
};

struct Endpoint {
  std::string_view path;      ///< lower case, without trailing slash
  std::string_view protocol;  ///< as administrators call it
  const char* methods;
  const char* products;  ///< versions that ship it
  Proof proof;
  Clients clients;
  bool plain_by_default;  ///< takes port 80 as shipped: SSL is not required (SSL offloading)
  const char* purpose;
};

/// Whether `prefix`, in lower case, stands as whole segments at the front of `path`.
bool is_below(std::string_view path, std::string_view prefix) noexcept;

/// The endpoint a request path belongs to, or null. `path` may carry a query.
const Endpoint* endpoint_of_path(std::string_view path) noexcept;

/// What stands before the query.
std::string_view path_of(const inspect::HttpTransaction& transaction) noexcept;

/// A logon by form, with the password in the body: owaauth.dll of Exchange 2003, auth.owa since.
bool posts_logon_form(const inspect::HttpTransaction& transaction) noexcept;

/// Endpoints by number, for those who carry no pointers about. Number 0 is none of the table's.
uint16_t number_of(const Endpoint& endpoint) noexcept;
std::string_view protocol_of(uint16_t number) noexcept;
/// Empty for number 0.
std::string_view path_of(uint16_t number) noexcept;

/// A published calendar: anonymous, and on port 80 by design.
bool is_published_calendar(const Endpoint& endpoint) noexcept;

/// The endpoint of a transaction: by path, by an Exchange-only method, or by headers when an
/// administrator has renamed the directory. Null while nothing proves Exchange; that may change
/// when the response is known.
const Endpoint* endpoint_of(const inspect::HttpTransaction& transaction) noexcept;

}  // namespace exwire::detect
