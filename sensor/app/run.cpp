// SPDX-License-Identifier: BSD-3-Clause
#include "sensor/app/run.hpp"

#include <fmt/format.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>

#include "sensor/app/path_table.hpp"
#include "sensor/app/pipeline.hpp"
#include "sensor/app/rule_loader.hpp"
#include "sensor/base/result.hpp"
#include "sensor/capture/live.hpp"
#include "sensor/capture/replay.hpp"
#include "sensor/detect/rules/rule_parser.hpp"
#include "sensor/report/file_sink.hpp"

namespace exwire::app {
namespace {

using Sources = std::vector<std::unique_ptr<capture::Source>>;

volatile std::sig_atomic_t stop_signal = 0, reopen_wanted = 0, stats_wanted = 0, rules_wanted = 0;

void on_signal(int number) {
  if (number == SIGHUP) {
    reopen_wanted = 1;
  } else if (number == SIGUSR1) {
    stats_wanted = 1;
  } else if (number == SIGUSR2) {
    rules_wanted = 1;
  } else if (stop_signal == 0) {
    stop_signal = number;
  } else {
    _exit(kSignal + number);  // asked twice: at once
  }
}

void install_signals() {
  struct sigaction action {};
  action.sa_handler = on_signal;
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2})
    sigaction(number, &action, nullptr);
  action.sa_handler = SIG_IGN;
  sigaction(SIGPIPE, &action, nullptr);
}

Config configure(const CommandLine& command_line) {
  Config config = default_config();
  if (!command_line.config_file.empty()) read_config_file(config, command_line.config_file);
  for (const std::string& setting : command_line.settings) set_option(config, setting);
  config.workers = command_line.workers;
  return config;
}

void list_keywords() {
  for (const std::string_view name : detect::rules::known_keywords()) fmt::print("{}\n", name);
}

void list_signatures(const std::vector<const detect::Signature*>& signatures, const char* name) {
  for (const detect::Signature* one : signatures) {
    fmt::print("{}  severity {}  {}  ({})\n", one->sid, one->severity, one->text, name);
  }
}

void list_detectors(const Config& config) {
  for (const auto& detector : detect::make_flow_detectors(config.site)) {
    list_signatures(detector->signatures(), detector->info().name);
  }
  Budget none(0);
  for (const auto& detector : detect::make_fleet_detectors(config.site, none, {})) {
    list_signatures(detector->signatures(), detector->name());
  }
}

void list_dissectors(const inspect::DissectorHost& dissectors) {
  for (size_t at = 0; at < dissectors.size(); ++at) {
    const auto index = static_cast<uint8_t>(at);
    const inspect::LoadedDissector& one = dissectors[index];
    fmt::print("{}  over {}  app_proto {}  {}\n", one.api->name, one.api->parent,
               dissectors.application_name(index), one.origin.empty() ? "built in" : one.origin);
  }
}

std::unique_ptr<report::FileSink> open_sink(const CommandLine& command_line) {
  if (command_line.log_directory.empty()) return report::FileSink::standard_output();
  if (mkdir(command_line.log_directory.c_str(), 0750) != 0 && errno != EEXIST) {
    throw SetupError(command_line.log_directory + ": " + std::strerror(errno));
  }
  auto sink = report::FileSink::open(command_line.log_directory + "/eve.json");
  if (!sink) throw SetupError(sink.error().message);
  return std::move(*sink);
}

report::EveSettings eve_settings(const Config& config, bool live) {
  using report::SourceKey;
  const SourceKey of_file = config.pcap_filename ? SourceKey::pcap_filename : SourceKey::none;
  return {config.sensor_name, live ? config.sensor_name : "", config.community_id_seed,
          config.extended, live ? SourceKey::in_iface : of_file};
}

/// One line on standard error that rewrites itself, on terminals only.
class Progress {
 public:
  explicit Progress(bool wanted) : wanted_(wanted && isatty(STDERR_FILENO)) {}
  void show(const capture::Source& source, uint64_t packets) {
    const auto now = std::chrono::steady_clock::now();
    if (!wanted_ || now - last_ < std::chrono::milliseconds(200)) return;
    last_ = now;
    shown_ = true;
    const auto share = source.progress();
    fmt::print(stderr, "\r{:>4}  {} packets   ", share ? fmt::format("{:.0f} %", 100 * *share) : "",
               packets);
    std::fflush(stderr);
  }
  void clear() const {
    if (shown_) fmt::print(stderr, "\r{:50}\r", "");
  }

