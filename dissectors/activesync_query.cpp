// SPDX-License-Identifier: BSD-3-Clause
// Both forms of ActiveSync's query (MS-ASHTTP 2.2.1.1.1): parameters by name, and base64 of a
// structure whose strings carry their length.
#include "dissectors/activesync_query.hpp"

#include <cstdio>

namespace exwire::activesync {
namespace {

/// MS-ASHTTP 2.2.1.1.1.1.2, by command code; null where none is assigned.
constexpr std::array<const char*, 24> kCommands{"Sync",
                                                "SendMail",
                                                "SmartForward",
                                                "SmartReply",
                                                "GetAttachment",
                                                nullptr,
                                                nullptr,
                                                nullptr,
                                                nullptr,
                                                "FolderSync",
                                                "FolderCreate",
                                                "FolderDelete",
                                                "FolderUpdate",
                                                "MoveItems",
                                                "GetItemEstimate",
                                                "MeetingResponse",
                                                "Search",
                                                "Settings",
                                                "Ping",
                                                "ItemOperations",
                                                "Provision",
                                                "ResolveRecipients",
                                                "ValidateCert",
                                                "Find"};

int hex_digit(char letter) noexcept {
  if (http1::is_digit(letter)) return letter - '0';
  const char low = lower(letter);
  return low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
}

template <size_t kSize>
void add_unescaped(Text<kSize>& out, std::string_view text) noexcept {
  static constexpr OctetSet kEscapes("%+");
  while (!text.empty()) {
    const size_t plain = std::min(kEscapes.find_in(text), text.size());
    out.add(text.substr(0, plain));
    text.remove_prefix(plain);
    if (text.empty()) return;
    const int high = text[0] == '%' && text.size() > 2 ? hex_digit(text[1]) : -1;
    const int low = high >= 0 ? hex_digit(text[2]) : -1;
    const bool escaped = low >= 0;
    out.add(escaped ? static_cast<char>(high << 4 | low) : text[0] == '+' ? ' ' : text[0]);
    text.remove_prefix(escaped ? 3 : 1);
  }
}

/// Text as it stands; anything else, as the 16 octets of a GUID, as hexadecimal digits.
template <size_t kSize>
void add_name(Text<kSize>& out, std::string_view octets) noexcept {
  static constexpr char kHex[] = "0123456789ABCDEF";
  const bool text = std::all_of(octets.begin(), octets.end(),
                                [](char letter) { return letter > ' ' && letter < 127; });
  if (text) return out.add(octets);
  for (const char letter : octets) {
    const auto octet = static_cast<uint8_t>(letter);
    out.add(kHex[octet >> 4]);
    out.add(kHex[octet & 15]);
  }
}

/// Octets of base64 at the front of `text`, as many as `out` holds; 0 when it is none.
template <size_t kSize>
size_t from_base64(std::string_view text, std::array<char, kSize>& out) noexcept {
  uint32_t bits = 0;
  int held = 0;
  size_t size = 0;
  for (size_t at = 0; at < text.size() && size < kSize; ++at) {
    char letter = text[at];
    if (letter == '%' && at + 2 < text.size()) {  // an escaped plus, slash or equals sign
      const int high = hex_digit(text[at + 1]), low = hex_digit(text[at + 2]);
      if (high < 0 || low < 0) return 0;
      letter = static_cast<char>(high << 4 | low);
      at += 2;
    }
    int digit = -1;
    if (letter >= 'A' && letter <= 'Z') digit = letter - 'A';
    if (letter >= 'a' && letter <= 'z') digit = letter - 'a' + 26;
    if (http1::is_digit(letter)) digit = letter - '0' + 52;
    if (letter == '+' || letter == '-') digit = 62;
    if (letter == '/' || letter == '_') digit = 63;
    if (letter == '=') break;
    if (digit < 0) return 0;
    bits = bits << 6 | static_cast<uint32_t>(digit);
    held += 6;
    if (held < 8) continue;
    held -= 8;
    out[size++] = static_cast<char>(bits >> held & 0xff);
  }
  return size;
}

/// A run of octets with its length before it; false when less is there than it says.
bool take_run(std::string_view& rest, std::string_view& run) noexcept {
  if (rest.empty()) return false;
  const auto size = static_cast<size_t>(static_cast<uint8_t>(rest[0]));
  if (rest.size() - 1 < size) return false;
  run = rest.substr(1, size);
  rest.remove_prefix(1 + size);
  return true;
}

/// MS-ASHTTP 2.2.1.1.1.1: version, command, locale, device, policy key, type, parameters.
void read_base64(Query& query, std::string_view text) noexcept {
  std::array<char, 512> octets;
  std::string_view rest(octets.data(), from_base64(text, octets));
  constexpr size_t kFixed = 4;
  if (rest.size() < kFixed) return;
  const auto version = static_cast<unsigned>(static_cast<uint8_t>(rest[0]));
  const auto code = static_cast<size_t>(static_cast<uint8_t>(rest[1]));
  if (version < 121 || version > 169 || code >= kCommands.size() || kCommands[code] == nullptr) {
    return;
  }
  std::string_view device, key, type, value;
  rest.remove_prefix(kFixed);
  if (!take_run(rest, device) || device.empty()) return;
  query.command.add(kCommands[code]);
  std::array<char, 16> number;
  const auto put = [&number](auto& out, const char* form, auto... values) {
    const int size = std::snprintf(number.data(), number.size(), form, values...);
    if (size > 0) out.add(std::string_view(number.data(), static_cast<size_t>(size)));
  };
  put(query.version, "%u.%u", version / 10, version % 10);
  add_name(query.device_id, device);
  if (!take_run(rest, key)) return;
  if (key.size() == 4) {
    uint32_t policy = 0;
    for (size_t at = 4; at > 0; --at) policy = policy << 8 | static_cast<uint8_t>(key[at - 1]);
    put(query.policy_key, "%u", policy);
  }
  if (!take_run(rest, type)) return;
  add_name(query.device_type, type);
  constexpr char kUser = 8;
  while (!rest.empty()) {
    const char tag = rest[0];
    rest.remove_prefix(1);
    if (!take_run(rest, value)) return;
    if (tag == kUser) query.user.add(value);
  }
}

void read_plain(Query& query, std::string_view text) noexcept {
  constexpr size_t kMostParameters = 32;
  for (size_t count = 0; !text.empty() && count < kMostParameters; ++count) {
    const std::string_view part = http1::next_part(text, '&');
    const size_t equals = part.find('=');
    if (equals == part.npos) continue;
    const std::string_view key = part.substr(0, equals), value = part.substr(equals + 1);
    const auto take = [&](auto& out, std::string_view name) {
      if (!equal_ignoring_case(key, name) || !out.view().empty()) return;
      add_unescaped(out, value);
    };
    take(query.command, "cmd");
    take(query.user, "user");
    take(query.device_id, "deviceid");
    take(query.device_type, "devicetype");
  }
}

}  // namespace

bool read_query(Query& query, std::string_view target) noexcept {
  constexpr std::string_view kDirectory = "/microsoft-server-activesync";
  const size_t question = target.find('?');
  std::string_view path = target.substr(0, question);
  bool found = false;
  for (size_t slash = path.find('/'); slash != path.npos && !found;
       slash = path.find('/', slash + 1)) {
    found = starts_ignoring_case(path.substr(slash), kDirectory);
  }
  if (!found || question == target.npos) return found;
  const std::string_view text = target.substr(question + 1);
  read_plain(query, text);
  const std::string_view command = query.command.view();
  const bool word = std::all_of(command.begin(), command.end(), [](char letter) {
    return lower(letter) >= 'a' && lower(letter) <= 'z';
  });
  if (!word) query.command.clear();
  if (command.empty()) read_base64(query, text);
  return true;
}

}  // namespace exwire::activesync
