// SPDX-License-Identifier: BSD-3-Clause
// Which Exchange answers, as its headers tell: X-OWA-Version and MS-Server-ActiveSync carry the
// build, MS-ASProtocolVersions the newest protocol, which names at least the oldest product with
// it.
#pragma once

#include <array>
#include <string_view>

#include "sensor/inspect/http_transaction.hpp"

namespace exwire::inspect {

/// "Exchange 2016"; empty when the headers do not tell. A literal.
inline std::string_view exchange_product(const HttpTransaction& transaction) noexcept {
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
  constexpr std::string_view kIis = "Microsoft-IIS/";
  const bool iis = transaction.text(HttpField::server).substr(0, kIis.size()) == kIis;
  for (const HttpField field : {HttpField::owa_version, HttpField::server_activesync}) {
    if (field == HttpField::server_activesync && !iis) continue;
    const std::string_view build = transaction.text(field);
    for (const Product& product : kProducts) {
      const bool whole =
          build.size() == product.build.size() ||
          (build.size() > product.build.size() && build[product.build.size()] == '.');
      if (whole && build.substr(0, product.build.size()) == product.build) return product.name;
    }
  }
  return {};
}

}  // namespace exwire::inspect
