// SPDX-License-Identifier: BSD-3-Clause
// The contract between the host and a dissector: plain C data first, a thin C++ wrapper below.
// A built-in dissector and a loaded module use the very same table, so that either can replace the
// other. Only fixed-width integers, pointers and lengths cross this edge; nobody allocates on one
// side and frees on the other. All times are nanoseconds since 1970-01-01 UTC, all lengths octets,
// all ports host byte order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <new>
#include <string_view>

namespace exwire {

/// A view of octets somebody else owns. Valid only during the call that passed it.
struct Bytes {
  const uint8_t* data = nullptr;
  uint32_t size = 0;

  constexpr const uint8_t* begin() const noexcept { return data; }
  constexpr const uint8_t* end() const noexcept { return data + size; }
  constexpr bool empty() const noexcept { return size == 0; }
  constexpr uint8_t operator[](uint32_t index) const noexcept { return data[index]; }
  /// The octets from `offset` on; empty when `offset` lies beyond the end.
  constexpr Bytes from(uint32_t offset) const noexcept {
    return offset >= size ? Bytes{data + size, 0} : Bytes{data + offset, size - offset};
  }
  /// At most the first `count` octets.
  constexpr Bytes first(uint32_t count) const noexcept {
    return {data, count < size ? count : size};
  }
  std::string_view text() const noexcept { return {reinterpret_cast<const char*>(data), size}; }
};

inline Bytes as_bytes(std::string_view text) noexcept {
  return {reinterpret_cast<const uint8_t*>(text.data()), static_cast<uint32_t>(text.size())};
}

enum class Direction : uint8_t { to_server = 0, to_client = 1 };

constexpr Direction opposite(Direction direction) noexcept {
  return direction == Direction::to_server ? Direction::to_client : Direction::to_server;
}

}  // namespace exwire

