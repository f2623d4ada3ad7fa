// SPDX-License-Identifier: BSD-3-Clause
// The elements of ActiveSync's code pages that are understood, as data (MS-ASWBXML), and how what
// they hold is taken.
#include "dissectors/activesync_body.hpp"

#include "dissectors/http1_text.hpp"

namespace exwire::activesync {
namespace {

enum class Meaning : uint8_t {
  status,
  policy_status,
  seconds,
  minutes,
  folder,
  policy_key,
  remote_wipe,
};

/// An element that means something, by the element that holds it.
struct Element {
  wbxml::Tag parent, tag;
  Meaning meaning;
};
constexpr uint8_t kAirSync = 0, kMove = 5, kEstimate = 6, kFolders = 7, kMeeting = 8,
                  kRecipients = 10, kCertificates = 11, kPing = 13, kProvision = 14, kSearch = 15,
                  kSettings = 18, kItems = 20, kCompose = 21;
constexpr std::array kElements{
    Element{{kPing, 0x05}, {kPing, 0x07}, Meaning::status},
    Element{{kPing, 0x05}, {kPing, 0x08}, Meaning::seconds},
    Element{{kPing, 0x09}, {kPing, 0x0a}, Meaning::folder},
    Element{{kAirSync, 0x05}, {kAirSync, 0x0e}, Meaning::status},
    Element{{kAirSync, 0x0f}, {kAirSync, 0x0e}, Meaning::status},
    Element{{kAirSync, 0x05}, {kAirSync, 0x24}, Meaning::minutes},
    Element{{kAirSync, 0x05}, {kAirSync, 0x29}, Meaning::seconds},
    Element{{kAirSync, 0x1c}, {kAirSync, 0x0f}, Meaning::folder},
    Element{{kMove, 0x05}, {kMove, 0x0b}, Meaning::status},
    Element{{kMove, 0x0a}, {kMove, 0x0b}, Meaning::status},
    Element{{kEstimate, 0x05}, {kEstimate, 0x0e}, Meaning::status},
    Element{{kEstimate, 0x0d}, {kEstimate, 0x0e}, Meaning::status},
    Element{{kFolders, 0x13}, {kFolders, 0x0c}, Meaning::status},
    Element{{kFolders, 0x14}, {kFolders, 0x0c}, Meaning::status},
    Element{{kFolders, 0x15}, {kFolders, 0x0c}, Meaning::status},
    Element{{kFolders, 0x16}, {kFolders, 0x0c}, Meaning::status},
    Element{{kMeeting, 0x07}, {kMeeting, 0x0b}, Meaning::status},
    Element{{kMeeting, 0x0a}, {kMeeting, 0x0b}, Meaning::status},
    Element{{kRecipients, 0x05}, {kRecipients, 0x07}, Meaning::status},
    Element{{kCertificates, 0x05}, {kCertificates, 0x0a}, Meaning::status},
    Element{{kSearch, 0x05}, {kSearch, 0x0c}, Meaning::status},
    Element{{kProvision, 0x05}, {kProvision, 0x0b}, Meaning::status},
    Element{{kProvision, 0x05}, {kProvision, 0x0c}, Meaning::remote_wipe},
    Element{{kProvision, 0x07}, {kProvision, 0x0b}, Meaning::policy_status},
    Element{{kProvision, 0x07}, {kProvision, 0x09}, Meaning::policy_key},
    Element{{kSettings, 0x05}, {kSettings, 0x06}, Meaning::status},
    Element{{kItems, 0x05}, {kItems, 0x0d}, Meaning::status},
    Element{{kCompose, 0x05}, {kCompose, 0x12}, Meaning::status},
    Element{{kCompose, 0x06}, {kCompose, 0x12}, Meaning::status},
    Element{{kCompose, 0x07}, {kCompose, 0x12}, Meaning::status},
};

const Element* element_of(wbxml::Tag parent, wbxml::Tag tag) noexcept {
  for (const Element& element : kElements) {
    if (element.parent == parent && element.tag == tag) return &element;
  }
  return nullptr;
}

std::optional<uint32_t> number_of(std::string_view text) noexcept {
  constexpr size_t kMostDigits = 10;
  uint64_t value = 0;
  text = http1::trim(text);
  if (text.empty() || text.size() > kMostDigits) return std::nullopt;
  for (const char digit : text) {
    if (!http1::is_digit(digit)) return std::nullopt;
    value = value * 10 + static_cast<uint64_t>(digit - '0');
  }
  if (value > 0xffffffffU) return std::nullopt;
  return static_cast<uint32_t>(value);
}

void take_text(Body& body, Meaning meaning, std::string_view text) noexcept {
  const auto number = number_of(text);
  if (!number) return;
  switch (meaning) {
    case Meaning::status:
      if (!body.status) body.status = number;
      break;
    case Meaning::policy_status:
      if (!body.policy_status) body.policy_status = number;
      break;
    case Meaning::seconds:
      if (!body.heartbeat) body.heartbeat = number;
      break;
    case Meaning::minutes:
      if (!body.heartbeat && *number <= 0xffffffffU / 60) body.heartbeat = *number * 60;
      break;
    case Meaning::policy_key:
      if (body.policy_key == 0) body.policy_key = *number;
      break;
    default:
      break;
  }
}

}  // namespace

bool BodyReader::feed(Bytes octets) noexcept {
  const bool last = octets.size >= left_;
  octets = octets.first(left_);
  left_ -= octets.size;
  for (;;) {
    switch (reader_.next(octets)) {
      case wbxml::Event::open:
        opened();
        break;
      case wbxml::Event::text:
        text();
        break;
      case wbxml::Event::close:
        break;
      case wbxml::Event::cut:
        return !last;
      case wbxml::Event::finished:
        body_.whole = true;
        return false;
      case wbxml::Event::broken:
        return false;
    }
  }
}

void BodyReader::opened() noexcept {
  const uint32_t above = reader_.depth() - (reader_.empty() ? 0 : 1);
  if (above == 0) return;
  const Element* element = element_of(reader_.open(above - 1), reader_.tag());
  if (element == nullptr) return;
  if (element->meaning == Meaning::folder) ++body_.folders;
  if (element->meaning == Meaning::remote_wipe) body_.remote_wipe = true;
}

void BodyReader::text() noexcept {
  if (reader_.depth() < 2) return;
  const Element* element =
      element_of(reader_.open(reader_.depth() - 2), reader_.open(reader_.depth() - 1));
  if (element != nullptr) take_text(body_, element->meaning, reader_.text());
}

}  // namespace exwire::activesync
