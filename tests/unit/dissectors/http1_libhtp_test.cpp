// SPDX-License-Identifier: BSD-3-Clause
// The HTTP/1 dissector against libhtp (Suricata's parser) with its IIS 7.5 personality: the same
// octets must give the same transactions: method, target as sent, status, octets of both bodies.
// Text cases where both rightly differ are listed with the reason; generated streams never differ.
#include <htp/htp.h>

#include <catch2/catch.hpp>
#include <map>
#include <random>
#include <sstream>

#include "tests/support/dissect_cases.hpp"

using namespace exwire;
using namespace exwire::test;

extern "C" const ExwireDissectorApi dissector_http1;

namespace {

struct Transaction {
  std::string method, target;
  int64_t request_body = 0, response_body = 0;
  int status = 0;
  bool request_complete = false, response_complete = false;
};

std::string shown(const std::vector<Transaction>& transactions) {
  std::ostringstream out;
  for (const Transaction& one : transactions) {
    out << one.method << " " << one.target.substr(0, 300) << " " << one.status << " ";
    one.request_complete ? out << one.request_body << " " : out << "open ";
    one.response_complete ? out << one.response_body << "\n" : out << "open\n";
  }
  return out.str();
}

std::vector<Transaction> by_us(const DissectCase& one) {
  std::vector<Transaction> transactions;
  std::istringstream log(run_case(dissector_http1, one, false));
  Transaction request, response;
  for (std::string line; std::getline(log, line);) {
    if (line.rfind("http.method=", 0) == 0) request.method = line.substr(12);
    if (line.rfind("http.uri.raw=", 0) == 0) request.target = line.substr(13);
    if (line.rfind("http.stat_code=", 0) == 0) response.status = std::stoi(line.substr(15));
    if (line.rfind("moment ", 0) != 0) continue;
    std::istringstream words(line.substr(7));
    std::string moment, word;
    size_t number = 0;
    int64_t body = 0;
    words >> moment >> number >> word >> body;
    if (transactions.size() <= number) transactions.resize(number + 1);
    Transaction& known = transactions[number];
    if (moment == "request_head") {
      known.method = request.method;
      known.target = request.target;
    } else if (moment == "request_end") {
      known.request_complete = true;
      known.request_body = body;
    } else if (moment == "response_head") {
      known.status = response.status;
    } else {
      known.response_complete = true;
      known.response_body = body;
    }
  }
  return transactions;
}

class Libhtp {
 public:
  Libhtp() : config_(htp_config_create()) {
    htp_config_set_server_personality(config_, HTP_SERVER_IIS_7_5);
    htp_config_set_response_decompression(config_, 0);
    htp_config_set_field_limits(config_, 65536, 65536);
    parser_ = htp_connp_create(config_);
    htp_connp_open(parser_, "192.0.2.1", 50000, "192.0.2.2", 80, nullptr);
  }
  ~Libhtp() {
    htp_connp_destroy_all(parser_);
    htp_config_destroy(config_);
  }
  Libhtp(const Libhtp&) = delete;
  Libhtp& operator=(const Libhtp&) = delete;

  void feed(Direction direction, const std::string& octets) {
    waiting_[static_cast<size_t>(direction)] += octets;
    // Either side may have to wait for the other.
    for (int round = 0; round < 4; ++round) {
      offer(direction);
      offer(opposite(direction));
    }
  }
  void close() { htp_connp_close(parser_, nullptr); }
  std::vector<Transaction> transactions() const {
    std::vector<Transaction> result;
    const htp_list_t* list = htp_connp_get_connection(parser_)->transactions;
    for (size_t index = 0; index < htp_list_size(list); ++index) {
      const auto* tx = static_cast<const htp_tx_t*>(htp_list_get(list, index));
      if (tx == nullptr || tx->request_progress == HTP_REQUEST_NOT_STARTED) continue;
      Transaction one;
      one.method = text(tx->request_method);
      one.target = text(tx->request_uri);
      one.status = tx->response_progress > HTP_RESPONSE_LINE ? tx->response_status_number : 0;
      one.request_complete = tx->request_progress == HTP_REQUEST_COMPLETE;
      one.response_complete = tx->response_progress == HTP_RESPONSE_COMPLETE;
      one.request_body = tx->request_entity_len;
      one.response_body = tx->response_entity_len;
      result.push_back(one);
    }
    return result;
  }

 private:
  static std::string text(const bstr* octets) {
    if (octets == nullptr) return {};
    return escaped({reinterpret_cast<const char*>(bstr_ptr(octets)), bstr_len(octets)});
  }
  void offer(Direction direction) {
    std::string& octets = waiting_[static_cast<size_t>(direction)];
    if (octets.empty()) return;
    if (direction == Direction::to_server) {
      const int state = htp_connp_req_data(parser_, nullptr, octets.data(), octets.size());
      octets.erase(
          0, state == HTP_STREAM_DATA_OTHER ? htp_connp_req_data_consumed(parser_) : octets.size());
    } else {
      const int state = htp_connp_res_data(parser_, nullptr, octets.data(), octets.size());
      octets.erase(
          0, state == HTP_STREAM_DATA_OTHER ? htp_connp_res_data_consumed(parser_) : octets.size());
    }
  }

