#include "engine/services/dead_letter_service.hpp"

#include "engine/core/murmur2.hpp"
#include "engine/observe/log.hpp"
#include "engine/services/log_service.hpp"
#include "engine/services/record_json.hpp"
#include "engine/time/duration.hpp"
#include "engine/time/zone.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <unordered_set>
#include <utility>

namespace sallyport {

namespace {

using json = nlohmann::ordered_json;

/// One commit of a redrive takes so many letters.
constexpr read_limits chunk{500, 4U << 20U};
constexpr std::size_t list_bytes_max = 64U << 20U;

/// What a rejected record brings, and the name that it has in the history.
struct told_header {
  std::string_view header;
  const char* name;
};
constexpr std::array<told_header, 5> told_headers{{{"sallyport-cause", "cause"},
                                                   {"sallyport-detail", "detail"},
                                                   {"sallyport-stage", "stage"},
                                                   {"sallyport-source", "source"},
                                                   {"sallyport-dead-at", "deadAt"}}};
constexpr std::string_view history_header = "sallyport-history";
constexpr std::string_view redriven_header = "sallyport-redriven";

std::string text_of(const json& of) {
  return of.dump(-1, ' ', false, json::error_handler_t::replace);
}

http_response json_response(const json& of) {
  http_response made;
  made.body = text_of(of) + "\n";
  return made;
}

/// The topic of `topic/partition/offset`.
std::string_view topic_of_source(std::string_view source) {
  return source.substr(0, source.find('/'));
}

std::string id_of(const partition_id& of, const log_record& letter) {
  return std::to_string(of.partition) + "-" + std::to_string(letter.offset);
}

std::uint64_t times_redriven(const record& of) {
  const auto text = of.find(redriven_header).value_or("0");
  std::uint64_t times = 0;
  std::from_chars(text.data(), text.data() + text.size(), times);
  return times;
}

} // namespace

/// What was not handled in a topic, partition by partition, when it was looked at.
struct dead_letter_service::waiting_letters {
  struct range {
    partition_id of;
    std::int64_t next = 0;
    std::int64_t end = 0;
  };
  std::vector<range> ranges;
  handled_letters handled; ///< of all topics, beyond the positions
};

struct dead_letter_service::cause {
  std::string user;
  std::string reason;

  static cause of(const http_request& request) {
    return {request.user, std::string{request.parameter("reason").value_or("")}};
  }
};

struct dead_letter_service::outcome {
  std::uint64_t found = 0;          ///< letters that wait
  std::uint64_t retried = 0;        ///< chosen, and sent back
  std::uint64_t behind = 0;         ///< chosen, and stay, as an earlier one of their key does
  std::uint64_t without_source = 0; ///< chosen, and stay, as nothing says where they came from
};

/// Which letters are meant.
struct dead_letter_service::choice {
  std::string topic; ///< empty: all topics
  std::optional<std::string> key;
  std::string cause;
  std::optional<wall_time> dead_before;
  std::uint64_t limit = messages_by_default; ///< of a list
  bool dry_run = false;

