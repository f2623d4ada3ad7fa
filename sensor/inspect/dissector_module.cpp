// SPDX-License-Identifier: BSD-3-Clause
#include "sensor/inspect/dissector_module.hpp"

#include <array>
#include <boost/dll/shared_library.hpp>
#include <filesystem>

#include "sensor/base/result.hpp"
#include "sensor/inspect/dissector_host.hpp"

namespace exwire::inspect {
namespace {

constexpr uint32_t kMostPendingAllowed = 1 << 20;
constexpr uint32_t kMostThreadOctets = 16 << 20;
constexpr size_t kMostNames = 256;

// A list without its end would be read for ever.
bool ends(const char* const* names) noexcept {
  for (size_t at = 0; at < kMostNames; ++at) {
    if (names[at] == nullptr) return true;
  }
  return false;
}

bool whole(const ExwireDissectorApi& api) noexcept {
  return api.create != nullptr && api.destroy != nullptr && api.probe != nullptr &&
         api.data != nullptr && api.gap != nullptr && api.end != nullptr && api.sleep != nullptr &&
         api.wake != nullptr;
}

// Nothing but what every flow does first: no octets are nobody's, and a state keeps to its room.
const char* trial(const ExwireDissectorApi& api) {
  if (api.probe({}, {}) == kExwireProbeYes) return "claims connections without an octet";
  constexpr std::byte kGuard{0xa5};
  alignas(16) std::array<std::byte, DissectorHost::kStateSize + 64> room;
  room.fill(kGuard);
  std::array<uint8_t, 16> parked{};
  api.create(room.data());
  api.sleep(room.data(), parked.data());
  api.wake(room.data(), parked.data());
  api.destroy(room.data());
  for (size_t at = api.state_size; at < room.size(); ++at) {
    if (room[at] != kGuard) return "writes behind its state";
  }
  return nullptr;
}

}  // namespace

const char* fault_of(const ExwireDissectorApi& api) noexcept {
  if (api.abi != kExwireDissectorAbi) return "built for another version of the interface";
  if (api.size < sizeof(ExwireDissectorApi)) return "its table is too short";
  if (api.name == nullptr || api.name[0] == '\0' || api.parent == nullptr) return "it has no name";
  if (api.fields == nullptr || api.anomalies == nullptr) return "a list is missing";
  if (!ends(api.fields) || !ends(api.anomalies)) return "a list has no end";
  if (!whole(api)) return "a function is missing";
  if (api.state_size == 0 || api.state_size > DissectorHost::kStateSize || api.state_align > 16) {
    return "its state is too large";
  }
  if (api.max_pending > kMostPendingAllowed || api.thread_octets > kMostThreadOctets)
    return "it wants to keep too much";
  return nullptr;
}

DissectorModule::DissectorModule(const std::string& path) : path_(path) {
  const auto refuse = [&](const std::string& why) { throw SetupError(path + ": " + why); };
  const std::string name = std::filesystem::path(path).stem().string();
  std::error_code error;
  // With a slash the loader takes this file and does not search its folders.
  const std::filesystem::path file = std::filesystem::absolute(path, error);
  if (error || !std::filesystem::is_regular_file(file, error)) refuse("no such file");
  library_ = std::make_unique<boost::dll::shared_library>();
  namespace mode = boost::dll::load_mode;
  library_->load(file, error, mode::rtld_now | mode::rtld_local);
  if (error) refuse("cannot be loaded: " + error.message());
  const std::string symbol = "dissector_" + name;
  if (!library_->has(symbol)) refuse("does not export " + symbol);
  api_ = &library_->get<const ExwireDissectorApi>(symbol);
  const char* fault = fault_of(*api_);
  if (fault == nullptr && name != api_->name) fault = "its table bears another name";
  if (fault == nullptr) fault = trial(*api_);
  if (fault != nullptr) refuse("refused: " + std::string(fault));
}

DissectorModule::DissectorModule(DissectorModule&&) noexcept = default;
DissectorModule& DissectorModule::operator=(DissectorModule&&) noexcept = default;
DissectorModule::~DissectorModule() = default;

}  // namespace exwire::inspect
