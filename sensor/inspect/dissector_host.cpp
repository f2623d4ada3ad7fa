// SPDX-License-Identifier: BSD-3-Clause
#include "sensor/inspect/dissector_host.hpp"

#include <algorithm>
#include <string>
#include <string_view>

#include "sensor/base/result.hpp"

namespace exwire::inspect {

DissectorHost::DissectorHost(std::span<const ExwireDissectorApi* const> builtin,
                             std::span<const std::string> modules) {
  for (const ExwireDissectorApi* api : builtin) add(*api, {});
  modules_.reserve(modules.size());
  for (const std::string& path : modules) {
    modules_.emplace_back(path);
    add(modules_.back().api(), path);
  }
}

void DissectorHost::add(const ExwireDissectorApi& api, const std::string& origin) {
  const auto refuse = [&](const char* why) {
    throw SetupError("dissector " + std::string(api.name != nullptr ? api.name : "(unnamed)") +
                     ": " + why);
  };
  if (const char* fault = fault_of(api)) refuse(fault);
  LoadedDissector loaded;
  loaded.api = &api;
  loaded.application = std::string_view(api.name) == "http1" ? "http" : api.name;
  loaded.origin = origin;
  for (const char* const* name = api.fields; *name != nullptr; ++name) {
    LoadedDissector::Place place;
    for (size_t index = 0; index < kHttpFieldCount; ++index) {
      if (std::string_view(kHttpFieldNames[index]) == *name) {
        place.http = static_cast<HttpField>(index);
      }
    }
    for (size_t index = 0; index < kTlsFieldCount; ++index) {
      if (std::string_view(kTlsFieldNames[index]) == *name) {
        place.tls = static_cast<TlsField>(index);
      }
    }
    if (std::string_view(*name) == "http.start_line") place.head = HeadPart::start_line;
    if (std::string_view(*name) == "http.header_line") place.head = HeadPart::header_line;
    if (std::string_view(*name) == "http.body") place.head = HeadPart::body;
    loaded.fields.push_back(place);
  }
  for (const char* const* name = api.anomalies; *name != nullptr; ++name) {
    loaded.anomalies.push_back(*name);
  }
  if (loaded.anomalies.size() > kMostAnomalies) refuse("too many kinds of anomaly");
  const auto same = std::find_if(dissectors_.begin(), dissectors_.end(), [&](const auto& other) {
    return std::string_view(other.api->name) == api.name;
  });
  if (same != dissectors_.end()) {
    if (!same->origin.empty()) refuse("is loaded twice");
    *same = std::move(loaded);
    return;
  }
  if (dissectors_.size() == flow::Flow::kNoDissector) refuse("too many dissectors");
  dissectors_.push_back(std::move(loaded));
}

DissectorHost::Identified DissectorHost::identify(Bytes to_server, Bytes to_client) const noexcept {
  Identified result;
  for (size_t index = 0; index < dissectors_.size(); ++index) {
    switch (dissectors_[index].api->probe(to_server, to_client)) {
      case kExwireProbeYes:
        return {static_cast<uint8_t>(index), false};
      case kExwireProbeMore:
        result.undecided = true;
        break;
      default:
        break;
    }
  }
  return result;
}

}  // namespace exwire::inspect
