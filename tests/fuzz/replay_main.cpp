// SPDX-License-Identifier: BSD-3-Clause
// Runs a fuzz target over files where libFuzzer is not at hand (gcc): every corpus entry becomes an
// ordinary test. Folders are read without descending.
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

void run(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  const std::vector<char> octets{std::istreambuf_iterator<char>(file), {}};
  LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(octets.data()), octets.size());
}

}  // namespace

int main(int count, char** arguments) {
  size_t files = 0;
  for (int index = 1; index < count; ++index) {
    const std::filesystem::path path(arguments[index]);
    if (std::filesystem::is_directory(path)) {
      for (const auto& entry : std::filesystem::directory_iterator(path)) {
        if (!entry.is_regular_file()) continue;
        run(entry.path());
        ++files;
      }
    } else if (std::filesystem::is_regular_file(path)) {
      run(path);
      ++files;
    }
  }
  std::printf("figure: %zu inputs replayed\n", files);
  return files > 0 ? 0 : 77;
}
