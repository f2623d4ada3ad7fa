// SPDX-License-Identifier: BSD-3-Clause
#include "sensor/detect/cipher_suites.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace exwire::detect {
namespace {

constexpr std::array kWeakSuites{
    WeakSuite{0x0000, "TLS_NULL_WITH_NULL_NULL", "NULL"},
    WeakSuite{0x0001, "TLS_RSA_WITH_NULL_MD5", "NULL"},
    WeakSuite{0x0002, "TLS_RSA_WITH_NULL_SHA", "NULL"},
    WeakSuite{0x0003, "TLS_RSA_EXPORT_WITH_RC4_40_MD5", "EXPORT"},
    WeakSuite{0x0004, "TLS_RSA_WITH_RC4_128_MD5", "RC4"},
    WeakSuite{0x0005, "TLS_RSA_WITH_RC4_128_SHA", "RC4"},
    WeakSuite{0x0006, "TLS_RSA_EXPORT_WITH_RC2_CBC_40_MD5", "EXPORT"},
    WeakSuite{0x0008, "TLS_RSA_EXPORT_WITH_DES40_CBC_SHA", "EXPORT"},
    WeakSuite{0x0009, "TLS_RSA_WITH_DES_CBC_SHA", "DES"},
    WeakSuite{0x000a, "TLS_RSA_WITH_3DES_EDE_CBC_SHA", "3DES"},
    WeakSuite{0x000b, "TLS_DH_DSS_EXPORT_WITH_DES40_CBC_SHA", "EXPORT"},
    WeakSuite{0x000c, "TLS_DH_DSS_WITH_DES_CBC_SHA", "DES"},
    WeakSuite{0x000d, "TLS_DH_DSS_WITH_3DES_EDE_CBC_SHA", "3DES"},
    WeakSuite{0x000e, "TLS_DH_RSA_EXPORT_WITH_DES40_CBC_SHA", "EXPORT"},
    WeakSuite{0x000f, "TLS_DH_RSA_WITH_DES_CBC_SHA", "DES"},
    WeakSuite{0x0010, "TLS_DH_RSA_WITH_3DES_EDE_CBC_SHA", "3DES"},
    WeakSuite{0x0011, "TLS_DHE_DSS_EXPORT_WITH_DES40_CBC_SHA", "EXPORT"},
    WeakSuite{0x0012, "TLS_DHE_DSS_WITH_DES_CBC_SHA", "DES"},
    WeakSuite{0x0013, "TLS_DHE_DSS_WITH_3DES_EDE_CBC_SHA", "3DES"},
    WeakSuite{0x0014, "TLS_DHE_RSA_EXPORT_WITH_DES40_CBC_SHA", "EXPORT"},
    WeakSuite{0x0015, "TLS_DHE_RSA_WITH_DES_CBC_SHA", "DES"},
    WeakSuite{0x0016, "TLS_DHE_RSA_WITH_3DES_EDE_CBC_SHA", "3DES"},
    WeakSuite{0x0017, "TLS_DH_anon_EXPORT_WITH_RC4_40_MD5", "anonymous"},
    WeakSuite{0x0018, "TLS_DH_anon_WITH_RC4_128_MD5", "anonymous"},
    WeakSuite{0x0019, "TLS_DH_anon_EXPORT_WITH_DES40_CBC_SHA", "anonymous"},
    WeakSuite{0x001a, "TLS_DH_anon_WITH_DES_CBC_SHA", "anonymous"},
    WeakSuite{0x001b, "TLS_DH_anon_WITH_3DES_EDE_CBC_SHA", "anonymous"},
    WeakSuite{0x001e, "TLS_KRB5_WITH_DES_CBC_SHA", "DES"},
    WeakSuite{0x001f, "TLS_KRB5_WITH_3DES_EDE_CBC_SHA", "3DES"},
    WeakSuite{0x0020, "TLS_KRB5_WITH_RC4_128_SHA", "RC4"},
    WeakSuite{0x0022, "TLS_KRB5_WITH_DES_CBC_MD5", "DES"},
    WeakSuite{0x0023, "TLS_KRB5_WITH_3DES_EDE_CBC_MD5", "3DES"},
    WeakSuite{0x0024, "TLS_KRB5_WITH_RC4_128_MD5", "RC4"},
    WeakSuite{0x0026, "TLS_KRB5_EXPORT_WITH_DES_CBC_40_SHA", "EXPORT"},
    WeakSuite{0x0027, "TLS_KRB5_EXPORT_WITH_RC2_CBC_40_SHA", "EXPORT"},
    WeakSuite{0x0028, "TLS_KRB5_EXPORT_WITH_RC4_40_SHA", "EXPORT"},
    WeakSuite{0x0029, "TLS_KRB5_EXPORT_WITH_DES_CBC_40_MD5", "EXPORT"},
    WeakSuite{0x002a, "TLS_KRB5_EXPORT_WITH_RC2_CBC_40_MD5", "EXPORT"},
    WeakSuite{0x002b, "TLS_KRB5_EXPORT_WITH_RC4_40_MD5", "EXPORT"},
    WeakSuite{0x002c, "TLS_PSK_WITH_NULL_SHA", "NULL"},
    WeakSuite{0x002d, "TLS_DHE_PSK_WITH_NULL_SHA", "NULL"},
    WeakSuite{0x002e, "TLS_RSA_PSK_WITH_NULL_SHA", "NULL"},
    WeakSuite{0x0034, "TLS_DH_anon_WITH_AES_128_CBC_SHA", "anonymous"},
    WeakSuite{0x003a, "TLS_DH_anon_WITH_AES_256_CBC_SHA", "anonymous"},
    WeakSuite{0x003b, "TLS_RSA_WITH_NULL_SHA256", "NULL"},
    WeakSuite{0x0046, "TLS_DH_anon_WITH_CAMELLIA_128_CBC_SHA", "anonymous"},
    WeakSuite{0x0060, "TLS_RSA_EXPORT1024_WITH_RC4_56_MD5", "EXPORT"},
    WeakSuite{0x0061, "TLS_RSA_EXPORT1024_WITH_RC2_CBC_56_MD5", "EXPORT"},
    WeakSuite{0x0062, "TLS_RSA_EXPORT1024_WITH_DES_CBC_SHA", "EXPORT"},
    WeakSuite{0x0063, "TLS_DHE_DSS_EXPORT1024_WITH_DES_CBC_SHA", "EXPORT"},
    WeakSuite{0x0064, "TLS_RSA_EXPORT1024_WITH_RC4_56_SHA", "EXPORT"},
    WeakSuite{0x0065, "TLS_DHE_DSS_EXPORT1024_WITH_RC4_56_SHA", "EXPORT"},
    WeakSuite{0x0066, "TLS_DHE_DSS_WITH_RC4_128_SHA", "RC4"},
    WeakSuite{0x006c, "TLS_DH_anon_WITH_AES_128_CBC_SHA256", "anonymous"},
    WeakSuite{0x006d, "TLS_DH_anon_WITH_AES_256_CBC_SHA256", "anonymous"},
    WeakSuite{0x0089, "TLS_DH_anon_WITH_CAMELLIA_256_CBC_SHA", "anonymous"},
    WeakSuite{0x008a, "TLS_PSK_WITH_RC4_128_SHA", "RC4"},
    WeakSuite{0x008b, "TLS_PSK_WITH_3DES_EDE_CBC_SHA", "3DES"},
    WeakSuite{0x008e, "TLS_DHE_PSK_WITH_RC4_128_SHA", "RC4"},
    WeakSuite{0x008f, "TLS_DHE_PSK_WITH_3DES_EDE_CBC_SHA", "3DES"},
    WeakSuite{0x0092, "TLS_RSA_PSK_WITH_RC4_128_SHA", "RC4"},
    WeakSuite{0x0093, "TLS_RSA_PSK_WITH_3DES_EDE_CBC_SHA", "3DES"},
    WeakSuite{0x009b, "TLS_DH_anon_WITH_SEED_CBC_SHA", "anonymous"},
    WeakSuite{0x00a6, "TLS_DH_anon_WITH_AES_128_GCM_SHA256", "anonymous"},
    WeakSuite{0x00a7, "TLS_DH_anon_WITH_AES_256_GCM_SHA384", "anonymous"},
    WeakSuite{0x00b0, "TLS_PSK_WITH_NULL_SHA256", "NULL"},
    WeakSuite{0x00b1, "TLS_PSK_WITH_NULL_SHA384", "NULL"},
    WeakSuite{0x00b4, "TLS_DHE_PSK_WITH_NULL_SHA256", "NULL"},
    WeakSuite{0x00b5, "TLS_DHE_PSK_WITH_NULL_SHA384", "NULL"},
    WeakSuite{0x00b8, "TLS_RSA_PSK_WITH_NULL_SHA256", "NULL"},
    WeakSuite{0x00b9, "TLS_RSA_PSK_WITH_NULL_SHA384", "NULL"},
    WeakSuite{0x00bf, "TLS_DH_anon_WITH_CAMELLIA_128_CBC_SHA256", "anonymous"},
    WeakSuite{0x00c5, "TLS_DH_anon_WITH_CAMELLIA_256_CBC_SHA256", "anonymous"},
    WeakSuite{0xc001, "TLS_ECDH_ECDSA_WITH_NULL_SHA", "NULL"},
    WeakSuite{0xc002, "TLS_ECDH_ECDSA_WITH_RC4_128_SHA", "RC4"},
    WeakSuite{0xc003, "TLS_ECDH_ECDSA_WITH_3DES_EDE_CBC_SHA", "3DES"},
    WeakSuite{0xc006, "TLS_ECDHE_ECDSA_WITH_NULL_SHA", "NULL"},
    WeakSuite{0xc007, "TLS_ECDHE_ECDSA_WITH_RC4_128_SHA", "RC4"},
    WeakSuite{0xc008, "TLS_ECDHE_ECDSA_WITH_3DES_EDE_CBC_SHA", "3DES"},
    WeakSuite{0xc00b, "TLS_ECDH_RSA_WITH_NULL_SHA", "NULL"},
    WeakSuite{0xc00c, "TLS_ECDH_RSA_WITH_RC4_128_SHA", "RC4"},
    WeakSuite{0xc00d, "TLS_ECDH_RSA_WITH_3DES_EDE_CBC_SHA", "3DES"},
    WeakSuite{0xc010, "TLS_ECDHE_RSA_WITH_NULL_SHA", "NULL"},
    WeakSuite{0xc011, "TLS_ECDHE_RSA_WITH_RC4_128_SHA", "RC4"},
    WeakSuite{0xc012, "TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA", "3DES"},
    WeakSuite{0xc015, "TLS_ECDH_anon_WITH_NULL_SHA", "NULL"},
    WeakSuite{0xc016, "TLS_ECDH_anon_WITH_RC4_128_SHA", "anonymous"},
    WeakSuite{0xc017, "TLS_ECDH_anon_WITH_3DES_EDE_CBC_SHA", "anonymous"},
    WeakSuite{0xc018, "TLS_ECDH_anon_WITH_AES_128_CBC_SHA", "anonymous"},
    WeakSuite{0xc019, "TLS_ECDH_anon_WITH_AES_256_CBC_SHA", "anonymous"},
    WeakSuite{0xc01a, "TLS_SRP_SHA_WITH_3DES_EDE_CBC_SHA", "3DES"},
    WeakSuite{0xc01b, "TLS_SRP_SHA_RSA_WITH_3DES_EDE_CBC_SHA", "3DES"},
    WeakSuite{0xc01c, "TLS_SRP_SHA_DSS_WITH_3DES_EDE_CBC_SHA", "3DES"},
    WeakSuite{0xc033, "TLS_ECDHE_PSK_WITH_RC4_128_SHA", "RC4"},
    WeakSuite{0xc034, "TLS_ECDHE_PSK_WITH_3DES_EDE_CBC_SHA", "3DES"},
    WeakSuite{0xc039, "TLS_ECDHE_PSK_WITH_NULL_SHA", "NULL"},
    WeakSuite{0xc03a, "TLS_ECDHE_PSK_WITH_NULL_SHA256", "NULL"},
    WeakSuite{0xc03b, "TLS_ECDHE_PSK_WITH_NULL_SHA384", "NULL"},
    WeakSuite{0xc046, "TLS_DH_anon_WITH_ARIA_128_CBC_SHA256", "anonymous"},
    WeakSuite{0xc047, "TLS_DH_anon_WITH_ARIA_256_CBC_SHA384", "anonymous"},
    WeakSuite{0xc05a, "TLS_DH_anon_WITH_ARIA_128_GCM_SHA256", "anonymous"},
    WeakSuite{0xc05b, "TLS_DH_anon_WITH_ARIA_256_GCM_SHA384", "anonymous"},
    WeakSuite{0xc084, "TLS_DH_anon_WITH_CAMELLIA_128_GCM_SHA256", "anonymous"},
    WeakSuite{0xc085, "TLS_DH_anon_WITH_CAMELLIA_256_GCM_SHA384", "anonymous"},
    WeakSuite{0xfefe, "TLS_RSA_FIPS_WITH_DES_CBC_SHA", "DES"},
    WeakSuite{0xfeff, "TLS_RSA_FIPS_WITH_3DES_EDE_CBC_SHA", "3DES"},
};
static_assert(std::is_sorted(kWeakSuites.begin(), kWeakSuites.end(),
                             [](const WeakSuite& a, const WeakSuite& b) {
                               return a.code < b.code;
                             }));

struct Suite {
  uint16_t code;
  const char* name;
};

constexpr std::array kOtherSuites{
    Suite{0x0007, "TLS_RSA_WITH_IDEA_CBC_SHA"},
    Suite{0x002f, "TLS_RSA_WITH_AES_128_CBC_SHA"},
    Suite{0x0032, "TLS_DHE_DSS_WITH_AES_128_CBC_SHA"},
    Suite{0x0033, "TLS_DHE_RSA_WITH_AES_128_CBC_SHA"},
    Suite{0x0035, "TLS_RSA_WITH_AES_256_CBC_SHA"},
    Suite{0x0038, "TLS_DHE_DSS_WITH_AES_256_CBC_SHA"},
    Suite{0x0039, "TLS_DHE_RSA_WITH_AES_256_CBC_SHA"},
    Suite{0x003c, "TLS_RSA_WITH_AES_128_CBC_SHA256"},
    Suite{0x003d, "TLS_RSA_WITH_AES_256_CBC_SHA256"},
    Suite{0x0040, "TLS_DHE_DSS_WITH_AES_128_CBC_SHA256"},
    Suite{0x0041, "TLS_RSA_WITH_CAMELLIA_128_CBC_SHA"},
    Suite{0x0044, "TLS_DHE_DSS_WITH_CAMELLIA_128_CBC_SHA"},
    Suite{0x0045, "TLS_DHE_RSA_WITH_CAMELLIA_128_CBC_SHA"},
    Suite{0x0067, "TLS_DHE_RSA_WITH_AES_128_CBC_SHA256"},
    Suite{0x006a, "TLS_DHE_DSS_WITH_AES_256_CBC_SHA256"},
    Suite{0x006b, "TLS_DHE_RSA_WITH_AES_256_CBC_SHA256"},
    Suite{0x0084, "TLS_RSA_WITH_CAMELLIA_256_CBC_SHA"},
    Suite{0x0087, "TLS_DHE_DSS_WITH_CAMELLIA_256_CBC_SHA"},
    Suite{0x0088, "TLS_DHE_RSA_WITH_CAMELLIA_256_CBC_SHA"},
    Suite{0x0096, "TLS_RSA_WITH_SEED_CBC_SHA"},
    Suite{0x009a, "TLS_DHE_RSA_WITH_SEED_CBC_SHA"},
    Suite{0x009c, "TLS_RSA_WITH_AES_128_GCM_SHA256"},
    Suite{0x009d, "TLS_RSA_WITH_AES_256_GCM_SHA384"},
    Suite{0x009e, "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256"},
    Suite{0x009f, "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384"},
    Suite{0x00a2, "TLS_DHE_DSS_WITH_AES_128_GCM_SHA256"},
    Suite{0x00a3, "TLS_DHE_DSS_WITH_AES_256_GCM_SHA384"},
    Suite{0x00ba, "TLS_RSA_WITH_CAMELLIA_128_CBC_SHA256"},
    Suite{0x00bd, "TLS_DHE_DSS_WITH_CAMELLIA_128_CBC_SHA256"},
    Suite{0x00be, "TLS_DHE_RSA_WITH_CAMELLIA_128_CBC_SHA256"},
    Suite{0x00c0, "TLS_RSA_WITH_CAMELLIA_256_CBC_SHA256"},
    Suite{0x00c3, "TLS_DHE_DSS_WITH_CAMELLIA_256_CBC_SHA256"},
    Suite{0x00c4, "TLS_DHE_RSA_WITH_CAMELLIA_256_CBC_SHA256"},
    Suite{0x1301, "TLS_AES_128_GCM_SHA256"},
    Suite{0x1302, "TLS_AES_256_GCM_SHA384"},
    Suite{0x1303, "TLS_CHACHA20_POLY1305_SHA256"},
    Suite{0x1304, "TLS_AES_128_CCM_SHA256"},
    Suite{0x1305, "TLS_AES_128_CCM_8_SHA256"},
    Suite{0xc009, "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA"},
    Suite{0xc00a, "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA"},
    Suite{0xc013, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA"},
    Suite{0xc014, "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA"},
    Suite{0xc023, "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256"},
    Suite{0xc024, "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384"},
    Suite{0xc027, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256"},
    Suite{0xc028, "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384"},
    Suite{0xc02b, "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"},
    Suite{0xc02c, "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"},
    Suite{0xc02f, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"},
    Suite{0xc030, "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"},
    Suite{0xc072, "TLS_ECDHE_ECDSA_WITH_CAMELLIA_128_CBC_SHA256"},
    Suite{0xc073, "TLS_ECDHE_ECDSA_WITH_CAMELLIA_256_CBC_SHA384"},
    Suite{0xc076, "TLS_ECDHE_RSA_WITH_CAMELLIA_128_CBC_SHA256"},
    Suite{0xc077, "TLS_ECDHE_RSA_WITH_CAMELLIA_256_CBC_SHA384"},
    Suite{0xcca8, "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256"},
    Suite{0xcca9, "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"},
    Suite{0xccaa, "TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256"},
};
static_assert(std::is_sorted(kOtherSuites.begin(), kOtherSuites.end(),
                             [](const Suite& a, const Suite& b) { return a.code < b.code; }));

const Suite* other_suite(uint16_t code) noexcept {
  const auto at =
      std::lower_bound(kOtherSuites.begin(), kOtherSuites.end(), code,
                       [](const Suite& suite, uint16_t wanted) { return suite.code < wanted; });
  return at != kOtherSuites.end() && at->code == code ? &*at : nullptr;
}

}  // namespace

const char* suite_name(uint16_t code) noexcept {
  if (const WeakSuite* weak = weak_suite(code)) return weak->name;
  const Suite* other = other_suite(code);
  return other == nullptr ? nullptr : other->name;
}

bool offers_aes(Bytes suites) noexcept {
  for (uint32_t at = 0; at + 2 <= suites.size; at += 2) {
    const Suite* suite = other_suite(load_be16(suites.data + at));
    if (suite != nullptr && std::string_view(suite->name).find("_AES_") != std::string_view::npos) {
      return true;
    }
  }
  return false;
}

const WeakSuite* weak_suite(uint16_t code) noexcept {
  const auto at =
      std::lower_bound(kWeakSuites.begin(), kWeakSuites.end(), code,
                       [](const WeakSuite& suite, uint16_t wanted) { return suite.code < wanted; });
  return at != kWeakSuites.end() && at->code == code ? &*at : nullptr;
}

}  // namespace exwire::detect
