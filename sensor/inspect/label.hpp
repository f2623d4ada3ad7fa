// SPDX-License-Identifier: BSD-3-Clause
// A second opinion from nDPI on what a flow carries, for protocols we do not dissect. A label only:
// no text nDPI stores ever leaves this file. Bounded as measured for nDPI 4.2: few protocols, 8
// packets or 16 KiB per flow, a limited number of flows at once, every packet copied into a scratch
// buffer with zeros behind it. nDPI's own tables take 17 ms and 5 MiB: a replay builds them when
// the first flow needs them, which in many a capture none does.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "sensor/base/memory.hpp"
#include "sensor/flow/flow.hpp"
#include "sensor/wire/packet.hpp"

struct ndpi_detection_module_struct;
struct ndpi_flow_struct;

namespace exwire::inspect {

class Labeller {
 public:
  static constexpr uint32_t kMostFlows = 16384;
  static constexpr uint32_t kMostPackets = 8;
  static constexpr uint32_t kMostOctets = 16 * 1024;

  /// One flow under nDPI's eyes.
  struct Candidate {
    ndpi_flow_struct* state = nullptr;
    uint32_t packets = 0, octets = 0;
  };

  /// `at_once`: nDPI's tables are built here, and SetupError is thrown when that fails. They must
  /// be where several workers run: building them writes to what all of nDPI shares.
  Labeller(Budget& budget, bool at_once);
  ~Labeller();
  Labeller(const Labeller&) = delete;
  Labeller& operator=(const Labeller&) = delete;

  /// A slot for a new flow; 0 when as many as allowed are open, or nDPI has no memory.
  uint32_t open();
  /// Shows one packet. True when nDPI has made up its mind or the flow's share is used up: the
  /// label (0: unknown) is in `label` then, and the slot is closed.
  bool look(uint32_t candidate, const wire::Packet& packet, uint16_t& label);
  /// nDPI's last word on a flow that is over (0: unknown); the slot is closed.
  uint16_t last_word(uint32_t candidate);
  void close(uint32_t candidate) noexcept;
  /// nDPI's name of a label, e.g. "SSH"; empty for 0.
  const char* name(uint16_t label) const noexcept;

 private:
  static constexpr size_t kSlack = 64;
  static constexpr size_t kCharge = 16 * 1024;  ///< measured cost of a flow after 8 packets
  struct Module {
    void operator()(ndpi_detection_module_struct* module) const noexcept;
  };
  bool is_ready();
  size_t write_packet(const wire::Packet& packet) noexcept;

  Budget& budget_;
  std::unique_ptr<ndpi_detection_module_struct, Module> module_;  ///< null: nobody has asked yet
  Slab<Candidate> candidates_;
  std::vector<uint8_t> scratch_;
};

}  // namespace exwire::inspect
