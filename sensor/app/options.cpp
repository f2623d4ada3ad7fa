// SPDX-License-Identifier: BSD-3-Clause
#include "sensor/app/options.hpp"

#include <iterator>

namespace exwire::app {

const std::vector<Option>& options() {
  static const std::vector<Option> all = [] {
    std::vector<Option> rows;
    for (const auto section :
         {site_options, threshold_options, packet_options, output_options, rule_options}) {
      std::vector<Option> part = section();
      rows.insert(rows.end(), std::make_move_iterator(part.begin()),
                  std::make_move_iterator(part.end()));
    }
    return rows;
  }();
  return all;
}

}  // namespace exwire::app
