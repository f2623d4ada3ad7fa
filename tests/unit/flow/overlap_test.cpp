// SPDX-License-Identifier: BSD-3-Clause
// Overlapping segments under every policy: the published sequences of Novak and Sturges, their nine
// pair relations, and all triplets of short segments against a slow model that keeps for every
// octet which segment it came in.
#include "sensor/flow/overlap.hpp"

#include <catch2/catch.hpp>
#include <cstdio>
#include <string>
#include <vector>

#include "sensor/flow/reassembler.hpp"
#include "sensor/flow/recent_segments.hpp"

using namespace exwire;
using flow::OverlapPolicy;

namespace {

constexpr OverlapPolicy kPolicies[] = {OverlapPolicy::first, OverlapPolicy::windows_legacy,
                                       OverlapPolicy::linux, OverlapPolicy::last};

struct Step {
  int64_t offset;  ///< of the stream
  std::string octets;
};

class Collector final : public flow::StreamReader {
 public:
  flow::ReadAnswer read(Bytes octets) override {
    text.append(octets.text());
    return {octets.size, 0, 0, false};
  }
  bool gap(uint64_t missing) override {
    text.append(missing, '.');
    return true;
  }
  void conflict(int64_t, Bytes) override { ++conflicts; }
  flow::OverlapPolicy overlap_policy() const override { return policy; }
  uint32_t most_pending() const override { return 65536; }
  OverlapPolicy policy = OverlapPolicy::first;
  std::string text;
  uint64_t conflicts = 0;
};

Budget& budget() {
  static Budget one{size_t{64} << 20};
  return one;
}
BufferPool& pool() {
  static BufferPool one{budget()};
  return one;
}

struct Result {
  std::string text;
  uint64_t conflicts;
  uint32_t next_seq;
};

Result reassemble(OverlapPolicy policy, const std::vector<Step>& steps, uint32_t isn = 0) {
  flow::DirectionState side;
  side.next_seq = isn + 1;
  flow::Reassembler reassembler;
  flow::ReassemblyCounters counters;
  Collector reader;
  reader.policy = policy;
  for (const Step& step : steps) {
    // As FlowTable places it: by the distance of sequence numbers.
    const uint32_t seq = isn + 1 + static_cast<uint32_t>(step.offset);
    const int64_t offset =
        static_cast<int64_t>(side.stream_octets) + static_cast<int32_t>(seq - side.next_seq);
    reassembler.segment(side, offset, as_bytes(step.octets),
                        static_cast<uint32_t>(step.octets.size()), reader, pool(), counters, 0);
  }
  while (reassembler.has_hole()) {
    reassembler.give_up_hole(side, reader, pool(), counters, 0);
  }
  reassembler.clear(pool());
  return {reader.text, reader.conflicts, side.next_seq};
}

// The sequences are written as in the paper: "3:JJJJ", the first octet of data is 1.
std::vector<Step> parse(const std::string& text) {
  std::vector<Step> steps;
  size_t at = 0;
  while (at < text.size()) {
    const size_t colon = text.find(':', at), space = std::min(text.find(' ', at), text.size());
    steps.push_back(
        {std::stoll(text.substr(at, colon - at)) - 1, text.substr(colon + 1, space - colon - 1)});
    at = space + 1;
  }
  return steps;
}

// One octet of the slow model.
struct Cell {
  char octet = 0;
  int64_t start = 0, end = 0;  ///< of the segment it came in
};

bool model_later_wins(OverlapPolicy policy, const Cell& stored, int64_t start, int64_t end) {
  if (policy == OverlapPolicy::first) return false;
  if (policy == OverlapPolicy::last) return true;
  if (start < stored.start) return true;
  return policy == OverlapPolicy::linux && start == stored.start && end > stored.end;
}

std::string model(OverlapPolicy policy, const std::vector<Step>& steps) {
  std::vector<Cell> cells(64);
  size_t delivered = 0;
  for (const Step& step : steps) {
    const auto end = step.offset + static_cast<int64_t>(step.octets.size());
    for (int64_t at = step.offset; at < end; ++at) {
      const auto index = static_cast<size_t>(at);
      if (index < delivered) continue;
      Cell& cell = cells[index];
      if (cell.octet == 0 || model_later_wins(policy, cell, step.offset, end)) {
        cell = {step.octets[static_cast<size_t>(at - step.offset)], step.offset, end};
      }
    }
    while (cells[delivered].octet != 0) ++delivered;
  }
  std::string text;
  size_t last = 0;
  for (size_t index = 0; index < cells.size(); ++index) {
    if (cells[index].octet != 0) last = index + 1;
  }
  for (size_t index = 0; index < last; ++index) {
    text += cells[index].octet != 0 ? cells[index].octet : '.';
  }
  return text;
}

struct Sequence {
  const char* steps;
  const char* expected[4];  ///< in the order of kPolicies
};

const Sequence kPublished[] = {
    {"2:AAA 6:BB 8:CCC 12:D 15:EE 17:FFF 20:GG 22:HH 24:I 3:JJJJ 8:KKK 11:LLL 14:MMM 18:N 21:O "
     "22:P "
     "24:QQ 1:0",
     {"0AAAJBBCCCLDLMEEFFFGGHHIQ", "0AAAJJBCCCLLLMMMFFFGGHHIQ", "0AAAJJBCCCLLLMMMFFFGGHHQQ",
      "0AJJJJBKKKLLLMMMFNFGOPHQQ"}},
    {"3:B 9:D 12:EE 2:AA 1:JJJJ 8:LLL 11:MMM",
     {"JABJ...LDLMEE", "JJJJ...LLLMMM", "JJJJ...LLLMMM", "JJJJ...LLLMMM"}},
    {"2:CCC 16:HH 18:II 2:KKK 2:LLLL 16:P 16:QQ 1:0",
     {"0CCCL..........HHII", "0CCCL..........HHII", "0LLLL..........HHII", "0LLLL..........QQII"}},
    {"2:AA 17:FFF 20:GG 3:JJ 21:O 18:N 1:0",
     {"0AAJ............FFFGG", "0AAJ............FFFGG", "0AAJ............FFFGG",
      "0AJJ............FNFGO"}},
};

}  // namespace

