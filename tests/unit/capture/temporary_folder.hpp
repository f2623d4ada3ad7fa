// SPDX-License-Identifier: BSD-3-Clause
// A folder that goes away with the test, and files in it.
#pragma once

#include <zlib.h>
#include <zstd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>

#include "tests/support/capture_writer.hpp"

namespace exwire::test {

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = std::filesystem::temp_directory_path() / "exwire-XXXXXX";
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
    path_ = name;
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  const std::string& path() const { return path_; }
  std::string at(const std::string& name) const { return path_ + "/" + name; }
  std::string write(const std::string& name, const Octets& octets) const {
    std::ofstream file(at(name), std::ios::binary);
    for (const uint8_t octet : octets) file.put(static_cast<char>(octet));
    return at(name);
  }

 private:
  std::string path_;
};

inline Octets gzip(const Octets& octets) {
  z_stream state{};
  deflateInit2(&state, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
  Octets out(octets.size() + octets.size() / 100 + 4096);
  Octets in = octets;
  state.next_in = in.data();
  state.avail_in = static_cast<uInt>(in.size());
  state.next_out = out.data();
  state.avail_out = static_cast<uInt>(out.size());
  deflate(&state, Z_FINISH);
  deflateEnd(&state);
  return {out.data(), state.next_out};
}

inline Octets zstandard(const Octets& octets, int window_log = 0) {
  ZSTD_CCtx* state = ZSTD_createCCtx();
  if (window_log > 0) {
    ZSTD_CCtx_setParameter(state, ZSTD_c_enableLongDistanceMatching, 1);
    ZSTD_CCtx_setParameter(state, ZSTD_c_windowLog, window_log);
    ZSTD_CCtx_setParameter(state, ZSTD_c_contentSizeFlag, 0);
  }
  ZSTD_CCtx_setParameter(state, ZSTD_c_checksumFlag, 1);
  Octets out(ZSTD_compressBound(octets.size()) + 64);
  ZSTD_outBuffer to{out.data(), out.size(), 0};
  ZSTD_inBuffer from{octets.data(), octets.size(), 0};
  // First without an end: else the size is known and a smaller window chosen.
  ZSTD_compressStream2(state, &to, &from, ZSTD_e_continue);
  while (ZSTD_compressStream2(state, &to, &from, ZSTD_e_end) > 0) {
  }
  ZSTD_freeCCtx(state);
  return {out.data(), out.data() + to.pos};
}

}  // namespace exwire::test
