// SPDX-License-Identifier: BSD-3-Clause
// BPF filters for replay, compiled by libpcap once per link type that turns up (live capture hands
// the expression to the kernel). Host names in it are looked up when it is compiled: the usual link
// types at the start, the others with their first frame.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "sensor/capture/source.hpp"

struct bpf_program;

namespace exwire::capture {

class Filter {
 public:
  /// A link type the expression has no meaning for, worth one note.
  struct Refusal {
    uint16_t link_type;
    std::string why;  ///< libpcap's words
    uint64_t frames;  ///< that did not pass for this reason
  };

  /// Throws SetupError with libpcap's words when the expression means nothing on any usual link
  /// type. An empty one passes everything.
  explicit Filter(std::string expression);
  ~Filter();
  Filter(const Filter&) = delete;
  Filter& operator=(const Filter&) = delete;

  bool empty() const noexcept { return expression_.empty(); }
  const std::string& expression() const noexcept { return expression_; }
  /// Whether a frame passes. One of a link type the expression has no meaning for does not.
  bool passes(const Frame& frame) { return empty() || matches(frame); }
  std::vector<Refusal> refusals() const;

 private:
  struct Free {
    void operator()(bpf_program* program) const noexcept;
  };
  struct Entry {
    std::unique_ptr<bpf_program, Free> program;  ///< null: cannot be compiled for this link type
    std::string why;
    uint64_t refused = 0;
  };

  Entry compile(uint16_t link_type) const;
  bool matches(const Frame& frame);

  std::string expression_;
  std::map<uint16_t, Entry> entries_;
  Entry* last_ = nullptr;  ///< most files have one link type
  uint16_t last_link_type_ = 0;
};

}  // namespace exwire::capture