TEST_CASE("the published overlap sequences come out as each policy says", "[overlap]") {
  int exact = 0;
  for (const Sequence& sequence : kPublished) {
    for (size_t index = 0; index < 4; ++index) {
      for (const uint32_t isn : {0U, 1U, 0xffffffffU, 0xfffffff5U}) {
        INFO(sequence.steps << " policy " << index << " isn " << isn);
        const Result result = reassemble(kPolicies[index], parse(sequence.steps), isn);
        CHECK(result.text == sequence.expected[index]);
        CHECK(result.conflicts > 0);
        CHECK(result.next_seq == static_cast<uint32_t>(isn + 1 + result.text.size()));
        exact += result.text == sequence.expected[index];
        // The same with one letter everywhere: nothing disagrees.
        std::vector<Step> equal = parse(sequence.steps);
        for (Step& step : equal) step.octets.assign(step.octets.size(), 'x');
        CHECK(reassemble(kPolicies[index], equal, isn).conflicts == 0);
      }
    }
  }
  std::printf("figure: published overlap sequences: %d of 64\n", exact);
  CHECK(exact == 64);
}

TEST_CASE("the nine relations of two segments, in both orders", "[overlap]") {
  struct Pair {
    const char* later;
    const char* expected[4];
  };
  // The stored segment is OOOO at 5; dots before the first octet are not compared.
  const Pair kPairs[] = {{"5:NNNN", {"OOOO", "OOOO", "OOOO", "NNNN"}},
                         {"5:NN", {"OOOO", "OOOO", "OOOO", "NNOO"}},
                         {"5:NNNNNN", {"OOOONN", "OOOONN", "NNNNNN", "NNNNNN"}},
                         {"6:NN", {"OOOO", "OOOO", "OOOO", "ONNO"}},
                         {"3:NNNNNNNN", {"NNOOOONN", "NNNNNNNN", "NNNNNNNN", "NNNNNNNN"}},
                         {"7:NN", {"OOOO", "OOOO", "OOOO", "OONN"}},
                         {"3:NNNNNN", {"NNOOOO", "NNNNNN", "NNNNNN", "NNNNNN"}},
                         {"3:NNNN", {"NNOOOO", "NNNNOO", "NNNNOO", "NNNNOO"}},
                         {"7:NNNN", {"OOOONN", "OOOONN", "OOOONN", "OONNNN"}}};
  for (const Pair& pair : kPairs) {
    for (size_t index = 0; index < 4; ++index) {
      INFO(pair.later << " policy " << index);
      std::vector<Step> steps = parse(std::string("5:OOOO ") + pair.later);
      std::string text = reassemble(kPolicies[index], steps).text;
      CHECK(text.substr(text.find_first_not_of('.')) == pair.expected[index]);
      std::swap(steps[0], steps[1]);
      CHECK(reassemble(kPolicies[index], steps).text == model(kPolicies[index], steps));
    }
  }
}

