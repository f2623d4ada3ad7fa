// SPDX-License-Identifier: BSD-3-Clause
// Which Exchange answers, as its headers tell: X-OWA-Version and MS-Server-ActiveSync carry the
// build, MS-ASProtocolVersions the newest protocol, which names at least the oldest product with
// it.
#pragma once

#include <array>
#include <string_view>

#include "sensor/inspect/http_transaction.hpp"

namespace exwire::inspect {

/// "Exchange 2016" of "15.1" or "15.1.2507.6"; empty for other builds. A literal.
inline std::string_view product_of_build(std::string_view build) noexcept {
  struct Product {
    std::string_view build, name;
  };
  static constexpr std::array<Product, 7> kProducts{{{"15.2", "Exchange 2019 or SE"},
                                                     {"15.1", "Exchange 2016"},
                                                     {"15.0", "Exchange 2013"},
                                                     {"14", "Exchange 2010"},
                                                     {"8", "Exchange 2007"},
                                                     {"6.5", "Exchange 2003"},
                                                     {"6.0", "Exchange 2000"}}};
  for (const Product& product : kProducts) {
    const bool whole = build.size() == product.build.size() ||
                       (build.size() > product.build.size() && build[product.build.size()] == '.');
    if (whole && build.substr(0, product.build.size()) == product.build) return product.name;
  }
  return {};
}

/// Empty when the headers do not tell.
inline std::string_view exchange_product(const HttpTransaction& transaction) noexcept {
  constexpr std::string_view kIis = "Microsoft-IIS/";
  const std::string_view product = product_of_build(transaction.text(HttpField::owa_version));
  if (!product.empty()) return product;
  if (transaction.text(HttpField::server).substr(0, kIis.size()) != kIis) return {};
  return product_of_build(transaction.text(HttpField::server_activesync));
}

}  // namespace exwire::inspect
