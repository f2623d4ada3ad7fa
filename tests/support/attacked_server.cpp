// SPDX-License-Identifier: BSD-3-Clause
#include "tests/support/attacked_server.hpp"

#include "sensor/wire/checksum.hpp"
#include "sensor/wire/ipv4.hpp"

namespace exwire::test {
namespace {

constexpr size_t kIp = 14, kTcp = kIp + 20;

void put16(std::vector<uint8_t>& octets, size_t at, uint16_t value) {
  octets[at] = static_cast<uint8_t>(value >> 8);
  octets[at + 1] = static_cast<uint8_t>(value);
}

// Makes an honest frame odd; its checksums are right again, unless they are meant to be wrong.
void distort(TestFrame& frame, const Odd& odd) {
  std::vector<uint8_t>& octets = frame.octets;
  octets[kIp + 8] = odd.ttl;
  put16(octets, kTcp + 18, odd.urgent);
  if (odd.offset != 0) octets[kTcp + 12] = odd.offset;
  put16(octets, kTcp + 16, 0);
  const wire::NetworkView network =
      wire::open_ipv4(frame.view().from(kIp), static_cast<uint32_t>(octets.size() - kIp));
  const uint16_t sum = wire::sum_of(network.payload, wire::pseudo_header_words(network));
  put16(octets, kTcp + 16, static_cast<uint16_t>(odd.bad_checksum ? sum : ~sum));
  const int length = static_cast<int>(load_be16(octets.data() + kIp + 2)) + odd.ip_length;
  put16(octets, kIp + 2, static_cast<uint16_t>(length));
  octets[kIp] = odd.ip_first;
  octets[kIp + 9] = odd.protocol;
  put16(octets, kIp + 10, 0);
  const uint16_t header_sum = wire::sum_of(frame.view().from(kIp).first(20));
  put16(octets, kIp + 10,
        static_cast<uint16_t>(odd.bad_header_checksum ? header_sum : ~header_sum));
  octets.insert(octets.end(), odd.padding.begin(), odd.padding.end());
}

wire::DecodeSettings strict() {
  wire::DecodeSettings settings;
  settings.checksums = wire::ChecksumMode::all;
  settings.remove_duplicates = false;
  return settings;
}

}  // namespace

std::string phone_request(const std::string& word) {
  return "POST /Microsoft-Server-ActiveSync?Cmd=" + word + " HTTP/1.1\r\nHost: ex\r\n\r\n";
}

AttackedServer::AttackedServer() : decoder(HashKey{}, strict(), budget) {
  settings.most_sessions = 64;
  settings.label_unknown = false;
  flow_settings.most_flows = 1024;
  flow_settings.half_open_entries = 1024;
  watch.plaintext_ports.set(80);
  table.emplace(flow_settings, watch, budget, recorder);
  inspector.emplace(settings, host, *table, budget, recorder);
  recorder.inspector = &*inspector;
}

AttackedServer& AttackedServer::send(std::string_view payload, int64_t ahead, uint8_t flags,
                                     const Odd& odd) {
  Segment segment;
  segment.seq = next + static_cast<uint32_t>(ahead);
  segment.ack = flags & wire::kAck ? server_next + static_cast<uint32_t>(odd.ack) : 0;
  segment.flags = flags;
  segment.payload = payload;
  give(segment, odd);
  return *this;
}

AttackedServer& AttackedServer::moved(size_t octets) {
  next += static_cast<uint32_t>(octets);
  return *this;
}

AttackedServer& AttackedServer::answer(uint8_t flags, std::string_view payload) {
  Segment segment;
  std::swap(segment.source, segment.destination);
  std::swap(segment.source_port, segment.destination_port);
  segment.seq = server_next;
  segment.ack = next;
  segment.flags = flags;
  segment.payload = payload;
  if (!deaf) give(segment);
  server_next +=
      static_cast<uint32_t>(payload.size()) + ((flags & (wire::kSyn | wire::kFin)) ? 1U : 0U);
  return *this;
}

AttackedServer& AttackedServer::acknowledged(uint8_t flags, std::string_view payload) {
  return answer(flags, payload);
}

AttackedServer& AttackedServer::syn_with(std::string_view payload, size_t taken, uint32_t isn) {
  next = isn;
  send(payload, 0, wire::kSyn);
  next = isn + 1 + static_cast<uint32_t>(taken);
  return answer(wire::kSyn | wire::kAck, {});
}

AttackedServer& AttackedServer::handshake(uint32_t isn) {
  return syn_with({}, 0, isn).send("", 0, wire::kAck);
}

AttackedServer& AttackedServer::stamped(uint32_t from) {
  stamp = from;
  return *this;
}

void AttackedServer::give(const Segment& segment, const Odd& odd) {
  now.ns += kNanosPerMilli;
  Segment sent = segment;
  sent.options = odd.options;
  if (stamp && !odd.unstamped) {
    const uint32_t value = odd.stamp.value_or(*stamp);
    for (const int shift : {-1, -1, -2, -3, 24, 16, 8, 0}) {
      constexpr uint8_t kNoOperation = 1, kTimestamps = 8, kLength = 10;
      sent.options.push_back(shift == -1   ? kNoOperation
                             : shift == -2 ? kTimestamps
                             : shift == -3 ? kLength
                                           : static_cast<uint8_t>(value >> shift));
    }
    sent.options.insert(sent.options.end(), 4, 0);
  }
  TestFrame frame = build(sent, now);
  distort(frame, odd);
  wire::Packet packet;
  const wire::FrameHead head{frame.time, ++number_, static_cast<uint32_t>(frame.octets.size()), 1};
  const wire::DecodeStatus status = decoder.decode(head, frame.view(), packet);
  static constexpr const char* kNotices[] = {
      "bad_header_checksum", "bad_checksum",      "fragment_overlap", "fragment_impossible",
      "tcp_in_fragments",    "impossible_header", "impossible_flags"};
  for (const wire::Notice& notice : decoder.notices().waiting()) {
    recorder.events += std::string(kNotices[static_cast<size_t>(notice.kind)]) + " ";
  }
  if (status == wire::DecodeStatus::tcp) {
    const flow::Tracked tracked = table->track(packet);
    if (tracked.flow != nullptr) inspector->inspect(tracked, packet);
    table->expire(packet.time);
  }
  decoder.release();
}

AttackedServer& AttackedServer::over() {
  table->drain(now);
  return *this;
}

void AttackedServer::Recorder::request_head(flow::Flow&, inspect::HttpTransaction& one) {
  const std::string uri(one.text(inspect::HttpField::uri));
  log += uri.substr(uri.find('=') + 1) + " ";
}

}  // namespace exwire::test
