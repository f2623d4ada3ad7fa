// SPDX-License-Identifier: BSD-3-Clause
// Who is let in, who guesses and who comes past the gateway: each finding with the traffic that
// raises it and the honest twin that must not.
#include <catch2/catch.hpp>

#include "sensor/detect/detector.hpp"
#include "sensor/detect/fleet_detector.hpp"

using namespace exwire;
using detect::Site;
using inspect::HttpField;
using inspect::HttpTransaction;

namespace {

const wire::Address kPhone{192, 0, 2, 10}, kServer{198, 51, 100, 20}, kLoopback{127, 0, 0, 1};

struct Stage final : detect::FindingSink, detect::FleetSink {
  Site site;
  std::vector<uint32_t> sids;
  std::vector<int> severities;
  int64_t seconds = 1000;
  uint64_t answered = 0;  ///< octets of the responses' bodies
  std::vector<std::unique_ptr<detect::FlowDetector>> flows = detect::make_flow_detectors(site);
  Budget budget{size_t{1} << 20};
  std::vector<std::unique_ptr<detect::FleetDetector>> fleet =
      detect::make_fleet_detectors(site, budget, {});

  void found(const detect::FlowContext&, const detect::Finding& finding) override {
    sids.push_back(finding.signature->sid);
    severities.push_back(finding.severity);
  }
  void found(const flow::Flow&, const detect::Finding& finding) override {
    sids.push_back(finding.signature->sid);
  }
  void observe(const detect::Observation& one) override {
    for (const auto& detector : fleet) {
      if (detector->listens_to(one.topic)) detector->observe(one, *this);
    }
  }
  static flow::Flow between(wire::Address client, wire::Address server) {
    flow::Flow flow;
    if (set_endpoints(flow.key, client, 50000, server, 80)) flow.mark(flow::kClientIsLo);
    return flow;
  }
  using Fields = std::vector<std::pair<HttpField, std::string_view>>;
  std::string heartbeat;  ///< of the last transaction, as detectors left it
  uint64_t asked = 0;     ///< octets of the requests' bodies
  int64_t took_s = 0;     ///< from request to answer

  void transaction(const Fields& fields, wire::Address client = kPhone,
                   wire::Address server = kServer) {
    HttpTransaction one;
    one.request_complete = true;
    one.request_time = {(seconds - took_s) * kNanosPerSecond};
    one.request_body = asked;
    one.request_seen = one.response_seen = one.response_complete = true;
    one.response_body = answered;
    for (const auto& [field, text] : fields) one.set(field, as_bytes(text));
    const flow::Flow flow = between(client, server);
    for (const auto& detector : flows) {
      if (std::string_view(detector->info().name) == "plaintext_exchange") continue;
      if (!(detector->info().interests & detect::kWantsTransactions)) continue;
      std::array<uint8_t, 24> facts{};
      const detect::FlowContext context{flow,
                                        {seconds * kNanosPerSecond},
                                        1,
                                        0,
                                        std::span(facts).first(detector->info().fact_octets)};
      detector->transaction_over(context, one, *this);
    }
    heartbeat = one.text(HttpField::as_heartbeat_s);
    ++seconds;
  }
  size_t told(uint32_t sid) const {
    return static_cast<size_t>(std::count(sids.begin(), sids.end(), sid));
  }
};

Stage::Fields activesync(std::string_view command, std::string_view key, std::string_view status,
                         std::string_view version = "14.1") {
  return {{HttpField::method, "POST"},      {HttpField::uri, "/Microsoft-Server-ActiveSync?Cmd=x"},
          {HttpField::as_command, command}, {HttpField::as_device_id, "DEVICE1"},
          {HttpField::as_version, version}, {HttpField::policy_key, key},
          {HttpField::stat_code, status}};
}

Stage::Fields logon(std::string_view user, std::string_view status) {
  Stage::Fields fields{{HttpField::method, "POST"},
                       {HttpField::uri, "/ews/exchange.asmx"},
                       {HttpField::stat_code, status}};
  if (!user.empty()) fields.push_back({HttpField::auth_user, user});
  return fields;
}

}  // namespace

