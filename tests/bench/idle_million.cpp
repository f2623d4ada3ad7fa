// SPDX-License-Identifier: BSD-3-Clause
// A million phones that resume a TLS session, ask once, and hear nothing for half an hour: seven
// packets each, as a capture; and a reader that does nothing but call pcap_loop, to compare with.
// Usage: idle_million write CONNECTIONS FILE, idle_million read FILE
#include <pcap/pcap.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "tests/support/packet_builder.hpp"

using namespace exwire;

namespace {

using namespace std::string_literals;

std::string u16(size_t value) {
  return {static_cast<char>(value >> 8), static_cast<char>(value & 0xff)};
}

std::string handshake(char type, const std::string& body) {
  const std::string message = std::string(1, type) + '\0' + u16(body.size()) + body;
  return "\x16\x03\x01"s + u16(message.size()) + message;
}

// RFC 5246 7.3, an abbreviated handshake: both hellos name the session, and the server is the first
// to say that it has finished.
const std::string kSession = "\x20"s + std::string(32, 'i');
const std::string kName = "mail.exwire.example";
const std::string kExtensions = "\x00\x00"s + u16(kName.size() + 5) + u16(kName.size() + 3) + '\0' +
                                u16(kName.size()) + kName +
                                "\x00\x0a\x00\x04\x00\x02\x00\x1d\x00\x0b\x00\x02\x01\x00"s;
const std::string kClientHello =
    handshake(1, "\x03\x03"s + std::string(32, 'r') + kSession +
                     "\x00\x04\xc0\x2f\xc0\x30\x01\x00"s + u16(kExtensions.size()) + kExtensions);
const std::string kServerHello =
    handshake(2, "\x03\x03"s + std::string(32, 's') + kSession + "\xc0\x2f\x00"s);
const std::string kFinished =
    "\x14\x03\x03\x00\x01\x01\x16\x03\x03\x00\x28"s + std::string(40, 'f');
const std::string kRequest = "\x17\x03\x03\x01\xb4"s + std::string(436, 'q');
const std::string kAnswer = "\x17\x03\x03\x00\x9e"s + std::string(158, 'a');

constexpr int64_t kApartNs = 300'000, kSilenceNs = 1800 * kNanosPerSecond;

test::Talk conversation(uint32_t number) {
  test::Segment side;
  side.source = "10." + std::to_string(number >> 16 & 255) + '.' +
                std::to_string(number >> 8 & 255) + '.' + std::to_string(number & 255);
  side.source_port = static_cast<uint16_t>(40000 + (number >> 24));
  side.destination_port = 443;
  test::Talk talk(side);
  return talk.syn()
      .synack()
      .client(kClientHello)
      .server(kServerHello + kFinished)
      .client(kFinished + kRequest);
}

void write(pcap_dumper_t* file, const test::TestFrame& frame, int64_t when_ns) {
  pcap_pkthdr head{};
  head.ts.tv_sec = when_ns / kNanosPerSecond;
  head.ts.tv_usec = when_ns % kNanosPerSecond / 1000;
  head.caplen = head.len = static_cast<uint32_t>(frame.octets.size());
  pcap_dump(reinterpret_cast<u_char*>(file), &head, frame.octets.data());
}

int write_all(uint32_t connections, const char* path) {
  pcap_t* format = pcap_open_dead(DLT_EN10MB, 65535);
  pcap_dumper_t* file = pcap_dump_open(format, path);
  if (file == nullptr) return 1;
  const int64_t start = 1'700'000'000 * kNanosPerSecond;
  for (const bool opening : {true, false}) {
    for (uint32_t number = 0; number < connections; ++number) {
      test::Talk talk = conversation(number);
      int64_t when = start + int64_t{number} * kApartNs;
      if (!opening) {
        when += kSilenceNs;
        talk.frames.clear();
        talk.server(kAnswer).client("", wire::kAck);
      }
      for (const test::TestFrame& frame : talk.frames) {
        write(file, frame, when);
        when += kApartNs / 10;
      }
    }
  }
  pcap_dump_close(file);
  pcap_close(format);
  return 0;
}

int read_all(const char* path) {
  char error[PCAP_ERRBUF_SIZE];
  pcap_t* file = pcap_open_offline(path, error);
  if (file == nullptr) return 1;
  uint64_t packets = 0;
  const auto count = [](u_char* counter, const pcap_pkthdr*, const u_char*) {
    ++*reinterpret_cast<uint64_t*>(counter);
  };
  pcap_loop(file, 0, count, reinterpret_cast<u_char*>(&packets));
  pcap_close(file);
  std::printf("%llu packets\n", static_cast<unsigned long long>(packets));
  return 0;
}

}  // namespace

int main(int count, char** words) {
  const std::string_view what = count > 1 ? words[1] : "";
  if (what == "write" && count == 4) {
    return write_all(static_cast<uint32_t>(std::strtoul(words[2], nullptr, 10)), words[3]);
  }
  if (what == "read" && count == 3) return read_all(words[2]);
  std::fprintf(stderr, "usage: idle_million write CONNECTIONS FILE | read FILE\n");
  return 2;
}
