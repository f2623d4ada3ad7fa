// SPDX-License-Identifier: BSD-3-Clause
// A dissector from a file of its own: the same table a built-in one has, found by name in a shared
// object (Boost.DLL). Everything that can be checked is checked before the first packet; a module
// is never unloaded while the host lives, because flows keep its state.
#pragma once

#include <memory>
#include <string>

#include "dissectors/api.hpp"

namespace boost::dll {
class shared_library;
}

namespace exwire::inspect {

class DissectorModule {
 public:
  /// `path` is FOLDER/NAME.so, which must export dissector_NAME. Throws SetupError that names the
  /// file.
  explicit DissectorModule(const std::string& path);
  DissectorModule(DissectorModule&&) noexcept;
  DissectorModule& operator=(DissectorModule&&) noexcept;
  ~DissectorModule();

  const ExwireDissectorApi& api() const noexcept { return *api_; }
  const std::string& path() const noexcept { return path_; }

 private:
  std::string path_;
  std::unique_ptr<boost::dll::shared_library> library_;
  const ExwireDissectorApi* api_ = nullptr;
};

/// What is wrong with a table, null when nothing is. Reads nothing behind `size`.
const char* fault_of(const ExwireDissectorApi& api) noexcept;

}  // namespace exwire::inspect