// All chunks of 1 to 4 octets inside 12, three in any order: 42^3 sequences for each policy, with
// the head held back (everything waits) and without (what is next in line can no longer change).
TEST_CASE("every triplet of short segments agrees with the slow model", "[overlap]") {
  struct Chunk {
    int64_t offset;
    size_t size;
  };
  std::vector<Chunk> chunks;
  for (size_t size = 1; size <= 4; ++size) {
    for (int64_t offset = 0; offset + static_cast<int64_t>(size) <= 12; ++offset) {
      chunks.push_back({offset, size});
    }
  }
  REQUIRE(chunks.size() == 42);
  uint64_t runs = 0, wrong = 0;
  for (const OverlapPolicy policy : kPolicies) {
    for (const int64_t head : {0, 1}) {
      for (const Chunk& a : chunks) {
        for (const Chunk& b : chunks) {
          for (const Chunk& c : chunks) {
            std::vector<Step> steps = {{a.offset + head, std::string(a.size, 'a')},
                                       {b.offset + head, std::string(b.size, 'b')},
                                       {c.offset + head, std::string(c.size, 'c')}};
            if (head != 0) steps.push_back({0, "0"});
            ++runs;
            if (reassemble(policy, steps).text == model(policy, steps)) continue;
            if (++wrong <= 5) {
              UNSCOPED_INFO("policy " << static_cast<int>(policy) << " " << steps[0].offset
                                      << steps[0].octets << " " << steps[1].offset
                                      << steps[1].octets << " " << steps[2].offset
                                      << steps[2].octets << ": " << reassemble(policy, steps).text
                                      << " instead of " << model(policy, steps));
            }
          }
        }
      }
    }
  }
  std::printf("figure: triplets of segments: %llu of %llu as the model has them\n",
              static_cast<unsigned long long>(runs - wrong), static_cast<unsigned long long>(runs));
  CHECK(runs == 42ULL * 42 * 42 * 4 * 2);
  CHECK(wrong == 0);
}

TEST_CASE("the policy of the longest prefix counts", "[overlap]") {
  wire::Address net{10, 1, 0, 0}, host{10, 1, 2, 3}, other{10, 2, 0, 1};
  const std::vector<flow::OverlapRule> rules = {{{net, 4, 16}, OverlapPolicy::linux},
                                                {{host, 4, 32}, OverlapPolicy::last},
                                                {{net, 4, 15}, OverlapPolicy::windows_legacy}};
  CHECK(flow::overlap_policy_of(rules, host, 4) == OverlapPolicy::last);
  CHECK(flow::overlap_policy_of(rules, wire::Address{10, 1, 9, 9}, 4) == OverlapPolicy::linux);
  CHECK(flow::overlap_policy_of(rules, wire::Address{10, 0, 9, 9}, 4) ==
        OverlapPolicy::windows_legacy);
  CHECK(flow::overlap_policy_of(rules, other, 4) == OverlapPolicy::first);
  CHECK(flow::overlap_policy_of(rules, host, 6) == OverlapPolicy::first);
}

TEST_CASE("a later copy that differs in a single octet is noticed", "[overlap]") {
  constexpr uint64_t kFlowHash = 0x5bd1e9955bd1e995;
  Budget budget(size_t{16} << 20);
  flow::RecentSegments recent(budget);
  size_t wrong = 0;
  for (uint32_t size = 1; size <= 100; ++size) {
    std::vector<uint8_t> octets(size);
    for (uint32_t at = 0; at < size; ++at) octets[at] = static_cast<uint8_t>(at % 3);
    const Bytes sent{octets.data(), size};
    recent.remember(kFlowHash, 1000, sent);
    wrong += recent.differs(kFlowHash, 1000, sent);
    wrong += recent.differs(kFlowHash, 1001, sent);  // another segment: nothing is known
    for (uint8_t& octet : octets) {
      octet ^= 1;
      wrong += !recent.differs(kFlowHash, 1000, sent);
      octet ^= 1;
    }
  }
  CHECK(wrong == 0);
}
