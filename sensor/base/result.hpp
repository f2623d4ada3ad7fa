// SPDX-License-Identifier: BSD-3-Clause
// Errors. Result<T> at the edges (files, devices, sockets), SetupError only before the first
// packet. On the packet path nothing throws and bad input is data, not an error.
#pragma once

#include <boost/system/result.hpp>
#include <stdexcept>
#include <string>

namespace exwire {

enum class ErrorCode {
  cannot_open,   ///< missing, not permitted, or not a regular file where one is needed
  not_capture,   ///< no known capture format
  truncated,     ///< ends in the middle of a record; what stands before it is good
  damaged,       ///< a length or a type that cannot be right; the rest cannot be read
  unsupported,   ///< well-formed, but nothing we can read (link type, version)
  device,        ///< a capture device failed
  write_failed,  ///< an output could not be written
};

/// One failure, worded for the person who must mend it: names the file and the packet.
struct Error {
  ErrorCode code;
  std::string message;
};

/// Found by argument-dependent lookup when a Result's value() is taken in spite of an error.
[[noreturn]] inline void throw_exception_from_error(const Error& error,
                                                    const boost::source_location&) {
  throw std::runtime_error(error.message);
}

template <class T>
using Result = boost::system::result<T, Error>;

/// A start-up failure: caught once, in main, and told in one line.
class SetupError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace exwire
