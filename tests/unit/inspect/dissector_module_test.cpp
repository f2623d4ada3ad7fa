// SPDX-License-Identifier: BSD-3-Clause
// Dissectors from files of their own: good ones stand in the list, bad ones are refused with the
// file's name and the reason.
#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>

#include "sensor/base/result.hpp"
#include "sensor/inspect/dissector_host.hpp"

using namespace exwire;
using namespace exwire::inspect;

namespace {

std::string in_folder(const char* variable, const std::string& name) {
  const char* folder = std::getenv(variable);
  REQUIRE(folder != nullptr);
  return std::string(folder) + "/" + name + ".so";
}

std::string complaint_of(const std::string& path) {
  try {
    DissectorModule module(path);
  } catch (const SetupError& error) {
    return error.what();
  }
  return "taken";
}

}  // namespace

TEST_CASE("a module joins the built-in dissectors, or takes the place of one", "[modules]") {
  const std::vector<std::string> files{in_folder("EXWIRE_MODULES", "socks5"),
                                       in_folder("EXWIRE_MODULES", "http1")};
  const DissectorHost host(builtin_dissectors(), files);
  REQUIRE(host.size() == builtin_dissectors().size() + 1);
  for (uint8_t at = 0; at < host.size(); ++at) {
    const std::string name = host[at].api->name;
    const bool loaded = name == "socks5" || name == "http1";
    CHECK(host[at].origin.empty() != loaded);
  }
  const auto found = host.identify(as_bytes(std::string_view("\x05\x01\x00", 3)),
                                   as_bytes(std::string_view("\x05\x00", 2)));
  REQUIRE(found.dissector != flow::Flow::kNoDissector);
  CHECK(std::string(host[found.dissector].api->name) == "socks5");
  const auto request = host.identify(as_bytes("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), {});
  REQUIRE(request.dissector != flow::Flow::kNoDissector);
  CHECK(host[request.dissector].origin == files[1]);
  CHECK(host[request.dissector].api != builtin_dissectors()[request.dissector]);
}

TEST_CASE("a module is loaded once", "[modules]") {
  const std::string file = in_folder("EXWIRE_MODULES", "socks5");
  const std::vector<std::string> twice{file, file};
  CHECK_THROWS_WITH(DissectorHost(builtin_dissectors(), twice),
                    "dissector socks5: is loaded twice");
}

TEST_CASE("a module with a fault is refused by name", "[modules]") {
  const auto [name, why] = GENERATE(table<const char*, const char*>(
      {{"bad_abi", "refused: built for another version of the interface"},
       {"bad_size", "refused: its table is too short"},
       {"bad_function", "refused: a function is missing"},
       {"bad_state", "refused: its state is too large"},
       {"bad_name", "refused: its table bears another name"},
       {"bad_claims", "refused: claims connections without an octet"},
       {"bad_writes", "refused: writes behind its state"},
       {"bad_symbol", "does not export dissector_bad_symbol"}}));
  const std::string path = in_folder("EXWIRE_BAD_MODULES", name);
  CHECK(complaint_of(path) == path + ": " + why);
}

TEST_CASE("what is no module at all is refused by name", "[modules]") {
  CHECK(complaint_of("/nowhere/x.so") == "/nowhere/x.so: no such file");
  const std::string path = in_folder("EXWIRE_BAD_MODULES", "no_elf");
  std::ofstream(path) << "text";
  CHECK(complaint_of(path).rfind(path + ": cannot be loaded", 0) == 0);
}
