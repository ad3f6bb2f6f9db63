#include "engine/core/murmur2.hpp"
#include "engine/services/log_service.hpp"
#include "engine/time/duration.hpp"
#include "engine/time/zone.hpp"
#include "tools/command/folder.hpp"
#include "tools/command/output_file.hpp"
#include "tools/command/terminal.hpp"
#include "tools/command/verb.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cctype>
#include <iostream>
#include <map>
#include <memory>
#include <thread>

namespace sallyport::command {

namespace {

using json = nlohmann::ordered_json;

/// How long `--follow` waits until it asks again.
constexpr std::chrono::milliseconds follow_every{500};
/// One post to a running instance takes so much.
constexpr std::size_t post_bytes = 4U << 20U;

struct options {
  source_option source;
  std::string topic;
  std::string from;
  std::string to;
  std::string grep;
  std::optional<std::uint64_t> limit;
  std::optional<std::uint32_t> partition;
  std::optional<std::string> key;
  std::vector<std::string> headers;
  bool follow = false;
  std::string file;
  std::string format = "text";
};

/// An offset, a time, or how long ago: under the parameter that means it.
status add_bound(remote::query& to, const std::string& option, const std::string& text,
                 const char* offset, const char* time) {
  if (text.empty())
    return {};
  if (std::ranges::all_of(text, [](unsigned char c) { return std::isdigit(c) != 0; })) {
    to.emplace(offset, text);
    return {};
  }
  auto at = parse_offset_datetime(text);
  if (const auto ago = parse_duration(text))
    at = system_wall_clock{}.now() - *ago;
  if (!at)
    return fail(error::user(errc::invalid_config,
                            option + " is an offset (120), a time with its zone "
                                     "(2026-01-31T09:00:00Z) or how long ago it was (15m)"));
  to.emplace(time, format_utc(*at));
  return {};
}

result<remote::query> asked(const options& o) {
  remote::query all;
  SALLYPORT_CHECK(add_bound(all, "--from", o.from, "from", "since"));
  SALLYPORT_CHECK(add_bound(all, "--to", o.to, "to", "until"));
  if (o.partition)
    all.emplace("partition", std::to_string(*o.partition));
  if (o.key)
    all.emplace("key", *o.key);
  if (!o.grep.empty())
    all.emplace("grep", o.grep);
  if (o.limit)
    all.emplace("limit", std::to_string(*o.limit));
  return all;
}

std::string path_of(const std::string& topic) { return "/log/" + percent_encoded(topic); }

bool print_line(std::string_view line) {
  std::cout << line << '\n';
  return std::cout.good();
}

status topics(const options& o) {
  SALLYPORT_TRY(const auto from, o.source.open());
  SALLYPORT_TRY(const auto all, from.get("/log"));
  for (const auto& topic : all.value("topics", json::array())) {
    if (o.format == "json") {
      std::cout << topic.dump() << '\n';
      continue;
    }
    for (const auto& p : topic.value("offsets", json::array()))
      std::cout << topic.value("name", "") << '\t' << p.value("partition", 0) << '\t'
                << p.value("begin", std::int64_t{0}) << '\t' << p.value("end", std::int64_t{0})
                << '\n';
  }
  return {};
}

// -- reading --------------------------------------------------------------------------------------

/// First and next offsets of a topic's partitions.
result<std::map<std::uint32_t, offset_range>> offsets_of(const remote& from,
                                                         const std::string& topic) {
  SALLYPORT_TRY(const auto all, from.get("/log", {{"topic", topic}}));
  std::map<std::uint32_t, offset_range> made;
  for (const auto& each : all.value("topics", json::array()))
    for (const auto& p : each.value("offsets", json::array()))
      made[p.value("partition", std::uint32_t{0})] = {p.value("begin", std::int64_t{0}),
                                                      p.value("end", std::int64_t{0})};
  return made;
}

/// Each round reads what came since the one before, partition by partition.
status follow(const options& o, const remote& from, const remote::query& wanted) {
  SALLYPORT_TRY(auto there, offsets_of(from, o.topic));
  std::map<std::uint32_t, std::int64_t> next;
  const auto given = wanted.find("from");
  for (const auto& [partition, range] : there) {
    if (o.partition && partition != *o.partition)
      continue;
    if (given != wanted.end())
      next[partition] = std::max<std::int64_t>(range.begin, std::stoll(given->second));
    else
      next[partition] = o.from.empty() ? range.end : range.begin;
  }
  while (std::cout.good()) {
    for (auto& [partition, at] : next) {
      if (there[partition].end <= at)
        continue;
      auto some = wanted;
      some.erase("from");
      some.erase("partition");
      some.insert({{"from", std::to_string(at)},
                   {"to", std::to_string(there[partition].end)},
                   {"partition", std::to_string(partition)},
                   {"limit", std::to_string(log_service::limit_max)}});
      SALLYPORT_CHECK(from.get_lines(path_of(o.topic), some, print_line));
      at = there[partition].end;
    }
    std::cout.flush();
    std::this_thread::sleep_for(follow_every);
    SALLYPORT_TRY(there, offsets_of(from, o.topic));
  }
  return {};
}

status read(const options& o) {
  SALLYPORT_TRY(const auto wanted, asked(o));
  if (o.follow && !o.source.is_running())
    return fail(error::user(errc::invalid_config,
                            "a folder is seen as it was when it was opened: to follow, name the "
                            "running instance by --url URL"));
  SALLYPORT_TRY(const auto from, o.source.open());
  if (o.follow)
    return follow(o, from, wanted);
  return from.get_lines(path_of(o.topic), wanted, print_line);
}

status export_topic(const options& o) {
  SALLYPORT_TRY(auto wanted, asked(o));
  SALLYPORT_TRY(const auto from, o.source.open());
  SALLYPORT_TRY(const auto there, offsets_of(from, o.topic));
  SALLYPORT_TRY(auto out, output_file::create(o.file));
  std::size_t all = 0;
  if (wanted.empty())
    for (const auto& [partition, range] : there)
      all += static_cast<std::size_t>(range.end - range.begin);
  wanted.emplace("limit", std::to_string(log_service::limit_max));
  progress shown{"records"};
  std::size_t done = 0;
  status written;
  SALLYPORT_CHECK(from.get_lines(path_of(o.topic), wanted, [&](std::string_view line) {
    written = out.write(std::string{line} + '\n');
    shown.at(++done, all);
    return written.has_value();
  }));
  SALLYPORT_CHECK(written);
  return out.finish();
}

// -- writing --------------------------------------------------------------------------------------

result<header_list> headers_of(const options& o) {
  header_list all;
  for (const auto& h : o.headers) {
    auto equals = h.find('=');
    if (equals == std::string::npos)
      return fail(error::user(errc::invalid_config, "--header wants NAME=VALUE, not '" + h + "'"));
    all.push_back({h.substr(0, equals), h.substr(equals + 1)});
  }
  return all;
}

void print_place(const std::string& topic, std::uint32_t partition, std::int64_t first,
                 std::int64_t records) {
  std::cout << topic << '\t' << partition << '\t' << first << '\t' << first + records << '\n';
}

status append_to_folder(const options& o) {
  SALLYPORT_TRY(auto folder, o.source.at.folder());
  SALLYPORT_TRY(auto in, open_folder::open(folder, false));
  auto topic = in->log->find_topic(o.topic);
  if (!topic)
    return fail(error::user(errc::not_found, "there is no topic '" + o.topic + "'"));
  record base;
  base.timestamp = in->clock.now();
  if (o.key)
    base.key = bytes{*o.key};
  SALLYPORT_TRY(base.headers, headers_of(o));
  log_append records;
  records.to = {o.topic, o.partition.value_or(o.key ? partition_of(*o.key, topic->partitions) : 0)};
  for (std::string line; std::getline(std::cin, line);) {
    auto r = base;
    r.value = bytes{line};
    records.records.push_back(std::move(r));
  }
  if (records.records.empty())
    return {};
  SALLYPORT_TRY(auto first, in->log->append(records, std::nullopt));
  print_place(o.topic, records.to.partition, first,
              static_cast<std::int64_t>(records.records.size()));
  return {};
}

/// By `POST /ingress/TOPIC`, some lines at a time.
status append_to_running(const options& o) {
  if (o.partition)
    return fail(error::user(errc::invalid_config,
                            "a running instance finds the partition itself: leave out "
                            "--partition, or stop it and name its folder by --state"));
  SALLYPORT_TRY(const auto to, o.source.open());
  remote::query with;
  if (o.key)
    with.emplace("key", *o.key);
  SALLYPORT_TRY(const auto headers, headers_of(o));
  for (const auto& h : headers)
    with.emplace("header." + h.name, h.value);
  const auto post = [&](std::string body) -> status {
    SALLYPORT_TRY(const auto done,
                  to.post_text("/ingress/" + percent_encoded(o.topic), std::move(body),
                               {{"Content-Type", "application/x-ndjson"}}, with));
    for (const auto& p : done.value("positions", json::array()))
      print_place(o.topic, p.value("partition", std::uint32_t{0}),
                  p.value("offset", std::int64_t{0}), p.value("records", std::int64_t{0}));
    return {};
  };
  std::string body;
  for (std::string line; std::getline(std::cin, line);) {
    body += line + '\n';
    if (body.size() >= post_bytes)
      SALLYPORT_CHECK(post(std::exchange(body, {})));
  }
  return body.empty() ? status{} : post(std::move(body));
}

status append(const options& o) {
  return o.source.is_running() ? append_to_running(o) : append_to_folder(o);
}

// -- the table ------------------------------------------------------------------------------------

void declare_range(CLI::App& sub, options& o) {
  o.source.declare(sub);
  sub.add_option("TOPIC", o.topic, "The topic.")->required();
  sub.add_option("--key", o.key, "Only records of this key.");
  sub.add_option("--from", o.from,
                 "The first offset in each partition, a time (2026-01-31T09:00:00Z), or how long "
                 "ago (15m).");
  sub.add_option("--to", o.to, "The first that is left out, in the same form.");
  sub.add_option("--grep", o.grep, "Only lines that hold this text.");
  sub.add_option("--partition", o.partition, "Only this partition.");
}

} // namespace

void declare_log(CLI::App& sub, int& code) {
  auto o = std::make_shared<options>();
  sub.require_subcommand(1);
  sub.footer("For example: sallyport log read events --key 7 --from 15m --url "
             "http://127.0.0.1:8080\n" +
             exit_code_help());
  auto* list = sub.add_subcommand("topics", "Topics and partitions with their first and next "
                                            "offsets, tab-separated.");
  o->source.declare(*list);
  list->add_option("--format", o->format, "text or json (a line for each topic).")
    ->check(CLI::IsMember({"text", "json"}));
  list->callback(reporting(code, o, topics));
  auto* lines =
    sub.add_subcommand("read", "Records as NDJSON. A folder is read beside its instance too.");
  declare_range(*lines, *o);
  lines->add_option("--limit", o->limit, "How many records at most; 1000 without it.");
  lines->add_flag("--follow", o->follow, "Goes on with what comes, until it is interrupted.")
    ->excludes("--to", "--limit");
  lines->callback(reporting(code, o, read));
  auto* file = sub.add_subcommand("export", "Records into a file, as NDJSON; whole or not at all.");
  declare_range(*file, *o);
  file->add_option("FILE", o->file, "The file to make.")->required();
  file->callback(reporting(code, o, export_topic));
  auto* to = sub.add_subcommand(
    "append", "Appends each line of standard input as a record: to a folder that no instance "
              "uses, or by --url to a running instance, which takes JSON only.");
  o->source.declare(*to);
  to->add_option("TOPIC", o->topic, "The topic.")->required();
  to->add_option("--key", o->key, "The key of all records; it chooses the partition.");
  to->add_option("--header", o->headers, "NAME=VALUE, may repeat.");
  to->add_option("--partition", o->partition, "The partition, in place of the key's.");
  to->callback(reporting(code, o, append));
}

} // namespace sallyport::command