  [[nodiscard]] static result<choice> of(const query_parameters& asked, wall_time now);
  [[nodiscard]] bool takes(const record& letter) const;
};

namespace {

/// Visits the letters of a partition from `next` to `end` that are not handled.
status each_letter(const log& from, const partition_id& of, std::int64_t next, std::int64_t end,
                   const offset_set& handled, const std::function<status(log_record&&)>& visit) {
  while (next < end) {
    SALLYPORT_TRY(auto letters, from.read(of, next, chunk));
    if (letters.empty())
      return {};
    for (auto& letter : letters) {
      next = letter.offset + 1;
      if (letter.offset < end && !handled.contains(letter.offset))
        SALLYPORT_CHECK(visit(std::move(letter)));
    }
  }
  return {};
}

result<std::uint64_t> number_in(std::string_view text, const char* name, std::uint64_t most) {
  std::uint64_t number = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (problem != std::errc{} || end != text.data() + text.size() || number > most)
    return fail(error::user(errc::invalid_config, "the parameter " + std::string{name} +
                                                    " is a whole number up to " +
                                                    std::to_string(most)));
  return number;
}

} // namespace

result<dead_letter_service::choice> dead_letter_service::choice::of(const query_parameters& asked,
                                                                    wall_time now) {
  choice made;
  for (const auto& [name, text] : asked) {
    if (name == "topic") {
      made.topic = text;
    } else if (name == "key") {
      made.key = text;
    } else if (name == "cause") {
      made.cause = text;
    } else if (name == "older_than") {
      SALLYPORT_TRY(const auto age, parse_duration(text));
      made.dead_before = now - age;
    } else if (name == "limit") {
      SALLYPORT_TRY(made.limit, number_in(text, "limit", log_service::limit_max));
    } else if (name == "dry_run") {
      made.dry_run = text == "true";
    } else if (name != "reason") {
      return fail(error::user(errc::invalid_config,
                              "unknown parameter '" + name +
                                "'; topic, key, cause, older_than, limit, dry_run and reason are "
                                "known"));
    }
  }
  return made;
}

bool dead_letter_service::choice::takes(const record& letter) const {
  const auto dead_at = [&] {
    const auto told = parse_offset_datetime(letter.find("sallyport-dead-at").value_or(""));
    return told ? *told : letter.timestamp;
  };
  return (!key || (!letter.key.is_null() && letter.key.view() == *key)) &&
         (cause.empty() || letter.find("sallyport-cause") == cause) &&
         (!dead_before || dead_at() <= *dead_before);
}

dead_letter_service::dead_letter_service(settings with, log& of, const wall_clock& clock)
  : settings_(std::move(with)), log_(of), clock_(clock) {}

void dead_letter_service::serve_on(http_server& server, const std::string& role) {
  serve_queue_admin(server, role);
  const std::vector<route_description::parameter> which{
    {"topic", "query", "string", "", "Only this topic of dead letters.", ""},
    {"key", "query", "string", "", "Only letters of this key.", ""},
    {"cause", "query", "string", "", "Only letters of this cause.", ""},
    {"older_than", "query", "string", "", "Only letters that died before this, as 2h.", ""}};
  route_description look{"dead letters", "The letters that wait, one a line.", which, {}};
  look.parameters.push_back({"limit", "query", "integer", "int64", "How many lines at most.",
                             std::to_string(messages_by_default)});
  look.answers = {{200, "key, cause, source and history of each", "application/x-ndjson"},
                  {400, "a parameter cannot be read"},
                  {404, "there is no such topic of dead letters"}};
  server.route({"GET", "/admin/dead-letters", access::operators(), std::move(look),
                [this](const http_request& request) { return list_chosen(request); }});
  route_description send{"dead letters", "Sends letters back to where they came from.", which, {}};
  send.parameters.push_back({"reason", "query", "string", "", "Why; it is recorded.", ""});
  send.parameters.push_back({"dry_run", "query", "boolean", "", "Only counts.", "false"});
  send.answers = {{200, "how many were found, and what was done, by topic"},
                  {400, "a parameter cannot be read, or there is no reason"},
                  {404, "there is no such topic of dead letters"}};
  server.route({"POST", "/admin/dead-letters/redrive", access::operators(), std::move(send),
                [this](const http_request& request) { return redrive_chosen(request); }});
}

void dead_letter_service::serve_queue_admin(http_server& server, const std::string& role) {
  using parameter = route_description::parameter;
  const parameter reason{"reason", "query", "string", "", "Why; it is recorded.", ""};
  const auto about = [](std::string summary, std::vector<parameter> parameters) {
    route_description made{"dead letters", std::move(summary), std::move(parameters), {}};
    made.answers = {{200, "How many were found, and what was done", "application/json"},
                    {404, "There is no such topic of dead letters", "application/json"}};
    return made;
  };
  const auto named = [](const char* name) {
    return parameter{name, "path", "string", "", "The topic of the dead letters.", ""};
  };
  const auto who = access::only_with_role(role);
  server.route({"GET", "/queue-admin/get-dlq-messages/{dlq}", who,
                about("The dead letters that were neither sent back nor purged.",
                      {named("dlq"),
                       {"maxMessages", "query", "integer", "int32", "How many at most.", "100"}}),
                [this](const http_request& request) { return list(request); }});
  server.route({"PUT", "/queue-admin/retry-dlq/{dlq}", who,
                about("Sends all dead letters of a topic back to where they came from.",
                      {named("dlq"), reason}),
                [this](const http_request& request) { return retry(request); }});
  server.route({"PUT", "/queue-admin/retry-all-dlqs", who,
                about("The same for all topics of dead letters.", {reason}),
                [this](const http_request& request) { return retry_all(request); }});
  server.route({"PUT", "/queue-admin/purge-queue/{queue}", who,
                about("Puts all dead letters of a topic aside for good.", {named("queue"), reason}),
                [this](const http_request& request) { return purge(request); }});
}

const std::string* dead_letter_service::topic_named(std::string_view name) const {
  const auto found = std::ranges::find(settings_.topics, name);
  return found == settings_.topics.end() ? nullptr : &*found;
}

result<dead_letter_service::waiting_letters>
dead_letter_service::waiting_in(const std::string& topic) const {
  waiting_letters all;
  const auto config = log_.find_topic(topic);
  if (!config)
    return all;
  SALLYPORT_TRY(all.handled,
                handled_letters::read(log_, handled_letters::topic_of(settings_.application)));
  for (std::uint32_t p = 0; p < config->partitions; ++p) {
    partition_id of{topic, p};
    SALLYPORT_TRY(const auto there, log_.offsets(of));
    SALLYPORT_TRY(const auto handled, log_.position(position_name(), of));
    const auto next =
      all.handled.in(of).first_missing(std::max(there.begin, handled.value_or(there.begin)));
    if (next < there.end)
      all.ranges.push_back({std::move(of), next, there.end});
  }
  return all;
}

// -- to look
// ---------------------------------------------------------------------------------------

http_response dead_letter_service::list(const http_request& request) {
  const auto* topic = topic_named(request.captures.find("dlq")->second);
  if (topic == nullptr)
    return error_response(404, "there is no such topic of dead letters");
  std::uint64_t most = messages_by_default;
  if (const auto text = request.parameter("maxMessages"); text && !text->empty()) {
    const auto number = number_in(*text, "maxMessages", messages_max);
    if (!number)
      return error_response(number.error());
    most = *number;
  }
  auto waiting = waiting_in(*topic);
  if (!waiting)
    return error_response(waiting.error());
  json_check check;
  std::uint64_t found = 0;
  std::uint64_t returned = 0;
  std::string messages;
  for (const auto& range : waiting->ranges) {
    const auto show = [&](const log_record& letter) {
      ++found;
      if (returned == most || messages.size() > list_bytes_max)
        return status{};
      ++returned;
      const auto& value = letter.rec.value;
      messages += messages.empty() ? R"({"body":)" : R"(,{"body":)";
      if (!value.is_null() && check.is_json(value))
        messages += value.view();
      else
        append_json_text(messages, value.view());
      messages += R"(,"messageId":")" + id_of(range.of, letter) + "\"}";
      return status{};
    };
    if (auto read =
          each_letter(log_, range.of, range.next, range.end, waiting->handled.in(range.of), show);
        !read)
      return error_response(read.error());
  }
  http_response made;
  made.body = R"({"messagesFoundCount":)" + std::to_string(found) + R"(,"messagesReturnedCount":)" +
              std::to_string(returned) + R"(,"messages":[)" + messages + "]}\n";
  return made;
}