  htp_cfg_t* config_;
  htp_connp_t* parser_;
  std::string waiting_[2];
};

std::vector<Transaction> by_libhtp(const DissectCase& one) {
  Libhtp libhtp;
  for (const Piece& piece : one.pieces) libhtp.feed(piece.direction, piece.octets);
  return libhtp.transactions();
}

// Case -> why both may differ.
const std::map<std::string, std::string>& accepted() {
  static const std::map<std::string, std::string> reasons{
#include "tests/unit/dissectors/http1_libhtp_accepted.inc"
  };
  return reasons;
}

std::string random_word(std::mt19937& random, size_t most) {
  static constexpr char kLetters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGH0123456789-_.";
  std::string word(1, 'a');
  for (size_t size = random() % most; word.size() < size;)
    word += kLetters[random() % (sizeof kLetters - 1)];
  return word;
}

std::string random_body(std::mt19937& random, size_t most) {
  std::string body(random() % most, 'x');
  for (char& octet : body) octet = static_cast<char>(random());
  return body;
}

std::string with_body(std::mt19937& random, const std::string& head, const std::string& body) {
  if (random() % 2 == 0) {
    return head + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  }
  std::string text = head + "Transfer-Encoding: chunked\r\n\r\n";
  for (size_t at = 0; at < body.size();) {
    const std::string chunk = body.substr(at, 1 + random() % 40);
    std::ostringstream size;
    size << std::hex << chunk.size();
    text += size.str() + (random() % 8 == 0 ? ";a=b" : "") + "\r\n" + chunk + "\r\n";
    at += chunk.size();
  }
  return text + "0\r\n" + (random() % 8 == 0 ? "T: 1\r\n" : "") + "\r\n";
}

void add_exchange(std::mt19937& random, std::string& requests, std::string& responses) {
  // Only methods that libhtp knows: others, pipelined, it takes for the rest of a body.
  static constexpr const char* kChosen[] = {"GET", "POST", "HEAD", "OPTIONS", "PROPFIND", "PUT"};
  const std::string method = kChosen[random() % 6];
  std::string head = method + " /" + random_word(random, 30) + " HTTP/1.1\r\nHost: m\r\n";
  for (size_t count = random() % 4; count > 0; --count) {
    head += "X-" + random_word(random, 8) + ":" + (random() % 2 == 0 ? " " : "") +
            random_word(random, 20) + "\r\n";
  }
  const bool bodyless = method == "GET" || method == "HEAD" || random() % 3 == 0;
  requests += bodyless ? head + "\r\n" : with_body(random, head, random_body(random, 200));
  if (random() % 8 == 0 && !bodyless) responses += "HTTP/1.1 100 Continue\r\n\r\n";
  if (method == "HEAD") {
    responses += "HTTP/1.1 200 OK\r\nContent-Length: 77\r\n\r\n";
  } else if (random() % 6 == 0) {
    responses +=
        random() % 2 == 0 ? "HTTP/1.1 204 No Content\r\n\r\n" : "HTTP/1.1 304 Not Modified\r\n\r\n";
  } else {
    responses += with_body(
        random,
        "HTTP/1.1 " + std::to_string(random() % 2 == 0 ? 200 : 401 + random() % 100) + " R\r\n",
        random_body(random, 200));
  }
}

}  // namespace

TEST_CASE("text cases agree with libhtp", "[http1][libhtp]") {
  size_t compared = 0, differing = 0;
  for (const DissectCase& one :
       read_dissect_cases(tests_folder() + "/dissect/http1_dissector.txt")) {
    bool plain = !one.midstream;
    for (const Piece& piece : one.pieces) plain = plain && piece.what == Piece::What::octets;
    if (!plain) continue;  // libhtp knows gaps only inside bodies
    ++compared;
    INFO(one.name << " (line " << one.line << ")");
    const std::string ours = shown(by_us(one)), theirs = shown(by_libhtp(one));
    if (accepted().count(one.name) != 0) {
      ++differing;
      CHECK(ours != theirs);  // a reason that is none any more is to be taken off the list
    } else {
      CHECK(ours == theirs);
    }
  }
  CHECK(compared >= 60);
  CHECK(differing == accepted().size());
}

TEST_CASE("generated exchanges agree with libhtp", "[http1][libhtp]") {
  std::mt19937 random(20);
  for (int round = 0; round < 3000; ++round) {
    DissectCase one;
    std::string requests, responses;
    for (size_t count = 1 + random() % 5; count > 0; --count) {
      add_exchange(random, requests, responses);
    }
    Piece there, back;
    there.octets = requests;
    back.octets = responses;
    back.direction = Direction::to_client;
    one.pieces = {there, back};
    INFO(escaped(requests) << "\n" << escaped(responses));
    REQUIRE(shown(by_us(one)) == shown(by_libhtp(one)));
  }
}