extern "C" {

enum { kExwireDissectorAbi = 1 };

/// What a dissector knows after looking at a run of octets.
enum ExwireStatus : uint32_t {
  kExwireMore = 0,    ///< in the middle of something; more octets are wanted
  kExwireAtRest = 1,  ///< nothing pending in this direction: 16 octets of `sleep` hold all there is
  kExwireDone = 2,    ///< this direction needs no more dissection; the rest is only counted
  kExwireNotMine = 3,     ///< not this protocol after all; the dissector is taken off the flow
  kExwireBroken = 4,      ///< the protocol was broken beyond recovery; taken off, flow goes on
  kExwireBothAtRest = 5,  ///< as kExwireAtRest, and so is the other direction by now
};

/// Answer to `data`: look, then claim. `consumed` <= size offered. `need` is the smallest total of
/// unconsumed octets worth another call (0: any new octet), never above `max_pending`. `skip`
/// octets behind the consumed ones are of no interest: they are counted, neither kept nor ordered.
struct ExwireProgress {
  uint32_t consumed;
  uint32_t need;
  uint64_t skip;
  ExwireStatus status;
  uint32_t reserved;
};

enum ExwireFlowFlags : uint32_t {
  kExwireFlowMidstream = 1,       ///< the handshake was not seen
  kExwireFlowOneSided = 2,        ///< only one direction was ever seen
  kExwireFlowBodiesWanted = 4,    ///< somebody looks at the front of bodies: publish it
  kExwireFlowBeforeGap = 8,       ///< what follows these octets is lost, and they go with it
  kExwireFlowHeadsUnwanted = 16,  ///< nobody looks at heads as they stand on the wire
};

/// What a dissector may know of the flow it looks into. Grows at the end only.
struct ExwireFlowView {
  uint32_t size;
  uint32_t flags;   ///< ExwireFlowFlags
  int64_t time_ns;  ///< time of the packet that brought the newest octet
  uint16_t client_port;
  uint16_t server_port;
  uint8_t direction;  ///< exwire::Direction of the octets offered
  uint8_t reserved[3];
};

/// The moments a request/response protocol tells the host about. The fields published in the same
/// direction since the last moment belong to the transaction named.
enum ExwireMoment : uint32_t {
  kExwireRequestHead = 1,   ///< all request fields are published
  kExwireRequestEnd = 2,    ///< the last octet of the request has passed
  kExwireResponseHead = 3,  ///< all fields of a final response are published
  kExwireResponseEnd = 4,   ///< the last octet of the response has passed: transaction complete
  kExwireRequestBody = 5,   ///< fields learned from the front of the request's body
  kExwireResponseBody = 6,  ///< the same of the response
};

struct ExwireMessage {
  ExwireMoment moment;
  uint32_t transaction;  ///< counts up from 0 within the flow; requests and responses pair by it
  uint64_t body_octets;  ///< at an end: octets of the body as transferred, framing not counted
};

enum ExwireHandshakeFlags : uint32_t {
  kExwireTlsResumed = 1,  ///< no certificate was exchanged because both remembered
  kExwireTlsRetried = 2,  ///< HelloRetryRequest
  kExwireTlsClientCertificateAsked = 4,
  kExwireTlsClientCertificateSent = 8,
  kExwireTlsClientProved = 16,  ///< CertificateVerify seen
  kExwireTlsEarlyData = 32,     ///< 0-RTT offered
  kExwireTlsComplete = 64,      ///< both sides went over to encryption
  kExwireTlsSslv2Hello = 128,
  kExwireTlsEncryptedHello = 256,  ///< the name in clear may be an outer one (ECH, or its GREASE)
  kExwireTlsIncomplete = 512,      ///< octets of the handshake were missing
  kExwireTlsTicket = 1024,         ///< NewSessionTicket
  kExwireTlsCutHello = 2048,       ///< the end of the ClientHello is lost: only its front was read
};

/// A handshake is over, or will not go on. Its fields were published before.
struct ExwireHandshake {
  uint32_t size;
  uint32_t flags;   ///< ExwireHandshakeFlags
  uint16_t hellos;  ///< ClientHellos seen
  uint8_t alert;    ///< description of a fatal alert, 255: none
  uint8_t from;     ///< exwire::Direction of that alert
};

/// Header of a TLS record.
struct ExwireRecord {
  uint32_t size;
  uint32_t length;
  uint16_t version;
  uint8_t content_type;
  uint8_t reserved;
};

/// Services of the host. `host` is the token handed to `data`; all calls cost O(1) and never fail
/// visibly: what does not fit the budget is counted by the host.
struct ExwireHostApi {
  uint32_t size;
  /// Publish field number `index` of the dissector's own `fields` list.
  void (*field)(void* host, uint32_t index, exwire::Bytes value);
  void (*message)(void* host, const ExwireMessage* message);
  /// Report anomaly number `index` of the dissector's own `anomalies` list; the host reports each
  /// kind once per flow and counts the rest.
  void (*anomaly)(void* host, uint32_t index);
  void (*handshake)(void* host, const ExwireHandshake* handshake);
  void (*record)(void* host, const ExwireRecord* record);
  /// Something stays unread because what threads share was all in use; the host counts it.
  void (*shed)(void* host);
};

enum ExwireProbe : uint8_t { kExwireProbeNo = 0, kExwireProbeMore = 1, kExwireProbeYes = 2 };

struct ExwireDissectorApi {
  uint32_t abi;   ///< kExwireDissectorAbi: changes when a meaning changes
  uint32_t size;  ///< sizeof this table as compiled: grows at the end, older is accepted
  const char* name;
  const char* parent;                ///< "tcp" or the name of another dissector
  const char* const* fields;         ///< null-terminated list of field names
  const char* const* anomalies;      ///< null-terminated list of anomaly names
  uint32_t state_size, state_align;  ///< the host allocates; at most 512 octets, align 16
  uint32_t max_pending;              ///< upper bound of unconsumed octets kept per direction
  uint32_t thread_octets;  ///< held once per thread beside states; the host charges its budget
  void (*create)(void* state);
  void (*destroy)(void* state);
  /// First octets of both directions; either may be empty.
  uint8_t (*probe)(exwire::Bytes to_server, exwire::Bytes to_client);
  ExwireProgress (*data)(void* state, const ExwireHostApi*, void* host, const ExwireFlowView*,
                         exwire::Bytes octets);
  /// `missing` octets of this direction are lost. Non-zero: resynchronise, go on; 0: give up.
  uint8_t (*gap)(void* state, const ExwireHostApi*, void* host, const ExwireFlowView*,
                 uint64_t missing);
  /// This direction has ended (FIN, RST or time-out); unconsumed octets were offered before.
  void (*end)(void* state, const ExwireHostApi*, void* host, const ExwireFlowView*);
  /// Called only when both directions answered at_rest (or done), or one of them for both.
  void (*sleep)(const void* state, uint8_t parked[16]);
  void (*wake)(void* state, const uint8_t parked[16]);
};

}  // extern "C"

