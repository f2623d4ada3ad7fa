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

struct Endpoint {
  std::string_view path;  ///< lower case, without trailing slash
  const char* protocol;   ///< as administrators call it
  const char* products;   ///< versions that ship it
  Proof proof;
};

/// The endpoint a request path belongs to, or null. `path` may carry a query.
const Endpoint* endpoint_of_path(std::string_view path) noexcept;

/// The endpoint of a transaction: by path, by an Exchange-only method, or by headers when an
/// administrator has renamed the directory. Null while nothing proves Exchange; that may change
/// when the response is known.
const Endpoint* endpoint_of(const inspect::HttpTransaction& transaction) noexcept;

}  // namespace exwire::detect
