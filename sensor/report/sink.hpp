// SPDX-License-Identifier: BSD-3-Clause
// Where encoded lines go.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace exwire::report {

class Sink {
 public:
  virtual ~Sink() = default;
  /// Takes one whole line. False: it is lost.
  virtual bool write(std::string_view line) = 0;
  /// Hands on what is buffered. False: lines were lost; take_lost() tells how many since it was
  /// last asked.
  virtual bool flush() = 0;
  virtual uint64_t take_lost() = 0;
  /// Opens its file anew (log rotation).
  virtual void reopen() {}
  /// What went wrong last, empty when nothing ever did.
  virtual const std::string& last_error() const = 0;
};

}  // namespace exwire::report
