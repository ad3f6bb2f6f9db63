#include "engine/core/murmur2.hpp"
#include "engine/services/log_service.hpp"
#include "engine/services/record_json.hpp"
#include "tools/command/folder.hpp"
#include "tools/command/verb.hpp"

#include <CLI/CLI.hpp>

#include <iostream>
#include <iterator>
#include <memory>
#include <numeric>

namespace sallyport::command {

namespace {

struct options {
  folder_option where;
  std::string topic;
  std::int64_t from = 0;
  std::uint64_t limit = log_service::limit_by_default;
  std::optional<std::uint32_t> partition;
  std::optional<std::string> key;
  std::vector<std::string> headers;
};

result<std::unique_ptr<open_folder>> open(const options& o, bool read_only) {
  SALLYPORT_TRY(auto folder, o.where.folder());
  return open_folder::open(folder, read_only);
}

status topics(const options& o) {
  SALLYPORT_TRY(auto in, open(o, true));
  for (const auto& topic : in->log->topics())
    for (std::uint32_t p = 0; p < topic.partitions; ++p) {
      SALLYPORT_TRY(auto range, in->log->offsets({topic.name, p}));
      std::cout << topic.name << '\t' << p << '\t' << range.begin << '\t' << range.end << '\n';
    }
  return {};
}

status read(const options& o) {
  SALLYPORT_TRY(auto in, open(o, true));
  auto topic = in->log->find_topic(o.topic);
  if (!topic)
    return fail(error::user(errc::not_found, "there is no topic '" + o.topic + "'"));
  log_lines::range range{o.topic, {}, o.from, o.limit};
  if (o.partition) {
    range.partitions = {*o.partition};
  } else {
    range.partitions.resize(topic->partitions);
    std::iota(range.partitions.begin(), range.partitions.end(), 0U);
  }
  SALLYPORT_TRY(auto lines, log_lines::open(*in->log, range));
  while (true) {
    SALLYPORT_TRY(auto some, lines.next());
    if (some.empty())
      return {};
    std::cout << some;
  }
}

status append(const options& o) {
  SALLYPORT_TRY(auto in, open(o, false));
  auto topic = in->log->find_topic(o.topic);
  if (!topic)
    return fail(error::user(errc::not_found, "there is no topic '" + o.topic + "'"));
  record base;
  base.timestamp = in->clock.now();
  if (o.key)
    base.key = bytes{*o.key};
  for (const auto& h : o.headers) {
    auto equals = h.find('=');
    if (equals == std::string::npos)
      return fail(error::user(errc::invalid_config, "--header wants NAME=VALUE, not '" + h + "'"));
    base.headers.push_back({h.substr(0, equals), h.substr(equals + 1)});
  }
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
  std::cout << o.topic << '\t' << records.to.partition << '\t' << first << '\t'
            << first + static_cast<std::int64_t>(records.records.size()) << '\n';
  return {};
}

} // namespace

void declare_log(CLI::App& sub, int& code) {
  auto o = std::make_shared<options>();
  auto act = [o, &code](status (*what)(const options&)) {
    return [o, &code, what] {
      if (auto done = what(*o); !done)
        code = report(done.error());
    };
  };
  sub.require_subcommand(1);
  auto* list = sub.add_subcommand("topics", "Topics and partitions with their first and next "
                                            "offsets, tab-separated.");
  o->where.declare(*list);
  list->callback(act(topics));
  auto* from =
    sub.add_subcommand("read", "Records as NDJSON. Works beside a running instance too.");
  o->where.declare(*from);
  from->add_option("TOPIC", o->topic, "The topic.")->required();
  from->add_option("--from", o->from, "First offset, in each partition.");
  from->add_option("--limit", o->limit, "How many records at most.");
  from->add_option("--partition", o->partition, "Only this partition.");
  from->callback(act(read));
  auto* to = sub.add_subcommand(
    "append", "Appends each line of standard input as a record. The instance must not run: a "
              "running one takes records by POST /ingress/TOPIC.");
  o->where.declare(*to);
  to->add_option("TOPIC", o->topic, "The topic.")->required();
  to->add_option("--key", o->key, "The key of all records; it chooses the partition.");
  to->add_option("--header", o->headers, "NAME=VALUE, may repeat.");
  to->add_option("--partition", o->partition, "The partition, in place of the key's.");
  to->callback(act(append));
}

} // namespace sallyport::command
