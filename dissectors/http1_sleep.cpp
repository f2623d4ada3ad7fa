// SPDX-License-Identifier: BSD-3-Clause
// How a connection between messages is remembered in sixteen octets.
#include "dissectors/http1_dissector.hpp"
#include "dissectors/http1_parked.hpp"

namespace exwire::http1 {

void Http1::sleep(uint8_t parked[16]) const {
  ParkedWriter out;
  // A host that puts a flow to sleep without having been told that it rests loses the pairing.
  const bool fits = pairing_.parkable();
  out.put(pairing_.newest_request() + 1, 32);
  out.put(fits ? pairing_.open() : 0, 3);
  out.put(fits ? pairing_.parked_kinds() : 0, 2 * Pairing::kMostParked);
  out.put(pairing_.lost() || !fits, 1);
  out.put(begun_, 1);
  out.put(over_, 1);
  for (const Side& side : sides_) {
    const Phase phase = side.rests() ? side.phase : Phase::start_line;
    out.put(static_cast<uint64_t>(phase), 3);
    out.put(side.lost || !side.rests(), 1);
    out.put(side.finished, 1);
    out.put(std::min<uint64_t>(side.body, 0xffffffffU), 32);
  }
  out.write(parked);
}

void Http1::wake(const uint8_t parked[16]) {
  ParkedReader in(parked);
  const uint32_t requests = in.take(32), open = in.take(3),
                 kinds = in.take(2 * Pairing::kMostParked);
  pairing_.restore(requests, open, kinds, in.take(1) != 0);
  begun_ = in.take(1) != 0;
  over_ = in.take(1) != 0;
  for (size_t which = 0; which < sides_.size(); ++which) {
    Side& side = sides_[which];
    side.phase = static_cast<Phase>(
        std::min<uint32_t>(in.take(3), static_cast<uint32_t>(Phase::until_close)));
    side.left = side.phase == Phase::body ? 1 : 0;  // the rest of it is being skipped
    side.lost = in.take(1) != 0;
    side.finished = in.take(1) != 0;
    side.body = in.take(32);
    side.transaction = which == 0 ? pairing_.newest_request() : pairing_.newest_response();
  }
}

}  // namespace exwire::http1
