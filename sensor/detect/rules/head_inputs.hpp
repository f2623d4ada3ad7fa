// SPDX-License-Identifier: BSD-3-Clause
// Buffers made from the head of an HTTP message as it stood on the wire, in the forms Suricata
// gives them: `http.header` with one "Name: value" per line and without cookies,
// `http.header_names` as "\r\nHost\r\nAccept\r\n\r\n", single fields by their name. What is there
// twice stands once, its values as a list (RFC 9110 5.3). Made only where a rule looks at them.
#pragma once

#include <string>
#include <vector>

#include "sensor/detect/rules/inputs.hpp"

namespace exwire::detect::rules {

class HeadInputs {
 public:
  /// Some rule looks at a buffer made here.
  static bool wanted(const BufferSet& used) noexcept;
  /// Puts what `used` names and `head` shows into `buffers`; the views live until the next call.
  void fill(Buffers& buffers, std::string_view head, Moment moment, const BufferSet& used);

 private:
  struct Field {
    std::string_view name, value;
    std::string joined;  ///< instead of `value`, when there were several or it was folded
    bool is_joined = false, cookie = false;
    std::string_view text() const noexcept { return is_joined ? joined : value; }
  };
  bool uses(Buffer buffer) const noexcept { return used_.test(static_cast<size_t>(buffer)); }
  bool uses_fields() const noexcept;
  void read_fields(std::string_view fields, bool response);
  void add(std::string_view name, std::string_view value, bool response);
  void show_fields();
  std::string_view unfolded(std::string_view value);
  void add_single(Buffer buffer, std::string_view value);
  std::string& made(Buffer buffer) noexcept { return texts_[static_cast<size_t>(buffer)]; }

  std::array<std::string, kBufferCount> texts_;  ///< their room is used again
  BufferSet used_, present_;
  std::vector<Field> fields_;  ///< likewise used again
  size_t field_count_ = 0;
  std::string unfolded_;
};

}  // namespace exwire::detect::rules
