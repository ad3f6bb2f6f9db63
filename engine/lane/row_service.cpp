#include "engine/lane/row_service.hpp"

#include "engine/lane/rows.hpp"
#include "engine/services/record_json.hpp"

#include <charconv>
#include <map>
#include <tuple>

namespace sallyport::lane {

namespace {

constexpr std::size_t part_bytes = 64U << 10U;

std::string_view kind_name(char of) {
  switch (static_cast<rows::kind>(of)) {
  case rows::kind::counts: return "counts";
  case rows::kind::state: return "state";
  case rows::kind::timer_due: return "timer";
  case rows::kind::timer_name: return "timer_name";
  case rows::kind::call: return "call";
  case rows::kind::circuit: return "circuit";
  case rows::kind::paused: return "paused";
  case rows::kind::conversation: return "conversation";
  case rows::kind::reply: return "reply";
  case rows::kind::queued: return "queued";
  case rows::kind::line: return "line";
  case rows::kind::door: return "door";
  }
  return "unknown";
}

/// Behind all keys that begin with it: rows of a part, or of one lane of it.
std::string scan_prefix(const row_lines::filter& wanted) {
  if (wanted.part.empty())
    return {};
  if (!wanted.lane)
    return wanted.part + '\0';
  return wanted.stage.empty() ? lane_prefix(wanted.part, *wanted.lane)
                              : rows::stage_prefix(wanted.part, *wanted.lane, wanted.stage);
}

template <class Number>
bool take(std::string_view text, Number& into) {
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), into);
  return problem == std::errc{} && end == text.data() + text.size();
}

error wrong(std::string what) { return error::user(errc::invalid_config, std::move(what)); }

} // namespace

/// A row's name, taken apart again (see rows.hpp).
struct row_lines::name {
  std::string_view part;
  std::uint32_t lane = 0;
  std::string_view stage;
  char kind = 0;
  std::string_view key;

  static std::optional<name> parse(std::string_view text) {
    name made;
    auto end = text.find('\0');
    if (end == std::string_view::npos || text.size() < end + 6)
      return std::nullopt;
    made.part = text.substr(0, end);
    binary::reader in{text.substr(end + 1)};
    made.lane = in.be32();
    text.remove_prefix(end + 5);
    end = text.find('\0');
    if (end == std::string_view::npos || text.size() < end + 2)
      return std::nullopt;
    made.stage = text.substr(0, end);
    made.kind = text[end + 1];
    made.key = text.substr(end + 2);
    return made;
  }

  void append(std::string& out, std::string_view value) const {
    out += R"({"part":)";
    append_json_text(out, part);
    out += R"(,"lane":)" + std::to_string(lane) + R"(,"stage":)";
    append_json_text(out, stage);
    out += R"(,"kind":")" + std::string{kind_name(kind)} + R"(","key":)";
    append_json_text(out, key);
    out += R"(,"value":)";
    append_json_text(out, value.substr(value.empty() ? 0 : 1)); // its format goes before
    out += "}\n";
  }
};

result<row_lines::filter> row_lines::filter::of(const query_parameters& asked) {
  filter made;
  for (const auto& [name, text] : asked) {
    if (name == "part")
      made.part = text;
    else if (name == "stage")
      made.stage = text;
    else if (name == "key")
      made.key = text;
    else if (name == "prefix")
      made.prefix = text;
    else if (name == "all_kinds" && (text == "true" || text == "false"))
      made.all_kinds = text == "true";
    else if (name == "all_kinds")
      return fail(wrong("all_kinds is true or false"));
    else if (name == "lane" && !take(text, made.lane.emplace()))
      return fail(wrong("lane is a whole number"));
    else if (name == "limit" && (!take(text, made.limit) || made.limit == 0))
      return fail(wrong("limit is a whole number from 1 on"));
    else if (name != "lane" && name != "limit")
      return fail(wrong("unknown parameter '" + name +
                        "'; part, stage, lane, key, prefix, all_kinds and limit are known"));
  }
  return made;
}

row_lines::row_lines(std::unique_ptr<row_reader> from, filter wanted)
  : from_(std::move(from)), wanted_(std::move(wanted)), next_(scan_prefix(wanted_)),
    end_(after_prefix(next_)) {}

