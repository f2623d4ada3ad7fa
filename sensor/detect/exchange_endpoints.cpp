// SPDX-License-Identifier: BSD-3-Clause
#include "sensor/detect/exchange_endpoints.hpp"

#include <algorithm>
#include <array>

#include "sensor/base/bytes.hpp"

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
    Endpoint{"/microsoft-server-activesync/proxy", "ActiveSync", "POST", kSince2007, Proof::path,
             Clients::server, false, "server to server, for a mailbox elsewhere"},
    Endpoint{"/microsoft-server-activesync", "ActiveSync", "POST, OPTIONS", kEvery, Proof::path,
             Clients::mobile, false, "mail of phones"},
    Endpoint{"/ews", "EWS", "POST, GET", kSince2007, Proof::path, Clients::desktop, false,
             "mail, calendars and free/busy for programs"},
    Endpoint{"/owa/calendar", "OWA", "GET, POST", kSince2010, Proof::path, Clients::any, true,
             "published calendars, anonymous by design"},
    Endpoint{"/owa", "OWA", "GET, POST", kSince2007, Proof::path, Clients::browser, false,
             "mail in a browser"},
    Endpoint{"/ecp", "ECP", "GET, POST", kSince2010, Proof::path, Clients::browser, false,
             "options and administration"},
    Endpoint{"/autodiscover/autodiscover.xml", "Autodiscover", "POST, GET", kSince2007, Proof::path,
             Clients::any, false, "where a mailbox is found"},
    Endpoint{"/autodiscover/autodiscover.svc", "Autodiscover", "POST", kSince2010, Proof::path,
             Clients::any, false, "where a mailbox is found"},
    Endpoint{"/autodiscover/autodiscover.json", "Autodiscover", "GET", kSince2013, Proof::path,
             Clients::any, false, "where a mailbox is found"},
    Endpoint{"/autodiscover", "Autodiscover", "POST, GET", kSince2007, Proof::with_sign,
             Clients::any, false, "where a mailbox is found"},
    Endpoint{"/mapi/emsmdb", "MAPI over HTTP", "POST", kSince2013, Proof::path, Clients::desktop,
             false, "mail of Outlook"},
    Endpoint{"/mapi/nspi", "MAPI over HTTP", "POST", kSince2013, Proof::path, Clients::desktop,
             false, "address book of Outlook"},
    Endpoint{"/mapi", "MAPI over HTTP", "POST", kSince2013, Proof::with_sign, Clients::desktop,
             false, "mail of Outlook"},
    Endpoint{"/rpc/rpcproxy.dll", "Outlook Anywhere", "RPC_IN_DATA, RPC_OUT_DATA", kEvery,
             Proof::path, Clients::desktop, true, "RPC over HTTP of Outlook"},
    Endpoint{"/rpcwithcert/rpcproxy.dll", "Outlook Anywhere", "RPC_IN_DATA, RPC_OUT_DATA", kEvery,
             Proof::path, Clients::desktop, true, "RPC over HTTP of Outlook"},
    Endpoint{"/rpcwithcert", "Outlook Anywhere", "RPC_IN_DATA, RPC_OUT_DATA", kEvery, Proof::path,
             Clients::desktop, true, "RPC over HTTP of Outlook"},
    Endpoint{"/rpc", "Outlook Anywhere", "RPC_IN_DATA, RPC_OUT_DATA", kEvery, Proof::with_sign,
             Clients::desktop, true, "RPC over HTTP of Outlook"},
    Endpoint{"/oab", "Offline address book", "GET", kSince2007, Proof::path, Clients::desktop,
             false, "address book of Outlook, as files"},
    Endpoint{"/powershell", "Remote PowerShell", "POST", kSince2010, Proof::path, Clients::server,
             true, "administration"},
    Endpoint{"/pushnotifications", "Push notifications", "POST", kSince2013, Proof::with_sign,
             Clients::server, false, "between servers"},
    Endpoint{"/api", "REST", "GET, POST", kSince2016, Proof::with_sign, Clients::any, false,
             "mail and calendars for programs"},
    Endpoint{"/exchweb", "WebDAV", "GET, POST", kDav, Proof::path, Clients::browser, false,
             "parts of mail in a browser, forms logon"},
    Endpoint{"/exadmin", "WebDAV", "PROPFIND, SEARCH", kDav, Proof::path, Clients::server, false,
             "administration of public folders"},
    Endpoint{"/exchange-oma", "ActiveSync back-end hop", "PROPFIND, SEARCH, POLL", "2003 SP2",
             Proof::path, Clients::server, false, "the front end itself"},
    Endpoint{"/exchange", "WebDAV", "GET, PROPFIND, SEARCH", kDav, Proof::with_sign,
             Clients::browser, false, "mail in a browser and of Entourage"},
    Endpoint{"/public", "WebDAV", "GET, PROPFIND, SEARCH", kDav, Proof::with_sign, Clients::browser,
             false, "public folders"},
    Endpoint{"/oma", "Outlook Mobile Access", "GET, POST", "2003 SP2", Proof::with_sign,
             Clients::mobile, false, "mail in the browser of old phones, WAP among them"},
};
constexpr uint8_t kNoEndpoint = 0xff;  // in HttpTransaction::path_memo, behind all numbers
static_assert(kEndpoints.size() < kNoEndpoint);
constexpr const Endpoint& kActiveSync = kEndpoints[1];
constexpr const Endpoint& kPublishedCalendar = kEndpoints[3];
static_assert(kActiveSync.path == "/microsoft-server-activesync");
static_assert(kPublishedCalendar.path == "/owa/calendar");
constexpr Endpoint kRenamedMapi{"",          "MAPI over HTTP", "POST", kSince2013,
                                Proof::path, Clients::desktop, false,  "mail of Outlook"};
