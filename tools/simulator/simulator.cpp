#include "tools/simulator/simulator.hpp"

#include "tools/simulator/offender_search.hpp"
#include "tools/simulator/prison_api.hpp"

#include <charconv>
#include <cstdio>

namespace sallyport::simulator {

namespace {

std::string percent_decoded(std::string_view text, bool plus_is_space) {
  const auto digit = [](char c) {
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
  };
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && digit(text[i + 1]) >= 0 &&
        digit(text[i + 2]) >= 0) {
      plain += static_cast<char>(digit(text[i + 1]) * 16 + digit(text[i + 2]));
      i += 2;
    } else {
      plain += plus_is_space && text[i] == '+' ? ' ' : text[i];
    }
  }
  return plain;
}

using pairs = std::vector<std::pair<std::string, std::string>>;

pairs read_query(std::string_view query) {
  pairs all;
  while (!query.empty()) {
    const auto end = query.find('&');
    const auto part = query.substr(0, end);
    const auto equals = part.find('=');
    if (!part.empty())
      all.emplace_back(percent_decoded(part.substr(0, equals), true),
                       equals == std::string_view::npos
                         ? std::string{}
                         : percent_decoded(part.substr(equals + 1), true));
    query = end == std::string_view::npos ? std::string_view{} : query.substr(end + 1);
  }
  return all;
}

std::string value_of(const pairs& all, std::string_view name) {
  for (const auto& [held, value] : all)
    if (held == name)
      return value;
  return {};
}

template <class Number>
std::optional<Number> number_of(std::string_view text) {
  Number value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || problem != std::errc{} || end != text.data() + text.size())
    return std::nullopt;
  return value;
}

