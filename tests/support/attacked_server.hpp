// SPDX-License-Identifier: BSD-3-Clause
// A server on port 80 that a sensor watches, and whoever sends segments to it: the real path from
// frame to request, with every field of a segment in the sender's hand. Requests are told by the
// word after "Cmd=".
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sensor/inspect/inspector.hpp"
#include "sensor/wire/decode.hpp"
#include "tests/support/packet_builder.hpp"

namespace exwire::test {

/// A phone's request that says `word`.
std::string phone_request(const std::string& word);

/// What a segment says beside its payload, place and flags.
struct Odd {
  uint16_t urgent = 0;
  uint8_t ttl = 64;
  int64_t ack = 0;     ///< added to the honest acknowledgement
  uint8_t offset = 0;  ///< data offset and reserved bits as on the wire; 0: the true ones
  int ip_length = 0;   ///< added to the IP total length
  uint8_t ip_first = 0x45, protocol = 6;
  bool bad_checksum = false, bad_header_checksum = false;
  bool unstamped = false;  ///< without time stamps, even where they are agreed
  std::optional<uint32_t> stamp{};
  std::vector<uint8_t> options{};
  std::string padding{};  ///< behind the IP packet
};
inline const std::vector<uint8_t> kMd5Option{19, 18, 0, 0, 0, 0, 0, 0, 0, 0,
                                             0,  0,  0, 0, 0, 0, 0, 0, 1, 1};

class AttackedServer {
 public:
  AttackedServer();

  /// The client's segment `ahead` octets from where its stream stands.
  AttackedServer& send(std::string_view payload, int64_t ahead = 0,
                       uint8_t flags = wire::kAck | wire::kPsh, const Odd& odd = {});
  AttackedServer& moved(size_t octets);
  AttackedServer& good() { return send(kGood).moved(kGood.size()); }
  /// The server's segment: acknowledges everything so far.
  AttackedServer& acknowledged(uint8_t flags = wire::kAck, std::string_view payload = {});
  /// SYN with payload, and the answer to it, which takes so much of the payload.
  AttackedServer& syn_with(std::string_view payload, size_t taken, uint32_t isn = 1000);
  AttackedServer& handshake(uint32_t isn = 1000);
  /// From now on both sides send time stamps, the client beginning with this one.
  AttackedServer& stamped(uint32_t from);
  void give(const Segment& segment, const Odd& odd = {});
  /// The end of the capture.
  AttackedServer& over();

  bool told(const std::string& word) const {
    return recorder.log.find(word + " ") != std::string::npos;
  }
  bool event(const std::string& name) const {
    return recorder.events.find(name + " ") != std::string::npos;
  }

  inline static const std::string kGood = phone_request("GOOD"), kEvil = phone_request("EVIL");

  class Recorder final : public inspect::Listener, public flow::FlowListener {
   public:
    void request_head(flow::Flow&, inspect::HttpTransaction& one) override;
    void response_head(flow::Flow&, inspect::HttpTransaction&) override {}
    void transaction_over(flow::Flow&, inspect::HttpTransaction&) override {}
    void anomaly(flow::Flow&, const inspect::Anomaly& anomaly) override {
      events += std::string(anomaly.event) + " ";
    }
    void flow_ended(uint32_t handle, flow::Flow& flow, flow::EndReason, Timestamp when) override {
      inspector->close(handle, flow, when);
      ++flows;
      last = flow;
    }
    void half_open_ended(const flow::Flow&, flow::EndReason, Timestamp) override {}
    void odd_segment(uint32_t handle, flow::Flow& flow, Direction direction,
                     flow::Oddity oddity) override {
      inspector->odd_segment(handle, flow, direction, oddity);
    }
    void flow_timer(uint32_t handle, flow::Flow& flow, Timestamp when) override {
      inspector->timer(handle, flow, when);
    }
    std::string log, events;
    int flows = 0;
    flow::Flow last;
    inspect::Inspector* inspector = nullptr;
  };

  Timestamp now{1'700'000'000 * kNanosPerSecond};
  uint32_t next = 0;  ///< of the client
  uint32_t server_next = 5000;
  bool deaf = false;  ///< the capture shows the client's direction only
  std::optional<uint32_t> stamp;
  Budget budget{size_t{256} << 20};
  flow::Watch watch;
  flow::FlowSettings flow_settings;
  inspect::InspectSettings settings;
  inspect::DissectorHost host{inspect::builtin_dissectors()};
  Recorder recorder;
  wire::Decoder decoder;
  std::optional<flow::FlowTable> table;
  std::optional<inspect::Inspector> inspector;

 private:
  AttackedServer& answer(uint8_t flags, std::string_view payload);
  uint64_t number_ = 0;
};

}  // namespace exwire::test
