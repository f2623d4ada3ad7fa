// SPDX-License-Identifier: BSD-3-Clause
// What follows when a rule has matched: bits that other rules ask for, suppression, rates, and the
// finding itself. The finding says which rule matched and where, never what: rules may look for
// secrets.
#pragma once

#include <memory>

#include "sensor/detect/rules/look.hpp"
#include "sensor/detect/rules/memory.hpp"

namespace exwire::detect::rules {

class Speaker {
 public:
  /// `common`: what rules of all workers remember of addresses.
  explicit Speaker(std::shared_ptr<Memory> common) : common_(std::move(common)) {}

  /// Of one moment, as Suricata of one packet; what is beyond is counted.
  static constexpr uint32_t kMostAlerts = 15;

  /// Another moment begins.
  void begin() noexcept { told_ = 0; }
  /// The bits the rule asks for are as it wants them.
  bool bits_allow(const Rule& rule, const Look& look, FindingSink& sink) const noexcept;
  void conclude(const Rule& rule, const Look& look, FindingSink& sink);

  /// A pass rule matched: no other rule speaks of the connection any more.
  void pass(const FlowContext& context) noexcept;
  bool passed(const FlowContext& context) const noexcept;

  uint64_t overflow() const noexcept { return overflow_; }

 private:
  void change_bits(const Rule& rule, const Look& look, FindingSink& sink) noexcept;
  bool may_speak(const Rule& rule, const Ends& ends, const FlowContext& context,
                 FindingSink& sink) noexcept;
  Memory& memory_for(const Bit& bit, FindingSink& sink) const noexcept;

  std::shared_ptr<Memory> common_;
  mutable Memory own_;  ///< of connections
  uint32_t told_ = 0;
  uint64_t overflow_ = 0;
};

}  // namespace exwire::detect::rules
