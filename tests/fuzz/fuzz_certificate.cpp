// SPDX-License-Identifier: BSD-3-Clause
// Any octets as a certificate in DER and as the body of a Certificate message, and what is asked of
// certificates: texts stay within their bounds, and the same octets say the same again.
#include <cstdlib>

#include "sensor/detect/host_names.hpp"
#include "sensor/inspect/certificate.hpp"

using namespace exwire;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

void require(bool kept) {
  if (!kept) std::abort();
}

void look(const inspect::Certificate& one) {
  require(!one.fingerprint.empty());
  require(one.names.size() <= inspect::Certificates::kMostNames);
  require(one.subject.size() < 4096 && one.issuer.size() < 4096 && one.serial.size() < 256);
  for (const std::string& name : one.names) require(name.size() <= 512);
  require(!one.self_signed || one.self_issued);
  require(one.readable || (!one.self_issued && one.names.empty() && one.subject.empty()));
  detect::covers_name(one, "mail.exwire.example");
  detect::has_wildcard(one);
  detect::is_self_provisioned(one);
  for (const std::string& name : one.names) detect::sign_of(name);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static inspect::Certificates cache;
  const Bytes octets{data, static_cast<uint32_t>(size)};
  const inspect::Certificate one = inspect::read_certificate(octets),
                             again = inspect::read_certificate(octets);
  look(one);
  require(one.subject == again.subject && one.self_signed == again.self_signed &&
          one.not_after_s == again.not_after_s);
  uint16_t chain = 0;
  if (const auto* kept = cache.find(cache.read(octets, chain, {}))) {
    look(*kept);
    require(chain > 0);
  }
  return 0;
}
