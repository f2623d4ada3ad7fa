// SPDX-License-Identifier: BSD-3-Clause
// Signs that a single look at a connection gives about its stage: how far its TCP handshake is,
// whether its first octets are a request, and whether its client takes anything.
#pragma once

#include <algorithm>
#include <array>
#include <cstring>

#include "sensor/base/bytes.hpp"
#include "sensor/detect/stage.hpp"
#include "sensor/flow/flow.hpp"
#include "sensor/flow/half_open_table.hpp"

namespace exwire::detect {

inline Stage stage_of(flow::HalfOpenStage stage) noexcept {
  switch (stage) {
    case flow::HalfOpenStage::unanswered:
      return Stage::unanswered;
    case flow::HalfOpenStage::answered:
    case flow::HalfOpenStage::waiting:
      return Stage::half_open;
    case flow::HalfOpenStage::hammered:
      return Stage::hammered;
    case flow::HalfOpenStage::aborted:
      return Stage::aborted;
    case flow::HalfOpenStage::unasked:
      return Stage::unasked;
    case flow::HalfOpenStage::backscatter:
      return Stage::backscatter;
    default:
      return Stage::none;
  }
}

inline bool is_method(Bytes payload) noexcept {
  static constexpr std::array<const char*, 10> kMethods{"GET ", "POST", "HEAD", "PUT ", "OPTI",
                                                        "RPC_", "PROP", "DELE", "SEAR", "SUBS"};
  return payload.size >= 4 && std::any_of(kMethods.begin(), kMethods.end(), [&](const char* one) {
           return std::memcmp(payload.data, one, 4) == 0;
         });
}

/// What the client is ready to take, in octets; unscaled where its scale was not seen.
inline uint32_t window_of(const flow::Flow& flow) noexcept {
  const auto window = static_cast<uint32_t>(flow.of(Direction::to_server).window);
  return window << (flow.window_scales & 0x0f);
}

// Of connections joined later the scale is not known: nothing is nothing by any scale, and 256
// units of it are nowhere little.
inline bool window_is_shut(const flow::Flow& flow) noexcept {
  constexpr uint32_t kTiny = 536;  // octets: the least a host must take (RFC 9293 3.7.1)
  return window_of(flow) < (flow.has(flow::kMidstream) ? 1 : kTiny);
}
inline bool window_is_open(const flow::Flow& flow) noexcept {
  constexpr uint32_t kOpen = 16384, kOpenByAnyScale = 256;
  return window_of(flow) >= (flow.has(flow::kMidstream) ? kOpenByAnyScale : kOpen);
}

}  // namespace exwire::detect
