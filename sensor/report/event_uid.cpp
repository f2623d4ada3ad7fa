// SPDX-License-Identifier: BSD-3-Clause
#include "sensor/report/event_uid.hpp"

#include <openssl/evp.h>

#include <cstring>

namespace exwire::report {

std::string event_uid(std::string_view scope, const flow::Flow& flow,
                      const detect::Finding& finding) {
  std::string input(scope);
  const auto add = [&](const void* data, size_t size) {
    input.append(static_cast<const char*>(data), size);
  };
  add(&finding.signature->sid, sizeof finding.signature->sid);
  add(&flow.key, sizeof flow.key);
  add(&flow.start_ns, sizeof flow.start_ns);
  add(&finding.story, sizeof finding.story);
  add(&finding.occurrences, sizeof finding.occurrences);
  add(&finding.first_seen, sizeof finding.first_seen);
  if (finding.phase != detect::Phase::once) {
    add(&finding.phase, sizeof finding.phase);
    add(&finding.last_seen, sizeof finding.last_seen);
  }
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  unsigned size = 0;
  EVP_Digest(input.data(), input.size(), digest.data(), &size, EVP_sha256(), nullptr);
  static constexpr char kHex[] = "0123456789abcdef";
  std::string text;
  for (size_t at = 0; at < 16; ++at) {
    text += kHex[digest[at] >> 4];
    text += kHex[digest[at] & 15];
  }
  return text;
}

}  // namespace exwire::report
