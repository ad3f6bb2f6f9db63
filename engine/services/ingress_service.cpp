#include "engine/services/ingress_service.hpp"

#include "engine/core/fault.hpp"
#include "engine/core/murmur2.hpp"
#include "engine/services/log_service.hpp"
#include "engine/services/record_json.hpp"

#include <algorithm>
#include <expected>

namespace sallyport {

namespace {

constexpr std::string_view header_prefix = "header.";
constexpr std::size_t idempotency_key_max = 512; ///< of a post; the log's own is longer
/// What a client may not use up of the log's keys: other sources have prefixes of their own.
constexpr std::string_view idempotency_prefix = "ingress:";

using answer_or = std::expected<void, http_response>;

std::unexpected<http_response> refuse(int status, std::string_view what) {
  return std::unexpected{error_response(status, what)};
}

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos)
    return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

json_check& json_of_this_thread() {
  thread_local json_check check;
  return check;
}

std::string media_type(const http_request& request) {
  const auto given = find_header(request.headers, "content-type").value_or("");
  std::string type{trimmed(given.substr(0, given.find(';')))};
  std::ranges::transform(type, type.begin(), [](unsigned char c) {
    return static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  });
  return type;
}

/// Values of one post, as views into one shared body.
class values {
public:
  values(std::string body, const ingress_service::limits& limits)
    : body_(std::make_shared<const std::string>(std::move(body))), limits_(limits) {}

  [[nodiscard]] answer_or read(const std::string& type) {
    if (type == "application/octet-stream")
      return add(*body_, 0);
    const auto whole = trimmed(*body_);
    if (whole.empty())
      return refuse(400, "the body is empty; a JSON value is wanted");
    const bool lines = type == "application/x-ndjson" || type == "application/ndjson";
    const bool one_line = whole.find('\n') == std::string_view::npos;
    if (!lines && (one_line || whole.size() <= limits_.record_bytes_max) &&
        json_of_this_thread().is_json(whole))
      return add(whole, 0);
    if (!lines && one_line)
      return refuse(whole.size() > limits_.record_bytes_max ? 413 : 400,
                    "line 1: no JSON; send it as application/octet-stream if it is none");
    return read_lines();
  }

  [[nodiscard]] const std::vector<bytes>& all() const noexcept { return all_; }

private:
  answer_or read_lines() {
    std::string_view rest = *body_;
    for (std::size_t number = 1; !rest.empty(); ++number) {
      const auto end = rest.find('\n');
      const auto line = trimmed(rest.substr(0, end));
      rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
      if (line.empty())
        continue;
      if (auto added = add(line, number); !added)
        return added;
      if (!json_of_this_thread().is_json(line))
        return refuse(400, "line " + std::to_string(number) +
                             ": no JSON; nothing of this body was written");
    }
    return {};
  }

  answer_or add(std::string_view value, std::size_t line) {
    const std::string where = line == 0 ? "" : "line " + std::to_string(line) + ": ";
    if (value.size() > limits_.record_bytes_max)
      return refuse(413, where + "a record has more than the " +
                           std::to_string(limits_.record_bytes_max) + " bytes that are taken");
    if (all_.size() == limits_.records_max)
      return refuse(413, where + "a post has more than the " + std::to_string(limits_.records_max) +
                           " records that are taken");
    all_.emplace_back(body_, value);
    return {};
  }

  std::shared_ptr<const std::string> body_;
  const ingress_service::limits& limits_;
  std::vector<bytes> all_;
};

struct common {
  bytes key;
  header_list headers;
};

std::expected<common, http_response> read_query(const http_request& request) {
  common made;
  for (const auto& [name, value] : request.query) {
    if (name == "key") {
      if (!made.key.is_null())
        return refuse(400, "key is given twice");
      made.key = bytes{value};
    } else if (name.starts_with(header_prefix) && name.size() > header_prefix.size()) {
      made.headers.push_back({name.substr(header_prefix.size()), value});
    } else {
      return refuse(400, "unknown parameter '" + name + "'; key and header.NAME are known");
    }
  }
  return made;
}

} // namespace

ingress_service::ingress_service(log& to, const wall_clock& clock)
  : ingress_service(to, clock, limits{}) {}

ingress_service::ingress_service(log& to, const wall_clock& clock, limits with)
  : to_(to), clock_(clock), limits_(with) {}

void ingress_service::serve_on(http_server& server) {
  route_description about{
    "ingress", "Puts records on a topic: JSON, one value or one a line.", {}, {}};
  about.parameters = {
    {"topic", "path", "string", "", "Its name.", ""},
    {"key", "query", "string", "", "The key of all records.", ""},
    {"Idempotency-Key", "header", "string", "", "A repeat under the same key writes nothing.", ""}};
  about.answers = {{200, "all is on the log"},
                   {400, "the body or a parameter cannot be read; nothing was written"},
                   {404, "there is no such topic"}};
  server.route({"POST", "/ingress/{topic}", access::operators(), std::move(about),
                [this](http_request& request) { return post(request); }});
}

http_response ingress_service::post(http_request& request) {
  const auto& name = request.captures.find("topic")->second;
  const auto topic = to_.find_topic(name);
  if (!topic)
    return unknown_topic(to_, name);
  auto with = read_query(request);
  if (!with)
    return with.error();
  const auto post_key = find_header(request.headers, "idempotency-key");
  if (post_key && (post_key->empty() || post_key->size() > idempotency_key_max))
    return error_response(400, "Idempotency-Key has 1 to " + std::to_string(idempotency_key_max) +
                                 " characters");
  values read{std::move(request.body), limits_};
  if (auto good = read.read(media_type(request)); !good)
    return good.error();

  // All of a post goes to one partition: its records keep their order, and one append has all or
  // nothing of it. A repeat has to find the partition of the first post, so its turn is not drawn
  // anew.
  const auto turn = post_key ? murmur2(*post_key) : turn_.fetch_add(1);
  const auto partition =
    with->key.is_null() ? turn % topic->partitions : partition_of(with->key, topic->partitions);
  const auto now = clock_.now();
  log_append records{{name, partition}, {}};
  for (const auto& value : read.all())
    records.records.push_back({with->key, value, with->headers, now});

  if (auto fault = fault::at("ingress.before"); !fault)
    return error_response(fault.error());
  const auto count = std::to_string(records.records.size());
  const auto append_key =
    post_key ? std::optional{std::string{idempotency_prefix}.append(*post_key)} : std::nullopt;
  const auto first = to_.append(records, append_key);
  if (!first)
    return error_response(first.error());
  if (auto fault = fault::at("ingress.appended"); !fault)
    return error_response(fault.error());
  http_response made;
  made.body = R"({"topic":)";
  append_json_text(made.body, name);
  made.body += R"(,"records":)" + count + R"(,"positions":[{"partition":)" +
               std::to_string(partition) + R"(,"offset":)" + std::to_string(*first) +
               R"(,"records":)" + count + "}]}\n";
  return made;
}

} // namespace sallyport
