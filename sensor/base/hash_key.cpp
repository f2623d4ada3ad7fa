// SPDX-License-Identifier: BSD-3-Clause
#include "sensor/base/hash_key.hpp"

#include <sys/random.h>

#include "sensor/base/result.hpp"

namespace exwire {

HashKey random_hash_key() {
  HashKey key;
  if (getrandom(&key, sizeof key, 0) != sizeof key) {
    throw SetupError("the kernel gives no random numbers");
  }
  return key;
}

}  // namespace exwire
