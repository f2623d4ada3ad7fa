// SPDX-License-Identifier: BSD-3-Clause
// Modules that must be refused: one fault each, chosen when this file is compiled.
#include "dissectors/api.hpp"

namespace {

constexpr const char* kNone[] = {nullptr};

struct Quiet {
  static uint8_t probe(exwire::Bytes, exwire::Bytes) {
#ifdef FAULT_CLAIMS
    return kExwireProbeYes;
#else
    return kExwireProbeNo;
#endif
  }
  exwire::Progress data(const exwire::Host&, exwire::Bytes) {
    return exwire::more(0);
  }
  bool gap(const exwire::Host&, uint64_t) {
    return false;
  }
  void end(const exwire::Host&) {}
  void sleep(uint8_t*) const {}
  void wake(const uint8_t*) {
#ifdef FAULT_WRITES
    volatile uint8_t* room = reinterpret_cast<volatile uint8_t*>(this);
    room[520] = 1;
#endif
  }
  uint64_t state = 0;
};

constexpr ExwireDissectorApi table() {
  ExwireDissectorApi api = exwire::make_dissector_api<Quiet>(NAME, {"tcp", 64, kNone, kNone});
#ifdef FAULT_ABI
  api.abi = kExwireDissectorAbi + 1;
#endif
#ifdef FAULT_SIZE
  api.size = sizeof(ExwireDissectorApi) - 1;
#endif
#ifdef FAULT_FUNCTION
  api.data = nullptr;
#endif
#ifdef FAULT_STATE
  api.state_size = 513;
#endif
#ifdef FAULT_NAME
  api.name = "another";
#endif
  return api;
}

}  // namespace

extern "C" __attribute__((visibility("default"))) const ExwireDissectorApi SYMBOL;
extern "C" const ExwireDissectorApi SYMBOL = table();
