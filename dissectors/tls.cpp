// SPDX-License-Identifier: BSD-3-Clause
// SSL 2.0 to TLS 1.3 (RFC 5246, RFC 8446): the handshake in clear, then record headers only. The
// handshake's messages are read however records and segments cut them; what is too large is passed
// over and said so.
#include <array>
#include <cstring>
#include <type_traits>

#include "dissectors/api.hpp"
#include "dissectors/tls_fields.hpp"
#include "dissectors/tls_handshake.hpp"
#include "dissectors/tls_opening.hpp"
#include "dissectors/tls_spread.hpp"

namespace exwire {
namespace {

using namespace tls;

class Tls {
 public:
  Tls() noexcept {}  // NOLINT: otherwise `Tls()` is cleared by a slow instruction first

  static uint8_t probe(Bytes to_server, Bytes to_client) noexcept {
    const uint8_t there = probe_side(to_server), back = probe_side(to_client);
    return there > back ? there : back;
  }

  Progress data(const Host& host, Bytes octets) noexcept {
    Side& side = sides_[static_cast<size_t>(host.direction())];
    uint32_t at = 0;
    if (standing_.version_2) return finished(kExwireDone, 0);
    if (side.lost) {
      const Found found = find_record(octets);
      if (found.need != 0) return more(found.at, found.need);
      at = found.at;
      side.lost = false;
    }
    while (at < octets.size) {
      const Bytes rest = octets.from(at);
      if (!side.started && may_be_sslv2(rest[0])) {
        const bool answer_to_sslv2 =
            handshake_.began_with_sslv2() && host.direction() == Direction::to_client;
        if (answer_to_sslv2) return read_sslv2_server(host, at, rest);
        const Step step = read_sslv2(host, side, rest);
        if (step.broken) return broken(host, at);
        if (step.need != 0) return more(at, step.need);
        at += step.consumed;
        continue;
      }
      if (rest.size < kHeader) return answer(at, kHeader);
      const RecordHeader header = header_at(rest.data);
      if (!is_record(header)) {
        if (!standing_.told) return broken(host, at);
        // Something is amiss, but this was TLS: the next record is looked for.
        host.anomaly(kLostAlignment);
        const Found found = find_record(rest);
        side.lost = found.need != 0;
        if (side.lost) return more(at + found.at, found.need);
        at += found.at;
        continue;
      }
      // Joined in the middle: messages are read from the first one that is known to start.
      if (!side.started) side.damaged = (host.flow().flags & kExwireFlowMidstream) != 0;
      side.started = true;
      const uint32_t whole = kHeader + header.length;
      const bool handshake = header.type == kHandshake && !side.encrypted && !standing_.told;
      const uint32_t judged = kHeader + (header.length < 4 ? header.length : 4U);
      if (handshake && side.damaged && rest.size < judged) return more(at, judged);
      const bool clear_handshake = handshake && (!side.damaged || starts_hello(rest, header));
      const bool small = header.type == kAlert || header.type == kChangeCipherSpec;
      if (clear_handshake && rest.size < whole) {
        return answer(at, read_begun(host, side, rest.from(kHeader), whole));
      }
      if (small && header.length <= 16 && rest.size < whole) return answer(at, whole);
      if (clear_handshake) {
        const Step step = read_handshake(host, side, rest);
        if (step.need != 0) return more(at, step.need);
        at += step.consumed;
        continue;
      }
      announce(host, header);
      observe(host, side, header, rest.from(kHeader).first(header.length));
      if (rest.size < whole) return answer(octets.size, 0, whole - rest.size);
      at += whole;
    }
    return answer(octets.size, 0);
  }

  bool gap(const Host& host, uint64_t) noexcept {
    Side& side = sides_[static_cast<size_t>(host.direction())];
    side.lost = true;
    side.passing = 0;
    side.done = 0;
    side.spread = {};
    host.anomaly(kLostAlignment);
    if (!standing_.told) standing_.incomplete = side.damaged = true;
    return true;
  }

