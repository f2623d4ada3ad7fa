// SPDX-License-Identifier: BSD-3-Clause
// The dissectors at hand: checks each table once, resolves its field names to the host's, and
// answers whose octets these are. Built-in and loaded dissectors stand in the same list.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "dissectors/api.hpp"
#include "sensor/flow/flow.hpp"
#include "sensor/inspect/dissector_module.hpp"
#include "sensor/inspect/http_transaction.hpp"
#include "sensor/inspect/tls_facts.hpp"

namespace exwire::inspect {

/// What of a message as it stood on the wire a field is.
enum class HeadPart : uint8_t { none, start_line, header_line, body };

struct LoadedDissector {
  const ExwireDissectorApi* api = nullptr;
  std::string_view application{};  ///< the word EVE uses in app_proto; a zero follows it
  std::string origin{};            ///< the module's file, empty: built in
  /// By the dissector's own field number: where the host keeps it, if it does.
  struct alignas(8) Place {
    std::optional<HttpField> http;
    std::optional<TlsField> tls;
    HeadPart head = HeadPart::none;
  };
  std::vector<Place> fields;
  std::vector<const char*> anomalies;
};

class DissectorHost {
 public:
  static constexpr uint32_t kStateSize = 512;
  static constexpr uint32_t kMostAnomalies = 44;  ///< kinds per dissector; 20 bits are the stream's

  /// Takes the built-in table and the files of modules, which replace what bears the same name.
  /// Throws SetupError on one that breaks the contract.
  explicit DissectorHost(std::span<const ExwireDissectorApi* const> builtin,
                         std::span<const std::string> modules = {});

  struct Identified {
    uint8_t dissector = flow::Flow::kNoDissector;
    bool undecided = false;  ///< at least one dissector wants to see more
  };
  /// Whose octets are these? Either side may be empty.
  Identified identify(Bytes to_server, Bytes to_client) const noexcept;

  const LoadedDissector& operator[](uint8_t index) const noexcept { return dissectors_[index]; }
  size_t size() const noexcept { return dissectors_.size(); }
  /// "http" for the dissector http1.
  std::string_view application_name(uint8_t index) const noexcept {
    return dissectors_[index].application;
  }

 private:
  void add(const ExwireDissectorApi& api, const std::string& origin);
  std::vector<DissectorModule> modules_;
  std::vector<LoadedDissector> dissectors_;
};

/// The dissectors compiled into the program, in the order of dissectors/meson.build.
std::span<const ExwireDissectorApi* const> builtin_dissectors() noexcept;

}  // namespace exwire::inspect
