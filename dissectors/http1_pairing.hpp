// SPDX-License-Identifier: BSD-3-Clause
// Which response answers which request: by order (RFC 9112 section 9.3), with what has to be known
// of a request to frame its response. Survives responses nobody asked for and lost octets.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

namespace exwire::http1 {

/// What a response must know of its request.
enum class Kind : uint8_t { ordinary = 0, head = 1, connect = 2, upgrade_h2c = 3 };

class Pairing {
 public:
  static constexpr uint32_t kMostLive = 128;        ///< more outstanding requests are an anomaly
  static constexpr uint32_t kMostRemembered = 512;  ///< whose kind is known
  static constexpr uint32_t kMostParked = 7;        ///< whose kind a sleeping flow keeps

  uint32_t begin_request() noexcept {
    if (lost_) responses_ = requests_;  // what was open before the loss stays unanswered
    lost_ = false;
    const uint32_t transaction = requests_++;
    if (open() > kMostRemembered) {
      forgotten_until_ = requests_;
    } else {
      set_kind(transaction, Kind::ordinary);
    }
    return transaction;
  }
  uint32_t begin_response() noexcept {
    if (responses_ == requests_) set_kind(requests_++, Kind::ordinary);  // nobody asked
    return responses_++;
  }
  /// The start of the response that was due is lost, and with it the response.
  void miss_response() noexcept {
    if (open() > 0) ++responses_;
  }
  /// Octets were lost: the next request starts pairing anew.
  void lose() noexcept { lost_ = true; }
  bool lost() const noexcept { return lost_; }

  Kind kind(uint32_t transaction) const noexcept {
    // Beyond what is remembered all are taken for ordinary ones.
    if (forgotten_until_ > transaction) return Kind::ordinary;
    return static_cast<Kind>(kinds_[transaction % kMostRemembered / 4] >> shift(transaction) & 3);
  }
  void set_kind(uint32_t transaction, Kind kind) noexcept {
    if (forgotten_until_ > transaction) return;
    uint8_t& octet = kinds_[transaction % kMostRemembered / 4];
    octet = static_cast<uint8_t>((octet & ~(3U << shift(transaction))) | static_cast<unsigned>(kind)
                                                                             << shift(transaction));
  }
  uint32_t open() const noexcept { return requests_ - responses_; }
  uint32_t newest_request() const noexcept { return requests_ - 1; }
  uint32_t newest_response() const noexcept { return responses_ - 1; }
  /// Nothing is lost when a sleeping flow keeps `requests`, `open` and the kinds of the open ones.
  bool parkable() const noexcept {
    return open() <= kMostParked && (open() == 0 || forgotten_until_ <= responses_);
  }

  uint32_t parked_kinds() const noexcept {
    uint32_t kinds = 0;
    for (uint32_t index = 0; index < std::min(open(), kMostParked); ++index) {
      kinds |= static_cast<uint32_t>(kind(responses_ + index)) << (2 * index);
    }
    return kinds;
  }
  void restore(uint32_t requests, uint32_t open, uint32_t kinds, bool lost) noexcept {
    requests_ = requests;
    responses_ = requests - open;
    lost_ = lost;
    for (uint32_t index = 0; index < open; ++index) {
      set_kind(responses_ + index, static_cast<Kind>(kinds >> (2 * index) & 3));
    }
  }

 private:
  static uint32_t shift(uint32_t transaction) noexcept { return transaction % 4 * 2; }

  uint32_t requests_ = 0;         ///< number of the next request
  uint32_t responses_ = 0;        ///< number of the next response
  uint32_t forgotten_until_ = 0;  ///< kinds below this number are not known
  bool lost_ = false;
  std::array<uint8_t, kMostRemembered / 4> kinds_;  ///< read only where written
};

}  // namespace exwire::http1
