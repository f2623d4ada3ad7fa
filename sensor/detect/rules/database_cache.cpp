// SPDX-License-Identifier: BSD-3-Clause
#include "sensor/detect/rules/database_cache.hpp"

#include <fcntl.h>
#include <hs.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "sensor/base/digest.hpp"
#include "sensor/base/result.hpp"

namespace exwire::detect::rules {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kEnding = ".hsdb";
constexpr size_t kDigest = 64;                // hexadecimal digits of SHA-256
constexpr off_t kLargest = off_t{512} << 20;  // octets of a file that is read

Database compile(const Literals& all) {
  hs_database* database = nullptr;
  hs_compile_error_t* why = nullptr;
  const hs_error_t result = hs_compile_lit_multi(
      all.octets.data(), all.flags.data(), all.numbers.data(), all.sizes.data(),
      static_cast<unsigned>(all.octets.size()), HS_MODE_BLOCK, nullptr, &database, &why);
  if (result == HS_SUCCESS) return Database(database);
  const std::string text = why != nullptr ? why->message : "no memory";
  hs_free_compile_error(why);
  throw SetupError("rules cannot be searched for: " + text);
}

std::string digest_of(std::string_view text) {
  return sha256(as_bytes(text)).hex();
}

template <class Number>
void append(std::string& text, const Number& number) {
  text.append(reinterpret_cast<const char*>(&number), sizeof number);
}

std::string name_of(const Literals& all) {
  std::string text = hs_version();
  hs_platform_info_t platform{};
  hs_populate_platform(&platform);
  append(text, platform);
  for (size_t at = 0; at < all.octets.size(); ++at) {
    append(text, all.sizes[at]);
    append(text, all.flags[at]);
    append(text, all.numbers[at]);
    text.append(all.octets[at], all.sizes[at]);
  }
  return digest_of(text);
}

// Only we may have written it: Hyperscan trusts what it runs.
bool is_ours(const struct stat& status) noexcept {
  return status.st_uid == geteuid() && (status.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

std::string read_ours(const std::string& folder, const std::string& path) {
  struct stat status {};
  if (stat(folder.c_str(), &status) != 0 || !is_ours(status)) return {};
  const int file = open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
  if (file < 0) return {};
  std::string text;
  if (fstat(file, &status) == 0 && S_ISREG(status.st_mode) && is_ours(status) &&
      status.st_size <= kLargest) {
    text.resize(static_cast<size_t>(status.st_size));
    size_t have = 0;
    while (have < text.size()) {
      const ssize_t got = read(file, text.data() + have, text.size() - have);
      if (got <= 0) break;
      have += static_cast<size_t>(got);
    }
    text.resize(have);
  }
  close(file);
  return text;
}

// A file is its own digest and the database behind it; null when it is none.
Database restore(const std::string& text) {
  if (text.size() <= kDigest) return nullptr;
  const std::string_view octets = std::string_view(text).substr(kDigest);
  if (digest_of(octets) != text.substr(0, kDigest)) return nullptr;
  hs_database* database = nullptr;
  if (hs_deserialize_database(octets.data(), octets.size(), &database) != HS_SUCCESS) {
    return nullptr;
  }
  return Database(database);
}

void make_room(const std::string& folder) {
  std::vector<fs::directory_entry> files;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    if (entry.path().extension() == kEnding) files.push_back(entry);
  }
  if (files.size() <= DatabaseCache::kMostFiles) return;
  std::sort(files.begin(), files.end(), [&](const auto& a, const auto& b) {
    std::error_code ignored;
    return a.last_write_time(ignored) < b.last_write_time(ignored);
  });
  files.resize(files.size() - DatabaseCache::kMostFiles);
  for (const auto& entry : files) fs::remove(entry.path(), error);
}

// What cannot be kept is compiled again next time: no error.
void keep(const std::string& folder, const std::string& path, const hs_database* database) {
  char* octets = nullptr;
  size_t size = 0;
  if (hs_serialize_database(database, &octets, &size) != HS_SUCCESS) return;
  const std::unique_ptr<char, decltype(&std::free)> owner(octets, &std::free);
  std::error_code error;
  const bool was_there = fs::exists(folder, error);
  fs::create_directories(folder, error);
  if (!was_there) fs::permissions(folder, fs::perms::owner_all, error);
  const std::string fresh = path + "." + std::to_string(getpid());
  {
    std::ofstream file(fresh, std::ios::binary | std::ios::trunc);
    const std::string_view text(octets, size);
    file << digest_of(text) << text;
    if (!file.flush()) {
      fs::remove(fresh, error);
      return;
    }
  }
  fs::permissions(fresh, fs::perms::owner_read | fs::perms::owner_write, error);
  fs::rename(fresh, path, error);
  make_room(folder);
}

}  // namespace

void FreeDatabase::operator()(hs_database* database) const noexcept {
  hs_free_database(database);
}

Database DatabaseCache::get(const Literals& literals) const {
  if (folder_.empty() || literals.octets.size() < kLeastLiterals) return compile(literals);
  const std::string path = folder_ + "/" + name_of(literals) + std::string(kEnding);
  if (Database kept = restore(read_ours(folder_, path))) return kept;
  Database database = compile(literals);
  keep(folder_, path, database.get());
  return database;
}

}  // namespace exwire::detect::rules