 private:
  bool wanted_, shown_ = false;
  std::chrono::steady_clock::time_point last_;
};

/// Signals that ask for something other than the end.
void serve_signals(Pipeline& pipeline, report::Reporter& reporter, const Sources& sources,
                   RuleLoader& rules) {
  if (rules_wanted) {
    rules_wanted = 0;
    rules.begin_reload();
  }
  rules.finish_reload();
  if (reopen_wanted) {
    reopen_wanted = 0;
    reporter.reopen();
  }
  if (stats_wanted) {
    stats_wanted = 0;
    pipeline.tell_stats(sources);
  }
  pipeline.tell_stats_when_due(sources);
}

/// What checksums and VLANs mean in these captures. Standard input cannot be read twice; what
/// cannot be read at all is told by the replay itself.
void learn_habits(Pipeline& pipeline, const CommandLine& command_line, const Config& config) {
  if (config.decode.checksums != wire::ChecksumMode::automatic &&
      config.decode.vlan != wire::VlanMode::automatic) {
    return;
  }
  capture::Filter filter(command_line.filter);
  for (const std::string& capture : command_line.captures) {
    if (capture == "-") continue;
    struct stat status {};
    const bool pipe =
        stat(capture.c_str(), &status) == 0 && !S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode);
    if (pipe) continue;
    capture::Replay source({capture}, filter);
    pipeline.learn(source);
  }
}

void replay(Pipeline& pipeline, report::Reporter& reporter, const Sources& sources,
            RuleLoader& rules, Progress& progress) {
  while (stop_signal == 0 && pipeline.step(*sources[0])) {
    serve_signals(pipeline, reporter, sources, rules);
    progress.show(*sources[0], pipeline.packets());
  }
}

// Live, lines must not wait in a buffer for company.
void watch(Pipeline& pipeline, report::Reporter& reporter, const Sources& sources,
           RuleLoader& rules) {
  size_t running = sources.size();
  std::vector<bool> finished(sources.size());
  while (running > 0 && stop_signal == 0) {
    for (size_t index = 0; index < sources.size(); ++index) {
      if (finished[index]) continue;
      if (!pipeline.step(*sources[index])) {
        finished[index] = true;
        --running;
        if (sources[index]->failure()) spdlog::error(sources[index]->failure()->message);
      }
      serve_signals(pipeline, reporter, sources, rules);
      reporter.flush();
    }
  }
}

Sources open_sources(const CommandLine& command_line, const Config& config,
                     capture::Filter& filter) {
  Sources sources;
  if (!command_line.captures.empty()) {
    sources.push_back(std::make_unique<capture::Replay>(command_line.captures, filter));
  }
  for (const std::string& interface : command_line.interfaces) {
    capture::LiveSettings settings;
    settings.buffer_octets = static_cast<int>(std::min<uint64_t>(config.capture_buffer, INT32_MAX));
    settings.filter = command_line.filter;
    sources.push_back(std::make_unique<capture::Live>(interface, settings));
  }
  return sources;
}

/// What was read but could not be used: nothing is passed over in silence.
void tell_shortcomings(const capture::Replay& files, const capture::Filter& filter,
                       uint64_t unknown_link) {
  for (const Error& error : files.failures()) spdlog::error(error.message);
  for (const capture::Filter::Refusal& refusal : filter.refusals()) {
    spdlog::warn("{} frames of link type {} did not pass the filter: {}", refusal.frames,
                 refusal.link_type, refusal.why);
  }
  const capture::FormatCounters format = files.format_counters();
  if (format.bad_records > 0) {
    spdlog::warn("{} packet records could not be read and were passed over", format.bad_records);
  }
  if (format.odd_lengths > 0) {
    spdlog::warn("{} packets were longer in the capture than on the wire", format.odd_lengths);
  }
  if (const uint64_t cut = files.counters().cut_by_snaplen; cut > 0) {
    spdlog::warn("cut short by the snapshot length of the capture: {} packets", cut);
  }
  if (unknown_link > 0) {
    spdlog::warn("{} packets are of a link type that is not known", unknown_link);
  }
  if (files.skipped() > 0) spdlog::info("{} entries of folders are no captures", files.skipped());
}

