// SPDX-License-Identifier: BSD-3-Clause
// Joining of IP fragments: the table of 17 fragments for all policies, and what attackers do.
#include "sensor/wire/fragments.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdio>
#include <random>
#include <string>

using namespace exwire;
using wire::FragmentPolicy;

namespace {

struct Joiner {
  explicit Joiner(FragmentPolicy policy = FragmentPolicy::drop)
      : fragments(HashKey{}, policy, budget) {}

  /// The joined datagram, empty while it is not complete.
  std::string add(uint32_t start, std::string octets, bool more, uint8_t version = 4) {
    wire::NetworkView view;
    view.ip_version = version;
    view.source = {192, 0, 2, 1};
    view.destination = {198, 51, 100, 1};
    view.protocol = wire::kTcp;
    view.fragment_id = id;
    view.is_fragment = true;
    view.more_fragments = more;
    view.fragment_at = start;
    view.payload = as_bytes(octets);
    view.payload_octets = static_cast<uint32_t>(octets.size());
    if (!fragments.join(view, 0, now)) return {};
    CHECK_FALSE(view.is_fragment);
    CHECK(view.protocol == wire::kTcp);
    return std::string(view.payload.text());
  }

  Budget budget{size_t{64} << 20};
  wire::Fragments fragments;
  uint32_t id = 7;
  Timestamp now{kNanosPerSecond};
};

struct Piece {
  char letter;
  uint32_t size, start;
};

// Published with Suricata's defrag.c: 17 fragments that overlap in every way.
constexpr Piece kTable[] = {
    {'A', 24, 0},   {'B', 16, 32},  {'C', 24, 48}, {'D', 8, 80},  {'E', 16, 104}, {'F', 24, 120},
    {'G', 16, 144}, {'H', 16, 160}, {'I', 8, 176}, {'J', 32, 8},  {'K', 24, 48},  {'L', 24, 72},
    {'M', 24, 96},  {'N', 8, 128},  {'O', 8, 152}, {'P', 8, 160}, {'Q', 16, 176}};

std::string play_table(Joiner& joiner, uint8_t version) {
  std::string whole;
  for (const Piece& piece : kTable) {
    whole = joiner.add(piece.start, std::string(piece.size, piece.letter), piece.letter != 'Q',
                       version);
  }
  std::string letters;
  for (size_t at = 0; at < whole.size(); at += 8) {
    CHECK(std::count(&whole[at], &whole[at] + 8, whole[at]) == 8);
    letters += whole[at];
  }
  return letters;
}

}  // namespace

TEST_CASE("17 overlapping fragments are joined as each host would", "[fragments]") {
  const std::pair<FragmentPolicy, const char*> expected[] = {
      {FragmentPolicy::first, "AAAJBBCCCLDLMEEFFFGGHHIQ"},
      {FragmentPolicy::windows_legacy, "AAAJBBCCCLLLMEEFFFGGHHIQ"},
      {FragmentPolicy::solaris, "AAAJBBCCCLLLMMMFFFGGHHIQ"},
      {FragmentPolicy::bsd, "AAAJJBCCCLLLMMMFFFGGHHIQ"},
      {FragmentPolicy::linux_old, "AAAJJBKKKLLLMMMFFFGGPHQQ"},
      {FragmentPolicy::last, "AJJJJBKKKLLLMMMFNFGOPHQQ"},
      {FragmentPolicy::drop, ""}};
  int exact = 0;
  for (const auto& [policy, letters] : expected) {
    for (const uint8_t version : {uint8_t{4}, uint8_t{6}}) {
      Joiner joiner(policy);
      INFO("policy " << static_cast<int>(policy) << " version " << int{version});
      const std::string joined = play_table(joiner, version);
      CHECK(joined == letters);
      exact += joined == letters;
      CHECK(joiner.fragments.counters().overlaps == (policy == FragmentPolicy::drop ? 1 : 0));
    }
  }
  std::printf("figure: 17 overlapping fragments, by policy and version: %d of 14\n", exact);
  CHECK(exact == 14);
}

TEST_CASE("fragments in any order make the datagram, and an exact repetition is no harm",
          "[fragments]") {
  std::mt19937 random(3);
  std::string whole;
  for (int at = 0; at < 30001; ++at) whole += static_cast<char>(random());
  std::vector<uint32_t> starts;
  for (uint32_t at = 0; at < whole.size(); at += 1480) starts.push_back(at);
  for (int round = 0; round < 20; ++round) {
    std::shuffle(starts.begin(), starts.end(), random);
    Joiner joiner;
    std::string joined;
    for (size_t index = 0; index < starts.size(); ++index) {
      const uint32_t start = starts[index];
      const std::string part = whole.substr(start, 1480);
      joined = joiner.add(start, part, start + 1480 < whole.size());
      if (index + 1 < starts.size()) {
        REQUIRE(joined.empty());
        REQUIRE(joiner.add(start, part, start + 1480 < whole.size()).empty());
      }
    }
    REQUIRE(joined == whole);
    joiner.fragments.release();
    CHECK(joiner.fragments.waiting() == 0);
  }
}

TEST_CASE("what no host joins", "[fragments]") {
  Joiner joiner;
  SECTION("other octets over the same place") {
    joiner.add(0, std::string(16, 'a'), true);
    joiner.add(8, std::string(16, 'b'), true);
    CHECK(joiner.add(24, "end", false).empty());
    CHECK(joiner.fragments.counters().overlaps == 1);
  }
  SECTION("beyond 65,535 octets") {
    joiner.add(65528, std::string(16, 'a'), false);
    CHECK(joiner.fragments.counters().oversize == 1);
  }
  SECTION("two ends") {
    joiner.add(16, std::string(8, 'a'), false);
    joiner.add(24, std::string(8, 'a'), false);
    CHECK(joiner.fragments.counters().oversize == 1);
  }
  SECTION("no octets at all") {
    CHECK(joiner.add(0, "", false).empty());
    CHECK(joiner.add(0, "", true).empty());
  }
  SECTION("the rest comes after a minute") {
    joiner.add(0, std::string(16, 'a'), true);
    joiner.now.ns += wire::Fragments::kTimeoutNs + 1;
    CHECK(joiner.add(16, "end", false).empty());
    CHECK(joiner.fragments.counters().expired == 1);
  }
  SECTION("after a datagram was given up, its number may be used again") {
    joiner.add(0, std::string(16, 'a'), true);
    joiner.add(8, std::string(16, 'b'), true);
    joiner.now.ns += wire::Fragments::kTimeoutNs + 1;
    CHECK(joiner.add(0, std::string(16, 'a'), true).empty());
    CHECK(joiner.add(16, "end", false) == std::string(16, 'a') + "end");
  }
}

TEST_CASE("65,535 datagrams that never end stay within their memory", "[fragments]") {
  Joiner joiner;
  for (uint32_t id = 0; id < 65535; ++id) {
    joiner.id = id;
    joiner.add(0, std::string(1480, 'x'), true);
  }
  CHECK(joiner.fragments.waiting() <= wire::Fragments::kMostDatagrams);
  CHECK(joiner.budget.used() + wire::Fragments::kMostOctets <= size_t{36} << 20);
  CHECK(joiner.fragments.counters().shed >= 65535 - wire::Fragments::kMostDatagrams);
  joiner.id = 70000;
  joiner.add(0, std::string(1480, 'y'), true);
  CHECK(joiner.add(1480, "end", false) == std::string(1480, 'y') + "end");
}