  void end(const Host& host) noexcept {
    sides_[static_cast<size_t>(host.direction())].ended = true;
    if (sides_[0].ended && sides_[1].ended) tell(host);
  }

  // Sleeping: the handshake is told, or nothing of one was seen; each side stands at a record or is
  // lost.
  void sleep(uint8_t parked[16]) const noexcept {
    const Parked kept{standing_, {sides_[0], sides_[1]}, handshake_.is_version_13()};
    std::memcpy(parked, &kept, sizeof kept);
  }
  void wake(const uint8_t parked[16]) noexcept {
    Parked kept;
    std::memcpy(&kept, parked, sizeof kept);
    standing_ = kept.standing;
    for (size_t which = 0; which < 2; ++which) {
      static_cast<SideStanding&>(sides_[which]) = kept.sides[which];
    }
    handshake_.set_version_13(kept.version_13);
  }

 private:
  // How far the connection and each of its sides have come, as a sleeping flow keeps it: in so few
  // octets that they are copied as they stand.
  struct Standing {
    bool told = false, complete = false, incomplete = false;
    bool bad_record = false;
    bool version_2 = false;  ///< SSL 2.0 was agreed on
  };
  struct SideStanding {
    bool started : 1 = false, encrypted : 1 = false, lost : 1 = false, ended : 1 = false;
    bool damaged : 1 = false;  ///< octets are missing: only what is known to be a hello is read
    uint8_t records = 0;       ///< of application data, up to what is proof
  };
  struct Parked {
    Standing standing;
    std::array<SideStanding, 2> sides;
    bool version_13;
  };
  static_assert(sizeof(Parked) <= 16 && std::is_trivially_copyable_v<Parked>);

  struct Side : SideStanding {
    Spread spread;
    uint32_t passing = 0;  ///< octets of an oversize message still to come
    uint32_t done = 0;     ///< octets of the first pending record's fragment already read
  };
  struct Step {
    uint32_t consumed = 0, need = 0;
    bool broken = false;
  };

  // Joined later, and no handshake message has come: what there is to know fits a sleeping flow.
  bool knows_no_handshake() const noexcept {
    if (!sides_[0].damaged && !sides_[1].damaged) return false;
    for (const Side& side : sides_) {
      if (side.passing != 0 || side.done != 0 || side.spread.begun()) return false;
    }
    return !handshake_.read_any() && alert_ == kNoAlert && !standing_.complete;
  }

  // At rest once the handshake is told: until then its state is needed, also that of the side that
  // has finished first and may say nothing for a long time.
  Progress answer(uint32_t consumed, uint32_t need, uint64_t skip = 0) const noexcept {
    if (need == 0 && standing_.told) return both_at_rest(consumed, skip);
    return need == 0 && knows_no_handshake() ? at_rest(consumed, need, skip)
                                             : more(consumed, need, skip);
  }

  void tell_bad_record(const Host& host) noexcept {
    if (!standing_.bad_record) host.anomaly(kBadRecord);
    standing_.bad_record = true;
  }

  Progress broken(const Host& host, uint32_t consumed) noexcept {
    tell_bad_record(host);
    standing_.incomplete = true;
    tell(host);
    return finished(kExwireBroken, consumed);
  }

  void announce(const Host& host, RecordHeader header) noexcept {
    if (is_empty(header)) tell_bad_record(host);
    host.record({sizeof(ExwireRecord), header.length, header.version, header.type, 0});
  }