int conclude(const CommandLine& command_line, const Pipeline& pipeline,
             const report::Reporter& reporter, const Sources& sources,
             const capture::Filter& filter) {
  const bool live = !command_line.interfaces.empty();
  bool unreadable = false;
  if (const auto* files = dynamic_cast<const capture::Replay*>(sources[0].get())) {
    tell_shortcomings(*files, filter, pipeline.unknown_link());
    unreadable = !files->failures().empty();
  }
  for (const auto& source : sources) unreadable |= source->failure().has_value();
  if (!live && !command_line.quiet) {
    const std::string table = pipeline.summary().table();
    fmt::print(stderr, "{}", table.empty() ? "no findings\n" : table);
    fmt::print(stderr, "{}", path_table(pipeline.path_reports()));
  }
  if (reporter.lost() > 0) {
    spdlog::error("{} events were lost: {}", reporter.lost(), reporter.last_error());
    return kEventsLost;
  }
  if (stop_signal != 0 && !live) return kSignal + stop_signal;
  return unreadable ? kInputUnreadable : kDone;
}

void set_up_logging(const CommandLine& command_line) {
  spdlog::set_default_logger(spdlog::stderr_color_st("exwire"));
  spdlog::set_pattern("exwire: %l: %v");
  static constexpr spdlog::level::level_enum kLevels[] = {
      spdlog::level::warn, spdlog::level::info, spdlog::level::debug, spdlog::level::trace};
  const size_t level = static_cast<size_t>(std::min(command_line.verbosity, 3));
  spdlog::set_level(command_line.quiet ? spdlog::level::err : kLevels[level]);
}

}  // namespace

int run(const CommandLine& command_line) {
  set_up_logging(command_line);
  install_signals();  // before anything that takes time: an early USR2 must not end the sensor
  Config config = configure(command_line);
  RuleLoader rules(command_line, config.rules);
  if (!rules.acceptable()) return kConfigurationWrong;
  config.site.rules = &rules.active();
  config.inspect.bodies_wanted = &rules.active().bodies_wanted();
  config.inspect.heads_wanted = &rules.active().heads_wanted();
  const inspect::DissectorHost dissectors(inspect::builtin_dissectors(), config.dissectors);
  capture::Filter filter(command_line.filter);
  if (command_line.dump_config) {
    fmt::print("{}", dump_config(config));
    return kDone;
  }
  if (command_line.list_detectors) {
    list_detectors(config);
    return kDone;
  }
  if (command_line.list_keywords) {
    list_keywords();
    return kDone;
  }
  if (command_line.list_dissectors) {
    list_dissectors(dissectors);
    return kDone;
  }
  if (command_line.test_only) {
    const detect::rules::RuleSet& set = rules.active().set();
    fmt::print(stderr, "configuration is good; {} rules loaded, {} skipped\n", set.rules().size(),
               set.refusals().size());
    return kDone;
  }
  const bool live = !command_line.interfaces.empty();
  config.inspect.label_at_once = live || config.workers > 1;
  const std::unique_ptr<report::FileSink> sink = open_sink(command_line);
  report::Reporter reporter(eve_settings(config, live), *sink, config.privacy);
  const Sources sources = open_sources(command_line, config, filter);
  Pipeline pipeline(config, dissectors, reporter);
  Progress progress(!command_line.quiet);
  if (live) {
    watch(pipeline, reporter, sources, rules);
  } else {
    learn_habits(pipeline, command_line, config);
    replay(pipeline, reporter, sources, rules, progress);
  }
  pipeline.finish(sources);
  reporter.flush();
  progress.clear();
  spdlog::info("{} packets, {} events", pipeline.packets(), reporter.events());
  return conclude(command_line, pipeline, reporter, sources, filter);
}

}  // namespace exwire::app
