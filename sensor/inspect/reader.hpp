// SPDX-License-Identifier: BSD-3-Clause
// The bridge between one direction's reassembler and the dissector of its flow: identifies, calls,
// checks every answer against the contract. Lives for one call on the stack.
#pragma once

#include "sensor/inspect/inspector.hpp"

namespace exwire::inspect {

/// Bits of ToldAnomalies below this are the stream's, the rest the dissector's.
enum StreamAnomaly : uint32_t {
  kGapAnomaly = 0,
  kConflictAnomaly,
  kPendingAnomaly,
  kContractAnomaly,
  kShedAnomaly,
  kLookedAnew,  ///< no anomaly, but remembered with them
  kUrgentAnomaly,
  kUnacknowledgedAnomaly,
  kAckAnomaly,
  kSignatureAnomaly,
  kTtlAnomaly,
  kTimestampAnomaly,
  kWindowAnomaly,
  kAfterFinAnomaly,
  kResetPayloadAnomaly,
  kSynAnomaly,
  kResetAnomaly,
  kResetIgnoredAnomaly,
  kFinIgnoredAnomaly,
  kFirstDissectorAnomaly = 20,
};

class Inspector::Reader final : public flow::StreamReader {
 public:
  Reader(Inspector& inspector, uint32_t handle, flow::Flow& flow, Session& session,
         Direction direction, Timestamp now, uint64_t packet) noexcept;

  flow::ReadAnswer read(Bytes octets) override;
  flow::ReadAnswer read_before_gap(Bytes octets) override;
  bool gap(uint64_t missing) override;
  void conflict(int64_t offset, Bytes octets) override;
  flow::OverlapPolicy overlap_policy() const override;
  uint32_t most_pending() const override;
  void end();

  /// For the services handed to dissectors.
  void field(uint32_t index, Bytes value);
  void message(const ExwireMessage& message);
  void anomaly(uint32_t index);
  void handshake(const ExwireHandshake& handshake);
  void record(const ExwireRecord& record);
  void shed() noexcept;

 private:
  bool identify(Bytes octets);
  void offer_peer();
  void gather(TlsField field, Bytes value);
  flow::ReadAnswer give_up(uint32_t bit, const char* event);
  const LoadedDissector& dissector() const noexcept;

  Inspector& inspector_;
  uint32_t handle_;
  flow::Flow& flow_;
  Session& session_;
  Direction direction_;
  uint64_t packet_;
  ExwireFlowView view_{};
};

/// flow::FlowMark of a direction whose FIN was reached.
constexpr uint16_t fin_mark(Direction direction) noexcept {
  return direction == Direction::to_server ? flow::kFinToServer : flow::kFinToClient;
}

/// flow::FlowWork bit of a direction.
constexpr uint8_t dissect_bit(Direction direction) noexcept {
  return direction == Direction::to_server ? flow::kWorkDissectToServer
                                           : flow::kWorkDissectToClient;
}

}  // namespace exwire::inspect