  void observe(const Host& host, Side& side, RecordHeader header, Bytes fragment) noexcept {
    switch (header.type) {
      case kChangeCipherSpec:
        if (!handshake_.is_version_13() && header.length > 0)
          side.encrypted = true;  // TLS 1.3 sends it only for old boxes' sake
        break;
      case kApplicationData:
        side.encrypted = true;
        break;
      case kAlert:
        if (!side.encrypted && header.length == 2 && fragment[0] == kFatal) {
          alert_ = fragment[1];
          alert_from_ = static_cast<uint8_t>(host.direction());
          tell(host);
        }
        break;
      default:
        break;
    }
    standing_.complete |= sides_[0].encrypted && sides_[1].encrypted;
    // Where only half is seen, some records of data are proof enough that nothing else will come.
    constexpr uint32_t kHalfSeen = kExwireFlowMidstream | kExwireFlowOneSided;
    constexpr uint8_t kProof = 16;
    if (header.type == kApplicationData && side.records < kProof) ++side.records;
    if (standing_.complete || (side.records == kProof && (host.flow().flags & kHalfSeen)))
      tell(host);
  }

  Step read_sslv2(const Host& host, Side& side, Bytes rest) noexcept {
    const Sslv2Header header = sslv2_header_at(rest);
    const uint32_t front = header.octets + kSslv2HelloFront;
    if (rest.size < front) return {0, front, false};
    if (!is_sslv2_hello(rest)) return {0, 0, true};
    const uint32_t whole = header.octets + header.length;
    if (rest.size < whole) return {0, whole, false};
    host.anomaly(kSslv2);
    side.started = true;
    const Bytes hello = rest.first(whole - header.padding).from(header.octets + 1);
    handshake_.sslv2_hello(host, tls::read_sslv2_hello(hello));
    return {whole, 0, false};
  }

  // SSL 2.0 proper: after its ServerHello (SSL 2.0 draft, 2.6) there is nothing left to read.
  Progress read_sslv2_server(const Host& host, uint32_t at, Bytes rest) noexcept {
    constexpr uint32_t kFront = 11;  // type, hit, kind, version, three lengths
    constexpr uint8_t kSslv2ServerHello = 4;
    const Sslv2Header header = sslv2_header_at(rest);
    if (rest.size < header.octets + kFront) return more(at, header.octets + kFront);
    const Bytes hello = rest.from(header.octets);
    if (hello[0] != kSslv2ServerHello || header.length < kFront) return broken(host, at);
    const uint32_t certificate = load_be16(hello.data + 5);
    const uint32_t want = kFront + certificate;
    const bool fits = want <= header.length;
    if (fits && hello.size < want) return more(at, header.octets + want);
    number_field(host, kServerVersion, load_be16(hello.data + 3));
    number_field(host, kServerLegacyVersion, load_be16(hello.data + 3));
    if (fits) host.field(kServerCertificate, hello.from(kFront).first(certificate));
    standing_.version_2 = true;
    tell(host);
    return finished(kExwireDone, at);
  }

  // The messages of a record that is not all there yet are read as they come: what may be lost
  // behind them takes nothing away from them. How many octets the next one needs.
  uint32_t read_begun(const Host& host, Side& side, Bytes fragment, uint32_t whole) noexcept {
    uint32_t need = whole;
    while (side.passing == 0) {
      const Bytes left = fragment.from(side.done);
      need = kHeader + side.done + 4;
      if (left.size < 4) break;
      const uint32_t length = message_length(left.data);
      need += length;
      if (length > left.size - 4) {
        const bool ends_here = host.flow().flags & kExwireFlowBeforeGap;
        if (ends_here && left[0] == kClientHello) handshake_.cut_hello(host, left.from(4));
        break;
      }
      handle(host, left[0], left.from(4).first(length));
      side.done += 4 + length;
    }
    return need < whole ? need : whole;
  }

