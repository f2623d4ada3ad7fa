// SPDX-License-Identifier: BSD-3-Clause
// Files as they come: mapped, through pipes, compressed by gzip and Zstandard, damaged, shortened
// while they are read, and larger than memory should show.
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <random>
#include <thread>

#include "tests/unit/capture/read_both.hpp"
#include "tests/unit/capture/temporary_folder.hpp"

using namespace exwire;
using namespace exwire::test;

namespace {

/// A capture of frames that do not compress, `count` of them.
Octets noise(uint32_t count, size_t octets_each = 1000) {
  std::mt19937 random(7);
  PcapWriter writer;
  Octets frame(octets_each);
  for (uint32_t number = 0; number < count; ++number) {
    for (uint8_t& octet : frame) octet = static_cast<uint8_t>(random());
    writer.record(number, 0, frame);
  }
  return writer.octets();
}

ReadResult read_path(const std::string& path, capture::PathKind kind = capture::PathKind::any,
                     capture::Reading reading = capture::Reading::mapped) {
  auto file = capture::open_capture(path, kind, reading);
  if (!file) {
    ReadResult result;
    result.failure = file.error().message;
    result.code = file.error().code;
    return result;
  }
  return read_all(**file);
}

Octets joined(Octets one, const Octets& other) {
  one.insert(one.end(), other.begin(), other.end());
  return one;
}

Octets part_of(const Octets& octets, size_t from, size_t to) {
  return {octets.begin() + static_cast<std::ptrdiff_t>(from),
          octets.begin() + static_cast<std::ptrdiff_t>(to)};
}

}  // namespace

TEST_CASE("a file reads the same from a map, a pipe and compressed", "[capture][file]") {
  const TemporaryFolder folder;
  const Octets capture = noise(6000);
  const size_t middle = capture.size() / 2 + 5;
  const Octets first = part_of(capture, 0, middle), rest = part_of(capture, middle, capture.size());
  const Octets skippable = NumberWriter(false).u32(0x184d2a50).u32(4).u32(0).octets();
  const ReadResult mapped = read_path(folder.write("a.pcap", capture));
  REQUIRE(mapped.failure.empty());
  REQUIRE(mapped.frames.size() == 6000);
  const Octets variants[] = {gzip(capture),
                             joined(gzip(first), gzip(rest)),
                             joined(joined(gzip(first), gzip({})), gzip(rest)),
                             zstandard(capture),
                             joined(zstandard(first), zstandard(rest)),
                             joined(skippable, zstandard(capture))};
  for (const Octets& variant : variants) {
    CAPTURE(&variant - variants);
    const ReadResult result = read_path(folder.write("any name", variant));
    CHECK(result.failure.empty());
    CHECK(result.frames == mapped.frames);
  }
  const ReadResult buffered = read_path(folder.write("a.pcap", capture), capture::PathKind::any,
                                        capture::Reading::buffered);
  CHECK(same(buffered, mapped));
  const std::string pipe = folder.at("pipe");
  REQUIRE(mkfifo(pipe.c_str(), 0600) == 0);
  std::thread writer([&] {
    std::ofstream out(pipe, std::ios::binary);
    out.write(reinterpret_cast<const char*>(capture.data()),
              static_cast<std::streamsize>(capture.size()));
  });
  const ReadResult piped = read_path(pipe);
  writer.join();
  CHECK(piped.failure.empty());
  CHECK(piped.frames == mapped.frames);
}

TEST_CASE("standard input as a file, from its middle and as a pipe", "[capture][file]") {
  const TemporaryFolder folder;
  const Octets capture = noise(10);
  const int kept = dup(STDIN_FILENO);
  const std::string path = folder.write("junk-in-front", joined(Octets(100, 'x'), capture));
  const int file = open(path.c_str(), O_RDONLY);
  REQUIRE(dup2(file, STDIN_FILENO) == STDIN_FILENO);
  lseek(STDIN_FILENO, 100, SEEK_SET);
  const ReadResult from_middle = read_path("-");
  lseek(STDIN_FILENO, 0, SEEK_SET);
  const ReadResult from_start = read_path("-");
  dup2(kept, STDIN_FILENO);
  close(kept);
  close(file);
  CHECK(from_middle.failure.empty());
  CHECK(from_middle.frames.size() == 10);
  CHECK(from_start.failure == "standard input: neither pcap nor pcapng");
}