http_response dead_letter_service::list_chosen(const http_request& request) {
  const auto chosen = choice::of(request.query, clock_.now());
  if (!chosen)
    return error_response(chosen.error());
  if (!chosen->topic.empty() && topic_named(chosen->topic) == nullptr)
    return error_response(404, "there is no such topic of dead letters");
  http_response made;
  made.content_type = "application/x-ndjson";
  std::uint64_t left = chosen->limit;
  for (const auto& topic : settings_.topics) {
    if (!chosen->topic.empty() && topic != chosen->topic)
      continue;
    auto waiting = waiting_in(topic);
    if (!waiting)
      return error_response(waiting.error());
    for (const auto& range : waiting->ranges) {
      const auto show = [&](const log_record& letter) {
        if (left == 0 || !chosen->takes(letter.rec) || made.body.size() > list_bytes_max)
          return status{};
        --left;
        json one{{"topic", topic}, {"id", id_of(range.of, letter)}};
        one["key"] = letter.rec.key.is_null() ? json{} : json(letter.rec.key.str());
        for (const auto& [name, key] : told_headers)
          one[key] = letter.rec.find(name).value_or("");
        one["redriven"] = times_redriven(letter.rec);
        made.body += text_of(one) + "\n";
        return status{};
      };
      if (auto read =
            each_letter(log_, range.of, range.next, range.end, waiting->handled.in(range.of), show);
          !read)
        return error_response(read.error());
    }
  }
  return made;
}

