// SPDX-License-Identifier: BSD-3-Clause
// Options that read numbers and base64 out of a buffer: byte_test, byte_jump, byte_extract,
// base64_decode. Their words come in any order behind the leading ones, as Suricata takes them.
#include <algorithm>

#include "sensor/detect/rules/building.hpp"

namespace exwire::detect::rules {
namespace {

constexpr int64_t kFar = 65535;

using From = ByteField::From;
using Test = ByteField::Test;

/// The words of one option: leading ones by position, others by name.
class Words {
 public:
  explicit Words(const Option& option) : words_(split_list(option.value)) {}

  const std::string& leading(const char* what) {
    if (next_ == words_.size()) throw RuleError(std::string(what) + " is missing");
    return words_[next_++];
  }
  template <class Read>
  void others(Read read) {
    for (; next_ < words_.size(); ++next_) {
      const auto [name, value] = first_word(words_[next_]);
      if (!read(name, value)) throw RuleError("'" + words_[next_] + "' is not supported");
    }
  }

 private:
  std::vector<std::string> words_;
  size_t next_ = 0;
};

uint64_t unsigned_number(std::string_view text) {
  const bool hexadecimal = text.starts_with("0x") || text.starts_with("0X");
  return digits_to_number(hexadecimal ? text.substr(2) : text, hexadecimal ? 16 : 10);
}

// The words that say where a number is counted from and how it stands there; false: another one.
bool read_form(Check& check, std::string_view name, std::string_view value) {
  ByteField& field = check.field;
  if (name == "relative") {
    check.relative = true;
  } else if (name == "string" && value.empty()) {
    field.base = std::max<uint8_t>(field.base, 10);
  } else if (name == "dec" || name == "hex" || name == "oct") {
    field.base = name == "dec" ? 10 : name == "hex" ? 16 : 8;
  } else if (name == "big" || name == "little") {
    field.little_endian = name == "little";
  } else if (name == "endian" && (value == "big" || value == "little")) {
    field.little_endian = value == "little";
  } else if (name == "bitmask") {
    field.mask = unsigned_number(value);
    if (field.mask == 0) throw RuleError("a mask of nothing");
  } else {
    return false;
  }
  return true;
}

// The same where the number is reckoned with.
bool read_scaled_form(Check& check, std::string_view name, std::string_view value) {
  if (name != "multiplier") return read_form(check, name, value);
  check.field.multiplier = static_cast<uint32_t>(whole_number(value, 1, kFar));
  return true;
}

Check begin(Check::Kind kind) {
  Check check;
  check.kind = kind;
  return check;
}

void read_octets(Check& check, Words& words) {
  const std::string& octets = words.leading("a number of octets");
  check.field.octets = static_cast<uint8_t>(whole_number(octets, 0, kMostDigits));
}

void read_offset(Building& building, Check& check, Words& words) {
  building.number_or_variable(words.leading("an offset"), -kFar, kFar, check.offset,
                              check.variables.offset);
}

void finish(Building& building, Check check) {
  const ByteField& field = check.field;
  const bool binary = field.base == 0 && check.kind != Check::Kind::decode_base64;
  if (binary && (field.octets == 0 || field.octets > 8)) {
    throw RuleError("a binary number has 1 to 8 octets");
  }
  check.buffer = building.buffer_of_next(check.relative);
  building.rule.checks.push_back(std::move(check));
}

Test read_operator(std::string_view text) {
  if (text == "=" || text == "==") return Test::equal;
  if (text == "<") return Test::less;
  if (text == "<=") return Test::less_or_equal;
  if (text == ">") return Test::greater;
  if (text == ">=") return Test::greater_or_equal;
  if (text == "&") return Test::both;
  if (text == "^") return Test::differ;
  throw RuleError("'" + std::string(text) + "' is no operator");
}

// "4,!=,0x10,2,relative,little"
void read_byte_test(Building& building, const Option& option) {
  Check check = begin(Check::Kind::byte_test);
  Words words(option);
  read_octets(check, words);
  std::string_view sign = words.leading("an operator");
  if (sign.starts_with('!')) {
    check.negated = true;
    sign = trimmed(sign.substr(1));
  }
  check.field.test = sign.empty() ? Test::equal : read_operator(sign);
  const std::string& value = words.leading("a value");
  check.field.value_from = building.variable(value);
  if (check.field.value_from == kNoVariable) check.field.value = unsigned_number(value);
  read_offset(building, check, words);
  words.others([&](auto name, auto rest) { return read_form(check, name, rest); });
  finish(building, std::move(check));
}

// "2,0,relative,multiplier 2,align,post_offset -4"
void read_byte_jump(Building& building, const Option& option) {
  Check check = begin(Check::Kind::byte_jump);
  Words words(option);
  read_octets(check, words);
  read_offset(building, check, words);
  words.others([&](std::string_view name, std::string_view value) {
    ByteField& field = check.field;
    if (name == "align") {
      field.align = 4;
    } else if (name == "from_beginning") {
      field.from = From::beginning;
    } else if (name == "from_end") {
      field.from = From::end;
    } else if (name == "post_offset") {
      field.after = static_cast<int32_t>(whole_number(value, -kFar, kFar));
    } else {
      return read_scaled_form(check, name, value);
    }
    return true;
  });
  finish(building, std::move(check));
}

// "2,0,length,relative": the number is called `length` from here on
void read_byte_extract(Building& building, const Option& option) {
  Check check = begin(Check::Kind::byte_extract);
  Words words(option);
  read_octets(check, words);
  read_offset(building, check, words);
  check.field.into = building.add_variable(words.leading("a name"));
  words.others([&](std::string_view name, std::string_view value) {
    const bool align = name == "align" && (value == "2" || value == "4");
    if (align) check.field.align = value == "2" ? 2 : 4;
    return align || read_scaled_form(check, name, value);
  });
  finish(building, std::move(check));
}

// "bytes 520, offset 6, relative", or nothing at all
void read_base64_decode(Building& building, const Option& option) {
  Check check = begin(Check::Kind::decode_base64);
  Words(option).others([&](std::string_view name, std::string_view value) {
    if (name == "relative") {
      check.relative = true;
    } else if (name == "offset") {
      check.offset = static_cast<int32_t>(whole_number(value, 0, kFar));
    } else if (name == "bytes") {
      check.depth = static_cast<int32_t>(whole_number(value, 1, kFar));
    } else {
      return false;
    }
    return true;
  });
  finish(building, std::move(check));
}

void read_base64_data(Building& building, const Option&) {
  const auto& checks = building.rule.checks;
  if (std::none_of(checks.begin(), checks.end(),
                   [](const Check& check) { return check.kind == Check::Kind::decode_base64; })) {
    throw RuleError("no base64_decode stands before it");
  }
  building.sticky = Buffer::decoded;
}

}  // namespace

std::vector<Keyword> byte_keywords() {
  return {
      {"byte_test", read_byte_test},       {"byte_jump", read_byte_jump},
      {"byte_extract", read_byte_extract}, {"base64_decode", read_base64_decode},
      {"base64_data", read_base64_data},
  };
}

}  // namespace exwire::detect::rules
