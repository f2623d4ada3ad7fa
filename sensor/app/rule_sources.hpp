// SPDX-License-Identifier: BSD-3-Clause
// Where signatures come from, as the configuration names it.
#pragma once

#include <string>
#include <vector>

#include "sensor/detect/rules/glossary.hpp"

namespace exwire::app {

struct RuleSources {
  detect::rules::Glossary glossary;  ///< with the variables
  std::string path;
  std::vector<std::string> files;
  std::string cache;  ///< folder of compiled databases; "off": none, empty: the user's
  std::string classification_file, reference_file, threshold_file;
};

}  // namespace exwire::app
