// SPDX-License-Identifier: BSD-3-Clause
#include "tests/support/dissect_cases.hpp"

#include <cctype>
#include <cstdlib>
#include <fstream>
#include <map>
#include <regex>
#include <sstream>
#include <stdexcept>

#ifndef EXWIRE_TESTS_DIR
#define EXWIRE_TESTS_DIR "tests"
#endif

namespace exwire::test {
namespace {

std::string unescape(const std::string& text) {
  std::string result;
  for (size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '\\' || at + 1 == text.size()) {
      result += text[at];
      continue;
    }
    switch (text[++at]) {
      case 'r':
        result += '\r';
        break;
      case 'n':
        result += '\n';
        break;
      case 't':
        result += '\t';
        break;
      case 'x':
        result += static_cast<char>(std::stoi(text.substr(at + 1, 2), nullptr, 16));
        at += 2;
        break;
      default:
        result += text[at];
        break;
    }
  }
  return result;
}

std::string from_hex(const std::string& text) {
  std::istringstream words(text);
  std::string result, word;
  while (words >> word) result += static_cast<char>(std::stoi(word, nullptr, 16));
  return result;
}

Direction direction_of(const std::string& word) {
  if (word == "to_server") return Direction::to_server;
  if (word == "to_client") return Direction::to_client;
  throw std::runtime_error("no direction: " + word);
}

void read_event(DissectCase& one, const std::string& text) {
  std::istringstream words(text);
  std::string what, direction;
  words >> what;
  if (what == "midstream") {
    one.midstream = true;
    return;
  }
  Piece piece;
  piece.what = what == "gap" ? Piece::What::gap : Piece::What::end;
  if (what == "gap") words >> piece.missing;
  words >> direction;
  piece.direction = direction_of(direction);
  one.pieces.push_back(piece);
}

/// "let name = text" stands for `$name` in what follows.
using Definitions = std::map<std::string, std::string>;

std::string replaced(const std::string& text, const Definitions& definitions) {
  static const std::regex kName(R"(\$([a-z0-9_]+))");
  std::string result;
  auto rest = text.begin();
  for (std::sregex_iterator found(text.begin(), text.end(), kName), end; found != end; ++found) {
    result.append(rest, (*found)[0].first);
    result += definitions.at((*found)[1]);
    rest = (*found)[0].second;
  }
  return result.append(rest, text.end());
}

void define(Definitions& definitions, const std::string& text) {
  const size_t equals = text.find(" = ");
  if (equals == std::string::npos) throw std::runtime_error("no definition: " + text);
  definitions[text.substr(0, equals)] = replaced(text.substr(equals + 3), definitions);
}

void read_line(std::vector<DissectCase>& cases, const std::string& line, int number,
               const Definitions& definitions) {
  const std::string head = line.substr(0, 3);
  if (line.rfind("# ", 0) == 0) {
    DissectCase fresh;
    fresh.name = line.substr(2);
    fresh.line = number;
    cases.push_back(fresh);
  } else if (head == ">> " || head == "<< ") {
    Piece piece;
    piece.direction = line[0] == '>' ? Direction::to_server : Direction::to_client;
    const bool nested = line.rfind("parts: ", 3) == 3;
    piece.octets = octets_of(nested ? replaced(line.substr(3), definitions) : line.substr(3));
    cases.back().pieces.push_back(piece);
  } else if (head == "!! ") {
    read_event(cases.back(), line.substr(3));
  } else if (line.rfind("expect state=", 0) == 0) {
    cases.back().expected_state = line.substr(13);
  } else if (line.rfind("expect ", 0) == 0) {
    cases.back().expected += line.substr(7) + "\n";
  }
}

Bytes part(const std::string& octets, size_t from, size_t size) {
  return as_bytes(std::string_view(octets).substr(from, size));
}

}  // namespace

std::string octets_of(const std::string& text) {
  if (text.rfind("hex: ", 0) == 0) return from_hex(text.substr(5));
  if (text.rfind("parts: ", 0) == 0) {
    const std::string parts = text.substr(7);
    return NestedParts(parts).until(0);
  }
  size_t digits = 0;
  while (digits < text.size() && isdigit(static_cast<unsigned char>(text[digits])) != 0) ++digits;
  if (digits == 0 || digits >= text.size() || text[digits] != '*') return unescape(text);
  const std::string one = unescape(text.substr(digits + 1));
  std::string result;
  for (int times = std::stoi(text.substr(0, digits)); times > 0; --times) result += one;
  return result;
}

