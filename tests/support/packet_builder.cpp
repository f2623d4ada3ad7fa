// SPDX-License-Identifier: BSD-3-Clause
#include "tests/support/packet_builder.hpp"

#include <arpa/inet.h>

#include <cassert>
#include <cstring>

#include "sensor/wire/decode.hpp"

namespace exwire::test {
namespace {

void put16(std::vector<uint8_t>& out, uint32_t value) {
  out.push_back(static_cast<uint8_t>(value >> 8));
  out.push_back(static_cast<uint8_t>(value));
}
void put32(std::vector<uint8_t>& out, uint32_t value) {
  put16(out, value >> 16);
  put16(out, value & 0xffff);
}
void set16(std::vector<uint8_t>& out, size_t at, uint16_t value) {
  out[at] = static_cast<uint8_t>(value >> 8);
  out[at + 1] = static_cast<uint8_t>(value);
}
uint16_t checksum(const uint8_t* data, size_t size, uint32_t sum) {
  for (size_t at = 0; at + 1 < size; at += 2)
    sum += static_cast<uint32_t>(data[at] << 8 | data[at + 1]);
  if (size % 2) sum += static_cast<uint32_t>(data[size - 1] << 8);
  while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<uint16_t>(~sum);
}
std::vector<uint8_t> address_octets(const std::string& text) {
  const bool six = text.find(':') != std::string::npos;
  std::vector<uint8_t> octets(six ? 16 : 4);
  [[maybe_unused]] const int ok = inet_pton(six ? AF_INET6 : AF_INET, text.c_str(), octets.data());
  assert(ok == 1);
  return octets;
}

std::vector<uint8_t> tcp_header(const Segment& segment) {
  std::vector<uint8_t> options = segment.options;
  while (options.size() % 4) options.push_back(0);
  std::vector<uint8_t> out;
  put16(out, segment.source_port);
  put16(out, segment.destination_port);
  put32(out, segment.seq);
  put32(out, segment.ack);
  out.push_back(static_cast<uint8_t>((5 + options.size() / 4) << 4));
  out.push_back(segment.flags);
  put16(out, segment.window);
  put32(out, 0);
  out.insert(out.end(), options.begin(), options.end());
  return out;
}

}  // namespace

TestFrame build(const Segment& segment, Timestamp time) {
  constexpr uint8_t kTcp = 6;
  const std::vector<uint8_t> source = address_octets(segment.source);
  const std::vector<uint8_t> destination = address_octets(segment.destination);
  std::vector<uint8_t> tcp = tcp_header(segment);
  tcp.insert(tcp.end(), segment.payload.begin(), segment.payload.end());
  std::vector<uint8_t> pseudo = source;
  pseudo.insert(pseudo.end(), destination.begin(), destination.end());
  put16(pseudo, static_cast<uint32_t>(tcp.size()));
  put16(pseudo, kTcp);
  const auto sum = static_cast<uint16_t>(~checksum(pseudo.data(), pseudo.size(), 0));
  set16(tcp, 16, checksum(tcp.data(), tcp.size(), sum));

  TestFrame frame{time, {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2}};
  std::vector<uint8_t>& out = frame.octets;
  for (const uint16_t vlan : segment.vlans) {
    put16(out, 0x8100);
    put16(out, vlan);
  }
  if (source.size() == 4) {
    put16(out, 0x0800);
    const size_t ip = out.size();
    put16(out, 0x4500);
    put16(out, static_cast<uint32_t>(20 + tcp.size()));
    put32(out, 0x4000);
    out.push_back(64);
    out.push_back(kTcp);
    put16(out, 0);
    out.insert(out.end(), source.begin(), source.end());
    out.insert(out.end(), destination.begin(), destination.end());
    set16(out, ip + 10, checksum(out.data() + ip, 20, 0));
  } else {
    put16(out, 0x86dd);
    put32(out, 0x60000000);
    put16(out, static_cast<uint32_t>(tcp.size()));
    out.push_back(kTcp);
    out.push_back(64);
    out.insert(out.end(), source.begin(), source.end());
    out.insert(out.end(), destination.begin(), destination.end());
  }
  out.insert(out.end(), tcp.begin(), tcp.end());
  return frame;
}

Talk::Talk(Segment client_side, uint32_t client_isn, uint32_t server_isn)
    : client_seq(client_isn), server_seq(server_isn), side_(std::move(client_side)) {}

void Talk::add(bool from_client, std::string_view payload, uint8_t flags) {
  Segment segment = side_;
  segment.payload = payload;
  segment.flags = flags;
  segment.seq = from_client ? client_seq : server_seq;
  segment.ack = flags & wire::kAck ? (from_client ? server_seq : client_seq) : 0;
  if (!from_client) {
    std::swap(segment.source, segment.destination);
    std::swap(segment.source_port, segment.destination_port);
  }
  frames.push_back(build(segment, now));
  now.ns += kNanosPerMilli;
  uint32_t& seq = from_client ? client_seq : server_seq;
  seq += static_cast<uint32_t>(payload.size()) + ((flags & (wire::kSyn | wire::kFin)) ? 1U : 0U);
}

Talk& Talk::syn() {
  add(true, "", wire::kSyn);
  return *this;
}
Talk& Talk::synack() {
  add(false, "", wire::kSyn | wire::kAck);
  return *this;
}
Talk& Talk::ack() {
  add(true, "", wire::kAck);
  return *this;
}
Talk& Talk::client(std::string_view payload, uint8_t flags) {
  add(true, payload, flags);
  return *this;
}
Talk& Talk::server(std::string_view payload, uint8_t flags) {
  add(false, payload, flags);
  return *this;
}
Talk& Talk::wait(int64_t ns) {
  now.ns += ns;
  return *this;
}
Talk& Talk::lose_client(uint32_t octets) {
  client_seq += octets;
  return *this;
}

std::string as_pcap(const std::vector<TestFrame>& frames) {
  std::string out;
  const auto put = [&](uint32_t value) { out.append(reinterpret_cast<const char*>(&value), 4); };
  put(0xa1b23c4d);
  put(0x00040002);
  put(0);
  put(0);
  put(262144);
  put(1);
  for (const TestFrame& frame : frames) {
    put(static_cast<uint32_t>(frame.time.ns / kNanosPerSecond));
    put(static_cast<uint32_t>(frame.time.ns % kNanosPerSecond));
    put(static_cast<uint32_t>(frame.octets.size()));
    put(static_cast<uint32_t>(frame.octets.size()));
    out.append(reinterpret_cast<const char*>(frame.octets.data()), frame.octets.size());
  }
  return out;
}

std::vector<wire::Packet> decode_all(const std::vector<TestFrame>& frames) {
  Budget budget(size_t{64} << 20);
  wire::DecodeSettings settings;
  settings.remove_duplicates = false;
  wire::Decoder decoder(HashKey{}, settings, budget);
  std::vector<wire::Packet> packets;
  uint64_t number = 0;
  for (const TestFrame& frame : frames) {
    wire::Packet packet;
    const wire::FrameHead head{frame.time, ++number, static_cast<uint32_t>(frame.octets.size()), 1};
    if (decoder.decode(head, frame.view(), packet) == wire::DecodeStatus::tcp) {
      packets.push_back(packet);
    }
  }
  return packets;
}

}  // namespace exwire::test