// -- to send back
// ----------------------------------------------------------------------------------

http_response dead_letter_service::retry(const http_request& request) {
  const auto* topic = topic_named(request.captures.find("dlq")->second);
  if (topic == nullptr)
    return error_response(404, "there is no such topic of dead letters");
  const std::lock_guard lock{one_at_a_time_};
  const auto done = redrive_topic(*topic, {}, cause::of(request));
  if (!done)
    return error_response(done.error());
  return json_response(
    {{"messagesFoundCount", done->found}, {"messagesRetriedCount", done->retried}});
}

http_response dead_letter_service::retry_all(const http_request& request) {
  const std::lock_guard lock{one_at_a_time_};
  auto all = json::array();
  for (const auto& topic : settings_.topics) {
    const auto done = redrive_topic(topic, {}, cause::of(request));
    if (!done)
      return error_response(done.error());
    all.push_back({{"dlqName", topic},
                   {"messagesFoundCount", done->found},
                   {"messagesRetriedCount", done->retried}});
  }
  return json_response(all);
}

http_response dead_letter_service::redrive_chosen(const http_request& request) {
  const auto chosen = choice::of(request.query, clock_.now());
  if (!chosen)
    return error_response(chosen.error());
  if (!chosen->topic.empty() && topic_named(chosen->topic) == nullptr)
    return error_response(404, "there is no such topic of dead letters");
  const auto why = cause::of(request);
  if (why.reason.empty() && !chosen->dry_run)
    return error_response(400, "reason is missing: why are the letters sent back?");
  const std::lock_guard lock{one_at_a_time_};
  auto all = json::array();
  for (const auto& topic : settings_.topics) {
    if (!chosen->topic.empty() && topic != chosen->topic)
      continue;
    const auto done = redrive_topic(topic, *chosen, why);
    if (!done)
      return error_response(done.error());
    all.push_back({{"topic", topic},
                   {"waiting", done->found},
                   {"redriven", done->retried},
                   {"behind_others", done->behind},
                   {"without_source", done->without_source}});
  }
  return json_response({{"dry_run", chosen->dry_run}, {"topics", std::move(all)}});
}

/// Letters of a topic that go back, some in each commit.
class dead_letter_service::redrive {
public:
  redrive(dead_letter_service& by, std::string topic, const choice& chosen, const cause& why,
          waiting_letters& waiting)
    : by_(by), topic_(std::move(topic)), chosen_(chosen), why_(why), waiting_(waiting) {
    begin();
  }

  [[nodiscard]] status run() {
    for (const auto& range : waiting_.ranges) {
      staying_keys_.clear();
      next_ = passed_ = range.next;
      // A copy: what is handled on the way is not looked at again.
      const auto before = waiting_.handled.in(range.of);
      SALLYPORT_CHECK(
        each_letter(by_.log_, range.of, range.next, range.end, before, [&](log_record&& letter) {
          take(range.of, std::move(letter));
          return retried_ >= chunk.records_max || bytes_ >= chunk.bytes_max ? commit(range.of)
                                                                            : status{};
        }));
      SALLYPORT_CHECK(commit(range.of));
    }
    return {};
  }

