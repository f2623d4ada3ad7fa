// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <catch2/catch.hpp>
#include <ctime>
#include <map>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "sensor/base/bytes.hpp"
#include "sensor/base/calendar.hpp"
#include "sensor/base/decimal.hpp"
#include "sensor/base/digest.hpp"
#include "sensor/base/memory.hpp"
#include "sensor/base/packet_stamps.hpp"
#include "sensor/base/siphash.hpp"
#include "sensor/base/time.hpp"
#include "sensor/base/timer_wheel.hpp"
#include "sensor/base/turns.hpp"
#include "sensor/base/universal_hash.hpp"

using namespace exwire;

TEST_CASE("a cursor fails once and for all", "[bytes]") {
  Cursor cursor(as_bytes("\x01\x02\x03"));
  CHECK(cursor.u16() == 0x0102);
  CHECK(cursor.u16() == 0);
  CHECK_FALSE(cursor.ok());
  CHECK(cursor.u8() == 0);  // the third octet is not read after a failure
  CHECK(cursor.take(1).empty());
  CHECK(cursor.rest().empty());
}

TEST_CASE("a cursor passes a literal only when it is there", "[bytes]") {
  Cursor cursor(as_bytes("HTTP/1.1"));
  CHECK_FALSE(cursor.literal("GET"));
  CHECK(cursor.literal("HTTP/"));
  CHECK(cursor.ok());
  CHECK(cursor.rest().text() == "1.1");
  CHECK_FALSE(cursor.literal("1.1 too long"));
}

TEST_CASE("a set of octets finds what the library finds", "[bytes]") {
  constexpr std::string_view kMembers("?&\0\xff", 4);
  constexpr OctetSet set(kMembers);
  std::mt19937 random(1);
  for (int round = 0; round < 2000; ++round) {
    std::string text(random() % 40, 'a');
    for (char& octet : text) {
      if (random() % 8 == 0) octet = static_cast<char>(random());
    }
    const size_t from = random() % 45;  // beyond the end too
    REQUIRE(set.find_in(text, from) == text.find_first_of(kMembers, from));
    REQUIRE(set.find_last_in(text) == text.find_last_of(kMembers));
  }
}

TEST_CASE("letters are the same in either case, and nothing else is", "[bytes]") {
  for (unsigned one = 0; one < 256; ++one) {
    // At each place of a word and behind the last whole one.
    const std::string text(11, static_cast<char>(one));
    for (unsigned other = 0; other < 256; ++other) {
      if (other >= 'A' && other <= 'Z') continue;  // not in lower case
      const bool same = one == other || (one >= 'A' && one <= 'Z' && one + 32 == other);
      REQUIRE(equal_ignoring_case(text, std::string(11, static_cast<char>(other))) == same);
    }
  }
  for (size_t at = 0; at < 20; ++at) {
    std::string text(20, 'X');
    text[at] = 'y';
    CHECK_FALSE(equal_ignoring_case(text, std::string(20, 'x')));
    CHECK(starts_ignoring_case(text, std::string(at, 'x')));
    CHECK_FALSE(starts_ignoring_case(text, std::string(at + 1, 'x')));
  }
  CHECK_FALSE(equal_ignoring_case("abc", "abcd"));
  CHECK_FALSE(starts_ignoring_case("abc", "abcd"));
}

TEST_CASE("the keyed hash tells lengths and keys apart", "[siphash]") {
  const auto digest = [](HashKey key, size_t size) {
    const std::vector<uint8_t> zeros(size);
    SipHash13 hash(key);
    hash.octets(zeros.data(), size);
    return hash.finish();
  };
  std::set<uint64_t> seen;
  for (size_t size = 0; size < 200; ++size) {
    CHECK(seen.insert(digest({1, 2}, size)).second);
    CHECK(seen.insert(digest({2, 1}, size)).second);
    CHECK(digest({1, 2}, size) == digest({1, 2}, size));
  }
}

TEST_CASE("the universal hash tells words, their places and keys apart", "[universal_hash]") {
  constexpr size_t kWords = 6;
  using Hash = UniversalHash<kWords>;
  const auto digest = [](const Hash& hash, const std::array<uint64_t, kWords>& words) {
    Hash::Wide sum = 0;
    for (size_t at = 0; at < kWords; at += 2) sum += hash.pair(at, words[at], words[at + 1]);
    return hash.digest(sum);
  };
  const Hash hash({1, 2}), other({2, 1});
  std::set<uint64_t> seen{digest(hash, {}), digest(other, {})}, low;
  for (size_t place = 0; place < kWords; ++place) {
    for (unsigned bit = 0; bit < 64; ++bit) {
      std::array<uint64_t, kWords> words{};
      words[place] = uint64_t{1} << bit;
      CHECK(seen.insert(digest(hash, words)).second);
      CHECK(seen.insert(digest(other, words)).second);
      CHECK(digest(hash, words) == digest(Hash({1, 2}), words));
    }
  }
  for (const uint64_t one : seen) low.insert(one % 1024);
  CHECK(low.size() > 450);  // 770 digests at random: 541 of 1,024 remainders
}

