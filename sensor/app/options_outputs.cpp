// SPDX-License-Identifier: BSD-3-Clause
// What events look like, and whether people and their devices may be recognised in them.
#include <fstream>
#include <iterator>

#include "sensor/app/option_makers.hpp"

namespace exwire::app {
namespace {

using report::PrivacySettings;
using report::Shown;

template <class Way>
Option shown(const char* key, const char* meaning, Way way) {
  return one_of<Shown>(key, "clear", meaning,
                       {{"clear", Shown::clear}, {"hmac", Shown::hmac}, {"off", Shown::off}}, way);
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

}  // namespace

std::vector<Option> output_options() {
  return {
      text("outputs.sensor_name", "Name of this sensor in every event (`host`); empty: none.",
           at(&Config::sensor_name), 255),
      number("outputs.community_id_seed", "0",
             "Seed of the Community ID; the same on all sensors whose events are joined.",
             at(&Config::community_id_seed), uint16_t{0}, uint16_t{65535}),
      yes_or_no("outputs.extended", "no",
                "Adds a top-level `exchange` object to events; leaves the strict EVE schema.",
                at(&Config::extended)),
      yes_or_no("outputs.pcap_filename", "no", "Adds the capture file's name to events.",
                at(&Config::pcap_filename)),
      duration("outputs.stats_interval", "30s", "How often counters are told, in packet time.",
               at(&Config::stats_interval_ns), kNanosPerSecond),
      shown("privacy.users",
            "User names in findings, ActiveSync fields and URLs: as they are, as a digest by the "
            "key of privacy.key_file, or not at all.",
            at(&Config::privacy, &PrivacySettings::users)),
      shown("privacy.devices", "The same for identifiers of devices.",
            at(&Config::privacy, &PrivacySettings::devices)),
      privacy_key_file(),
  };
}

}  // namespace exwire::app
