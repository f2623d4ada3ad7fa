// SPDX-License-Identifier: BSD-3-Clause
// What is remembered of one server: its connections at each stage, and the story that is told of
// them. Judged in stalled_servers.cpp.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <string>

#include "sensor/detect/stage.hpp"
#include "sensor/detect/stage_population.hpp"
#include "sensor/detect/stall_story.hpp"

namespace exwire::detect {

// Half-open connections are forgotten when the sensor's own table gives them up.
inline uint32_t window_of(Stage stage) noexcept {
  switch (stage) {
    case Stage::unanswered:
    case Stage::half_open:
    case Stage::unasked:
      return 64;
    case Stage::hammered:
    case Stage::aborted:
    case Stage::backscatter:
    case Stage::renegotiating:
      return 10;
    default:
      return StagePopulation::kSeconds - 1;
  }
}

inline bool is_before_flow(Stage stage) noexcept {
  return stage == Stage::unanswered || stage == Stage::half_open || stage == Stage::unasked;
}

/// The connections at one stage, and what is told of them.
struct StallLine {
  static constexpr size_t kTop = 10;

  StallLine(const StallSettings& settings, Stage stage)
      : population(settings.threshold_s(stage), window_of(stage)) {}
  StagePopulation population;
  StallStory story;
  uint64_t stalled_before = 0;            ///< of became_stalled(), when the story began
  uint32_t held = 0;                      ///< connections the story is about, as last judged
  std::array<StallSource, kTop> worst{};  ///< at the worst moment
  size_t worst_count = 0;
  uint32_t worst_sources = 0, worst_stalled = 0, worst_held = 0;
  uint32_t young = 0;  ///< at the end of the capture: not stalled yet

  void note_worst() noexcept {
    if (population.stalled() < worst_stalled) return;
    worst_stalled = population.stalled();
    const bool young_too = held > population.stalled();
    worst_count = population.top(worst, young_too);
    if (young_too) {
      for (StallSource& source : worst) source.connections = std::min(source.connections, held);
    }
    const uint32_t sources = population.sources(young_too);
    worst_sources = population.sources_displaced() ? std::max(worst_sources, sources) : sources;
    worst_held = held;
  }
  const char* origin(Stage stage) const noexcept {
    uint64_t sum = 0;
    for (size_t index = 0; index < worst_count; ++index) sum += worst[index].connections;
    if (worst[0].connections * uint64_t{10} >= worst_held * uint64_t{9}) return "one source";
    if (sum * 2 >= worst_held) return "few sources";
    const bool forged = is_before_flow(stage) || stage == Stage::backscatter;
    return forged ? "many sources, probably forged" : "many sources";
  }
  // Who holds little beside the largest may be an honest client in trouble: not named.
  std::string worst_text() const {
    std::string text;
    for (size_t index = 0; index < worst_count; ++index) {
      const StallSource& source = worst[index];
      if (source.connections < 2 || source.connections * 10 < worst[0].connections) break;
      if (index > 0) text += ", ";
      text += wire::to_text(source.address, source.ip_version) + " (" +
              std::to_string(source.connections) + ")";
    }
    return text;
  }
};

struct StallServer {
  wire::Address address{};
  uint16_t port = 0;
  uint8_t ip_version = 0;
  std::array<std::unique_ptr<StallLine>, kStages> lines;

  /// Connections at any stage; an open story weighs more than any number.
  uint64_t weight() const noexcept {
    uint64_t sum = 0;
    for (const auto& line : lines) {
      if (line) sum += line->population.present() + (line->story.is_open() ? 1U << 31 : 0U);
    }
    return sum;
  }
  bool is_idle() const noexcept { return weight() == 0; }

  /// Null while nobody has been at the stage, and for none.
  StallLine* line(Stage stage) const noexcept { return lines[static_cast<size_t>(stage)].get(); }
  uint32_t present(Stage stage) const noexcept {
    const StallLine* found = line(stage);
    return found == nullptr ? 0 : found->population.present();
  }
  /// A flood beyond the sensor's own table loses the SYNs of honest answers, and the answers of
  /// honest SYNs: such halves belong to each other, and a server repeats its answers.
  uint32_t without_halves(Stage stage, uint32_t held) const noexcept {
    constexpr uint64_t kAnswersToSyn = 6;  // Linux repeats five times
    if (stage == Stage::unanswered) return held - std::min(held, present(Stage::unasked));
    if (stage != Stage::unasked && stage != Stage::backscatter) return held;
    const uint64_t asked = uint64_t{present(Stage::unanswered)} + present(Stage::half_open);
    return asked * kAnswersToSyn >= held ? 0 : held;
  }
};

}  // namespace exwire::detect
