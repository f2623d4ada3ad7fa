// SPDX-License-Identifier: BSD-3-Clause
#include "sensor/app/command_line.hpp"

#include <boost/program_options.hpp>
#include <charconv>
#include <fstream>
#include <sstream>

namespace exwire::app {
namespace {

namespace po = boost::program_options;

po::options_description make_options() {
  po::options_description options;
  const auto list = [] { return po::value<std::vector<std::string>>()->composing(); };
  options.add_options()(
      "read,r", list()->value_name("FILE|DIR|-"),
      "replay: pcap, pcapng, .gz, .zst; a directory in time order of its files; may be repeated")(
      "interface,i", list()->value_name("IFACE"), "live capture; may be repeated")(
      "config,c", po::value<std::string>()->value_name("FILE"), "configuration (YAML)")(
      "set", list()->value_name("KEY=VALUE"), "one configuration key; may be repeated")(
      "log-dir,l", po::value<std::string>()->value_name("DIR"),
      "write eve.json here instead of EVE lines to standard output")(
      "checksums,k", po::value<std::string>()->value_name("auto|all|none"),
      "what to do with wrong checksums; short for --set decode.checksums=...")(
      "filter-file,F", po::value<std::string>()->value_name("FILE"), "BPF filter from a file")(
      "signatures,s", list()->value_name("FILE"),
      "load these rules besides our own; may be repeated")(
      "only-signatures,S", list()->value_name("FILE"), "load these rules alone; may be repeated")(
      "strict", "a rule that cannot be taken is an error")(
      "workers", po::value<std::string>()->value_name("N"),
      "threads that share the connections (1); what is found does not depend on it")(
      "list-keywords", "print the keywords of rules that are understood, and exit")(
      "test,T", "check the configuration and exit")(
      "dump-config", "print the configuration with all keys and their meaning, and exit")(
      "list-detectors", "print the findings and exit")("list-dissectors",
                                                       "print the protocols dissected and exit")(
      "verbose,v", "say more on standard error; -vv, -vvv: still more")(
      "quiet,q", "no progress, no table of findings")("version,V", "print the version and exit")(
      "help,h", "print this help and exit");
  return options;
}

// program_options knows no repeated flags: they are counted and taken out before it looks.
int take_verbosity(std::vector<std::string>& arguments) {
  int count = 0;
  std::erase_if(arguments, [&](const std::string& argument) {
    if (argument == "--verbose") {
      ++count;
      return true;
    }
    const bool letters = argument.size() > 1 && argument[0] == '-' &&
                         argument.find_first_not_of('v', 1) == std::string::npos;
    if (letters) count += static_cast<int>(argument.size()) - 1;
    return letters;
  });
  return count;
}

std::string read_filter(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw UsageError{"-F " + path + ": cannot be opened"};
  std::string text, line;
  while (std::getline(file, line)) {
    text += line.substr(0, line.find('#')) + " ";  // comments as tcpdump and Suricata allow
  }
  return text;
}

uint32_t read_workers(const std::string& text) {
  constexpr uint32_t kMost = 64;
  uint32_t workers = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, workers);
  if (error != std::errc() || stop != end || workers == 0 || workers > kMost) {
    throw UsageError{"--workers " + text + ": give a number from 1 to " + std::to_string(kMost)};
  }
  return workers;
}

CommandLine collect(const po::variables_map& values) {
  CommandLine result;
  const auto list = [&](const char* name, std::vector<std::string>& to) {
    if (values.count(name)) to = values[name].as<std::vector<std::string>>();
  };
  const auto word = [&](const char* name, std::string& to) {
    if (values.count(name)) to = values[name].as<std::string>();
  };
  list("read", result.captures);
  list("interface", result.interfaces);
  list("set", result.settings);
  list("signatures", result.rule_files);
  std::vector<std::string> alone;
  list("only-signatures", alone);
  result.only_these_rules = !alone.empty();
  result.rule_files.insert(result.rule_files.end(), alone.begin(), alone.end());
  result.strict = values.count("strict") > 0;
  result.list_keywords = values.count("list-keywords") > 0;
  word("config", result.config_file);
  word("log-dir", result.log_directory);
  std::string checksums;
  word("checksums", checksums);
  if (!checksums.empty()) result.settings.push_back("decode.checksums=" + checksums);
  std::vector<std::string> words;
  list("bpf", words);
  for (const std::string& one : words) result.filter += (result.filter.empty() ? "" : " ") + one;
  std::string file;
  word("filter-file", file);
  if (!file.empty()) {
    if (!result.filter.empty()) throw UsageError{"give the filter as words or with -F, not both"};
    result.filter = read_filter(file);
  }
  std::string workers;
  word("workers", workers);
  if (values.count("workers")) result.workers = read_workers(workers);
  result.test_only = values.count("test") > 0;
  result.dump_config = values.count("dump-config") > 0;
  result.list_detectors = values.count("list-detectors") > 0;
  result.list_dissectors = values.count("list-dissectors") > 0;
  result.quiet = values.count("quiet") > 0;
  result.version = values.count("version") > 0;
  result.help = values.count("help") > 0;
  return result;
}

}  // namespace

CommandLine parse_command_line(int count, const char* const* arguments) {
  std::vector<std::string> words(arguments + 1, arguments + count);
  const int verbosity = take_verbosity(words);
  po::options_description all = make_options();
  all.add_options()("bpf", po::value<std::vector<std::string>>());
  po::positional_options_description trailing;
  trailing.add("bpf", -1);
  po::variables_map values;
  try {
    po::store(po::command_line_parser(words).options(all).positional(trailing).run(), values);
  } catch (const po::error& error) {
    throw UsageError{error.what()};
  }
  CommandLine result = collect(values);
  result.verbosity = verbosity;
  const bool asks_only = result.help || result.version || result.test_only || result.dump_config ||
                         result.list_detectors || result.list_dissectors || result.list_keywords;
  if (!asks_only && result.captures.empty() && result.interfaces.empty()) {
    throw UsageError{"nothing to read: give -r FILE or -i IFACE"};
  }
  if (!result.captures.empty() && !result.interfaces.empty()) {
    throw UsageError{"-r and -i exclude each other"};
  }
  return result;
}

std::string help_text() {
  std::ostringstream text;
  text << "exwire: sees what is wrong with Exchange mobile access on the wire\n\n"
          "  exwire -r FILE|DIR|- [-r ...] [-l DIR] [BPF ...]\n"
          "  exwire -i IFACE [-i ...] -l DIR [BPF ...]\n\n"
       << make_options()
       << "\nExit status: 0 done, 1 configuration wrong, 2 usage, 3 an input could not be read to "
          "its end,\n4 events were lost, 128+N ended by signal N.\n";
  return text.str();
}

}  // namespace exwire::app