  // One record of the handshake that is there in full, and what its last message needs of the
  // records behind it.
  Step read_handshake(const Host& host, Side& side, Bytes rest) noexcept {
    const RecordHeader header = header_at(rest.data);
    const Bytes fragment = rest.from(kHeader).first(header.length);
    uint32_t at = side.done;
    if (side.passing > 0) {
      const uint32_t passed = side.passing < fragment.size ? side.passing : fragment.size;
      side.passing -= passed;
      at = passed;
    }
    while (at < fragment.size) {
      const Bytes left = fragment.from(at);
      const uint32_t length = left.size < 4 ? 0 : message_length(left.data);
      if (left.size >= 4 && length <= left.size - 4) {
        handle(host, left[0], left.from(4).first(length));
        at += 4 + length;
        continue;
      }
      if (left.size >= 4 && length > kLargestMessage) {
        host.anomaly(kOversize);
        standing_.incomplete = true;
        side.passing = length - (left.size - 4);
        break;
      }
      side.done = at;
      return read_spread(host, side, rest, at);
    }
    side.done = 0;
    announce(host, header);
    return {kHeader + header.length, 0, false};
  }

  // A message that goes on in the next records.
  Step read_spread(const Host& host, Side& side, Bytes rest, uint32_t from) noexcept {
    const bool warned = side.spread.warned();
    const Spread::Walked walked = side.spread.walk(rest, from);
    if (side.spread.warned() && !warned) host.anomaly(kBadHello);
    switch (walked.state) {
      case Spread::State::need:
        return {0, walked.octets, false};
      case Spread::State::cut:
        return give_up(host, side, rest, walked.octets, kBadHello);
      case Spread::State::many_records:
        return give_up(host, side, rest, walked.octets, kManyRecords);
      case Spread::State::oversize:
        side.passing = walked.beyond;
        return give_up(host, side, rest, walked.octets, kOversize);
      case Spread::State::whole:
        break;
    }
    return handle_spread(host, side, rest, from);
  }

  Step handle_spread(const Host& host, Side& side, Bytes rest, uint32_t from) noexcept {
    std::array<uint8_t, 4 + kLargestMessage> room;
    room[0] = 0;
    const Spread::Taken taken = side.spread.take(rest, from, room);
    side.spread = {};
    handle(host, taken.type, taken.body);
    return pass_records(host, side, rest, taken.records, taken.done);
  }

  Step give_up(const Host& host, Side& side, Bytes rest, uint32_t to, Anomaly why) noexcept {
    standing_.incomplete = true;
    host.anomaly(why);
    side.spread = {};
    return pass_records(host, side, rest, to, 0);
  }

  // The records before `to` are done with; of the one there, `done` octets.
  Step pass_records(const Host& host, Side& side, Bytes rest, uint32_t to, uint32_t done) noexcept {
    for (uint32_t at = 0; at < to;) {
      const RecordHeader header = header_at(rest.data + at);
      announce(host, header);
      at += kHeader + header.length;
    }
    side.done = done;
    if (to == 0) return {0, 0, false};  // the same record again, further in
    return {to, 0, false};
  }

  // A hello is understood whatever was missing before it.
  void handle(const Host& host, uint8_t type, Bytes body) noexcept {
    if (type == kClientHello || type == kServerHello) {
      sides_[static_cast<size_t>(host.direction())].damaged = false;
    }
    handshake_.message(host, type, body);
  }

  void tell(const Host& host) noexcept {
    if (standing_.told) return;
    standing_.told = true;
    uint32_t flags = handshake_.flags();
    if (standing_.complete) flags |= kExwireTlsComplete;
    if (standing_.incomplete) flags |= kExwireTlsIncomplete;
    host.handshake({sizeof(ExwireHandshake), flags, handshake_.hellos(), alert_, alert_from_});
  }

  std::array<Side, 2> sides_;
  Handshake handshake_;
  static constexpr uint8_t kNoAlert = 255;
  uint8_t alert_ = kNoAlert, alert_from_ = 0;
  Standing standing_;
};

}  // namespace
}  // namespace exwire

EXPORT_DISSECTOR(tls, exwire::Tls,
                 {"tcp", exwire::kMostPending, exwire::kFields, exwire::kAnomalies});