/// Invalid UTF-8 in an echoed path or body must not become an exception.
template <class Json>
std::string dumped(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

http_answer as_answer(const reply& from) {
  http_answer answer;
  answer.status = from.status;
  answer.body = dumped(from.body);
  return answer;
}

reply not_allowed() { return problem(405, "this method is not allowed here"); }
reply no_such_path() { return problem(404, "no such path"); }

std::string time_text(wall_time at) {
  const auto day = std::chrono::floor<std::chrono::days>(at);
  const auto millis = static_cast<unsigned>((at - day).count());
  char text[32];
  std::snprintf(text, sizeof text, "T%02u:%02u:%02u.%03uZ", millis / 3'600'000,
                millis / 60'000 % 60, millis / 1'000 % 60, millis % 1'000);
  return iso(day) + text;
}

/// Answers of one side that are kept, a kilobyte each.
constexpr std::size_t remembered_max = 65'536;

nlohmann::json parse_body(const http_request& request) {
  return nlohmann::json::parse(request.body, nullptr, false);
}

} // namespace

/// Where a request goes.
struct simulator::target {
  peer to = peer::none;
  std::string path;               ///< without the peer's own prefix, not decoded, no query
  std::string path_and_query;     ///< without the peer's own prefix
  std::vector<std::string> parts; ///< decoded
  pairs query;
  bool prefixed = false;

  explicit target(const http_request& request) {
    std::string_view rest = request.target;
    for (std::size_t i = 0; i < peer_count; ++i) {
      const std::string prefix = std::string{"/"} + to_string(static_cast<peer>(i)) + "/";
      if (rest.starts_with(prefix) && !is_token_path(rest)) {
        rest.remove_prefix(prefix.size() - 1);
        to = static_cast<peer>(i);
        prefixed = true;
        break;
      }
    }
    path_and_query = rest;
    const auto mark = rest.find('?');
    path = rest.substr(0, mark);
    if (mark != std::string_view::npos)
      query = read_query(rest.substr(mark + 1));
    split();
    if (!prefixed)
      to = owner();
  }

  static bool is_token_path(std::string_view path) {
    return path.substr(0, path.find('?')) == "/oauth/token";
  }

  [[nodiscard]] bool is(std::initializer_list<std::string_view> pattern) const {
    return std::ranges::equal(parts, pattern, [](const auto& part, auto wanted) {
      return wanted == "*" || part == wanted;
    });
  }

private:
  void split() {
    std::string_view left = path;
    while (!left.empty()) {
      left.remove_prefix(left.front() == '/' ? 1 : 0);
      const auto end = left.find('/');
      parts.push_back(percent_decoded(left.substr(0, end), false));
      left = end == std::string_view::npos ? std::string_view{} : left.substr(end);
    }
  }

  [[nodiscard]] peer owner() const {
    if (is_token_path(path))
      return peer::oauth;
    if (path.starts_with("/api/"))
      return peer::prison_api;
    if (path.starts_with("/secure/"))
      return peer::community_api;
    if (path == "/match")
      return peer::offender_search;
    return peer::none;
  }
};

simulator::simulator(simulator_options options, const wall_clock& clock)
  : options_(std::move(options)), clock_(clock),
    tokens_(options_.client, options_.secret, options_.token_lifetime),
    community_(probation_, options_.community), faults_(options_.people.seed) {}

result<std::unique_ptr<simulator>> simulator::make(simulator_options options,
                                                   const wall_clock& clock) {
  std::unique_ptr<simulator> made{new simulator{std::move(options), clock}};
  if (made->options_.mappings) {
    SALLYPORT_TRY(made->stubs_, mappings::load(*made->options_.mappings));
  }
  SALLYPORT_CHECK(made->begin());
  return made;
}

status simulator::begin() {
  auto all = make_population(options_.people);
  prison_ = std::move(all.prison);
  probation_ = delius{std::move(all.probation)};
  said_of_nomis_.clear();
  said_of_delius_.clear();
  faults_ = faults{options_.people.seed};
  for (const auto& change : options_.faults)
    SALLYPORT_CHECK(faults_.apply(change));
  requests_.clear();
  next_sequence_ = 0;
  return {};
}

http_answer simulator::handle(const http_request& request) {
  const target where{request};
  if (where.path.starts_with("/simulator/"))
    return control(request, where);
  return serve(request, where);
}

http_answer simulator::serve(const http_request& request, const target& where) {
  fate drawn;
  http_answer decided;
  if (where.to != peer::none) {
    const bool writes = request.method != "GET" && where.to == peer::community_api;
    drawn = faults_.draw(where.to, request.method, where.path_and_query, request.body, writes);
  }
  int shown = 0;
  if (drawn.down) {
    decided = as_answer(problem(drawn.down->status, "switched off by the simulator"));
    if (drawn.down->retry_after)
      decided.headers.emplace_back("Retry-After", std::to_string(*drawn.down->retry_after));
    if (drawn.down->how != outage::form::status)
      decided.end = drawn.down->how == outage::form::hang ? ending::hang : ending::close;
    shown = decided.end == ending::answer ? decided.status : 0;
  } else if (drawn.error != 0) {
    decided = as_answer(problem(drawn.error, "an error by the simulator; nothing was done"));
    shown = decided.status;
  } else {
    decided = answer(request, where);
    if (drawn.unavailable_after)
      decided = as_answer(problem(503, "an error by the simulator, after the work"));
    if (drawn.close_after)
      decided.end = ending::close;
    shown = drawn.close_after ? 0 : decided.status;
  }
  decided.delay += drawn.delay;
  record(request, where, shown, drawn.attempt);
  return decided;
}

http_answer simulator::answer(const http_request& request, const target& where) {
  if (const auto* found = stubs_.find(request.method, where.path_and_query)) {
    http_answer stubbed;
    stubbed.status = found->status;
    stubbed.content_type = found->content_type;
    stubbed.headers = found->headers;
    stubbed.body = found->body;
    stubbed.delay = found->delay;
    return stubbed;
  }
  if (where.path == "/health/ping")
    return as_answer(request.method == "GET" ? ping(where) : not_allowed());
  if (where.to == peer::none)
    return as_answer(no_such_path());
  if (where.to == peer::oauth)
    return as_answer(token(request, where));
  if (!tokens_.accepts(request.header("authorization"), clock_.now()))
    return as_answer(problem(401, "Full authentication is required to access this resource"));
  return remembered(request, where);
}

/// NOMIS never changes, Delius by writes only: so a read is answered from what was said before.
http_answer simulator::remembered(const http_request& request, const target& where) {
  const bool reads = request.method == "GET" || where.to == peer::offender_search;
  auto& said = where.to == peer::prison_api ? said_of_nomis_ : said_of_delius_;
  std::string question;
  if (reads) {
    question = request.method + ' ' + where.path_and_query + ' ' + request.body;
    if (const auto known = said.find(question); known != said.end())
      return known->second;
  }
  http_answer now;
  switch (where.to) {
  case peer::prison_api: now = as_answer(prison(request, where)); break;
  case peer::offender_search: now = as_answer(search(request, where)); break;
  default: now = as_answer(community(request, where)); break;
  }
  if (!reads || said.size() >= remembered_max)
    said.clear();
  if (reads)
    said.emplace(std::move(question), now);
  return now;
}

reply simulator::ping(const target& where) {
  // Under its own prefix a peer that is down has been answered for already. Without one, the ping
  // stands for all of them.
  bool up = true;
  for (std::size_t i = 0; i < peer_count && !where.prefixed; ++i)
    up = up && !faults_.of(static_cast<peer>(i)).down;
  return {up ? 200 : 503, {{"status", up ? "UP" : "DOWN"}}};
}

reply simulator::token(const http_request& request, const target& where) {
  if (!target::is_token_path(where.path))
    return no_such_path();
  if (request.method != "POST")
    return not_allowed();
  if (!tokens_.knows_client(request.header("authorization")))
    return {401, {{"error", "unauthorized"}, {"error_description", "Bad client credentials"}}};
  auto grant = value_of(where.query, "grant_type");
  if (grant.empty())
    grant = value_of(read_query(request.body), "grant_type");
  if (grant != "client_credentials")
    return {400,
            {{"error", "unsupported_grant_type"},
             {"error_description", "Only client_credentials is granted"}}};
  return {200,
          {{"access_token", tokens_.issue(clock_.now())},
           {"token_type", "bearer"},
           {"expires_in", tokens_.lifetime().count()},
           {"scope", "read"}}};
}

reply simulator::prison(const http_request& request, const target& where) {
  if (where.is({"api", "prisoners"}))
    return request.method == "GET"
             ? prison_api::prisoners(prison_, value_of(where.query, "offenderNo"))
             : not_allowed();
  const bool booking = where.is({"api", "bookings", "*"});
  const bool detail = where.is({"api", "bookings", "*", "sentenceDetail"});
  const bool identifiers = where.is({"api", "bookings", "*", "identifiers"});
  const bool movement = where.is({"api", "bookings", "*", "movement", "*"});
  const bool terms = where.is({"api", "offender-sentences", "booking", "*", "sentenceTerms"});
  if (!booking && !detail && !identifiers && !movement && !terms)
    return no_such_path();
  if (request.method != "GET")
    return not_allowed();
  const auto id = number_of<std::int64_t>(where.parts[terms ? 3 : 2]);
  const auto sequence = movement ? number_of<std::int64_t>(where.parts[4]) : 0;
  if (!id || !sequence)
    return problem(400, "a number is expected in the path");
  if (booking)
    return prison_api::get_booking(prison_, *id);
  if (detail)
    return prison_api::sentence_detail(prison_, *id);
  if (identifiers)
    return prison_api::identifiers(prison_, *id, value_of(where.query, "type"));
  if (movement)
    return prison_api::get_movement(prison_, *id, *sequence);
  return prison_api::sentence_terms(prison_, *id);
}

reply simulator::search(const http_request& request, const target& where) {
  if (where.path != "/match")
    return no_such_path();
  if (request.method != "POST")
    return not_allowed();
  return post_match(probation_, parse_body(request));
}

reply simulator::community(const http_request& request, const target& where) {
  if (where.is({"secure", "offenders", "crn", "*", "convictions"})) {
    if (request.method != "GET")
      return not_allowed();
    if (!options_.roles.contains("ROLE_COMMUNITY"))
      return problem(403, "Access is denied");
    return community_.convictions(where.parts[3]);
  }
  return community_write(request, where);
}

reply simulator::community_write(const http_request& request, const target& where) {
  using call = reply (*)(community_api&, const target&, const nlohmann::json&);
  struct route {
    const char* method = "";
    std::initializer_list<std::string_view> pattern;
    call make = nullptr;
  };
  static const std::initializer_list<std::string_view> by_crn{"secure", "offenders", "crn", "*",
                                                              "nomsNumber"},
    replace{"secure", "offenders", "nomsNumber", "*", "nomsNumber"},
    number{"secure", "offenders", "nomsNumber", "*", "custody", "bookingNumber"},
    location{"secure", "offenders", "nomsNumber", "*", "custody", "bookingNumber", "*"},
    dates{"secure", "offenders", "nomsNumber", "*", "bookingNumber", "*", "custody", "keyDates"};
  static const std::array<route, 5> routes{{
    {"PUT", by_crn,
     [](auto& to, const auto& at, const auto& body) {
       return to.put_noms_number(at.parts[3], body);
     }},
    {"PUT", replace,
     [](auto& to, const auto& at, const auto& body) {
       return to.replace_noms_number(at.parts[3], body);
     }},
    {"PUT", number,
     [](auto& to, const auto& at, const auto& body) {
       return to.put_booking_number(at.parts[3], body);
     }},
    {"PUT", location,
     [](auto& to, const auto& at, const auto& body) { return to.put_location(at.parts[3], body); }},
    {"POST", dates,
     [](auto& to, const auto& at, const auto& body) {
       return to.post_key_dates(at.parts[3], at.parts[5], body);
     }},
  }};
  for (const auto& [method, pattern, make] : routes) {
    if (!where.is(pattern))
      continue;
    if (request.method != method)
      return not_allowed();
    if (!options_.roles.contains("ROLE_COMMUNITY_CUSTODY_UPDATE"))
      return problem(403, "Access is denied");
    const auto body = parse_body(request);
    if (!body.is_object())
      return problem(400, "the body is no JSON object");
    return make(community_, where, body);
  }
  return no_such_path();
}

// -- looking into it and changing it
// --------------------------------------------------------------------

http_answer simulator::control(const http_request& request, const target& where) {
  const auto route = request.method + ' ' + where.path;
  http_answer done;
  done.body = "{}\n";
  if (route == "GET /simulator/state") {
    done.body = probation_.canonical_state();
  } else if (route == "GET /simulator/requests") {
    return list_requests(where);
  } else if (route == "DELETE /simulator/requests") {
    requests_.clear();
  } else if (route == "DELETE /simulator/tokens") {
    tokens_.take_back();
  } else if (route == "GET /simulator/events") {
    return list_events(where);
  } else if (route == "GET /simulator/faults") {
    done.body = dumped(faults_.shown());
  } else if (route == "PUT /simulator/faults") {
    const auto changed = faults_.apply(parse_body(request));
    return changed ? as_answer({200, faults_.shown()})
                   : as_answer(problem(400, changed.error().what));
  } else if (route == "PUT /simulator/reset") {
    if (const auto begun = begin(); !begun)
      return as_answer(problem(500, begun.error().what));
  } else {
    return as_answer(no_such_path());
  }
  return done;
}

void simulator::record(const http_request& request, const target& where, int status,
                       std::uint32_t attempt) {
  const bool secret = where.to == peer::oauth;
  requests_.push_back({next_sequence_++, clock_.now(), where.to, request.method,
                       where.path_and_query, secret ? std::string{} : request.body,
                       std::string{request.header("idempotency-key")}, status, attempt});
  if (requests_.size() > options_.requests_max)
    requests_.pop_front();
}

http_answer simulator::list_requests(const target& where) const {
  const auto from_text = value_of(where.query, "from");
  const auto limit_text = value_of(where.query, "limit");
  const auto name = value_of(where.query, "peer");
  const auto from = from_text.empty() ? 0 : number_of<std::uint64_t>(from_text);
  const auto limit =
    limit_text.empty() ? options_.requests_max : number_of<std::size_t>(limit_text);
  const auto wanted = parse_peer(name);
  if (!from || !limit || (!name.empty() && !wanted))
    return as_answer(problem(400, "from and limit are numbers, peer is one of prison-api, "
                                  "community-api, offender-search, oauth"));
  http_answer list;
  list.content_type = "application/x-ndjson";
  std::size_t listed = 0;
  for (const auto& one : requests_) {
    if (one.sequence < *from || (wanted && one.to != *wanted))
      continue;
    if (listed++ == *limit)
      break;
    const nlohmann::ordered_json row{
      {"sequence", one.sequence},
      {"time", time_text(one.at)},
      {"peer", to_string(one.to)},
      {"method", one.method},
      {"path", one.path},
      {"body", one.body},
      {"idempotencyKey", one.idempotency_key.empty() ? nlohmann::ordered_json(nullptr)
                                                     : nlohmann::ordered_json(one.idempotency_key)},
      {"status", one.status},
      {"attempt", one.attempt}};
    list.body += dumped(row) + '\n';
  }
  return list;
}

http_answer simulator::list_events(const target& where) const {
  event_options wanted;
  wanted.seed = options_.people.seed;
  const auto read = [&](const char* name, auto& into) {
    const auto text = value_of(where.query, name);
    if (text.empty())
      return true;
    const auto value = number_of<std::remove_reference_t<decltype(into)>>(text);
    into = value.value_or(into);
    return value.has_value();
  };
  if (!read("count", wanted.count) || !read("seed", wanted.seed) ||
      !read("poison", wanted.poison) || wanted.count > events_max || wanted.poison > events_max)
    return as_answer(problem(400, "count, seed and poison are numbers; at most " +
                                    std::to_string(events_max) + " events"));
  http_answer list;
  list.content_type = "application/x-ndjson";
  for (const auto& line : make_events(make_population(options_.people), wanted))
    list.body += line + '\n';
  return list;
}

} // namespace sallyport::simulator
