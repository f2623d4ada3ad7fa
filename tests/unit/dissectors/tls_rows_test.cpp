// SPDX-License-Identifier: BSD-3-Clause
// The list of hostile TLS: what a sensor must make of each, one row each, and work that grows no
// faster than the octets.
#include <functional>
#include <iostream>

#include "sensor/inspect/tls_fingerprints.hpp"
#include "tests/support/tls_talk.hpp"

using namespace exwire;
using namespace exwire::test;

namespace {

struct Row {
  const char* what;
  std::function<bool()> holds;
};

const Octets kName = server_name("mail.exwire.example");

std::vector<Row> rows_about_records() {
  return {
      {"a hello in 2 to 50 records and 1-octet records",
       [] {
         const Octets hello = client_hello(kName);
         for (const size_t most : {hello.size() / 2 + 1, hello.size() / 50 + 1, size_t{1}}) {
           const std::string log = log_of(in_records(hello, most));
           if (!tells_name(log) || count(log, "anomaly") > 0) return false;
         }
         return true;
       }},
      {"a hello of 2,000 segments", [] { return tells_name(log_of(record(22, hello_of(2000)))); }},
      {"a hello of 16 KiB", [] { return tells_name(log_of(record(22, hello_of(16384)))); }},
      {"a hello of 64 KiB, as much as is read",
       [] {
         const std::string log = log_of(in_records(hello_of(65535), 16384));
         return tells_name(log) && count(log, "anomaly") == 0;
       }},
      {"a hello beyond 64 KiB",
       [] {
         const Octets long_one = message(1, Octets(65537, '\x03'));
         const std::string log = log_of(in_records(long_one, 16384) + record(23, Octets(40, 'd')));
         return count(log, "anomaly tls_hello_oversize") == 1 && count(log, "anomaly") == 1 &&
                count(log, "record 23 ") == 1;
       }},
      {"a message in more records than anybody needs",
       [] {
         const std::string log = log_of(in_records(hello_of(8000), 1) + record(23, "data"));
         return count(log, "anomaly tls_message_in_many_records") == 1 &&
                count(log, "anomaly") <= 2;
       }},
      {"a record whose length wraps 16 bits is no record, and what follows is found",
       [] {
         const Octets data = record(23, Octets(60, 'd'));
         const std::string log = log_of_talk(
             {record(22, client_hello(kName)),
              record(22, server_hello("")) + record(20, "\x01") + data,
              record(20, "\x01") + data + Octets("\x17\x03\x03\xff\xfb", 5) + data + data + data});
         return count(log, "anomaly tls_record_alignment_lost") == 1 &&
                count(log, "record 23 version 771 length 60") >= 4;
       }},
      {"two messages in one record, and a message longer than its record",
       [] {
         return tells_name(log_of(record(22, message(0, "") + client_hello(kName)))) &&
                is_odd(log_of(record(22, client_hello(kName).substr(0, 60)) + record(21, "\1\0")));
       }},
      {"ten thousand warnings, and an encrypted alert",
       [] {
         Octets warnings;
         for (int index = 0; index < 8000; ++index) warnings += "\x01\x5a";
         const std::string many = log_of(record(22, client_hello(kName)) + record(21, warnings));
         const std::string hidden = log_of_talk(
             {record(22, client_hello(kName)), record(22, server_hello("")) + record(20, "\x01"),
              record(20, "\x01") + record(21, Octets("\x02\x28", 2))});
         return count(many, "anomaly") <= 1 && tells_name(many) && tells_name(hidden) &&
                count(hidden, "alert 255") == 1;
       }},
      {"renegotiation behind encryption is nothing new",
       [] {
         const std::string log = log_of_talk(
             {record(22, client_hello(kName)), record(22, server_hello("")) + record(20, "\x01"),
              record(20, "\x01") + record(22, Octets(60, 'e')) +
                  record(22, client_hello(server_name("other.example")))});
         return tells_name(log) && count(log, "tls.sni") == 1 && count(log, "anomaly") == 0;
       }},
      {"data before the ServerHello",
       [] {
         return tells_name(log_of_talk({record(22, client_hello(kName)) + record(23, "early"),
                                        record(22, server_hello(""))}));
       }},
  };
}

std::vector<Row> rows_about_hellos() {
  return {
      {"an SSLv2-compatible hello, and SSL 2.0 itself",
       [] {
         const Octets head("\x80\x1c\x01\x03\x01\x00\x03\x00\x00\x00\x10\x00\x00\x04", 14);
         const std::string compatible = log_of(head + Octets(16, 'c'));
         const Octets old("\x80\x1c\x01\x00\x02\x00\x03\x00\x00\x00\x10\x01\x00\x80", 14);
         const std::string pure = log_of(old + Octets(16, 'c'));
         return count(compatible, "anomaly tls_sslv2_hello") == 1 &&
                count(pure, "anomaly tls_sslv2_hello") == 1 &&
                flags_of(pure) == kExwireTlsSslv2Hello;
       }},
      {"a retry, and a second hello about another name",
       [] {
         const std::string log =
             log_of_talk({record(22, client_hello(kName)), record(22, retry_request()),
                          record(22, client_hello(server_name("owa.exwire.example"))),
                          record(22, server_hello(extension(43, "\x03\x04")))});
         return count(log, "hellos 2 ") == 1 &&
                count(log, "anomaly tls_server_name_changed") == 1 &&
                (flags_of(log) & kExwireTlsRetried);
       }},
      {"an outer name is marked; what is inside of ECH is never read",
       [] {
         for (const Octets& inside :
              {Octets(200, 'e'), Octets("\0\0\1\0\1\xff\xff\xff", 8), Octets()}) {
           const std::string log =
               log_of(record(22, client_hello(kName + extension(0xfe0d, inside))));
           if (!tells_name(log) || flags_of(log) != kExwireTlsEncryptedHello) return false;
         }
         return true;
       }},
      {"a list of outer extensions that names itself",
       [] {
         const Octets loop = extension(0xfd00, vector(Octets("\xfd\x00\xfd\x00", 4), 1));
         return tells_name(log_of(record(22, client_hello(kName + loop))));
       }},
      {"resumption by PSK, a ticket and early data are flags",
       [] {
         const std::string log = log_of_talk(
             {record(22, client_hello(kName + extension(42, ""))),
              record(22, server_hello(extension(43, "\x03\x04") + extension(41, "\0\0") + "")) +
                  record(23, "x"),
              record(23, "x")});
         const std::string ticket =
             log_of_talk({record(22, client_hello(kName)),
                          record(22, server_hello("") + message(4, "ticket"))});
         return (flags_of(log) & kExwireTlsEarlyData) && (flags_of(log) & kExwireTlsResumed) &&
                (flags_of(ticket) & kExwireTlsTicket);
       }},
      {"ALPN empty, 255 names of 255 octets, and not of letters",
       [] {
         Octets many;
         for (int index = 0; index < 255; ++index) many += vector(Octets(255, '\xfe'), 1);
         for (const Octets& list : {Octets(), many.substr(0, 65000 / 256 * 256), vector("", 1),
                                    vector("\xff\x01", 1), vector("\"|\n", 1)}) {
           const std::string log = log_of(record(22, client_hello(kName)));
           inspect::TlsHandshake hello;
           hello.set(inspect::TlsField::client_version, as_bytes("\x03\x03"));
           hello.set(inspect::TlsField::client_protocols, as_bytes(list));
           const Octets extensions = kName + extension(16, vector(list, 2));
           if (inspect::ja4(hello).empty() != hello.cut) return false;
           if (!tells_name(log_of(in_records(client_hello(extensions), 16384)))) return false;
         }
         return inspect::ja4({}).empty();
       }},
      {"a name of 65,535 octets",
       [] {
         const Octets name =
             extension(0, vector(Octets(1, '\0') + vector(Octets(60000, 'n'), 2), 2));
         const std::string log = log_of_talk({in_records(client_hello(name), 16384)});
         return count(log, "tls.sni=nnn") == 1 && !is_odd(log);
       }},
      {"control octets, percent signs and separators of logs stay in the name",
       [] {
         for (const Octets& name :
              {Octets("a\nb"), Octets("a|b"), Octets("a\"b"), Octets("%00"), Octets("\x1b[31m")}) {
           const std::string log = log_of(record(22, client_hello(server_name(name))));
           if (count(log, "tls.sni=") != 1 || is_odd(log)) return false;
         }
         return true;
       }},
      {"GREASE changes no fingerprint",
       [] {
         const auto prints = [](const Octets& grease) {
           inspect::TlsHandshake hello;
           const auto set = [&](inspect::TlsField field, const Octets& octets) {
             hello.set(field, as_bytes(octets));
           };
           set(inspect::TlsField::client_version, "\x03\x03");
           set(inspect::TlsField::client_ciphers, grease + "\x13\x01");
           set(inspect::TlsField::client_extensions, grease + Octets("\0\0\0\x10", 4) + grease);
           set(inspect::TlsField::client_groups, grease + Octets("\0\x1d", 2));
           set(inspect::TlsField::client_versions, grease + "\x03\x04");
           set(inspect::TlsField::client_signature_algorithms, grease + "\x04\x03");
           return inspect::ja3_text(hello) + inspect::ja4(hello);
         };
         for (size_t nibble = 0; nibble < 16; ++nibble) {
           if (prints(number((nibble << 4 | 0xa) * 0x101, 2)) != prints("")) return false;
         }
         return true;
       }},
      {"a chain of 1,000 certificates, and one of 16 MiB claimed",
       [] {
         const std::string long_chain = log_of_talk(
             {record(22, client_hello(kName)),
              in_records(server_hello("") + certificates(std::vector<Octets>(1000, "c")), 16384)});
         const Octets giant = Octets("\x0b\xff\xff\xff", 4) + Octets(2000, 'c');
         const std::string lying = log_of_talk(
             {record(22, client_hello(kName)), record(22, server_hello("")) + record(22, giant)});
         return count(long_chain, "tls.server_certificates=") == 1 && tells_name(long_chain) &&
                tells_name(lying) && count(lying, "anomaly tls_hello_oversize") == 1;
       }},
  };
}

}  // namespace

