// SPDX-License-Identifier: BSD-3-Clause
// What gives away the clients that speak, but slowly: a request in small pieces with pauses, a body
// that does not arrive (both told by progress, RFC 9112 knows no pace), and a window that stays
// shut before a response (RFC 9293 3.8.6).
#pragma once

#include "sensor/detect/detector.hpp"
#include "sensor/detect/stage_steps.hpp"
#include "sensor/detect/standing.hpp"

namespace exwire::detect {

class SlowClients {
 public:
  explicit SlowClients(const StageSteps& steps) noexcept : steps_(steps) {}

  void watch_window(const FlowContext& context, const wire::Packet& packet, Standing& standing,
                    FindingSink& sink) const;
  void watch_body(const FlowContext& context, const flow::Tracked& tracked,
                  const wire::Packet& packet, Standing& standing, FindingSink& sink) const;
  void body_over(const FlowContext& context, FindingSink& sink) const;

  /// A record of the client after the handshake; one, or a segment of a connection joined later; an
  /// answer.
  void asked(const FlowContext& context, const inspect::TlsRecord& record, Standing& standing,
             FindingSink& sink) const;
  void asked_midway(const FlowContext& context, uint32_t octets, Standing& standing,
                    FindingSink& sink) const;
  void answered(const FlowContext& context, Standing& standing, FindingSink& sink) const;
  /// What a connection joined later had sent before the other side was heard.
  static void remember_stray(const flow::Flow& flow, Standing& standing) noexcept;

 private:
  void piece(const FlowContext& context, uint32_t length, uint8_t within_s, Standing& standing,
             FindingSink& sink) const;

  const StageSteps& steps_;
};

}  // namespace exwire::detect
