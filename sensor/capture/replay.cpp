// SPDX-License-Identifier: BSD-3-Clause
// One file is open at a time. It is closed only at the beginning of a batch, when no view into it
// is out any more.
#include "sensor/capture/replay.hpp"

#include <algorithm>
#include <filesystem>

#include "sensor/base/packet_stamps.hpp"
#include "sensor/capture/capture_directory.hpp"

namespace exwire::capture {

Replay::Replay(const std::vector<std::string>& arguments, Filter& filter, Reading reading)
    : filter_(filter), reading_(reading) {
  if (arguments.empty()) throw SetupError("no capture file is named");
  if (std::count(arguments.begin(), arguments.end(), "-") > 1) {
    throw SetupError("standard input can be read only once");
  }
  for (const std::string& argument : arguments) add(argument);
  for (const Input& input : inputs_) {
    std::error_code error;
    if (std::filesystem::is_regular_file(input.path, error)) {
      const uint64_t size = std::filesystem::file_size(input.path, error);
      if (!error) octets_in_all_ += size;
    }
  }
  name_ = arguments.front();
}

void Replay::add(const std::string& argument) {
  std::error_code ignored;
  if (argument == "-" || !std::filesystem::is_directory(argument, ignored)) {
    inputs_.push_back({argument, PathKind::any, std::nullopt});
    return;
  }
  auto listing = captures_in(argument);
  if (!listing) {
    inputs_.push_back({argument, PathKind::any, listing.error()});
    return;
  }
  skipped_ += listing->skipped;
  for (std::string& path : listing->paths) {
    inputs_.push_back({std::move(path), PathKind::regular_file, std::nullopt});
  }
}

bool Replay::open_next() {
  while (next_ < inputs_.size()) {
    const Input& input = inputs_[next_++];
    name_ = input.path;
    if (input.failure) {
      fail(*input.failure);
      continue;
    }
    auto file = open_capture(input.path, input.kind, reading_);
    if (file) {
      current_ = std::move(*file);
      return true;
    }
    fail(file.error());
  }
  return false;
}

void Replay::close_current() {
  if (current_->failure()) fail(*current_->failure());
  done_ = format_counters();
  octets_done_ += current_->size();
  current_.reset();
}

void Replay::fail(const Error& error) {
  failures_.push_back(error);
  if (!first_failure_) first_failure_ = error;
}

namespace {

constexpr uint32_t kMostRefused = 65536;  // then the caller gets a chance to see to its signals

bool is_full(const Batch& batch) noexcept {
  if (batch.count < Batch::kFull) return false;
  const Frame* last = &batch.frames[batch.count - 1];
  return batch.count == Batch::kCapacity || PacketStamps::follows(last->time, last[-1].time);
}

}  // namespace

// False when the file has no more frames, or none while those handed out must stay valid.
bool Replay::fill(Batch& batch, bool hold, uint32_t& refused) {
  while (!is_full(batch) && refused < kMostRefused) {
    Frame& frame = batch.frames[batch.count];
    if (!current_->next(frame, hold || batch.count > 0)) return false;
    if (!filter_.passes(frame)) {
      ++counters_.filtered;
      ++refused;
      continue;
    }
    count(batch, frame);
    if (!filter_.empty() || batch.count >= Batch::kFull) continue;
    const std::span rest(batch.frames.data() + batch.count, Batch::kFull - batch.count);
    for (const Frame& one : current_->take_in_a_row(rest)) count(batch, one);
  }
  return true;
}

void Replay::count(Batch& batch, const Frame& frame) noexcept {
  ++counters_.frames;
  counters_.octets += frame.octets.size;
  ++batch.count;
}

bool Replay::one_more_batch(Batch& batch) {
  batch.count = 0;
  batch.tick.reset();
  uint32_t refused = 0;
  if (!stopping_ && current_) fill(batch, true, refused);
  return batch.count > 0;
}

BatchStatus Replay::next_batch(Batch& batch) {
  batch.count = 0;
  batch.tick.reset();
  uint32_t refused = 0;
  while (batch.count == 0 && refused < kMostRefused) {
    if (stopping_ || (!current_ && !open_next())) return BatchStatus::finished;
    const bool more = fill(batch, false, refused);
    if (!more && !current_->held() && batch.count == 0) close_current();
  }
  return BatchStatus::frames;
}

FormatCounters Replay::format_counters() const {
  FormatCounters all = done_;
  if (current_) {
    const FormatCounters now = current_->counters();
    all.cut_by_snaplen += now.cut_by_snaplen;
    all.odd_times += now.odd_times;
    all.odd_lengths += now.odd_lengths;
    all.bad_records += now.bad_records;
  }
  return all;
}

CaptureCounters Replay::counters() const {
  CaptureCounters all = counters_;
  const FormatCounters format = format_counters();
  all.cut_by_snaplen = format.cut_by_snaplen;
  all.odd_times = format.odd_times;
  all.odd_lengths = format.odd_lengths;
  all.bad_records = format.bad_records;
  for (const Filter::Refusal& refusal : filter_.refusals()) all.refused += refusal.frames;
  all.skipped = skipped_;
  return all;
}

std::optional<double> Replay::progress() const {
  if (octets_in_all_ == 0) return std::nullopt;
  const uint64_t here = current_ && current_->size() > 0 ? current_->position() : 0;
  const double share =
      static_cast<double>(octets_done_ + here) / static_cast<double>(octets_in_all_);
  return std::min(share, 1.0);
}

}  // namespace exwire::capture