TEST_CASE("the packet clock never runs back and believes a jump only twice", "[time]") {
  PacketClock clock;
  const auto at = [](int64_t seconds) { return Timestamp{seconds * kNanosPerSecond}; };
  clock.advance(at(1000));
  clock.advance(at(990));
  CHECK(clock.now() == at(1000));
  CHECK(clock.backward_steps() == 1);
  clock.advance(at(1'000'000'000));  // thirty years ahead: one odd packet
  CHECK(clock.now() == at(1060));
  clock.advance(at(1001));
  CHECK(clock.now() == at(1060));
  clock.advance(at(5000));
  clock.advance(at(5001));  // a quiet hour that a second packet confirms
  CHECK(clock.now() == at(5001));
}

TEST_CASE("a packet's stamp is believed as far as its neighbours agree", "[time]") {
  PacketStamps stamps;
  const auto at = [](int64_t seconds) { return Timestamp{seconds * kNanosPerSecond}; };
  constexpr int64_t kYear = 365 * 24 * 3600;
  const Timestamp quiet = at(1000 + 3 * 3600), month = at(1000 + kYear / 12), old = at(500 - kYear);
  CHECK(stamps.believe(at(1000), nullptr) == at(1000));
  CHECK(stamps.believe(at(990), nullptr) == at(1000));  // a little behind
  CHECK(stamps.backward_steps() == 1);
  CHECK(stamps.believe(quiet, nullptr) == quiet);  // some hours need no witness
  SECTION("one odd packet, however often") {
    for (int64_t round = 0; round < 5; ++round) {
      const Timestamp odd = at(30 * kYear + round), honest = at(1000 + 3 * 3600 + round);
      CHECK(stamps.believe(odd, &honest) == at(1000 + 3 * 3600 + std::max<int64_t>(round - 1, 0)));
      CHECK(stamps.believe(honest, nullptr) == honest);
    }
    CHECK(stamps.odd_jumps() == 5);
  }
  SECTION("a quiet month has the next packet as its witness") {
    const Timestamp next = at(month.ns / kNanosPerSecond + 1);
    CHECK(stamps.believe(month, &next) == month);
  }
  SECTION("or the one before, where batches end") {
    CHECK(stamps.believe(month, nullptr) == quiet);
    CHECK(stamps.believe(month, nullptr) == month);
  }
  SECTION("an older file behind a newer one") {
    const Timestamp next = at(old.ns / kNanosPerSecond + 1);
    CHECK(stamps.believe(old, &next) == old);
    CHECK(stamps.believe(next, nullptr) == next);
  }
}

TEST_CASE("a budget refuses what it does not have", "[memory]") {
  Budget budget(100);
  CHECK(budget.take(60));
  CHECK_FALSE(budget.take(41));
  CHECK(budget.refusals() == 1);
  budget.give(60);
  CHECK(budget.take(100));
}

TEST_CASE("a slab gives each handle once and takes it back", "[memory]") {
  Budget budget(size_t{64} << 20);
  Slab<std::array<uint64_t, 4>> slab(budget, 100000);
  std::set<uint32_t> handles;
  for (int round = 0; round < 100000; ++round) {
    const uint32_t handle = slab.take();
    REQUIRE(handle != 0);
    slab[handle].fill(handle);
    handles.insert(handle);
  }
  CHECK(handles.size() == 100000);
  CHECK(slab.take() == 0);
  for (const uint32_t handle : handles) REQUIRE(slab[handle][3] == handle);
  slab.give(*handles.begin());
  CHECK(slab.take() == *handles.begin());
}

TEST_CASE("buffers come back to their class", "[memory]") {
  Budget budget(size_t{1} << 20);
  BufferPool pool(budget);
  CHECK(BufferPool::capacity_for(1) == 2048);
  CHECK(BufferPool::capacity_for(2049) == 8192);
  CHECK(BufferPool::capacity_for(131073) == 0);
  uint8_t* buffer = pool.take(8192);
  pool.give(buffer, 8192);
  CHECK(pool.take(8192) == buffer);
  pool.give(buffer, 8192);
  CHECK(budget.used() == 8192);
}

namespace {

struct Node {
  uint32_t wheel_previous = 0, wheel_next = 0, deadline = 0;
};

template <class Wheel, class Fire>
void advance(Wheel& wheel, Timestamp to, Fire&& fire) {
  std::vector<uint32_t> due;
  while (wheel.advance(to)) {
    due.clear();
    wheel.each_due([&](uint32_t handle) { due.push_back(handle); });
    for (const uint32_t handle : due) {
      wheel.cancel(handle);
      fire(handle);
    }
  }
}

}  // namespace

TEST_CASE("the timer wheel fires everything at its tick, whatever the distance", "[timer]") {
  std::mt19937 random(7);
  std::vector<Node> nodes(3001);
  TimerWheel<std::vector<Node>> wheel(nodes);
  const Timestamp epoch{1'000'000 * kNanosPerSecond};
  wheel.start(epoch);
  std::map<uint32_t, uint32_t> due;
  for (uint32_t handle = 1; handle < nodes.size(); ++handle) {
    const uint32_t tick = 1 + static_cast<uint32_t>(random()) % (handle % 3 == 0   ? 300U
                                                                 : handle % 3 == 1 ? 70000U
                                                                                   : 20000000U);
    wheel.schedule(handle, tick);
    due[handle] = tick;
  }
  for (uint32_t handle = 10; handle < nodes.size(); handle += 10) {
    wheel.cancel(handle);
    due.erase(handle);
  }
  uint32_t last = 0;
  for (int64_t tick = 0; tick < 20000500; tick += 1 + static_cast<int64_t>(random() % 90000)) {
    advance(wheel, {epoch.ns + tick * wheel.kTickNs}, [&](uint32_t handle) {
      REQUIRE(due.count(handle) == 1);
      REQUIRE(due[handle] <= tick);
      REQUIRE(due[handle] >= last);
      last = due[handle];
      due.erase(handle);
    });
  }
  advance(wheel, {epoch.ns + 20000501LL * wheel.kTickNs},
          [&](uint32_t handle) { due.erase(handle); });
  CHECK(due.empty());
}

TEST_CASE("strides over quiet time miss nothing and keep the order", "[timer]") {
  const std::vector<uint32_t> deadlines{1,         255,        256,        257,        65535,
                                        65536,     65537,      16777215,   16777216,   16777217,
                                        200000000, 4000000000, 4294967280, 4294967281, 4294967294};
  for (const uint32_t start : {0U, 1U, 255U, 256U, 65536U, 16777216U}) {
    std::vector<Node> nodes(deadlines.size() + 1);
    TimerWheel<std::vector<Node>> wheel(nodes);
    wheel.start({0});
    std::vector<uint32_t> expected, fired;
    uint32_t moving = 0;
    for (uint32_t index = 0; index < deadlines.size(); ++index) {
      wheel.schedule(index + 1, deadlines[index]);
      expected.push_back(deadlines[index]);
    }
    const auto fire = [&](uint32_t handle) {
      fired.push_back(nodes[handle].deadline);
      // One record keeps asking for the next tick: it must be the very next one.
      if (handle == 11 && ++moving < 300) wheel.schedule(handle, nodes[handle].deadline + 1);
    };
    for (uint32_t tick = 1; tick < 300; ++tick) expected.push_back(200000000 + tick);
    std::sort(expected.begin(), expected.end());
    advance(wheel, {int64_t{start} * wheel.kTickNs}, fire);
    CHECK((fired.empty() || fired.back() <= start));
    advance(wheel, {int64_t{4294967293} * wheel.kTickNs}, fire);
    CHECK(fired.size() + 1 == expected.size());
    advance(wheel, {int64_t{4294967295} * wheel.kTickNs}, fire);
    CHECK(fired == expected);
  }
}

TEST_CASE("a record that fires may be scheduled again", "[timer]") {
  std::vector<Node> nodes(2);
  TimerWheel<std::vector<Node>> wheel(nodes);
  wheel.start({0});
  wheel.schedule(1, 5);
  int fired = 0;
  advance(wheel, {100 * wheel.kTickNs}, [&](uint32_t handle) {
    if (++fired < 4) wheel.schedule(handle, static_cast<uint32_t>(fired) * 20);
  });
  CHECK(fired == 4);
}

TEST_CASE("digests are those of their standards", "[digest]") {
  // RFC 1321 A.5, RFC 3174 7.3, FIPS 180-4 (NIST's examples)
  CHECK(md5(as_bytes("abc")).hex() == "900150983cd24fb0d6963f7d28e17f72");
  CHECK(sha1(as_bytes("abc")).hex() == "a9993e364706816aba3e25717850c26c9cd0d89d");
  CHECK(sha1({}).hex() == "da39a3ee5e6b4b0d3255bfef95601890afd80709");
  CHECK(sha1(as_bytes("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")).hex() ==
        "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
  // the last that fits into one block with its end, and the first that does not
  CHECK(sha1(as_bytes(std::string(55, 'a'))).hex() == "c1c8bbdc22796e28c0e15163d20899b65621d65a");
  CHECK(sha1(as_bytes(std::string(56, 'a'))).hex() == "c2db330f6083854c99d4b5bfb6e8f29f201be699");
  CHECK(sha256(as_bytes("abc")).hex() ==
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(sha256(as_bytes("abc")).hex(12) == "ba7816bf8f01");
}

TEST_CASE("decimal numbers are those of the standard library", "[base]") {
  const auto decimal = [](uint64_t value) {
    std::array<char, kMostDecimals + 7> text;
    return std::string(text.data(), put_decimal(text.data(), value));
  };
  for (uint64_t power = 1; power != 0; power = power > UINT64_MAX / 10 ? 0 : power * 10) {
    for (const uint64_t value : {power - 1, power, power + 1, power * 9}) {
      CHECK(decimal(value) == std::to_string(value));
    }
  }
  for (unsigned bit = 0; bit < 64; ++bit) {
    const uint64_t value = uint64_t{1} << bit;
    CHECK(decimal(value) == std::to_string(value));
    CHECK(decimal(value - 1) == std::to_string(value - 1));
  }
  for (uint64_t value = 0; value < 100'000; ++value) {
    REQUIRE(decimal(value) == std::to_string(value));
    const uint64_t shifted = value << 29 | value;
    REQUIRE(decimal(shifted) == std::to_string(shifted));
  }
  CHECK(decimal(UINT64_MAX) == std::to_string(UINT64_MAX));
}

TEST_CASE("dates are those of the C library", "[base]") {
  const auto date = [](int64_t seconds) {
    std::string text(kDateOctets, '?');
    return put_date(text.data(), seconds) ? text : std::string();
  };
  const auto expected = [](int64_t seconds) {
    const auto clock = static_cast<time_t>(seconds);
    tm parts{};
    REQUIRE(gmtime_r(&clock, &parts) != nullptr);
    char text[64];
    const size_t size = strftime(text, sizeof text, "-%m-%dT%H:%M:%S", &parts);
    std::string year = std::to_string(parts.tm_year + 1900);
    return std::string(4 - year.size(), '0') + year + std::string(text, size);
  };
  std::mt19937_64 random(1);
  std::uniform_int_distribution<int64_t> any(-62167219200, 253402300799);
  for (int turn = 0; turn < 20000; ++turn) {
    const int64_t seconds = any(random);
    REQUIRE(date(seconds) == expected(seconds));
  }
  CHECK(date(951827696) == "2000-02-29T12:34:56");
  CHECK(date(-62167219200) == "0000-01-01T00:00:00");
  CHECK(date(253402300799) == "9999-12-31T23:59:59");
  for (const int64_t never : {INT64_MIN, int64_t{-62167219201}, int64_t{253402300800}, INT64_MAX}) {
    CHECK(date(never).empty());
  }
}

TEST_CASE("what is done in turn is done in the order of places", "[turns]") {
  constexpr uint32_t kThreads = 3, kPlaces = 3000;
  Turns turns(kThreads);
  std::vector<uint32_t> order;  // guarded by nothing but turns
  for (uint32_t who = 0; who < kThreads; ++who) turns.reach(who, 0);
  const auto run = [&](uint32_t who) {
    for (uint32_t place = 1; place <= kPlaces; ++place) {
      if (place * 7 / 4 % kThreads != who) continue;
      turns.reach(who, place);
      if (place % 5 == 0) continue;  // nothing to do in turn
      turns.wait(who);
      order.push_back(place);
    }
    turns.reach(who, Turns::kDone);
  };
  std::thread second(run, 1), third(run, 2);
  run(0);
  turns.wait_for_all(0);
  CHECK(std::is_sorted(order.begin(), order.end()));
  CHECK(order.size() == kPlaces - kPlaces / 5);
  second.join();
  third.join();
}
