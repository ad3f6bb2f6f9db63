#include "engine/services/log_service.hpp"

#include "engine/config/node.hpp"
#include "engine/services/record_json.hpp"
#include "engine/time/zone.hpp"

#include <algorithm>
#include <charconv>
#include <numeric>

namespace sallyport {

namespace {

constexpr std::size_t part_bytes = 64U << 10U;
/// Read ahead of each partition.
constexpr read_limits ahead_limits{256, 256U << 10U};

/// The parameter as a number; nothing if it is none between `least` and `most`.
std::optional<std::uint64_t> number_of(std::string_view text, std::uint64_t least,
                                       std::uint64_t most) {
  std::uint64_t number = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (problem != std::errc{} || end != text.data() + text.size() || number < least || number > most)
    return std::nullopt;
  return number;
}

} // namespace

http_response unknown_topic(const log& in, const std::string& name) {
  std::vector<std::string> names;
  for (const auto& topic : in.topics())
    names.push_back(topic.name);
  const auto near = config::nearest(name, names);
  return error_response(404, "there is no topic '" + name + "'" +
                               (near ? "; did you mean '" + *near + "'?" : ""));
}

// -- the lines of a topic
// ---------------------------------------------------------------------------

log_lines::log_lines(const log& of, range wanted)
  : log_(&of), wanted_(std::move(wanted)), lines_(std::make_unique<record_lines>()) {}
log_lines::log_lines(log_lines&&) noexcept = default;
log_lines& log_lines::operator=(log_lines&&) noexcept = default;
log_lines::~log_lines() = default;

result<log_lines> log_lines::open(const log& of, const range& wanted) {
  log_lines made{of, wanted};
  for (const auto partition : wanted.partitions) {
    partition_id id{wanted.topic, partition};
    SALLYPORT_TRY(const offset_range there, of.offsets(id));
    made.cursors_.push_back(
      {std::move(id), std::max(wanted.from, there.begin), std::min(wanted.to, there.end), {}, 0});
  }
  return made;
}

bool log_lines::wants(const record& what) const {
  return (!wanted_.since || what.timestamp >= *wanted_.since) &&
         (!wanted_.until || what.timestamp < *wanted_.until) &&
         (!wanted_.key || (!what.key.is_null() && what.key.view() == *wanted_.key));
}

result<std::string> log_lines::next() {
  std::string out;
  while (wanted_.limit > 0 && out.size() < part_bytes) {
    SALLYPORT_TRY(cursor* const at, least());
    if (at == nullptr)
      break;
    const auto& each = at->ahead[at->taken++];
    if (!wants(each.rec))
      continue;
    const auto begin = out.size();
    lines_->append(out, at->from.partition, each);
    if (std::string_view{out}.find(wanted_.grep, begin) == std::string_view::npos)
      out.resize(begin);
    else
      --wanted_.limit;
  }
  return out;
}

result<log_lines::cursor*> log_lines::least() {
  cursor* found = nullptr;
  for (auto& each : cursors_) {
    SALLYPORT_CHECK(fill(each));
    if (each.taken < each.ahead.size() &&
        (found == nullptr || each.ahead[each.taken].offset < found->ahead[found->taken].offset))
      found = &each;
  }
  return found;
}

/// Reads on when all that was read is given. Retention may have moved the begin meanwhile.
status log_lines::fill(cursor& of) {
  while (of.taken == of.ahead.size() && of.next < of.end) {
    auto read = log_->read(of.from, of.next, ahead_limits);
    if (!read && read.error().code == errc::out_of_range) {
      SALLYPORT_TRY(const offset_range there, log_->offsets(of.from));
      if (there.begin <= of.next)
        return fail(std::move(read).error());
      of.next = there.begin;
      continue;
    }
    if (!read)
      return fail(std::move(read).error());
    of.taken = 0;
    of.ahead = std::move(*read);
    std::erase_if(of.ahead, [&](const log_record& each) { return each.offset >= of.end; });
    of.next = of.ahead.empty() ? of.end : of.ahead.back().offset + 1;
  }
  return {};
}

// -- the routes
// -------------------------------------------------------------------------------------

namespace {

error wrong(std::string what) { return error::user(errc::invalid_config, std::move(what)); }

status take_number(log_lines::range& into, const topic_config& topic, const std::string& name,
                   std::string_view text) {
  constexpr std::uint64_t offset_max = std::numeric_limits<std::int64_t>::max();
  const std::uint64_t least = name == "limit" ? 1 : 0;
  const std::uint64_t most = name == "limit"       ? log_service::limit_max
                             : name == "partition" ? topic.partitions - 1
                                                   : offset_max;
  const auto number = number_of(text, least, most);
  if (!number)
    return fail(wrong(name + " is a whole number from " + std::to_string(least) + " to " +
                      std::to_string(most)));
  if (name == "from")
    into.from = static_cast<std::int64_t>(*number);
  else if (name == "to")
    into.to = static_cast<std::int64_t>(*number);
  else if (name == "limit")
    into.limit = *number;
  else
    into.partitions = {static_cast<std::uint32_t>(*number)};
  return {};
}

} // namespace

result<log_lines::range> log_lines::range::of(const topic_config& topic,
                                              const query_parameters& asked) {
  range made;
  made.topic = topic.name;
  made.partitions.resize(topic.partitions);
  std::iota(made.partitions.begin(), made.partitions.end(), 0U);
  for (const auto& [name, text] : asked) {
    if (name == "key") {
      made.key = text;
    } else if (name == "grep") {
      made.grep = text;
    } else if (name == "since" || name == "until") {
      const auto at = parse_offset_datetime(text);
      if (!at)
        return fail(wrong(name + " is a time with its zone, as 2026-01-31T09:00:00Z"));
      (name == "since" ? made.since : made.until) = *at;
    } else if (name == "from" || name == "to" || name == "limit" || name == "partition") {
      SALLYPORT_CHECK(take_number(made, topic, name, text));
    } else {
      return fail(wrong("unknown parameter '" + name +
                        "'; from, to, since, until, key, grep, partition and limit are known"));
    }
  }
  return made;
}

void log_service::serve_on(http_server& server) {
  route_description list{"log", "The topics, with what they hold.", {}, {}};
  list.parameters = {{"topic", "query", "string", "", "Only this one.", ""}};
  list.answers = {{200, "partitions and offsets"}, {404, "there is no such topic"}};
  server.route({"GET", "/log", access::operators(), std::move(list),
                [this](const http_request& request) { return topics(request); }});
  route_description about{"log", "The records of a topic, one a line.", {}, {}};
  about.parameters = {
    {"topic", "path", "string", "", "Its name.", ""},
    {"from", "query", "integer", "int64", "The first offset, in each partition.", "0"},
    {"to", "query", "integer", "int64", "The first offset that is left out.", ""},
    {"since", "query", "string", "date-time", "Only records of this time or later.", ""},
    {"until", "query", "string", "date-time", "Only records before this time.", ""},
    {"key", "query", "string", "", "Only records of this key.", ""},
    {"grep", "query", "string", "", "Only lines that hold this text.", ""},
    {"limit", "query", "integer", "int64", "How many lines at most.",
     std::to_string(limit_by_default)},
    {"partition", "query", "integer", "int32", "Only this one.", ""}};
  about.answers = {{200, "committed records", "application/x-ndjson"},
                   {400, "a parameter cannot be read"},
                   {404, "there is no such topic"}};
  server.route({"GET", "/log/{topic}", access::operators(), std::move(about),
                [this](const http_request& request) { return read(request); }});
}

http_response log_service::topics(const http_request& request) const {
  const auto only = request.parameter("topic");
  if (only && !from_.find_topic(*only))
    return unknown_topic(from_, std::string{*only});
  http_response made;
  std::string topics;
  for (const auto& topic : from_.topics()) {
    if (only && topic.name != *only)
      continue;
    topics += topics.empty() ? R"({"name":)" : R"(,{"name":)";
    append_json_text(topics, topic.name);
    topics += R"(,"partitions":)" + std::to_string(topic.partitions) + R"(,"offsets":[)";
    for (std::uint32_t i = 0; i < topic.partitions; ++i) {
      const auto there = from_.offsets({topic.name, i});
      if (!there)
        return error_response(there.error());
      topics += (i == 0 ? "" : ",") + std::string{R"({"partition":)"} + std::to_string(i) +
                R"(,"begin":)" + std::to_string(there->begin) + R"(,"end":)" +
                std::to_string(there->end) + "}";
    }
    topics += "]}";
  }
  made.body = R"({"topics":[)" + topics + "]}\n";
  return made;
}

http_response log_service::read(const http_request& request) const {
  const auto& name = request.captures.find("topic")->second;
  const auto topic = from_.find_topic(name);
  if (!topic)
    return unknown_topic(from_, name);
  const auto wanted = log_lines::range::of(*topic, request.query);
  if (!wanted)
    return error_response(wanted.error());
  auto lines = log_lines::open(from_, *wanted);
  if (!lines)
    return error_response(lines.error());
  http_response made;
  made.content_type = "application/x-ndjson";
  // A function object is copyable and the lines are not.
  made.next_part = [shared = std::make_shared<log_lines>(std::move(*lines))] {
    return shared->next();
  };
  return made;
}

} // namespace sallyport