TEST_CASE("mail served without a policy key is told", "[admission]") {
  Stage stage;
  stage.transaction(activesync("Ping", "", "200"));  // Android never sends it there
  stage.transaction(activesync("FolderSync", "0", "200"));
  stage.transaction(activesync("Provision", "0", "200"));
  stage.transaction(activesync("Sync", "0", "449"));
  stage.transaction(activesync("Sync", "3942919513", "200"));
  auto refused = activesync("Sync", "0", "200");
  refused.push_back({HttpField::as_status, "142"});
  stage.transaction(refused);
  stage.transaction(activesync("Sync", "0", "200"), kLoopback, kLoopback);
  stage.answered = 40;  // compressed: may be a refusal by status
  stage.transaction(activesync("Sync", "0", "200"));
  CHECK(stage.sids.empty());
  stage.answered = 4000;  // no refusal is that long
  stage.transaction(activesync("Sync", "0", "200"));
  CHECK(stage.told(1443501) == 1);
  stage.answered = 0;  // nothing new
  stage.transaction(activesync("Sync", "", "200"));
  CHECK(stage.told(1443501) == 2);
}

TEST_CASE("protocols before 12.0 are told", "[admission]") {
  Stage stage;
  stage.transaction(activesync("Ping", "1", "200", "12.0"));
  CHECK(stage.told(1443503) == 0);
  stage.transaction(activesync("Ping", "1", "200", "2.5"));
  CHECK(stage.told(1443503) == 1);
}

TEST_CASE("a device that is asked for provisioning again and again is told", "[admission]") {
  Stage honest;
  for (int round = 0; round < 20; ++round) {
    honest.transaction(activesync("Sync", "0", "449"));
    honest.transaction(activesync("Sync", "7", "200"));
  }
  CHECK(honest.told(1443502) == 0);
  Stage loop;
  for (int round = 0; round < 10; ++round) loop.transaction(activesync("Sync", "0", "449"));
  CHECK(loop.told(1443502) == 1);
}

TEST_CASE("guessing is many refusals and few logons", "[admission]") {
  Stage honest;
  for (int round = 0; round < 200; ++round) {
    honest.transaction(logon("", "401"));  // the challenge before every logon
    honest.transaction(logon("", "401"));  // and the one of NTLM
    honest.transaction(logon("alice", "200"));
  }
  CHECK(honest.sids.empty());
  Stage guessing;
  for (int round = 0; round < 60; ++round) guessing.transaction(logon("alice", "401"));
  CHECK(guessing.told(1443601) == 1);
  CHECK(guessing.told(1443603) == 1);
}

TEST_CASE("spraying is many users refused from one source", "[admission]") {
  const std::string names = "abcdefghijklmnopqrst";
  Stage spray, proxy;
  for (const char& name : names) {
    spray.transaction(logon(std::string_view(&name, 1), "401"));
    for (int round = 0; round < 9; ++round) proxy.transaction(logon("honest", "200"));
    proxy.transaction(logon(std::string_view(&name, 1), "401"));
  }
  CHECK(spray.told(1443602) == 1);
  CHECK(proxy.sids.empty());
}

TEST_CASE("failures spread over hours are a device with an old password", "[admission]") {
  Stage stage;
  for (int round = 0; round < 100; ++round) {
    stage.transaction(logon("alice", "401"));
    stage.seconds += 300;
  }
  CHECK(stage.sids.empty());
}

TEST_CASE("a hop that only fails is told, one that recovers is not", "[hop]") {
  const auto answer = [](std::string_view status) {
    auto fields = activesync("Sync", "7", status);
    fields.push_back({HttpField::user_agent, "Microsoft-Server-ActiveSync/6.5.7638.1"});
    return fields;
  };
  Stage broken, working, remote;
  working.transaction(answer("200"), kLoopback, kLoopback);
  for (int round = 0; round < 10; ++round) {
    broken.transaction(answer("403"), kServer, kServer);  // by its LAN address, as 2003 does
    working.transaction(answer("403"), kLoopback, kLoopback);
    remote.transaction(answer("500"));
  }
  CHECK(broken.told(1443007) == 1);
  Stage forms;
  auto redirect = answer("302");
  redirect.push_back({HttpField::location, "https://mail/exchweb/bin/auth/owalogon.asp?url=x"});
  for (int round = 0; round < 3; ++round) forms.transaction(redirect, kServer, kServer);
  CHECK(forms.told(1443007) == 1);
  CHECK(working.told(1443007) == 0);
  CHECK(remote.told(1443007) == 0);
}

