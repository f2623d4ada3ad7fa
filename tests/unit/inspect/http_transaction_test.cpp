// SPDX-License-Identifier: BSD-3-Clause
// The texts of a transaction: what is kept, and what becomes of two halves.
#include "sensor/inspect/http_transaction.hpp"

#include <catch2/catch.hpp>
#include <string>

using namespace exwire;
using inspect::HttpField;
using inspect::HttpTransaction;

TEST_CASE("two halves become one transaction", "[transaction]") {
  HttpTransaction request, response;
  const std::string long_uri(HttpTransaction::kLongest + 100, 'u');
  request.set(HttpField::method, as_bytes("POST"));
  request.set(HttpField::host, as_bytes(""));
  response.set(HttpField::stat_code, as_bytes("449"));
  response.set(HttpField::uri, as_bytes(long_uri));  // by a module that knows no better
  response.set(HttpField::server, as_bytes("Microsoft-IIS/10.0"));
  SECTION("that share nothing") {
    request.merge(response);
    CHECK(request.text(HttpField::method) == "POST");
  }
  SECTION("of which the first keeps its own") {
    response.set(HttpField::method, as_bytes("GET"));
    request.merge(response);
    CHECK(request.text(HttpField::method) == "POST");
  }
  CHECK(request.status() == 449);
  CHECK(request.has(HttpField::host));
  CHECK(request.text(HttpField::server) == "Microsoft-IIS/10.0");
  CHECK(request.text(HttpField::uri) == long_uri.substr(0, HttpTransaction::kLongest));
  CHECK(request.original_size(HttpField::uri) == long_uri.size());
  CHECK(request.original_size(HttpField::server) == 0);
  CHECK_FALSE(request.has(HttpField::location));
}

TEST_CASE("halves that do not fit together are cut", "[transaction]") {
  HttpTransaction request, response;
  const std::string text(HttpTransaction::kLongest, 'x');
  request.set(HttpField::uri, as_bytes(text));
  response.set(HttpField::location, as_bytes(text));
  request.merge(response);
  const size_t left = HttpTransaction::kArena - HttpTransaction::kLongest;
  CHECK(request.text(HttpField::location).size() == left);
  CHECK(request.original_size(HttpField::location) == text.size());
}