TEST_CASE("each row of the list of hostile cases holds", "[tls]") {
  size_t held = 0, all = 0;
  for (const auto& rows : {rows_about_records(), rows_about_hellos()}) {
    for (const Row& row : rows) {
      INFO(row.what);
      const bool holds = row.holds();
      CHECK(holds);
      held += holds;
      ++all;
    }
  }
  std::cout << "figure: " << held << " of " << all << " rows of hostile TLS\n";
}

// Four times the octets: at most five times the calls and lines, whatever the segments.
TEST_CASE("adversarial handshakes cost linear work", "[tls][linear]") {
  struct Generator {
    const char* name;
    std::function<Octets(size_t)> make;  ///< of about so many octets
  };
  const std::vector<Generator> generators{
      {"a hello in records of one octet",
       [](size_t size) { return in_records(hello_of(size / 6), 1); }},
      {"empty messages", [](size_t size) { return in_records(Octets(size, '\0'), 16384); }},
      {"empty extensions",
       [](size_t size) {
         Octets many;
         for (size_t type = 0; type < size / 4; ++type) many += extension(type + 1000, "");
         return in_records(client_hello(many), 16384);
       }},
      {"names in a list",
       [](size_t size) {
         Octets names;
         while (names.size() < size) names += Octets("\x07\0\1x", 4);
         return in_records(client_hello(extension(0, vector(names, 2))), 16384);
       }},
      {"warnings", [](size_t size) { return in_records(Octets(size / 2, '\1'), 2); }},
      {"no record anywhere", [](size_t size) {
         return record(22, client_hello(kName)) + record(20, "\1") + record(23, "d") +
                Octets(size, '\x17');
       }}};
  for (const Generator& generator : generators) {
    for (const size_t cut : {size_t{1}, size_t{1460}}) {
      INFO(generator.name << ", segments of " << cut);
      const auto cost = [&](size_t size) {
        DissectorHarness harness(dissector_tls, {false, false, true});
        const Octets octets = generator.make(size);
        const Bytes all = as_bytes(octets);
        for (uint32_t at = 0; at < all.size; at += static_cast<uint32_t>(cut)) {
          harness.feed(Direction::to_server, all.from(at).first(static_cast<uint32_t>(cut)));
        }
        CHECK_FALSE(harness.violated());
        return std::pair<uint64_t, uint64_t>(harness.calls, harness.lines);
      };
      const auto one = cost(10000), four = cost(40000);
      CHECK(four.first <= 5 * one.first + 16);
      CHECK(four.second <= 5 * one.second + 16);
    }
  }
}
