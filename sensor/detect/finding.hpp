// SPDX-License-Identifier: BSD-3-Clause
// A finding: what a detector concluded, with the numbers and the names a person needs to act. Fixed
// in size and free of allocation, so that an attacker who provokes findings provokes nothing else.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sensor/base/time.hpp"
#include "sensor/flow/flow.hpp"
#include "sensor/inspect/http_transaction.hpp"
#include "sensor/inspect/tls_facts.hpp"

namespace exwire::detect {

/// Named values for `alert.context.exchange`, in the order they were added. Names are literals.
class Facts {
 public:
  static constexpr uint32_t kMost = 24;
  static constexpr uint32_t kArena = 1536;

  struct Fact {
    const char* name;
    bool is_number;
    int64_t number;
    std::string_view text;
  };

  /// Cut to what is left of the arena; a fact too many is dropped (kMost is sized by our own code).
  void add(const char* name, std::string_view text) noexcept;
  void add(const char* name, int64_t number) noexcept;
  uint32_t size() const noexcept { return count_; }
  Fact operator[](uint32_t index) const noexcept;

 private:
  struct Entry {
    const char* name;
    int64_t number;
    uint16_t offset, size;
    bool is_number;
  };
  std::array<Entry, kMost> entries_;
  std::array<char, kArena> arena_;
  uint32_t count_ = 0, used_ = 0;
};

/// What a loaded rule says about itself beyond the finding.
struct SignatureNotes {
  std::vector<std::pair<std::string, std::vector<std::string>>> metadata;
  std::vector<std::string> references;
};

/// One line of the catalogue of findings (sids 1443000 to 1443999), or a loaded rule.
struct Signature {
  uint32_t sid;
  uint32_t revision;
  uint8_t severity;      ///< 2 exposure and attack, 3 health; never 1 (some SIEMs ban on it)
  const char* text;      ///< EVE alert.signature
  const char* category;  ///< EVE alert.category
  const char* advice;    ///< what to change, one sentence
  uint32_t group = 1;    ///< EVE alert.gid
  const SignatureNotes* notes = nullptr;
};

/// Where a finding stands in its story.
enum class Phase : uint8_t {
  once,    ///< complete in itself; the gate sums up its repetitions
  opened,  ///< something has begun and goes on; this and the following pass the gate at once
  updated,
  closed,  ///< over: the totals
};
const char* to_text(Phase phase) noexcept;

/// Knows what a finding tells; asked when it leaves, not for each repetition that is only counted.
class FactSource {
 public:
  virtual void add_to(Facts& facts) const = 0;

 protected:
  ~FactSource() = default;
};

/// One that is a function.
template <class Add>
class FactsBy final : public FactSource {
 public:
  explicit FactsBy(Add add) : add_(add) {}
  void add_to(Facts& facts) const override { add_(facts); }

 private:
  Add add_;
};

struct Finding {
  const Signature* signature = nullptr;
  uint8_t severity = 0;
  Phase phase = Phase::once;
  Timestamp when;
  uint64_t packet = 0;  ///< packet number, 0: from a timer
  /// Equal keys are the same story: the gate tells it once and counts the rest.
  uint64_t story = 0;
  uint64_t occurrences = 1;
  Timestamp first_seen, last_seen;
  const inspect::HttpTransaction* http = nullptr;  ///< valid during the call only
  const inspect::TlsHandshake* tls = nullptr;      ///< valid during the call only
  const FactSource* source = nullptr;  ///< of `facts` still to come; valid during the call only
  Facts facts;

  /// With all its facts.
  Finding told() const;

  /// Seen once, just now, with the weight its signature gives it.
  /// `packet` 0: told by a timer, or from behind the workers.
  static Finding of(const Signature& signature, Timestamp when, uint64_t packet) noexcept {
    Finding finding;
    finding.signature = &signature;
    finding.severity = signature.severity;
    finding.when = finding.first_seen = finding.last_seen = when;
    finding.packet = packet;
    return finding;
  }
};

}  // namespace exwire::detect
