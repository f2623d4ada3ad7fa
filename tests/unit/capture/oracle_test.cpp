// SPDX-License-Identifier: BSD-3-Clause
// libpcap as the oracle: every capture of the folder EXWIRE_CAPTURES is read by both, packet by
// packet. Where libpcap gives up we must have read at least as much; every such file is named.
#include <pcap/pcap.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <iostream>

#include "sensor/capture/link_type.hpp"
#include "tests/unit/capture/read_both.hpp"

using namespace exwire;
using namespace exwire::test;

namespace {

struct Oracle {
  size_t snaplen = 0;
  std::vector<ReadFrame> frames;
  std::string failure;
};

Oracle read_by_libpcap(const std::string& path) {
  Oracle oracle;
  char words[PCAP_ERRBUF_SIZE];
  const capture::PcapHandle handle(
      pcap_open_offline_with_tstamp_precision(path.c_str(), PCAP_TSTAMP_PRECISION_NANO, words));
  if (!handle) {
    oracle.failure = std::string("open: ") + words;
    return oracle;
  }
  oracle.snaplen = static_cast<size_t>(pcap_snapshot(handle.get()));
  const uint16_t link_type = capture::link_type_of(pcap_datalink(handle.get()));
  pcap_pkthdr* header = nullptr;
  const u_char* octets = nullptr;
  int status = 0;
  while ((status = pcap_next_ex(handle.get(), &header, &octets)) == 1) {
    oracle.frames.push_back({{header->ts.tv_sec * kNanosPerSecond + header->ts.tv_usec},
                             {octets, octets + header->caplen},
                             header->len,
                             link_type,
                             0,
                             oracle.frames.size() + 1});
  }
  if (status == PCAP_ERROR) oracle.failure = pcap_geterr(handle.get());
  return oracle;
}

/// In what two readings of a frame differ, with the reason where there is one that we stand by.
std::string difference(const ReadFrame& ours, const ReadFrame& theirs, size_t their_snaplen) {
  std::string all;
  if (ours.time != theirs.time) {
    constexpr int64_t kWrap = (int64_t{1} << 32) * kNanosPerSecond;
    all +=
        ours.time.ns - theirs.time.ns == kWrap ? " seconds are unsigned in the format;" : " TIME";
  }
  if (ours.octets != theirs.octets) {
    const bool cut = theirs.octets.size() == their_snaplen && ours.octets.size() > their_snaplen &&
                     std::equal(theirs.octets.begin(), theirs.octets.end(), ours.octets.begin());
    all += cut ? " libpcap cuts to the file's snaplen;" : " OCTETS";
  }
  if (ours.wire_octets != theirs.wire_octets) {
    const bool less =
        theirs.wire_octets < ours.octets.size() && ours.wire_octets == ours.octets.size();
    all += less ? " captured more than the wire is said to have held;" : " WIRE";
  }
  // One number for raw IP in files, several in libpcap; it writes them all as 101.
  const auto plain = [](uint16_t type) { return type == 12 || type == 14 ? uint16_t{101} : type; };
  if (plain(ours.link_type) != plain(theirs.link_type)) all += " LINK";
  if (ours.number != theirs.number) all += " NUMBER";
  return all;
}

}  // namespace

TEST_CASE("every capture reads as libpcap reads it", "[capture][oracle]") {
  const char* folder = std::getenv("EXWIRE_CAPTURES");
  if (folder == nullptr) {
    WARN("skipped: EXWIRE_CAPTURES names no folder");
    return;
  }
  std::vector<std::string> paths;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.is_regular_file()) paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  size_t agreed = 0, frames = 0, more = 0;
  for (const std::string& path : paths) {
    INFO(path);
    const Oracle oracle = read_by_libpcap(path);
    auto file = capture::open_capture(path);
    REQUIRE(file.has_value());
    const ReadResult ours = read_all(**file);
    auto buffered = capture::open_capture(path, capture::PathKind::any, capture::Reading::buffered);
    REQUIRE(buffered.has_value());
    CHECK(same(read_all(**buffered), ours));
    CHECK(ours.frames.size() >= oracle.frames.size());
    bool same_frames = ours.frames.size() == oracle.frames.size();
    for (size_t index = 0; index < std::min(ours.frames.size(), oracle.frames.size()); ++index) {
      const std::string what = difference(ours.frames[index], oracle.frames[index], oracle.snaplen);
      if (what.empty()) continue;
      same_frames = false;
      CHECK(std::none_of(what.begin(), what.end(), [](char c) { return c >= 'A' && c <= 'Z'; }));
      std::cout << path << ": packet " << index + 1 << ":" << what << '\n';
      break;
    }
    frames += oracle.frames.size();
    agreed += same_frames;
    more += ours.frames.size() - oracle.frames.size();
    if (oracle.failure.empty()) CHECK(ours.failure.empty());
    if (!oracle.failure.empty() || !ours.failure.empty()) {
      std::cout << path << ":\n  libpcap: " << oracle.frames.size() << " packets, "
                << oracle.failure << "\n  exwire: " << ours.frames.size() << " packets, "
                << (ours.failure.empty() ? "no failure" : ours.failure) << '\n';
    }
  }
  std::cout << "figure: " << paths.size() << " files, " << agreed << " with equal frames, "
            << frames << " packets compared, " << more << " more than libpcap\n";
  CHECK(!paths.empty());
}
