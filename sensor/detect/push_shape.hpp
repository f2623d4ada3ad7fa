// SPDX-License-Identifier: BSD-3-Clause
// Direct Push by its shape and by its words: requests that wait long for a small answer, again and
// again (TLS), or Pings and hanging Syncs that can be read (MS-ASCMD). The longest of these waits
// is the heartbeat of the connection. Clients that open a connection for every Ping (Android) are
// known by their address: what one connection has shown counts for the next. All workers share it:
// who is given a sink waits for his turn.
#pragma once

#include <array>
#include <vector>

#include "sensor/detect/idle_memory.hpp"
#include "sensor/detect/push_settings.hpp"

namespace exwire::detect {

class PushShape {
 public:
  explicit PushShape(const PushSettings& settings);

  /// The server speaks after a silence: is it the small answer to a request that has waited?
  bool waited(const flow::Flow& flow, uint32_t answer_octets, uint32_t length_ms,
              IdleMemory& memory, FindingSink& sink) noexcept;
  /// Whether this client is known to wait for answers of this server.
  bool patient(const flow::Flow& flow, const IdleMemory& memory, FindingSink& sink) const noexcept;
  /// Whether an answer is due. What a server has said after the request may have been its session
  /// tickets (RFC 8446 4.6.1): then it has said as much as on connections it answered later.
  bool owed(const flow::Flow& flow, const IdleMemory& memory, FindingSink& sink) const noexcept;

  /// The head of a request that could be read.
  void begun(const inspect::HttpTransaction& transaction, IdleMemory& memory) const noexcept;
  /// The front of its body.
  void body(const inspect::HttpTransaction& transaction, IdleMemory& memory) const noexcept;
  /// The request and all of its answer.
  void over(const FlowContext& context, const inspect::HttpTransaction& transaction,
            IdleMemory& memory, FindingSink& sink) const;

  void describe(const IdleMemory& memory, FlowNumbers& numbers) const noexcept;

 private:
  struct Device {
    uint64_t key = 0;  ///< digest of client, server and port
    uint8_t waits = 0;
    bool patient = false;
    /// Octets the server had said when it owed the first answer: of whole and resumed handshakes.
    std::array<uint16_t, 2> before_answer{};
  };
  static constexpr size_t kDevices = 8192;  ///< a newer one takes the place of an older

  static uint64_t key_of(const flow::Flow& flow) noexcept;
  const Device* device_of(const flow::Flow& flow, FindingSink& sink) const noexcept;

  const uint32_t least_wait_ms_;
  std::vector<Device> devices_;
};

}  // namespace exwire::detect