bool row_lines::wants(const name& row) const {
  return (wanted_.part.empty() || wanted_.part == row.part) &&
         (wanted_.stage.empty() || wanted_.stage == row.stage) &&
         (!wanted_.lane || *wanted_.lane == row.lane) &&
         (wanted_.all_kinds || row.kind == static_cast<char>(rows::kind::state)) &&
         (!wanted_.key || *wanted_.key == row.key) && row.key.starts_with(wanted_.prefix);
}

result<std::string> row_lines::next() {
  std::string out;
  if (wanted_.limit == 0)
    return out;
  SALLYPORT_CHECK(
    from_->scan(family::state, next_, end_, [&](std::string_view key, std::string_view value) {
      const auto row = name::parse(key);
      if (!row || !wants(*row))
        return true;
      row->append(out, value);
      next_ = std::string{key} + '\0'; // the least key behind it
      return --wanted_.limit > 0 && out.size() < part_bytes;
    }));
  if (out.size() < part_bytes)
    wanted_.limit = 0; // there is no more
  return out;
}

result<std::string> row_lines::sizes() {
  struct size {
    std::uint64_t rows = 0;
    std::uint64_t bytes = 0;
  };
  std::map<std::tuple<std::string, std::string, char>, size, std::less<>> sizes;
  SALLYPORT_CHECK(
    from_->scan(family::state, next_, end_, [&](std::string_view key, std::string_view value) {
      const auto row = name::parse(key);
      if (!row || !wants(*row))
        return true;
      const std::tuple place{row->part, row->stage, row->kind};
      auto at = sizes.find(place);
      if (at == sizes.end())
        at = sizes.try_emplace({std::string{row->part}, std::string{row->stage}, row->kind}).first;
      ++at->second.rows;
      at->second.bytes += key.size() + value.size();
      return true;
    }));
  std::string out;
  for (const auto& [place, is] : sizes) {
    out += R"({"part":)";
    append_json_text(out, std::get<0>(place));
    out += R"(,"stage":)";
    append_json_text(out, std::get<1>(place));
    out += R"(,"kind":")" + std::string{kind_name(std::get<2>(place))} + R"(","rows":)" +
           std::to_string(is.rows) + R"(,"bytes":)" + std::to_string(is.bytes) + "}\n";
  }
  return out;
}

// -- the routes -----------------------------------------------------------------------------------

void row_service::serve_on(http_server& server) const {
  const std::vector<route_description::parameter> which{
    {"part", "query", "string", "", "Only this part.", ""},
    {"stage", "query", "string", "", "Only this stage.", ""},
    {"lane", "query", "integer", "int32", "Only this lane (partition).", ""},
    {"key", "query", "string", "", "Only this key, the operator's own.", ""},
    {"prefix", "query", "string", "", "Only keys that begin so.", ""},
    {"all_kinds", "query", "boolean", "", "The engine's rows too.", ""}};
  route_description about{"state", "What the stages keep, a row a line.", which, {}};
  about.parameters.push_back({"limit", "query", "integer", "int64", "How many lines at most.",
                              std::to_string(row_lines::limit_by_default)});
  about.answers = {{200, "committed rows, of one moment", "application/x-ndjson"},
                   {400, "a parameter cannot be read"}};
  const auto rows_of = [this](const http_request& request) -> result<std::shared_ptr<row_lines>> {
    SALLYPORT_TRY(auto wanted, row_lines::filter::of(request.query));
    return std::make_shared<row_lines>(from_.snapshot(), std::move(wanted));
  };
  server.route({"GET", "/admin/state/rows", access::operators(), about,
                [rows_of](const http_request& request) {
                  const auto rows = rows_of(request);
                  if (!rows)
                    return error_response(rows.error());
                  http_response made;
                  made.content_type = "application/x-ndjson";
                  made.next_part = [lines = *rows] { return lines->next(); };
                  return made;
                }});
  about.summary = "How many rows and bytes there are, by part, stage and kind. It reads them all.";
  about.parameters.pop_back();
  server.route({"GET", "/admin/state/size", access::operators(), std::move(about),
                [rows_of](const http_request& request) {
                  const auto rows = rows_of(request);
                  if (!rows)
                    return error_response(rows.error());
                  auto sizes = (*rows)->sizes();
                  if (!sizes)
                    return error_response(sizes.error());
                  http_response made;
                  made.content_type = "application/x-ndjson";
                  made.body = std::move(*sizes);
                  return made;
                }});
}

} // namespace sallyport::lane
