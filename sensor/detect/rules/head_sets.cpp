// SPDX-License-Identifier: BSD-3-Clause
// Addresses and ports of a rule's head: lists, negations, ranges and variables within each other.
#include <algorithm>

#include "sensor/detect/rules/glossary.hpp"
#include "sensor/detect/rules/rule_text.hpp"

namespace exwire::detect::rules {
namespace {

constexpr int kDeepest = 16;  // of lists and variables within each other

/// Reads one side of a head into `in` and `out`; what an item is says `Items`.
template <class Set, class Items>
class SetReader {
 public:
  using Groups = std::map<std::string, std::string, std::less<>>;
  SetReader(Set& set, const Groups& groups) : set_(set), groups_(groups) {}

  void read(std::string_view text, bool negated, int depth = 0) {
    text = trimmed(text);
    if (depth > kDeepest) throw RuleError("lists or variables lie too deep in each other");
    if (text.empty()) throw RuleError("an address or port is missing");
    if (text[0] == '!') return read(text.substr(1), !negated, depth + 1);
    if (text[0] == '$') return read_variable(text, negated, depth);
    if (text[0] == '[') return read_list(text, negated, depth);
    if (text == "any") {
      if (negated) throw RuleError("'!any' is nobody");
      return;
    }
    (negated ? set_.out : set_.in).push_back(Items::read(text));
  }

 private:
  void read_variable(std::string_view text, bool negated, int depth) {
    const auto found = groups_.find(text.substr(1));
    if (found == groups_.end() || found->second == "any") return;
    read(found->second, negated, depth + 1);
  }
  void read_list(std::string_view text, bool negated, int depth) {
    if (text.back() != ']') throw RuleError("a list is not closed");
    const std::vector<std::string> parts = split_list(text.substr(1, text.size() - 2));
    const size_t excluded = static_cast<size_t>(std::count_if(
        parts.begin(), parts.end(), [](const std::string& part) { return part[0] == '!'; }));
    // "Not (this but that)" is no list of ones to take and ones to leave out.
    if (negated && excluded != 0 && excluded != parts.size()) {
      throw RuleError("a list with exceptions cannot be negated");
    }
    for (const std::string& part : parts) read(part, negated, depth + 1);
  }

  Set& set_;
  const Groups& groups_;
};

struct Addresses {
  static Prefix read(std::string_view text) {
    const auto prefix = Prefix::parse(text);
    if (!prefix) throw RuleError("'" + std::string(text) + "' is no address, prefix or variable");
    return *prefix;
  }
};

struct Ports {
  static PortSet::Span read(std::string_view text) {
    const size_t colon = text.find(':');
    const std::string_view first = trimmed(text.substr(0, colon));
    const std::string_view last =
        colon == std::string_view::npos ? first : trimmed(text.substr(colon + 1));
    const auto least = first.empty() ? 0 : whole_number(first, 0, 65535);
    const auto most = last.empty() ? 65535 : whole_number(last, 0, 65535);
    if (least > most) throw RuleError("'" + std::string(text) + "' is an empty range of ports");
    return {static_cast<uint16_t>(least), static_cast<uint16_t>(most)};
  }
};

}  // namespace

AddressSet read_addresses(std::string_view text, const Glossary& glossary) {
  AddressSet set;
  SetReader<AddressSet, Addresses>(set, glossary.address_groups).read(text, false);
  return set;
}

PortSet read_ports(std::string_view text, const Glossary& glossary) {
  PortSet set;
  SetReader<PortSet, Ports>(set, glossary.port_groups).read(text, false);
  return set;
}

bool AddressSet::lists_cover(const wire::Address& address, uint8_t version) const noexcept {
  const auto within = [&](const Prefix& prefix) { return prefix.covers(address, version); };
  return (in.empty() || std::any_of(in.begin(), in.end(), within)) &&
         std::none_of(out.begin(), out.end(), within);
}

bool PortSet::lists_cover(uint16_t port) const noexcept {
  const auto within = [&](const Span& span) { return port >= span.least && port <= span.most; };
  return (in.empty() || std::any_of(in.begin(), in.end(), within)) &&
         std::none_of(out.begin(), out.end(), within);
}

}  // namespace exwire::detect::rules
