#include "engine/services/dead_letter_service.hpp"

#include "engine/core/murmur2.hpp"
#include "engine/observe/log.hpp"
#include "engine/services/record_json.hpp"
#include "engine/time/zone.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <charconv>

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
};

struct dead_letter_service::cause {
  std::string user;
  std::string reason;

  static cause of(const http_request& request) {
    return {request.user, std::string{request.parameter("reason").value_or("")}};
  }
};

struct dead_letter_service::outcome {
  std::uint64_t found = 0;
  std::uint64_t retried = 0;
};

namespace {

/// Visits the letters of a partition from `next` to `end`, some at a time and never none.
status each_chunk(const log& from, const partition_id& of, std::int64_t next, std::int64_t end,
                  const std::function<status(std::vector<log_record>&&)>& visit) {
  while (next < end) {
    SALLYPORT_TRY(auto letters, from.read(of, next, chunk));
    std::erase_if(letters, [&](const log_record& each) { return each.offset >= end; });
    if (letters.empty())
      return {};
    next = letters.back().offset + 1;
    SALLYPORT_CHECK(visit(std::move(letters)));
  }
  return {};
}

} // namespace

dead_letter_service::dead_letter_service(settings with, log& of, const wall_clock& clock)
  : settings_(std::move(with)), log_(of), clock_(clock) {}

void dead_letter_service::serve_on(http_server& server, const std::string& role) {
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
  for (std::uint32_t p = 0; p < config->partitions; ++p) {
    partition_id of{topic, p};
    SALLYPORT_TRY(const auto there, log_.offsets(of));
    SALLYPORT_TRY(const auto handled, log_.position(position_name(), of));
    const auto next = std::max(there.begin, handled.value_or(there.begin));
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
    const auto [end, problem] = std::from_chars(text->data(), text->data() + text->size(), most);
    if (problem != std::errc{} || end != text->data() + text->size() || most > messages_max)
      return error_response(400, "the parameter maxMessages is a whole number up to " +
                                   std::to_string(messages_max));
  }
  auto waiting = waiting_in(*topic);
  if (!waiting)
    return error_response(waiting.error());
  json_check check;
  std::uint64_t found = 0;
  std::uint64_t returned = 0;
  std::string messages;
  for (const auto& range : waiting->ranges) {
    const auto read =
      each_chunk(log_, range.of, range.next, range.end, [&](std::vector<log_record>&& letters) {
        for (const auto& letter : letters) {
          ++found;
          if (returned == most || messages.size() > list_bytes_max)
            continue;
          ++returned;
          const auto& value = letter.rec.value;
          messages += messages.empty() ? R"({"body":)" : R"(,{"body":)";
          if (!value.is_null() && check.is_json(value))
            messages += value.view();
          else
            append_json_text(messages, value.view());
          messages += R"(,"messageId":")" + std::to_string(range.of.partition) + "-" +
                      std::to_string(letter.offset) + "\"}";
        }
        return status{};
      });
    if (!read)
      return error_response(read.error());
  }
  http_response made;
  made.body = R"({"messagesFoundCount":)" + std::to_string(found) + R"(,"messagesReturnedCount":)" +
              std::to_string(returned) + R"(,"messages":[)" + messages + "]}\n";
  return made;
}

// -- to send back
// ----------------------------------------------------------------------------------

http_response dead_letter_service::retry(const http_request& request) {
  const auto* topic = topic_named(request.captures.find("dlq")->second);
  if (topic == nullptr)
    return error_response(404, "there is no such topic of dead letters");
  const std::lock_guard lock{one_at_a_time_};
  const auto done = retry_topic(*topic, cause::of(request));
  if (!done)
    return error_response(done.error());
  return json_response(
    {{"messagesFoundCount", done->found}, {"messagesRetriedCount", done->retried}});
}

http_response dead_letter_service::retry_all(const http_request& request) {
  const std::lock_guard lock{one_at_a_time_};
  auto all = json::array();
  for (const auto& topic : settings_.topics) {
    const auto done = retry_topic(topic, cause::of(request));
    if (!done)
      return error_response(done.error());
    all.push_back({{"dlqName", topic},
                   {"messagesFoundCount", done->found},
                   {"messagesRetriedCount", done->retried}});
  }
  return json_response(all);
}

