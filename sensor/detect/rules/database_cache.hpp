// SPDX-License-Identifier: BSD-3-Clause
// Compiled databases of Hyperscan on disk: thousands of literals take seconds to compile and
// milliseconds to read. A file is named by the digest of what it was made of, of the processor and
// of Hyperscan's version, and is believed only where nobody else can write.
#pragma once

#include <memory>
#include <string>
#include <vector>

struct hs_database;

namespace exwire::detect::rules {

struct FreeDatabase {
  void operator()(hs_database* database) const noexcept;
};
using Database = std::unique_ptr<hs_database, FreeDatabase>;

/// What a database is made of: literals, each with its flags and the number it is known by.
struct Literals {
  std::vector<const char*> octets;
  std::vector<size_t> sizes;
  std::vector<unsigned> flags, numbers;
};

class DatabaseCache {
 public:
  static constexpr size_t kLeastLiterals = 256;  ///< fewer are compiled as fast as read
  static constexpr size_t kMostFiles = 64;       ///< the oldest make room

  /// A cache that keeps nothing.
  DatabaseCache() = default;
  /// Keeps files in this folder, which is made when the first comes.
  explicit DatabaseCache(std::string folder) : folder_(std::move(folder)) {}

  /// From the folder, or compiled and put there. Throws SetupError when Hyperscan refuses.
  Database get(const Literals& literals) const;

 private:
  std::string folder_;
};

}  // namespace exwire::detect::rules
