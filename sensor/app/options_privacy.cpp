// SPDX-License-Identifier: BSD-3-Clause
#include "sensor/app/options_privacy.hpp"

#include <array>
#include <fstream>
#include <iterator>

namespace exwire::app {
namespace {

using report::Shown;
using Words = std::vector<std::string>;

constexpr std::array<const char*, 3> kWords{"clear", "hmac", "off"};

Option shown(const char* key, const char* meaning, Shown report::PrivacySettings::*member) {
  return {key, "clear", meaning,
          [member](Config& config, const Words& words) -> Complaint {
            for (size_t index = 0; index < kWords.size(); ++index) {
              if (words[0] != kWords[index]) continue;
              config.privacy.*member = static_cast<Shown>(index);
              return {};
            }
            return "one of clear, hmac, off is wanted";
          },
          [member](const Config& config) -> std::string {
            return kWords[static_cast<size_t>(config.privacy.*member)];
          }};
}

}  // namespace

Option privacy_users() {
  return shown(
      "privacy.users",
      "User names in findings, ActiveSync fields and URLs: as they are, as a digest by the "
      "key of privacy.key_file, or not at all.",
      &report::PrivacySettings::users);
}

Option privacy_devices() {
  return shown("privacy.devices", "The same for identifiers of devices.",
               &report::PrivacySettings::devices);
}

Option privacy_key_file() {
  return {"privacy.key_file", "\"\"",
          "File with the secret that keys the digests; empty: they can be told apart, but anybody "
          "who guesses a name can check it.",
          [](Config& config, const Words& words) -> Complaint {
            config.privacy_key_file = words[0];
            config.privacy.key.clear();
            if (words[0].empty()) return {};
            std::ifstream file(words[0], std::ios::binary);
            config.privacy.key.assign(std::istreambuf_iterator<char>(file), {});
            return config.privacy.key.empty() ? "'" + words[0] + "' cannot be read or is empty"
                                              : "";
          },
          [](const Config& config) { return '"' + config.privacy_key_file + '"'; }};
}

}  // namespace exwire::app
