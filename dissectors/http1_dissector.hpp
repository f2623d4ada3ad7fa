// SPDX-License-Identifier: BSD-3-Clause
// The HTTP/1 dissector as a class: both directions of one connection. How octets become messages
// stands in http1.cpp, http1_head.cpp and http1_body.cpp; what a direction and the pairing remember
// in http1_side.hpp and http1_pairing.hpp.
#pragma once

#include <array>

#include "dissectors/http1_fields.hpp"
#include "dissectors/http1_headers.hpp"
#include "dissectors/http1_pairing.hpp"
#include "dissectors/http1_probe.hpp"
#include "dissectors/http1_side.hpp"

namespace exwire::http1 {

class Http1 {
 public:
  Http1() noexcept {}  // NOLINT: otherwise `Http1()` clears what is only read where written

  static uint8_t probe(Bytes to_server, Bytes to_client) {
    return std::max(probe_octets(to_server.text()), probe_octets(to_client.text()));
  }
  Progress data(const Host& host, Bytes in);
  bool gap(const Host& host, uint64_t missing);
  void end(const Host& host);
  void sleep(uint8_t parked[16]) const;
  void wake(const uint8_t parked[16]);

 private:
  void begin(const Host& host);
  Step advance(const Host& host, Side& side, Bytes rest);
  Step read_data(const Host& host, Side& side, Bytes rest);
  Step claim_data(const Host& host, Side& side);
  void show_query(const Host& host, std::string_view target) const;
  void read_activesync(const Host& host, Side& side, Bytes octets);
  void show_activesync(const Host& host, Side& side);
  Step read_chunk_end(const Host& host, Side& side, Bytes rest);
  Step read_fields(const Host& host, Side& side, Bytes rest);
  Step read_line(const Host& host, Side& side, Bytes rest);
  Step read_long_line(const Host& host, Side& side, Bytes front);
  void read_cut_line(const Host& host, Side& side, Bytes front);
  Progress answer(const Side& side, uint32_t consumed, uint64_t skip) const;
  bool parkable(size_t which) const noexcept;

  void start_line(const Host& host, Side& side, std::string_view line);
  void bad_start_line(const Host& host, Side& side, std::string_view text);
  void request_line(const Host& host, Side& side, const RequestLine& request, bool cut);
  void status_line(const Host& host, Side& side, const StatusLine& status);
  void header(const Host& host, Side& side, const Line& line);
  static bool odd_header(const Host& host, Side& side, const Line& line, std::string_view name);
  void use_header(const Host& host, Side& side, const Header& header, std::string_view value);
  void host_header(const Host& host, std::string_view value);
  void chunk_size(const Host& host, Side& side, std::string_view line);
  void end_of_headers(const Host& host, Side& side);
  void end_of_response_headers(const Host& host, Side& side);
  void begin_body(const Host& host, Side& side, uint64_t octets);
  void end_of_data(const Host& host, Side& side);
  void end_of_message(const Host& host, Side& side);
  void close_head(const Host& host, Side& side);
  void leave_http(const Host& host);
  void lose(Side& side);

  /// A line of a head as on the wire.
  static void show_line(const Host& host, Field field, std::string_view line) {
    if (!(host.flow().flags & kExwireFlowHeadsUnwanted)) host.field(field, line);
  }
  Side& side_of(const Host& host) noexcept { return sides_[static_cast<size_t>(host.direction())]; }
  static bool to_server(const Host& host) noexcept {
    return host.direction() == Direction::to_server;
  }

  std::array<Side, 2> sides_;
  Pairing pairing_;
  Challenges challenges_;
  uint32_t host_digest_ = 0;  ///< of the host named so far in the request head
  int status_ = 0;            ///< of the response whose head is being read
  bool begun_ = false;
  bool over_ = false;  ///< CONNECT, an upgrade or HTTP/2: no HTTP/1 any more
};

}  // namespace exwire::http1
