// SPDX-License-Identifier: BSD-3-Clause
#include "sensor/detect/exchange_endpoints.hpp"

#include <algorithm>
#include <array>

namespace exwire::detect {
namespace {

using inspect::HttpField;
using inspect::HttpTransaction;

constexpr const char* kEvery = "2003 SP2 to SE";
constexpr const char* kSince2007 = "2007 to SE";
constexpr const char* kSince2010 = "2010 to SE";
constexpr const char* kSince2013 = "2013 SP1 to SE";
constexpr const char* kSince2016 = "2016 CU3 to SE";
constexpr const char* kDav = "2003 SP2, 2007, 2010";

// Longer paths before their prefixes.
constexpr std::array kEndpoints{
    Endpoint{"/microsoft-server-activesync", "ActiveSync", kEvery, Proof::path},
    Endpoint{"/ews", "EWS", kSince2007, Proof::path},
    Endpoint{"/owa", "OWA", kSince2007, Proof::path},
    Endpoint{"/ecp", "ECP", kSince2010, Proof::path},
    Endpoint{"/autodiscover/autodiscover.xml", "Autodiscover", kSince2007, Proof::path},
    Endpoint{"/autodiscover/autodiscover.svc", "Autodiscover", kSince2010, Proof::path},
    Endpoint{"/autodiscover/autodiscover.json", "Autodiscover", kSince2013, Proof::path},
    Endpoint{"/autodiscover", "Autodiscover", kSince2007, Proof::with_sign},
    Endpoint{"/mapi/emsmdb", "MAPI over HTTP", kSince2013, Proof::path},
    Endpoint{"/mapi/nspi", "MAPI over HTTP", kSince2013, Proof::path},
    Endpoint{"/mapi", "MAPI over HTTP", kSince2013, Proof::with_sign},
    Endpoint{"/rpc/rpcproxy.dll", "Outlook Anywhere", kEvery, Proof::path},
    Endpoint{"/rpcwithcert/rpcproxy.dll", "Outlook Anywhere", kEvery, Proof::path},
    Endpoint{"/rpcwithcert", "Outlook Anywhere", kEvery, Proof::path},
    Endpoint{"/rpc", "Outlook Anywhere", kEvery, Proof::with_sign},
    Endpoint{"/oab", "Offline address book", kSince2007, Proof::path},
    Endpoint{"/powershell", "Remote PowerShell", kSince2010, Proof::path},
    Endpoint{"/pushnotifications", "Push notifications", kSince2013, Proof::with_sign},
    Endpoint{"/api", "REST", kSince2016, Proof::with_sign},
    Endpoint{"/exchweb", "WebDAV", kDav, Proof::path},
    Endpoint{"/exadmin", "WebDAV", kDav, Proof::path},
    Endpoint{"/exchange-oma", "ActiveSync back-end hop", "2003 SP2", Proof::path},
    Endpoint{"/exchange", "WebDAV", kDav, Proof::with_sign},
    Endpoint{"/public", "WebDAV", kDav, Proof::with_sign},
    Endpoint{"/oma", "Outlook Mobile Access", "2003 SP2", Proof::with_sign},
};
constexpr const Endpoint& kActiveSync = kEndpoints[0];
constexpr Endpoint kRenamedMapi{"", "MAPI over HTTP", kSince2013, Proof::path};
constexpr Endpoint kRenamedRpc{"", "Outlook Anywhere", kEvery, Proof::path};

char lower(char letter) noexcept {
  return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter + 32) : letter;
}

bool equal_ignoring_case(std::string_view text, std::string_view lower_case) noexcept {
  return text.size() == lower_case.size() &&
         std::equal(text.begin(), text.end(), lower_case.begin(),
                    [](char a, char b) { return lower(a) == b; });
}

bool starts_with_ignoring_case(std::string_view text, std::string_view lower_case) noexcept {
  return equal_ignoring_case(text.substr(0, lower_case.size()), lower_case);
}

// `prefix` as whole path segments at the start of `path`.
bool is_below(std::string_view path, std::string_view prefix) noexcept {
  return starts_with_ignoring_case(path, prefix) &&
         (path.size() == prefix.size() || path[prefix.size()] == '/');
}

bool is_dav_method(std::string_view method) noexcept {
  static constexpr std::array<std::string_view, 20> kMethods{
      "PROPFIND", "PROPPATCH", "SEARCH",      "MKCOL",         "MOVE",   "COPY",      "LOCK",
      "UNLOCK",   "SUBSCRIBE", "UNSUBSCRIBE", "POLL",          "NOTIFY", "BPROPFIND", "BPROPPATCH",
      "BMOVE",    "BCOPY",     "BDELETE",     "X-MS-ENUMATTS", "DELETE", "PUT"};
  return std::find(kMethods.begin(), kMethods.end(), method) != kMethods.end();
}

// The mail directories of Exchange 2003 carry the mailbox or its Outlook Web Access command.
bool is_signed(const Endpoint& endpoint, const HttpTransaction& transaction) noexcept {
  const std::string_view method = transaction.text(HttpField::method);
  if (method == "RPC_IN_DATA" || method == "RPC_OUT_DATA") return true;
  const bool dav = std::string_view(endpoint.protocol) == "WebDAV";
  if (dav && is_dav_method(method)) return true;
  if (starts_with_ignoring_case(transaction.text(HttpField::user_agent),
                                "microsoft-server-activesync")) {
    return true;
  }
  return transaction.has(HttpField::fe_server) || transaction.has(HttpField::be_server) ||
         transaction.has(HttpField::owa_version) || transaction.has(HttpField::server_activesync) ||
         transaction.has(HttpField::request_type) || transaction.has(HttpField::as_version);
}

// ActiveSync keeps its name behind any prefix a reverse proxy or another server puts before it.
bool holds_activesync_segment(std::string_view path) noexcept {
  for (size_t slash = path.find('/'); slash != std::string_view::npos;
       slash = path.find('/', slash + 1)) {
    if (is_below(path.substr(slash), kActiveSync.path)) return true;
  }
  return false;
}

const Endpoint* endpoint_of_headers(const HttpTransaction& transaction) noexcept {
  const std::string_view method = transaction.text(HttpField::method);
  const std::string_view type = transaction.text(HttpField::content_type);
  if (method == "RPC_IN_DATA" || method == "RPC_OUT_DATA") return &kRenamedRpc;
  if (starts_with_ignoring_case(type, "application/vnd.ms-sync") ||
      transaction.has(HttpField::server_activesync)) {
    return &kActiveSync;
  }
  if (starts_with_ignoring_case(type, "application/mapi-http")) return &kRenamedMapi;
  return nullptr;
}

}  // namespace

const Endpoint* endpoint_of_path(std::string_view path) noexcept {
  path = path.substr(0, path.find('?'));
  for (const Endpoint& endpoint : kEndpoints) {
    if (is_below(path, endpoint.path)) return &endpoint;
  }
  return holds_activesync_segment(path) ? &kActiveSync : nullptr;
}

const Endpoint* endpoint_of(const HttpTransaction& transaction) noexcept {
  const Endpoint* endpoint = endpoint_of_path(transaction.text(HttpField::uri));
  if (endpoint != nullptr &&
      (endpoint->proof == Proof::path || is_signed(*endpoint, transaction))) {
    return endpoint;
  }
  return endpoint_of_headers(transaction);
}

}  // namespace exwire::detect