std::string NestedParts::until(char end) {
  std::string result;
  while (next() != end) result += part();
  if (end != 0) ++at_;
  return result;
}

// 0 at the end of the text.
char NestedParts::next() {
  while (at_ < text_.size() && text_[at_] == ' ') ++at_;
  return at_ < text_.size() ? text_[at_] : '\0';
}

std::string NestedParts::digits() {
  const size_t from = at_;
  while (at_ < text_.size() && isxdigit(static_cast<unsigned char>(text_[at_])) != 0) ++at_;
  return text_.substr(from, at_ - from);
}

std::string NestedParts::part() {
  const char first = next();
  if (first == '(' || first == '[') {
    ++at_;
    return first == '(' ? until(')') : vector();
  }
  if (first == '"') {
    const size_t from = at_ + 1;
    at_ = text_.find('"', from);
    if (at_ == std::string::npos) throw std::runtime_error("text without end");
    return unescape(text_.substr(from, at_++ - from));
  }
  const std::string word = digits();
  if (word.empty()) throw std::runtime_error("no octets: " + text_.substr(at_));
  std::string result;
  if (at_ < text_.size() && text_[at_] == '*') {
    ++at_;
    const std::string one = part();
    for (int times = std::stoi(word); times > 0; --times) result += one;
    return result;
  }
  for (size_t at = 0; at < word.size(); at += 2) {
    result += static_cast<char>(std::stoi(word.substr(at, 2), nullptr, 16));
  }
  return result;
}

std::string NestedParts::vector() {
  const int octets = std::stoi(digits());
  int lie = 0;
  if (const char sign = next(); sign == '+' || sign == '-') {
    ++at_;
    lie = sign == '+' ? std::stoi(digits()) : -std::stoi(digits());
  }
  const std::string content = until(']');
  const auto length = static_cast<size_t>(static_cast<long>(content.size()) + lie);
  std::string result;
  for (int shift = 8 * (octets - 1); shift >= 0; shift -= 8) {
    result += static_cast<char>(length >> shift & 0xff);
  }
  return result + content;
}

std::vector<DissectCase> read_dissect_cases(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw std::runtime_error("cannot read " + path);
  std::vector<DissectCase> cases;
  Definitions definitions;
  std::string line;
  for (int number = 1; std::getline(file, line); ++number) {
    try {
      if (line.rfind("let ", 0) == 0) define(definitions, line.substr(4));
      if (cases.empty() && line.rfind("# ", 0) != 0) continue;  // the file's own words
      read_line(cases, line, number, definitions);
    } catch (const std::exception& error) {
      throw std::runtime_error(path + ":" + std::to_string(number) + ": " + error.what());
    }
  }
  return cases;
}

std::string tests_folder() {
  const char* folder = std::getenv("EXWIRE_TESTS");
  return folder != nullptr ? folder : EXWIRE_TESTS_DIR;
}

void run_piece(DissectorHarness& harness, const Piece& piece) {
  switch (piece.what) {
    case Piece::What::octets:
      harness.feed(piece.direction, as_bytes(piece.octets));
      break;
    case Piece::What::gap:
      harness.gap(piece.direction, piece.missing);
      break;
    case Piece::What::end:
      harness.end(piece.direction);
      break;
  }
}

std::string run_case(const ExwireDissectorApi& api, const DissectCase& one, bool sleepy) {
  DissectorHarness harness(api, {one.midstream, sleepy, false});
  for (const Piece& piece : one.pieces) run_piece(harness, piece);
  return harness.log();
}

std::string run_octet_by_octet(const ExwireDissectorApi& api, const DissectCase& one, bool sleepy) {
  DissectorHarness harness(api, {one.midstream, sleepy, false});
  for (const Piece& piece : one.pieces) {
    if (piece.what != Piece::What::octets) run_piece(harness, piece);
    for (size_t at = 0; at < piece.octets.size(); ++at) {
      harness.feed(piece.direction, part(piece.octets, at, 1));
    }
  }
  return harness.log();
}

std::string run_cut(const ExwireDissectorApi& api, const DissectCase& one, size_t cut,
                    bool sleepy) {
  DissectorHarness harness(api, {one.midstream, sleepy, false});
  for (const Piece& piece : one.pieces) {
    if (cut > 0 && cut < piece.octets.size()) {
      harness.feed(piece.direction, part(piece.octets, 0, cut));
      harness.feed(piece.direction, part(piece.octets, cut, std::string::npos));
    } else {
      run_piece(harness, piece);
    }
    cut -= std::min(cut, piece.octets.size());
  }
  return harness.log();
}

}  // namespace exwire::test
