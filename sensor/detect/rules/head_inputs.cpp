// SPDX-License-Identifier: BSD-3-Clause
#include "sensor/detect/rules/head_inputs.hpp"

#include <algorithm>

#include "sensor/base/bytes.hpp"
#include "sensor/detect/rules/rule_text.hpp"

namespace exwire::detect::rules {
namespace {

constexpr Buffer kMade[] = {Buffer::http_header,          Buffer::http_header_raw,
                            Buffer::http_header_names,    Buffer::http_cookie,
                            Buffer::http_accept,          Buffer::http_accept_encoding,
                            Buffer::http_accept_language, Buffer::http_connection,
                            Buffer::http_content_length,  Buffer::http_host_raw,
                            Buffer::http_request_line,    Buffer::http_response_line,
                            Buffer::http_start,           Buffer::payload};

struct Single {
  std::string_view name;
  Buffer buffer;
};
constexpr Single kSingles[] = {
    {"accept", Buffer::http_accept},
    {"accept-encoding", Buffer::http_accept_encoding},
    {"accept-language", Buffer::http_accept_language},
    {"connection", Buffer::http_connection},
    {"content-length", Buffer::http_content_length},
    {"host", Buffer::http_host_raw},
};

// More names than this are compared with these only: work stays linear.
constexpr size_t kMostJoined = 64;

bool same_name(std::string_view one, std::string_view other) noexcept {
  return one.size() == other.size() &&
         std::equal(one.begin(), one.end(), other.begin(),
                    [](char a, char b) { return lower(a) == lower(b); });
}

std::string_view without_line_end(std::string_view line) noexcept {
  while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) line.remove_suffix(1);
  return line;
}

// The line at `at` with the lines that continue it, and moves `at` behind them.
std::string_view next_line(std::string_view text, size_t& at) noexcept {
  const size_t start = at;
  do {
    const size_t end = text.find('\n', at);
    at = end == std::string_view::npos ? text.size() : end + 1;
  } while (at < text.size() && (text[at] == ' ' || text[at] == '\t'));
  return text.substr(start, at - start);
}

}  // namespace

bool HeadInputs::wanted(const BufferSet& used) noexcept {
  return std::any_of(std::begin(kMade), std::end(kMade),
                     [&](Buffer buffer) { return used.test(static_cast<size_t>(buffer)); });
}

// Whether any buffer is made of fields, not of the head as it stands.
bool HeadInputs::uses_fields() const noexcept {
  return uses(Buffer::http_header) || uses(Buffer::http_header_names) ||
         uses(Buffer::http_cookie) ||
         std::any_of(std::begin(kSingles), std::end(kSingles),
                     [&](const Single& single) { return uses(single.buffer); });
}

void HeadInputs::fill(Buffers& buffers, std::string_view head, Moment moment,
                      const BufferSet& used) {
  if (head.empty() || !wanted(used)) return;
  for (const Buffer buffer : kMade) made(buffer).clear();
  used_ = used;
  present_.reset();
  field_count_ = 0;
  const bool response = is_response(moment);
  const size_t end = head.find('\n');
  const std::string_view first = head.substr(0, end);
  const std::string_view fields = end == std::string_view::npos ? "" : head.substr(end + 1);
  add_single(response ? Buffer::http_response_line : Buffer::http_request_line,
             without_line_end(first));
  add_single(Buffer::http_header_raw, fields);
  if (uses(Buffer::http_start)) {
    add_single(Buffer::http_start, head);
    made(Buffer::http_start) += "\r\n";
  }
  if (uses(Buffer::payload)) {
    add_single(Buffer::payload, head);
    made(Buffer::payload) += "\r\n";
    const Buffer body = response ? Buffer::http_response_body : Buffer::http_request_body;
    made(Buffer::payload) += buffers[static_cast<size_t>(body)];
  }
  if (uses_fields()) read_fields(fields, response);
  for (const Buffer buffer : kMade) {
    const auto index = static_cast<size_t>(buffer);
    if (present_.test(index)) buffers[index] = texts_[index];
  }
}

void HeadInputs::read_fields(std::string_view fields, bool response) {
  for (size_t at = 0; at < fields.size();) {
    const std::string_view line = without_line_end(next_line(fields, at));
    const size_t colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    const std::string_view name = trimmed(line.substr(0, colon));
    if (name.find('\n') != std::string_view::npos) continue;
    add(name, trimmed(line.substr(colon + 1)), response);
  }
  show_fields();
}

// A folded value in one line.
std::string_view HeadInputs::unfolded(std::string_view value) {
  unfolded_.clear();
  for (const char octet : value) {
    if (octet != '\r') unfolded_ += octet == '\n' ? ' ' : octet;
  }
  return unfolded_;
}

void HeadInputs::add(std::string_view name, std::string_view value, bool response) {
  const auto begin = fields_.begin();
  const auto end = begin + static_cast<std::ptrdiff_t>(std::min(field_count_, kMostJoined));
  const auto known =
      std::find_if(begin, end, [&](const Field& one) { return same_name(one.name, name); });
  const bool folded = value.find('\n') != std::string_view::npos;
  if (known != end) {
    if (!known->is_joined) known->joined = known->value;
    known->is_joined = true;
    known->joined.append(", ").append(folded ? unfolded(value) : value);
    return;
  }
  if (field_count_ == fields_.size()) fields_.emplace_back();
  Field& fresh = fields_[field_count_++];
  fresh.name = name;
  fresh.value = value;
  fresh.is_joined = folded;
  if (folded) fresh.joined = unfolded(value);
  fresh.cookie = equal_ignoring_case(name, response ? "set-cookie" : "cookie");
}

void HeadInputs::show_fields() {
  const bool names = uses(Buffer::http_header_names), all = uses(Buffer::http_header);
  add_single(Buffer::http_header_names, "\r\n");
  add_single(Buffer::http_header, "");
  for (size_t at = 0; at < field_count_; ++at) {
    const Field& field = fields_[at];
    if (names) made(Buffer::http_header_names).append(field.name).append("\r\n");
    if (field.cookie) {
      add_single(Buffer::http_cookie, field.text());
      continue;
    }
    if (all) {
      made(Buffer::http_header).append(field.name).append(": ");
      made(Buffer::http_header).append(field.text()).append("\r\n");
    }
    for (const Single& single : kSingles) {
      if (equal_ignoring_case(field.name, single.name)) add_single(single.buffer, field.text());
    }
  }
  if (names) made(Buffer::http_header_names) += "\r\n";
}

void HeadInputs::add_single(Buffer buffer, std::string_view value) {
  if (!uses(buffer)) return;
  const auto index = static_cast<size_t>(buffer);
  if (present_.test(index)) made(buffer) += ", ";
  made(buffer) += value;
  present_.set(index);
}

}  // namespace exwire::detect::rules
