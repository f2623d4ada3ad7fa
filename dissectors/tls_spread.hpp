// SPDX-License-Identifier: BSD-3-Clause
// A handshake message over several records (RFC 8446 5.1): their headers are walked once, however
// the octets come, and the message is put together when all of it is there. What is larger than 64
// KiB, or spread over more records than anybody needs, is given up.
#pragma once

#include <array>
#include <cstring>

#include "dissectors/tls_record.hpp"

namespace exwire::tls {

inline constexpr uint32_t kLargestMessage = 65536;
inline constexpr uint32_t kMostPending = 100 * 1024;  ///< octets of records that wait for the rest

/// Of a message in four octets (RFC 8446 4) behind its type.
inline uint32_t message_length(const uint8_t* head) noexcept {
  return uint32_t{head[1]} << 16 | uint32_t{head[2]} << 8 | head[3];
}

class Spread {
 public:
  enum class State : uint8_t { need, whole, cut, many_records, oversize };
  struct Walked {
    State state;
    uint32_t octets;      ///< need: to go on; else: of records that are done with
    uint32_t beyond = 0;  ///< oversize: octets of the message behind these records
  };
  struct Taken {
    uint8_t type;
    Bytes body;
    uint32_t records;  ///< octets of records that are done with
    uint32_t done;     ///< octets of the next record's fragment that belong to the message
  };

  bool begun() const noexcept { return at_ != 0; }
  /// A warning stood between the parts.
  bool warned() const noexcept { return warned_; }

  /// `rest` begins with the record in whose fragment the message begins at `from`.
  Walked walk(Bytes rest, uint32_t from) noexcept {
    while (have_ < want_) {
      constexpr uint32_t kMostRecords = 4096;
      if (records_ == kMostRecords || at_ + kHeader > kMostPending) {
        return {State::many_records, at_};
      }
      if (rest.size - at_ < kHeader) return {State::need, at_ + kHeader};
      const RecordHeader header = header_at(rest.data + at_);
      const bool alert = header.type == kAlert && header.length == 2;
      if (!is_record(header) || (header.type != kHandshake && !alert)) return {State::cut, at_};
      const uint32_t whole = kHeader + header.length;
      if (at_ + whole > kMostPending) return {State::many_records, at_};
      if (rest.size - at_ < whole) return {State::need, at_ + whole};
      const Bytes fragment = rest.from(at_ + kHeader).first(header.length);
      // Up to TLS 1.2, servers read on behind a warning.
      if (alert && fragment[0] != kWarning) return {State::cut, at_};
      warned_ |= alert;
      if (!alert) {
        add(fragment.from(records_ == 0 ? from : 0));
        last_ = at_;
      }
      at_ += whole;
      ++records_;
      const uint32_t length = message_length(head_.data());
      if (have_ >= kHead && length > kLargestMessage) {
        const uint32_t seen = have_ - kHead;
        return {State::oversize, at_, length > seen ? length - seen : 0};
      }
    }
    return {State::whole, at_};
  }

  /// The message that walk() found whole, put together in `room`.
  Taken take(Bytes rest, uint32_t from,
             std::array<uint8_t, 4 + kLargestMessage>& room) const noexcept {
    uint32_t gathered = 0, taken = 0;
    for (uint32_t at = 0; at < at_;) {
      const RecordHeader header = header_at(rest.data + at);
      const Bytes fragment = rest.from(at + kHeader).first(header.length);
      if (header.type != kAlert) {
        const uint32_t skipped = at == 0 ? from : 0;
        const Bytes part = fragment.from(skipped).first(want_ - gathered);
        if (part.size > 0) std::memcpy(room.data() + gathered, part.data, part.size);
        gathered += part.size;
        taken = skipped + part.size;
      }
      at += kHeader + fragment.size;
    }
    const Bytes body{room.data() + kHead, want_ - kHead};
    if (have_ == want_) return {head_[0], body, at_, 0};
    return {head_[0], body, last_, taken};
  }

 private:
  static constexpr uint32_t kHead = 4;

  void add(Bytes part) noexcept {
    for (uint32_t at = 0; have_ + at < kHead && at < part.size; ++at) head_[have_ + at] = part[at];
    have_ += part.size;
    if (have_ >= kHead) want_ = kHead + message_length(head_.data());
  }

  uint32_t at_ = 0;        ///< of the next record, from the first one's start
  uint32_t last_ = 0;      ///< of the last one with a part of the message
  uint32_t have_ = 0;      ///< octets of the message, or more
  uint32_t want_ = kHead;  ///< until its length is known, its header
  uint32_t records_ = 0;
  std::array<uint8_t, kHead> head_{};
  bool warned_ = false;
};

}  // namespace exwire::tls