namespace {

constexpr std::string_view kState =
    "/exchange/Phone1/NON_IPM_SUBTREE/Microsoft-Server-ActiveSync/PocketPC/DEVICE1/AutdState.xml";

Stage::Fields hop(std::string_view uri, std::string_view status, std::string_view location = "") {
  Stage::Fields fields{{HttpField::method, "PROPFIND"},
                       {HttpField::uri, uri},
                       {HttpField::user_agent, "Microsoft-Server-ActiveSync/6.5.7638.1"},
                       {HttpField::stat_code, status}};
  if (!location.empty()) fields.push_back({HttpField::location, location});
  return fields;
}

Stage::Fields phone(std::string_view user, std::string_view status) {
  auto fields = activesync("Sync", "7", status, "2.5");
  fields.push_back({HttpField::as_user, user});
  return fields;
}

}  // namespace

TEST_CASE("a refused hop and the phone's 500 are told together, once", "[hop]") {
  constexpr std::string_view kLogon = "https://mail/exchweb/bin/auth/owalogon.asp?url=x";
  const wire::Address front_end{198, 51, 100, 21}, second{203, 0, 113, 20};
  struct Case {
    const char* what;
    Stage::Fields hop;
    wire::Address from, to, reached;
  };
  const Case cases[] = {
      {"own address", hop(kState, "403"), kServer, kServer, kServer},
      {"forms logon", hop(kState, "302", kLogon), kServer, kServer, kServer},
      {"440", hop("/exchange/phone1/Inbox", "440"), kServer, kServer, kServer},
      {"loopback", hop(kState, "403"), kLoopback, kLoopback, kServer},
      {"two servers", hop(kState, "403"), front_end, kServer, front_end},
      {"two cards", hop(kState, "403"), kServer, kServer, second},
      {"renamed", hop("/masync/phone1/Inbox", "403"), kServer, kServer, kServer},
  };
  for (const Case& one : cases) {
    INFO(one.what);
    Stage stage;
    stage.took_s = 2;
    stage.site.own_addresses = {
        {*detect::Prefix::parse("203.0.113.20"), *detect::Prefix::parse("198.51.100.20")}};
    stage.transaction(one.hop, one.from, one.to);
    CHECK(stage.told(1443007) == 0);
    for (int round = 0; round < 5; ++round) {
      stage.transaction(phone("EXWIRE\\phone1", "500"), kPhone, one.reached);
      stage.transaction(one.hop, one.from, one.to);
    }
    CHECK(stage.told(1443007) == 1);
  }
}

TEST_CASE("a phone's 500 has other reasons than a refused hop", "[hop]") {
  struct Case {
    const char* what;
    std::vector<Stage::Fields> hops;
    Stage::Fields phone;
    int64_t later_s;
  };
  const Case cases[] = {
      {"no hop", {}, phone("phone1", "500"), 0},
      {"hop served", {hop(kState, "207")}, phone("phone1", "500"), 0},
      {"hop served in the end",
       {hop(kState, "302", "/exchweb/bin/auth/owalogon.asp"), hop(kState, "207")},
       phone("phone1", "500"),
       0},
      {"elsewhere redirected", {hop(kState, "302", "/other")}, phone("phone1", "500"), 0},
      {"no mailbox", {hop(kState, "404")}, phone("phone1", "500"), 0},
      {"another user", {hop("/exchange/phone2/Inbox", "403")}, phone("phone1", "500"), 0},
      {"long before", {hop(kState, "403")}, phone("phone1", "500"), 60},
      {"phone served", {hop(kState, "403")}, phone("phone1", "200"), 0},
      {"phone refused", {hop(kState, "403")}, phone("phone1", "403"), 0},
  };
  for (const Case& one : cases) {
    INFO(one.what);
    Stage stage;
    stage.took_s = 4;
    for (const auto& fields : one.hops) stage.transaction(fields, kServer, kServer);
    stage.seconds += one.later_s;
    stage.transaction(one.phone);
    CHECK(stage.told(1443007) == 0);
  }
}