  [[nodiscard]] const outcome& done() const noexcept { return done_; }

private:
  void begin() {
    into_ = {};
    into_.application = by_.position_name();
    news_found_ = 0;
    retried_ = 0;
    bytes_ = 0;
  }

  void take(const partition_id& from, log_record&& letter) {
    // What stands between it and the letter before it was handled, or was never there.
    const auto gap = std::exchange(next_, letter.offset + 1);
    auto& handled = waiting_.handled.in(from);
    if (gap < letter.offset)
      handled.add(gap, letter.offset);
    ++news_found_;
    ++done_.found;
    if (goes_back(letter.rec)) {
      bytes_ += letter.rec.value.size();
      ++retried_;
      ++done_.retried;
      handled.add(letter.offset, letter.offset + 1);
      if (!chosen_.dry_run)
        put_back(std::move(letter.rec), from);
    } else if (!letter.rec.key.is_null()) {
      staying_keys_.insert(letter.rec.key.str());
    }
  }

  bool goes_back(const record& letter) {
    if (!chosen_.takes(letter))
      return false;
    if (!letter.key.is_null() && staying_keys_.contains(letter.key.str())) {
      ++done_.behind;
      return false;
    }
    if (!source_of(letter)) {
      ++done_.without_source;
      return false;
    }
    return true;
  }

  [[nodiscard]] status commit(const partition_id& of) {
    if (retried_ == 0 || chosen_.dry_run) {
      begin();
      return {};
    }
    auto& handled = waiting_.handled.in(of);
    passed_ = handled.first_missing(passed_);
    handled.forget_below(passed_);
    into_.positions.push_back({of, passed_});
    const dead_letter_news news{dead_letter_news::kind::retried, topic_, news_found_, retried_,
                                by_.clock_.now()};
    by_.add_news(news, why_, into_);
    SALLYPORT_CHECK(by_.add_note(news, why_, waiting_.handled, into_));
    SALLYPORT_CHECK(by_.log_.commit(into_));
    begin();
    return {};
  }

  [[nodiscard]] std::optional<topic_config> source_of(const record& letter) const {
    std::string source{topic_of_source(letter.find("sallyport-source").value_or(""))};
    if (source.empty() || source == topic_)
      source = by_.settings_.source_topic;
    return by_.log_.find_topic(source);
  }

  /// @pre it has a source
  void put_back(record&& letter, const partition_id& from) {
    const auto topic = source_of(letter);
    letter.timestamp = by_.clock_.now();
    const auto partition = letter.key.is_null() ? from.partition % topic->partitions
                                                : partition_of(letter.key, topic->partitions);
    note_history(letter);
    append({topic->name, partition}, std::move(letter));
  }

  void note_history(record& letter) const {
    auto death = json::object();
    for (const auto& [name, key] : told_headers) {
      if (const auto value = letter.find(name))
        death[key] = *value;
      std::erase_if(letter.headers, [&](const header& h) { return h.name == name; });
    }
    death["redrivenAt"] = format_utc(letter.timestamp);
    death["by"] = why_.user;
    if (!why_.reason.empty())
      death["reason"] = why_.reason;
    letter.set(redriven_header, std::to_string(times_redriven(letter) + 1));
    letter.headers.push_back({std::string{history_header}, text_of(death)});
  }

  void append(partition_id to, record&& what) {
    auto at = std::ranges::find(into_.appends, to, &log_append::to);
    if (at == into_.appends.end())
      at = into_.appends.insert(into_.appends.end(), {std::move(to), {}});
    at->records.push_back(std::move(what));
  }

  dead_letter_service& by_;
  std::string topic_;
  const choice& chosen_;
  const cause& why_;
  waiting_letters& waiting_;
  std::unordered_set<std::string> staying_keys_; ///< of letters of the partition that stay
  std::int64_t next_ = 0;                        ///< behind the letter that was looked at last
  std::int64_t passed_ = 0;                      ///< the position of the partition
  log_commit into_;
  std::uint64_t news_found_ = 0;
  std::uint64_t retried_ = 0;
  std::size_t bytes_ = 0;
  outcome done_;
};