TEST_CASE("compressed data that is damaged or cut keeps what came before", "[capture][file]") {
  const TemporaryFolder folder;
  const Octets capture = noise(3000);
  const bool by_gzip = GENERATE(true, false);
  CAPTURE(by_gzip);
  const Octets whole = by_gzip ? gzip(capture) : zstandard(capture);
  SECTION("cut in the middle") {
    const ReadResult result = read_path(folder.write("cut", part_of(whole, 0, whole.size() / 2)));
    CHECK(result.code == ErrorCode::truncated);
    CHECK_THAT(result.failure,
               Catch::Contains("packet " + std::to_string(result.frames.size() + 1)) &&
                   Catch::EndsWith(": compressed data ends too early"));
    CHECK(result.frames.size() > 1300);  // a block of 128 KiB may be lost
  }
  SECTION("damaged in the middle") {
    Octets damaged = whole;
    for (size_t index = 0; index < 64; ++index) damaged[whole.size() / 2 + index] ^= 0x5a;
    const ReadResult result = read_path(folder.write("bad", damaged));
    // Noise is stored as it is: only the checksum at the end can tell.
    CHECK(result.frames.size() > 1300);
    CHECK_FALSE(result.failure.empty());
  }
  SECTION("something else behind it") {
    const ReadResult result = read_path(folder.write("tail", joined(whole, octets_of("garbage!"))));
    CHECK(result.frames.size() == 3000);
    CHECK(result.code == ErrorCode::damaged);
    CHECK_THAT(result.failure, Catch::Contains("packet 3001"));
  }
}

TEST_CASE("what was decompressed before the damage is not lost", "[capture][file]") {
  // Compressible, so that a wrong octet is noticed where it stands.
  PcapWriter writer;
  for (uint32_t number = 0; number < 20000; ++number) {
    writer.record(number, 0, octets_of("GET /Microsoft-Server-ActiveSync?Cmd=Ping HTTP/1.1"));
  }
  const TemporaryFolder folder;
  const bool by_gzip = GENERATE(true, false);
  CAPTURE(by_gzip);
  const Octets good = by_gzip ? gzip(writer.octets()) : zstandard(writer.octets());
  Octets bad(64, 0xff);
  const ReadResult result = read_path(folder.write("x", joined(good, bad)));
  CHECK(result.frames.size() == 20000);
  CHECK(result.code == ErrorCode::damaged);
}

TEST_CASE("a decompressor remembers no more than 64 MiB", "[capture][file]") {
  const TemporaryFolder folder;
  const Octets capture = noise(100);
  CHECK(read_path(folder.write("64", zstandard(capture, 26))).frames.size() == 100);
  const ReadResult larger = read_path(folder.write("128", zstandard(capture, 27)));
  CHECK(larger.frames.empty());
  CHECK(larger.code == ErrorCode::damaged);
  CHECK_THAT(larger.failure, Catch::Contains("too much memory"));
}

TEST_CASE("paths that cannot be opened", "[capture][file]") {
  const TemporaryFolder folder;
  CHECK(read_path(folder.at("none")).failure == folder.at("none") + ": No such file or directory");
  CHECK(read_path(folder.path()).failure == folder.path() + ": Is a directory");
  const std::string file = folder.write("a", noise(1)), link = folder.at("link");
  std::filesystem::create_symlink(file, link);
  CHECK(read_path(link).frames.size() == 1);
  CHECK(read_path(link, capture::PathKind::regular_file).code == ErrorCode::cannot_open);
  const std::string pipe = folder.at("pipe");
  REQUIRE(mkfifo(pipe.c_str(), 0600) == 0);
  CHECK(read_path(pipe, capture::PathKind::regular_file).failure == pipe + ": no regular file");
}