constexpr Endpoint kRenamedRpc{"",
                               "Outlook Anywhere",
                               "RPC_IN_DATA, RPC_OUT_DATA",
                               kEvery,
                               Proof::path,
                               Clients::desktop,
                               true,
                               "RPC over HTTP of Outlook"};

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
  const bool dav = endpoint.protocol == "WebDAV";
  if (dav && is_dav_method(method)) return true;
  if (starts_ignoring_case(transaction.text(HttpField::user_agent),
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

// Several detectors ask of each transaction, whose path never changes.
const Endpoint* endpoint_by_path(const HttpTransaction& transaction) noexcept {
  uint8_t& memo = transaction.path_memo;
  if (memo == 0) {
    if (!transaction.has(HttpField::uri)) return nullptr;
    const Endpoint* endpoint = endpoint_of_path(transaction.text(HttpField::uri));
    memo = endpoint == nullptr ? kNoEndpoint : static_cast<uint8_t>(number_of(*endpoint));
  }
  return memo == kNoEndpoint ? nullptr : &kEndpoints[memo - 1U];
}

const Endpoint* endpoint_of_headers(const HttpTransaction& transaction) noexcept {
  const std::string_view method = transaction.text(HttpField::method);
  const std::string_view type = transaction.text(HttpField::content_type);
  if (method == "RPC_IN_DATA" || method == "RPC_OUT_DATA") return &kRenamedRpc;
  if (starts_ignoring_case(type, "application/vnd.ms-sync") ||
      transaction.has(HttpField::server_activesync)) {
    return &kActiveSync;
  }
  if (starts_ignoring_case(type, "application/mapi-http")) return &kRenamedMapi;
  return nullptr;
}

}  // namespace

bool is_below(std::string_view path, std::string_view prefix) noexcept {
  return starts_ignoring_case(path, prefix) &&
         (path.size() == prefix.size() || path[prefix.size()] == '/');
}

const Endpoint* endpoint_of_path(std::string_view path) noexcept {
  path = path.substr(0, path.find('?'));
  for (const Endpoint& endpoint : kEndpoints) {
    if (is_below(path, endpoint.path)) return &endpoint;
  }
  return holds_activesync_segment(path) ? &kActiveSync : nullptr;
}

std::string_view path_of(const HttpTransaction& transaction) noexcept {
  const std::string_view uri = transaction.text(HttpField::uri);
  return uri.substr(0, uri.find('?'));
}

bool posts_logon_form(const HttpTransaction& transaction) noexcept {
  static constexpr std::array<std::string_view, 2> kForms{"auth.owa", "owaauth.dll"};
  if (transaction.text(HttpField::method) != "POST") return false;
  const std::string_view path = path_of(transaction);
  return std::any_of(kForms.begin(), kForms.end(), [path](std::string_view form) {
    if (path.size() < form.size()) return false;
    const size_t front = path.size() - form.size();
    return (front == 0 || path[front - 1] == '/') && equal_ignoring_case(path.substr(front), form);
  });
}

// One that was renamed goes by the first of its protocol.
uint16_t number_of(const Endpoint& endpoint) noexcept {
  const bool renamed = &endpoint == &kRenamedMapi || &endpoint == &kRenamedRpc;
  if (!renamed) return static_cast<uint16_t>(&endpoint - kEndpoints.data() + 1);
  const auto known = std::find_if(kEndpoints.begin(), kEndpoints.end(), [&](const Endpoint& one) {
    return one.protocol == endpoint.protocol;
  });
  return known == kEndpoints.end() ? uint16_t{0}
                                   : static_cast<uint16_t>(known - kEndpoints.begin() + 1);
}

std::string_view protocol_of(uint16_t number) noexcept {
  return number == 0 || number > kEndpoints.size() ? "Exchange" : kEndpoints[number - 1].protocol;
}

std::string_view path_of(uint16_t number) noexcept {
  return number == 0 || number > kEndpoints.size() ? "" : kEndpoints[number - 1].path;
}

bool is_published_calendar(const Endpoint& endpoint) noexcept {
  return &endpoint == &kPublishedCalendar;
}

const Endpoint* endpoint_of(const HttpTransaction& transaction) noexcept {
  const Endpoint* endpoint = endpoint_by_path(transaction);
  if (endpoint != nullptr &&
      (endpoint->proof == Proof::path || is_signed(*endpoint, transaction))) {
    return endpoint;
  }
  return endpoint_of_headers(transaction);
}

}  // namespace exwire::detect