TEST_CASE("the front end's own directory is not for others", "[admission]") {
  const auto request = [](std::string_view status) {
    return Stage::Fields{{HttpField::method, "PROPFIND"},
                         {HttpField::uri, "/exchange-oma/user1/"},
                         {HttpField::stat_code, status}};
  };
  Stage stage;
  stage.transaction(request("207"), kLoopback, kLoopback);
  stage.transaction(request("207"), kServer, kServer);
  stage.transaction(request("403"));
  CHECK(stage.told(1443006) == 0);
  stage.transaction(request("207"));
  CHECK(stage.told(1443006) == 1);
}

TEST_CASE("only a site with gateways knows who comes past them", "[admission]") {
  Stage stage;
  stage.transaction(logon("alice", "200"));
  CHECK(stage.told(1443401) == 0);
  stage.site.gateways = {*detect::Prefix::parse("203.0.113.0/28")};
  stage.transaction(logon("alice", "200"), {203, 0, 113, 5});
  stage.transaction(logon("alice", "200"), kServer, kServer);
  CHECK(stage.told(1443401) == 0);
  stage.transaction(logon("alice", "200"));
  CHECK(stage.told(1443401) == 1);
}

TEST_CASE("desktops past the gateway are a health note, phones an exposure", "[bypass]") {
  Stage stage;
  stage.site.gateways = {*detect::Prefix::parse("203.0.113.0/28")};
  auto desktop = logon("alice", "200");
  desktop.push_back({HttpField::user_agent, "Microsoft Office/16.0 (Windows NT 10.0)"});
  stage.transaction(desktop);
  stage.transaction(activesync("Sync", "7", "200"));
  CHECK(stage.told(1443401) == 2);
  CHECK(stage.severities == std::vector<int>{3, 2});
}

TEST_CASE("phones that do not come through ActiveSync are told", "[bypass]") {
  const auto by = [](std::string_view agent, std::string_view uri, std::string_view status = "200",
                     std::string_view method = "POST") {
    return Stage::Fields{{HttpField::method, method},
                         {HttpField::uri, uri},
                         {HttpField::user_agent, agent},
                         {HttpField::stat_code, status}};
  };
  constexpr std::string_view kEws = "/EWS/Exchange.asmx";
  constexpr std::string_view kSafari =
      "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) Mobile/15E148 Safari/604.1";
  Stage honest;
  honest.transaction(by("MacOutlook/16.78.23100802 (Intel Mac OS X 13.6)", kEws));
  honest.transaction(by("Mac OS X/10.6.8 (10K549); ExchangeWebServices/1.3 (61)", kEws));
  honest.transaction(by("OC/16.0.4266.1001 (Skype for Business)", kEws));
  honest.transaction(by("ExchangeServicesClient/15.00.0913.015", kEws));
  honest.transaction(by("", kEws));
  honest.transaction(by("Android-Mail/2023", kEws, "403"));
  honest.transaction(by("Android-Mail/2023", kEws, "401"));
  honest.transaction(by("Apple-iPhone14C2/1909.100", "/Microsoft-Server-ActiveSync?Cmd=Ping"));
  honest.transaction(by("Android-Mail/2023", "/Autodiscover/Autodiscover.xml"));
  honest.transaction(by(kSafari, "/owa/auth/logon.aspx?replaceCurrent=1", "200", "GET"));
  honest.transaction(by(kSafari, "/owa/15.2.1118/prem/images/a.png", "200", "GET"));
  honest.transaction(by(kSafari, "/owa/calendar/room@exwire.example/x.ics", "200", "GET"));
  honest.transaction(by(kSafari, kEws), kLoopback, kLoopback);
  CHECK(honest.sids.empty());
  Stage stage;
  stage.transaction(by("Android-Mail/2023.01.01", kEws));
  stage.transaction(by("TouchDown(MSRPC)/7.3.00052/", "/mapi/emsmdb/?MailboxId=x"));
  stage.transaction(by(kSafari, "/owa/service.svc?action=FindItem"));
  CHECK(stage.told(1443403) == 3);
  stage.site.allowed_agents = {"Android-Mail/"};
  stage.transaction(by("Android-Mail/2023.01.01", kEws));
  CHECK(stage.told(1443403) == 3);
}

TEST_CASE("Outlook's mobile programs come by way of the cloud", "[bypass]") {
  Stage stage;
  stage.site.gateways = {*detect::Prefix::parse("203.0.113.0/28")};
  auto request = activesync("Sync", "7", "200");
  request.push_back({HttpField::user_agent, "Outlook-iOS-Android/1.0"});
  stage.transaction(request, {40, 96, 3, 7});
  CHECK(stage.told(1443401) == 0);
  stage.transaction(request);  // somebody else who calls himself so
  CHECK(stage.told(1443401) == 1);
}

