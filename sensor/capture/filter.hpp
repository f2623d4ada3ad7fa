// SPDX-License-Identifier: BSD-3-Clause
// BPF filters, compiled by libpcap once per link type that turns up.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "sensor/capture/source.hpp"

struct bpf_program;

namespace exwire::capture {

class Filter {
 public:
  /// Throws SetupError with libpcap's words when the expression is wrong for Ethernet.
  explicit Filter(std::string expression);
  ~Filter();
  Filter(const Filter&) = delete;
  Filter& operator=(const Filter&) = delete;

  bool empty() const noexcept { return expression_.empty(); }
  const std::string& expression() const noexcept { return expression_; }
  /// Whether a frame passes. One of a link type the expression has no meaning for does not.
  bool passes(const Frame& frame);

 private:
  struct Free {
    void operator()(bpf_program* program) const noexcept;
  };
  using Program = std::unique_ptr<bpf_program, Free>;
  Program compile(int link_type, std::string* complaint) const;

  std::string expression_;
  std::map<uint16_t, Program> programs_;  // null: cannot be compiled for this link type
};

}  // namespace exwire::capture
