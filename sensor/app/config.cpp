// SPDX-License-Identifier: BSD-3-Clause
#include "sensor/app/config.hpp"

#include <yaml-cpp/yaml.h>

#include <algorithm>

#include "sensor/app/options.hpp"
#include "sensor/base/result.hpp"

namespace exwire::app {
namespace {

[[noreturn]] void complain(const std::string& where, const YAML::Mark& mark,
                           const std::string& what) {
  std::string text = where;
  if (!mark.is_null()) {
    text += ":" + std::to_string(mark.line + 1) + ":" + std::to_string(mark.column + 1);
  }
  throw SetupError(text + ": " + what);
}

// A value may be a list without quotes, as [10.0.0.0/8, 192.0.2.1].
std::vector<std::string> pairs_of(const Option& option, const YAML::Node& node,
                                  const std::string& where) {
  std::vector<std::string> words;
  if (node.IsNull()) return words;
  if (!node.IsMap()) {
    complain(where, node.Mark(), std::string(option.key) + ": names with values are wanted");
  }
  for (const auto& entry : node) {
    std::string value;
    if (entry.second.IsSequence()) {
      for (const YAML::Node& item : entry.second)
        value += (value.empty() ? "[" : ",") + item.Scalar();
      value += ']';
    } else if (entry.second.IsScalar()) {
      value = entry.second.Scalar();
    } else {
      complain(where, entry.first.Mark(), "a value or a list is wanted");
    }
    words.push_back(entry.first.Scalar() + "=" + value);
  }
  return words;
}

std::vector<std::string> words_of(const Option& option, const YAML::Node& node,
                                  const std::string& where) {
  if (option.map) return pairs_of(option, node, where);
  if (!option.list) {
    if (!node.IsScalar()) {
      complain(where, node.Mark(), std::string(option.key) + ": a single value is wanted");
    }
    return {node.Scalar()};
  }
  std::vector<std::string> words;
  if (node.IsScalar()) return {node.Scalar()};
  if (!node.IsSequence()) {
    complain(where, node.Mark(), std::string(option.key) + ": a list is wanted");
  }
  for (const YAML::Node& item : node) {
    if (!item.IsScalar()) complain(where, item.Mark(), "a plain value is wanted in this list");
    words.push_back(item.Scalar());
  }
  return words;
}

void apply(Config& config, const Option& option, const YAML::Node& node, const std::string& where) {
  const Complaint complaint = option.read(config, words_of(option, node, where));
  if (!complaint.empty()) complain(where, node.Mark(), std::string(option.key) + ": " + complaint);
}

void walk(Config& config, const YAML::Node& node, const std::string& path,
          const std::string& where) {
  const auto& all = options();
  const auto exact = std::find_if(all.begin(), all.end(),
                                  [&](const Option& option) { return path == option.key; });
  if (exact != all.end()) {
    apply(config, *exact, node, where);
    return;
  }
  const bool known = path.empty() || std::any_of(all.begin(), all.end(), [&](const Option& option) {
                       return std::string_view(option.key).substr(0, path.size() + 1) == path + ".";
                     });
  if (!known) complain(where, node.Mark(), "unknown key '" + path + "'");
  if (node.IsNull()) return;  // a section with everything commented out
  if (!node.IsMap()) complain(where, node.Mark(), "'" + path + "' is a section, not a value");
  for (const auto& entry : node) {
    const YAML::Node name = entry.first, value = entry.second;
    const std::string below = path.empty() ? name.Scalar() : path + "." + name.Scalar();
    // The mark of an unknown key is the key's own, not its value's.
    const bool leads_on = std::any_of(all.begin(), all.end(), [&](const Option& option) {
      const std::string_view key(option.key);
      return key == below || key.substr(0, below.size() + 1) == below + ".";
    });
    if (!leads_on) complain(where, name.Mark(), "unknown key '" + below + "'");
    walk(config, value, below, where);
  }
}

}  // namespace

Config default_config() {
  Config config;
  for (const Option& option : options()) {
    apply(config, option, YAML::Load(option.standard), "default of " + std::string(option.key));
  }
  return config;
}

void read_config_file(Config& config, const std::string& path) {
  YAML::Node root;
  try {
    root = YAML::LoadFile(path);
  } catch (const YAML::BadFile&) {
    throw SetupError(path + ": cannot be opened");
  } catch (const YAML::Exception& error) {
    complain(path, error.mark, error.msg);
  }
  if (root.IsNull()) return;
  try {
    walk(config, root, "", path);
  } catch (const YAML::Exception& error) {
    complain(path, error.mark, error.msg);
  }
}

void set_option(Config& config, std::string_view assignment) {
  const std::string where = "--set " + std::string(assignment);
  const size_t equals = assignment.find('=');
  if (equals == std::string_view::npos) throw SetupError(where + ": KEY=VALUE is wanted");
  const std::string key(assignment.substr(0, equals));
  const auto& all = options();
  const auto option =
      std::find_if(all.begin(), all.end(), [&](const Option& known) { return key == known.key; });
  if (option == all.end()) throw SetupError(where + ": unknown key '" + key + "'");
  YAML::Node value;
  try {
    value = YAML::Load(std::string(assignment.substr(equals + 1)));
  } catch (const YAML::Exception& error) {
    throw SetupError(where + ": " + error.msg);
  }
  if (value.IsNull()) value = YAML::Node(std::string());
  const Complaint complaint = option->read(config, words_of(*option, value, where));
  if (!complaint.empty()) throw SetupError(where + ": " + complaint);
}

std::string dump_config(const Config& config) {
  std::string text = "%YAML 1.1\n---\n";
  std::vector<std::string> open;  // the sections the last line stood in
  for (const Option& option : options()) {
    std::vector<std::string> parts;
    std::string_view key = option.key;
    for (size_t dot; (dot = key.find('.')) != std::string_view::npos; key.remove_prefix(dot + 1)) {
      parts.emplace_back(key.substr(0, dot));
    }
    const size_t shared = static_cast<size_t>(
        std::mismatch(parts.begin(), parts.end(), open.begin(), open.end()).first - parts.begin());
    for (size_t depth = shared; depth < parts.size(); ++depth) {
      text += std::string(2 * depth, ' ') + parts[depth] + ":\n";
    }
    open = parts;
    const std::string indent(2 * parts.size(), ' ');
    text += indent + "# " + option.meaning + "\n";
    text += indent + std::string(key) + ": " + option.write(config) + "\n";
  }
  return text;
}

}  // namespace exwire::app
