// SPDX-License-Identifier: BSD-3-Clause
#include "dissectors/iis_path.hpp"

#include <catch2/catch.hpp>
#include <random>
#include <string>
#include <vector>

using exwire::IisPath;
using exwire::normalise_iis_path;

namespace {

struct Normalised {
  std::string path;
  IisPath flags;
  bool copied = false;
};

Normalised normalise(std::string_view target) {
  std::vector<char> buffer(target.size());  // exactly as much as promised: a sanitizer sees more
  Normalised result;
  result.flags = normalise_iis_path(target, buffer.data());
  result.path = std::string(result.flags.path);
  result.copied = !target.empty() && result.flags.path.data() == buffer.data();
  result.flags.path = {};
  return result;
}

std::string path(std::string_view target) {
  return normalise(target).path;
}

}  // namespace

TEST_CASE("a plain path is not copied", "[iis_path]") {
  CHECK_FALSE(normalise("/Microsoft-Server-ActiveSync").copied);
  CHECK_FALSE(normalise("/owa/auth/logon.aspx?url=%2e%2e//").copied);
  CHECK(path("/owa/auth/logon.aspx?url=%2e%2e//") == "/owa/auth/logon.aspx");
  CHECK(path("").empty());
  CHECK(path("*") == "*");
}

TEST_CASE("paths as IIS matches them", "[iis_path]") {
  const std::vector<std::pair<std::string, std::string>> cases{
      {"/%4Dicrosoft-Server-ActiveSync", "/Microsoft-Server-ActiveSync"},
      {"/owa\\auth\\logon.aspx", "/owa/auth/logon.aspx"},
      {"/%5cowa", "/owa"},
      {"//owa///auth", "/owa/auth"},
      {"/%2fowa", "/owa"},
      {"/x/../owa/./auth", "/owa/auth"},
      {"/x/%2e%2e/owa", "/owa"},
      {"/../../owa", "/owa"},
      {"/..", "/"},
      {"/.", "/"},
      {"/a/..", "/"},
      {"/a/b/..", "/a/"},
      {"/a/...", "/a/..."},
      {"/.a/..b", "/.a/..b"},
      {"/x/..%5c..%2fowa", "/owa"},
      {"/%u0065ws", "/ews"},
      {"/%uff0e%uff0e/owa", "/owa"},
      {"/%u00e9%u20ac", "/\xc3\xa9\xe2\x82\xac"},
      {"/%c0%ae%c0%ae/owa", "/owa"},
      {"/%c0%afowa", "/owa"},
      {"/%e0%80%ae/owa", "/owa"},
      {"/%f0%80%80%aeowa", "/.owa"},
      {"/%c3%a9", "/\xc3\xa9"},
      {"/%zz%4", "/%zz%4"},
      {"/%", "/%"},
      {"/%252e%252e/", "/%2e%2e/"},
      {"/%u12", "/%u12"},
      {"/a;jsessionid=1/b", "/a;jsessionid=1/b"},
      {"/a+b", "/a+b"},
      {"/a%3fb?c", "/a?b"},
      {"/a#b", "/a"},
      {std::string("/a%00b"), std::string("/a\0b", 4)},
  };
  for (const auto& [target, expected] : cases) {
    INFO(target);
    CHECK(path(target) == expected);
  }
}

TEST_CASE("what is odd about a path is told", "[iis_path]") {
  CHECK(normalise("/%252e").flags.double_encoded);
  CHECK(normalise("/%25").flags.double_encoded);
  CHECK(normalise("/%c0%a5").flags.double_encoded);
  CHECK_FALSE(normalise("/%2e").flags.double_encoded);
  CHECK(normalise("/%zz").flags.invalid_escape);
  CHECK(normalise("/%u00g0").flags.invalid_escape);
  CHECK(normalise("/%c0%ae").flags.overlong);
  CHECK(normalise("/%e0%80%ae").flags.overlong);
  CHECK_FALSE(normalise("/%e0%a4%95").flags.overlong);
  CHECK(normalise("/%c0x").flags.control);
  CHECK(normalise("/%f8").flags.control);
  CHECK(normalise("/%0d%0a").flags.control);
  CHECK(normalise("/%7f").flags.control);
  CHECK(normalise("/%00").flags.nul);
  CHECK(normalise("/%u0061").flags.unicode_escape);
  CHECK_FALSE(normalise("/%u0061").flags.odd);
  CHECK_FALSE(normalise("/%u00c0").flags.odd);
  CHECK_FALSE(normalise("/%20%41\\..").flags.odd);
  for (const char* odd : {"/%zz", "/%c0%ae", "/%01", "/%00"}) CHECK(normalise(odd).flags.odd);
}

TEST_CASE("a second round decodes what was encoded twice", "[iis_path]") {
  const std::string once = path("/x/%252e%252e/owa");
  CHECK(once == "/x/%2e%2e/owa");
  CHECK(path(once) == "/owa");
}

TEST_CASE("no path grows and a normal one stays", "[iis_path]") {
  std::mt19937 random(7);
  static constexpr std::string_view kAlphabet = "/\\.%%%2eEuUfF0cC8aA;?#x\x01\xff ";
  for (int round = 0; round < 200000; ++round) {
    std::string target = "/";
    const size_t size = random() % 24;
    while (target.size() < size) target += kAlphabet[random() % kAlphabet.size()];
    const Normalised once = normalise(target);
    REQUIRE(once.path.size() <= target.size());
    // Decoded once and without escapes left, nothing is to be done any more.
    if (once.path.find_first_of("%?#") == std::string::npos && !once.flags.nul) {
      REQUIRE(path(once.path) == once.path);
    }
  }
}