namespace exwire {

using Progress = ExwireProgress;

/// What the author of a dissector sees of the host.
class Host {
 public:
  Host(const ExwireHostApi* api, void* token, const ExwireFlowView* flow) noexcept
      : api_(api), token_(token), flow_(flow) {}
  void field(uint32_t index, Bytes value) const noexcept { api_->field(token_, index, value); }
  void field(uint32_t index, std::string_view value) const noexcept {
    api_->field(token_, index, as_bytes(value));
  }
  void message(ExwireMoment moment, uint32_t transaction, uint64_t body_octets = 0) const noexcept {
    const ExwireMessage body{moment, transaction, body_octets};
    api_->message(token_, &body);
  }
  void anomaly(uint32_t index) const noexcept { api_->anomaly(token_, index); }
  void handshake(const ExwireHandshake& handshake) const noexcept {
    api_->handshake(token_, &handshake);
  }
  void record(const ExwireRecord& record) const noexcept { api_->record(token_, &record); }
  void shed() const noexcept { api_->shed(token_); }
  Direction direction() const noexcept { return static_cast<Direction>(flow_->direction); }
  const ExwireFlowView& flow() const noexcept { return *flow_; }

 private:
  const ExwireHostApi* api_;
  void* token_;
  const ExwireFlowView* flow_;
};

/// Shorthands for the answers of `data`.
constexpr Progress more(uint32_t consumed, uint32_t need = 0, uint64_t skip = 0) noexcept {
  return {consumed, need, skip, kExwireMore, 0};
}
constexpr Progress at_rest(uint32_t consumed, uint32_t need = 0, uint64_t skip = 0) noexcept {
  return {consumed, need, skip, kExwireAtRest, 0};
}
constexpr Progress both_at_rest(uint32_t consumed, uint64_t skip = 0) noexcept {
  return {consumed, 0, skip, kExwireBothAtRest, 0};
}
constexpr Progress finished(ExwireStatus status, uint32_t consumed = 0) noexcept {
  return {consumed, 0, 0, status, 0};
}

/// The static description given to EXPORT_DISSECTOR.
struct DissectorTraits {
  const char* parent;
  uint32_t max_pending;
  const char* const* fields;
  const char* const* anomalies;
  uint32_t thread_octets = 0;
};

/// Fills the C table from a class with the members that the README of this folder lists.
template <class Dissector>
constexpr ExwireDissectorApi make_dissector_api(const char* name, DissectorTraits traits) noexcept {
  static_assert(sizeof(Dissector) <= 512, "the state of a dissector is at most 512 octets");
  static_assert(alignof(Dissector) <= 16, "the host aligns dissector state to 16 octets");
  ExwireDissectorApi api{};
  api.abi = kExwireDissectorAbi;
  api.size = sizeof(ExwireDissectorApi);
  api.name = name;
  api.parent = traits.parent;
  api.fields = traits.fields;
  api.anomalies = traits.anomalies;
  api.state_size = sizeof(Dissector);
  api.state_align = alignof(Dissector);
  api.max_pending = traits.max_pending;
  api.thread_octets = traits.thread_octets;
  api.create = [](void* state) { ::new (state) Dissector(); };
  api.destroy = [](void* state) { static_cast<Dissector*>(state)->~Dissector(); };
  api.probe = [](Bytes to_server, Bytes to_client) -> uint8_t {
    return Dissector::probe(to_server, to_client);
  };
  api.data = [](void* state, const ExwireHostApi* host_api, void* host, const ExwireFlowView* flow,
                Bytes octets) -> ExwireProgress {
    return static_cast<Dissector*>(state)->data(Host(host_api, host, flow), octets);
  };
  api.gap = [](void* state, const ExwireHostApi* host_api, void* host, const ExwireFlowView* flow,
               uint64_t missing) -> uint8_t {
    return static_cast<Dissector*>(state)->gap(Host(host_api, host, flow), missing) ? 1 : 0;
  };
  api.end = [](void* state, const ExwireHostApi* host_api, void* host, const ExwireFlowView* flow) {
    static_cast<Dissector*>(state)->end(Host(host_api, host, flow));
  };
  api.sleep = [](const void* state, uint8_t parked[16]) {
    static_cast<const Dissector*>(state)->sleep(parked);
  };
  api.wake = [](void* state, const uint8_t parked[16]) {
    static_cast<Dissector*>(state)->wake(parked);
  };
  return api;
}

}  // namespace exwire

/// The last line of every dissector: EXPORT_DISSECTOR(http1, Http1, {...traits...})
#define EXPORT_DISSECTOR(stem, Class, ...)                                                     \
  extern "C" __attribute__((visibility("default"))) const ExwireDissectorApi dissector_##stem; \
  extern "C" const ExwireDissectorApi dissector_##stem =                                       \
      exwire::make_dissector_api<Class>(#stem, exwire::DissectorTraits __VA_ARGS__)