/// Letters that go back in one commit, with the positions behind them.
class dead_letter_service::redrive {
public:
  redrive(dead_letter_service& by, std::string topic, const cause& why)
    : by_(by), topic_(std::move(topic)), why_(why) {
    begin();
  }

  [[nodiscard]] status add(const partition_id& from, std::vector<log_record>&& letters) {
    const auto next = letters.back().offset + 1;
    for (auto& letter : letters) {
      bytes_ += letter.rec.value.size();
      ++news_.found;
      news_.retried += put_back(std::move(letter.rec), from) ? 1 : 0;
    }
    auto at = std::ranges::find(into_.positions, from, &log_position::from);
    if (at == into_.positions.end())
      into_.positions.push_back({from, next});
    else
      at->next = next;
    return news_.found >= chunk.records_max || bytes_ >= chunk.bytes_max ? commit() : status{};
  }

  [[nodiscard]] status commit() {
    if (news_.found == 0)
      return {};
    by_.add_news(news_, why_, into_);
    SALLYPORT_CHECK(by_.log_.commit(into_));
    done_.found += news_.found;
    done_.retried += news_.retried;
    begin();
    return {};
  }

  [[nodiscard]] const outcome& done() const noexcept { return done_; }

private:
  void begin() {
    into_ = {};
    into_.application = by_.position_name();
    news_ = {dead_letter_news::kind::retried, topic_, 0, 0, by_.clock_.now()};
    bytes_ = 0;
  }

  /// One that cannot go back stays: it is put behind the others, where it is found again.
  bool put_back(record&& letter, const partition_id& from) {
    std::string source{topic_of_source(letter.find("sallyport-source").value_or(""))};
    if (source.empty() || source == topic_)
      source = by_.settings_.source_topic;
    const auto topic = by_.log_.find_topic(source);
    letter.timestamp = by_.clock_.now();
    if (!topic) {
      append(from, std::move(letter));
      return false;
    }
    const auto partition = letter.key.is_null() ? from.partition % topic->partitions
                                                : partition_of(letter.key, topic->partitions);
    note_history(letter);
    append({topic->name, partition}, std::move(letter));
    return true;
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
  const cause& why_;
  log_commit into_;
  dead_letter_news news_;
  std::size_t bytes_ = 0;
  outcome done_;
};

result<dead_letter_service::outcome> dead_letter_service::retry_topic(const std::string& topic,
                                                                      const cause& why) {
  SALLYPORT_TRY(const auto waiting, waiting_in(topic));
  redrive going{*this, topic, why};
  for (const auto& range : waiting.ranges)
    SALLYPORT_CHECK(
      each_chunk(log_, range.of, range.next, range.end, [&](std::vector<log_record>&& letters) {
        return going.add(range.of, std::move(letters));
      }));
  SALLYPORT_CHECK(going.commit());
  if (going.done().found > 0)
    observe::log(observe::level::info, "dead_letters.retried", "dead letters were sent back",
                 {{"topic", topic}, {"letters", std::to_string(going.done().retried)}});
  return going.done();
}

// -- to put aside
// ----------------------------------------------------------------------------------

http_response dead_letter_service::purge(const http_request& request) {
  const auto* topic = topic_named(request.captures.find("queue")->second);
  if (topic == nullptr)
    return error_response(404, "there is no such topic of dead letters");
  const std::lock_guard lock{one_at_a_time_};
  const auto waiting = waiting_in(*topic);
  if (!waiting)
    return error_response(waiting.error());
  log_commit into;
  into.application = position_name();
  dead_letter_news news{dead_letter_news::kind::purged, *topic, 0, 0, clock_.now()};
  for (const auto& range : waiting->ranges) {
    into.positions.push_back({range.of, range.end});
    const auto counted = each_chunk(log_, range.of, range.next, range.end,
                                    [&](const std::vector<log_record>& letters) {
                                      news.found += letters.size();
                                      return status{};
                                    });
    if (!counted)
      return error_response(counted.error());
  }
  if (news.found > 0) {
    add_news(news, cause::of(request), into);
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