TEST_CASE("a file shortened while it is read does not end the process", "[capture][file]") {
  const TemporaryFolder folder;
  const std::string path = folder.write("ring.pcap", noise(5000));
  const auto reading = GENERATE(capture::Reading::mapped, capture::Reading::buffered);
  auto file = capture::open_capture(path, capture::PathKind::any, reading);
  REQUIRE(file.has_value());
  capture::Frame frame;
  for (int number = 0; number < 10; ++number) REQUIRE((*file)->next(frame, false));
  const size_t length = GENERATE(size_t{0}, size_t{12'288}, size_t{3'000'000});
  REQUIRE(truncate(path.c_str(), static_cast<off_t>(length)) == 0);
  size_t more = 0, seen = 0;
  while ((*file)->next(frame, more % 64 != 0) || ((*file)->held() && (*file)->next(frame, false))) {
    ++more;
    for (const uint8_t octet : frame.octets) seen += octet;  // may lie beyond the new end
  }
  CAPTURE(length, more, seen);
  REQUIRE((*file)->failure());
  CHECK((*file)->failure()->code == ErrorCode::truncated);
  CHECK_THAT((*file)->failure()->message, Catch::StartsWith(path + ": packet ") &&
                                              Catch::EndsWith("shortened while it was read"));
  CHECK(more < 4990);
  CHECK_FALSE((*file)->next(frame, false));
}

TEST_CASE("a fault that is not ours still ends the process", "[capture][file]") {
  const TemporaryFolder folder;
  const std::string path = folder.write("x", Octets(8192, 1));
  REQUIRE(read_path(folder.write("a", noise(1))).frames.size() == 1);  // the guard is installed
  const pid_t child = fork();
  if (child == 0) {
    close(STDERR_FILENO);
    rlimit none{};
    setrlimit(RLIMIT_CORE, &none);
    const int file = open(path.c_str(), O_RDWR);
    void* octets = mmap(nullptr, 8192, PROT_READ, MAP_PRIVATE, file, 0);
    if (ftruncate(file, 0) != 0) _exit(1);
    _exit(*static_cast<volatile uint8_t*>(octets) == 0 ? 0 : 2);
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  // By the signal, or by what a sanitizer put in its place; only zeros would let it go on.
  CHECK_FALSE((WIFEXITED(status) && WEXITSTATUS(status) == 0));
}

TEST_CASE("a file that grows is read up to its size at the start", "[capture][file]") {
  const TemporaryFolder folder;
  const std::string path = folder.write("a.pcap", noise(3));
  auto file = capture::open_capture(path);
  REQUIRE(file.has_value());
  std::ofstream(path, std::ios::app) << "more";
  const ReadResult result = read_all(**file);
  CHECK(result.frames.size() == 3);
  CHECK(result.failure.empty());
}

TEST_CASE("a file of several GiB leaves little in memory", "[capture][file]") {
  const TemporaryFolder folder;
  const std::string path = folder.at("sparse.pcapng");
  PcapngWriter start, end;
  start.section().interface(1).enhanced(0, 1, kOne);
  end.enhanced(0, 2, kFour);
  // Blocks of almost 4 GiB, one behind the other, all holes on the disk.
  constexpr uint32_t kHole = 0xfffffffc;
  const int descriptor = open(path.c_str(), O_RDWR | O_CREAT, 0600);
  REQUIRE(write(descriptor, start.octets().data(), start.octets().size()) > 0);
  auto at = static_cast<off_t>(start.octets().size());
  const Octets head = NumberWriter(false).u32(0xbad).u32(kHole).octets();
  const Octets tail = NumberWriter(false).u32(kHole).octets();
  for (int hole = 0; hole < 3; ++hole, at += kHole) {
    REQUIRE(pwrite(descriptor, head.data(), 8, at) == 8);
    REQUIRE(pwrite(descriptor, tail.data(), 4, at + kHole - 4) == 4);
  }
  REQUIRE(pwrite(descriptor, end.octets().data(), end.octets().size(), at) > 0);
  close(descriptor);
  const ReadResult result = read_path(path);
  CHECK(result.failure.empty());
  REQUIRE(result.frames.size() == 2);
  CHECK(result.frames[1].octets == kFour);
}