TEST_CASE("a device that says it does not apply its policy is told when let in", "[admission]") {
  const auto answer = [](std::string_view applied, bool key) {
    auto fields = activesync("Provision", "5", "200");
    fields.push_back({HttpField::as_client_policy_status, applied});
    fields.push_back({HttpField::as_status, "1"});
    if (key) fields.push_back({HttpField::as_new_policy_key, "77"});
    return fields;
  };
  Stage stage;
  stage.transaction(answer("1", true));
  stage.transaction(answer("3", false));
  CHECK(stage.sids.empty());
  stage.transaction(answer("2", true));
  CHECK(stage.told(1443504) == 1);
}

TEST_CASE("a server under load says for how long", "[admission]") {
  Stage stage;
  auto busy = activesync("Sync", "7", "503");
  stage.transaction(busy);
  CHECK(stage.sids.empty());
  busy.push_back({HttpField::retry_after, "30"});
  stage.transaction(busy);
  CHECK(stage.told(1443604) == 1);
}

TEST_CASE("a Ping without body goes on with the last heartbeat of its device", "[admission]") {
  Stage stage;
  auto with_body = activesync("Ping", "7", "200");
  with_body.push_back({HttpField::as_heartbeat_s, "900"});
  const auto without = activesync("Ping", "7", "200");
  stage.transaction(without);
  CHECK(stage.heartbeat.empty());
  stage.transaction(with_body);
  stage.transaction(without);
  CHECK(stage.heartbeat == "900");
  stage.transaction(without, kPhone, kLoopback);  // another server knows nothing of it
  CHECK(stage.heartbeat.empty());
  stage.asked = 40;  // a body nobody could read is none that is missing
  stage.transaction(without);
  CHECK(stage.heartbeat.empty());
}

TEST_CASE("heartbeats of more devices than are kept", "[admission]") {
  Stage stage;
  std::vector<std::string> devices;
  for (int number = 0; number < 20'000; ++number) devices.push_back("d" + std::to_string(number));
  const auto ping = [](const std::string& device, std::string_view seconds) {
    Stage::Fields fields{{HttpField::as_command, "Ping"}, {HttpField::as_device_id, device}};
    if (!seconds.empty()) fields.push_back({HttpField::as_heartbeat_s, seconds});
    return fields;
  };
  for (const std::string& device : devices) stage.transaction(ping(device, "480"));
  stage.transaction(ping(devices.back(), ""));
  CHECK(stage.heartbeat == "480");
  stage.transaction(ping(devices[12'000], ""));  // of the older generation
  CHECK(stage.heartbeat == "480");
  stage.transaction(ping(devices.front(), ""));
  CHECK(stage.heartbeat.empty());
}

TEST_CASE("guessing at a logon form is known from its redirects", "[admission]") {
  const auto form = [](std::string_view uri, std::string_view location) {
    return Stage::Fields{{HttpField::method, "POST"},
                         {HttpField::uri, uri},
                         {HttpField::stat_code, "302"},
                         {HttpField::location, location}};
  };
  constexpr std::string_view kWrong =
      "/owa/auth/logon.aspx?url=https%3a%2f%2fmail%2fowa%2f&reason=2";
  Stage honest;
  for (int round = 0; round < 60; ++round) {
    honest.transaction(form("/owa/auth.owa", "https://mail/owa/"));
    honest.transaction(form("/owa/auth.owa", "/owa/auth/logon.aspx?reason=0"));
    if (round % 10 == 0) honest.transaction(form("/owa/auth.owa", kWrong));
    honest.transaction(form("/owa/other.aspx", kWrong));
  }
  CHECK(honest.sids.empty());
  Stage guessing, old;
  for (int round = 0; round < 40; ++round) {
    guessing.transaction(form("/OWA/Auth.owa", kWrong));
    old.transaction(form("/exchweb/bin/auth/owaauth.dll", "https://m/owalogon.asp?reason=2#x"));
  }
  CHECK(guessing.sids == std::vector<uint32_t>{1443601});
  CHECK(old.sids == std::vector<uint32_t>{1443601});
}
