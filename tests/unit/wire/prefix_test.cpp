// SPDX-License-Identifier: BSD-3-Clause
// Address prefixes: which addresses they cover, and which texts are none.
#include "sensor/wire/prefix.hpp"

#include <catch2/catch.hpp>

namespace exwire {
namespace {

using wire::Prefix;

TEST_CASE("a prefix covers the addresses that share its bits", "[prefix]") {
  const auto covers = [](const char* prefix, wire::Address address) {
    return Prefix::parse(prefix)->covers(address, 4);
  };
  CHECK(covers("10.0.0.0/8", {10, 200, 1, 1}));
  CHECK(covers("192.0.2.8/29", {192, 0, 2, 15}));
  CHECK_FALSE(covers("192.0.2.8/29", {192, 0, 2, 16}));
  CHECK(covers("0.0.0.0/0", {1, 2, 3, 4}));
  CHECK_FALSE(Prefix::parse("0.0.0.0/0")->covers({}, 6));
  CHECK(Prefix::parse("2001:db8::/128")->covers(Prefix::parse("2001:db8::")->address, 6));
  for (const char* bad : {"", "10.0.0", "10.0.0.0/33", "10.0.0.0/x", "::1/129", "host"}) {
    CHECK_FALSE(Prefix::parse(bad));
  }
}

TEST_CASE("a prefix is written as it is read", "[prefix]") {
  CHECK(to_text(*Prefix::parse("10.1.0.0/16")) == "10.1.0.0/16");
  CHECK(to_text(*Prefix::parse("10.1.2.3")) == "10.1.2.3/32");
  CHECK(Prefix::parse(to_text(*Prefix::parse("2001:db8::/32")))->length == 32);
}

TEST_CASE("a prefix widens to the smallest network that holds both", "[prefix]") {
  Prefix network = *Prefix::parse("10.1.2.3");
  network.widen_to({10, 1, 2, 3});
  CHECK(to_text(network) == "10.1.2.3/32");
  network.widen_to({10, 1, 3, 255});
  CHECK(to_text(network) == "10.1.2.0/23");
  network.widen_to({138, 0, 0, 1});
  CHECK(to_text(network) == "0.0.0.0/0");
  Prefix six = *Prefix::parse("2001:db8::1");
  six.widen_to(Prefix::parse("2001:db8:0:1::1")->address);
  CHECK(six.length == 63);
}

}  // namespace
}  // namespace exwire