result<dead_letter_service::outcome> dead_letter_service::redrive_topic(const std::string& topic,
                                                                        const choice& chosen,
                                                                        const cause& why) {
  SALLYPORT_TRY(auto waiting, waiting_in(topic));
  redrive going{*this, topic, chosen, why, waiting};
  SALLYPORT_CHECK(going.run());
  if (going.done().retried > 0 && !chosen.dry_run)
    observe::log(observe::level::info, "dead_letters.retried", "dead letters were sent back",
                 {{"topic", topic}, {"letters", std::to_string(going.done().retried)}});
  return going.done();
}

/// The topic of the notes is made when it is needed first.
status dead_letter_service::add_note(const dead_letter_news& news, const cause& why,
                                     const handled_letters& handled, log_commit& into) const {
  if (handled.ranges() > handled_letters::ranges_max)
    return fail(error::user(errc::limit_reached,
                            "too many letters stand between those that were sent back (" +
                              std::to_string(handled_letters::ranges_max) +
                              " gaps); send back or purge the oldest ones first"));
  const auto topic = handled_letters::topic_of(settings_.application);
  if (!log_.find_topic(topic))
    SALLYPORT_CHECK(log_.create_topic({topic, 1, duration{0}, handled_letters::retention_bytes}));
  json note{{"at", format_utc(news.at)},
            {"what", news.what == dead_letter_news::kind::retried ? "redriven" : "purged"},
            {"topic", news.topic},
            {"letters", news.what == dead_letter_news::kind::retried ? news.retried : news.found},
            {"by", why.user},
            {"reason", why.reason}};
  record told;
  told.timestamp = news.at;
  auto text = text_of(note);
  text.insert(text.size() - 1, R"(,"handled":)" + handled.text());
  told.value = bytes{std::move(text)};
  into.appends.push_back({{topic, 0}, {std::move(told)}});
  return {};
}

// -- to put aside
// ----------------------------------------------------------------------------------

http_response dead_letter_service::purge(const http_request& request) {
  const auto* topic = topic_named(request.captures.find("queue")->second);
  if (topic == nullptr)
    return error_response(404, "there is no such topic of dead letters");
  const std::lock_guard lock{one_at_a_time_};
  auto waiting = waiting_in(*topic);
  if (!waiting)
    return error_response(waiting.error());
  log_commit into;
  into.application = position_name();
  dead_letter_news news{dead_letter_news::kind::purged, *topic, 0, 0, clock_.now()};
  for (const auto& range : waiting->ranges) {
    into.positions.push_back({range.of, range.end});
    auto& handled = waiting->handled.in(range.of);
    const auto counted =
      each_letter(log_, range.of, range.next, range.end, handled, [&](const log_record&) {
        ++news.found;
        return status{};
      });
    if (!counted)
      return error_response(counted.error());
    handled = {};
  }
  if (news.found > 0) {
    add_news(news, cause::of(request), into);
    if (auto noted = add_note(news, cause::of(request), waiting->handled, into); !noted)
      return error_response(noted.error());
    if (auto done = log_.commit(into); !done)
      return error_response(done.error());
    observe::log(observe::level::warn, "dead_letters.purged", "dead letters were put aside",
                 {{"topic", *topic}, {"letters", std::to_string(news.found)}});
  }
  return json_response({{"messagesFoundCount", news.found}});
}

/// Who did it and why stand in headers: the news themselves have the form that their readers know.
void dead_letter_service::add_news(const dead_letter_news& news, const cause& why,
                                   log_commit& into) const {
  const auto topic = log_.find_topic(settings_.tells_to);
  if (!settings_.tell || !topic)
    return;
  auto told = settings_.tell(news);
  told.set("sallyport-by", why.user);
  if (!why.reason.empty())
    told.set("sallyport-reason", why.reason);
  const auto partition = partition_of(told.key, topic->partitions);
  into.appends.push_back({{topic->name, partition}, {std::move(told)}});
}

} // namespace sallyport
