// SPDX-License-Identifier: BSD-3-Clause
// A capture that lies in memory, as a source of the real pipeline.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "sensor/capture/capture_file.hpp"
#include "sensor/capture/source.hpp"

namespace exwire::test {

class MemorySource final : public capture::Source {
 public:
  /// The octets must outlive the source.
  explicit MemorySource(std::span<const uint8_t> octets)
      : file_("memory", capture::make_memory_window(octets)) {}

  capture::BatchStatus next_batch(capture::Batch& batch) override {
    while (batch.count < capture::Batch::kCapacity) {
      if (!file_.next(batch.frames[batch.count], batch.count > 0)) {
        return file_.held() ? capture::BatchStatus::frames : capture::BatchStatus::finished;
      }
      ++batch.count;
    }
    return capture::BatchStatus::frames;
  }
  const std::string& name() const override { return name_; }
  capture::CaptureCounters counters() const override { return {}; }
  const std::optional<Error>& failure() const override { return file_.failure(); }

 private:
  std::string name_ = "memory";
  capture::CaptureFile file_;
};

}  // namespace exwire::test
