/// What the Kafka benchmark does around the programs that it measures; bench/kafka/run.py calls it.
///
///   create TOPIC PARTITIONS
///   forget PREFIX                       deletes the topics whose names begin so
///   load TOPIC COUNT                    COUNT events of 200,000 bookings, the same in every run
///   drain PID GROUP TOPIC [OUT COUNT]   waits until the group has committed all of TOPIC, and then
///   until
///                                       COUNT records are in OUT; tells what the process took for
///                                       it
///   hash TOPIC [newest]                 of all committed records, in order for each key, or of the
///   last of each latency IN OUT RATE SECONDS         from IN to OUT, of records that carry the
///   time they were made
///
/// Each prints a line of JSON. What is counted begins with the first commit: the records of that
/// are left out of the count, as the start of the program is out of its time.

#include "bench/support/events.hpp"
#include "bench/support/kafka.hpp"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <iostream>
#include <sstream>
#include <thread>
#include <unistd.h>
#include <unordered_map>

namespace sallyport::bench::kafka {
namespace {

using namespace std::chrono_literals;
using steady = std::chrono::steady_clock;

constexpr std::size_t bookings = 200'000;
constexpr auto look_every = 20ms;
constexpr auto give_up_after = 15min;

std::size_t booking_of(std::size_t n) { return mixed(n) % bookings; }

std::int64_t now_us() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::microseconds>(now).count();
}

void send(rd_kafka_t* to, rd_kafka_topic_t* in, const std::string& key, const std::string& value) {
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-const-cast): it is copied, and never written to.
  auto* payload = const_cast<char*>(value.data());
  while (rd_kafka_produce(in, RD_KAFKA_PARTITION_UA, RD_KAFKA_MSG_F_COPY, payload, value.size(),
                          key.data(), key.size(), nullptr) != 0) {
    if (rd_kafka_last_error() != RD_KAFKA_RESP_ERR__QUEUE_FULL)
      check(rd_kafka_last_error(), "produce");
    rd_kafka_poll(to, 10);
  }
  rd_kafka_poll(to, 0);
}

client make_producer(const std::string& linger_ms) {
  return make(RD_KAFKA_PRODUCER, {{"enable.idempotence", "true"},
                                  {"partitioner", "murmur2_random"},
                                  {"linger.ms", linger_ms},
                                  {"queue.buffering.max.kbytes", "262144"}});
}

std::int64_t end_of(rd_kafka_t* of, const std::string& name) {
  std::int64_t all = 0;
  for (std::int32_t p = 0; p < partitions_of(of, name); ++p) {
    std::int64_t low = 0;
    std::int64_t high = 0;
    check(rd_kafka_query_watermark_offsets(of, name.c_str(), p, &low, &high, patience_ms), name);
    all += high - low;
  }
  return all;
}

// -- load ---------------------------------------------------------------------------------------

void load(const std::string& name, std::size_t count) {
  const auto producer = make_producer("20");
  const topic to{rd_kafka_topic_new(producer.get(), name.c_str(), nullptr)};
  std::vector<bool> seen(bookings);
  std::size_t keys = 0;
  for (std::size_t n = 0; n < count; ++n) {
    const auto booking = booking_of(n);
    keys += seen[booking] ? 0 : 1;
    seen[booking] = true;
    send(producer.get(), to.get(), std::to_string(1'000'000 + booking), event_json(n, booking));
  }
  check(rd_kafka_flush(producer.get(), patience_ms), "load");
  if (end_of(producer.get(), name) != static_cast<std::int64_t>(count))
    fail("load", "not all records were taken");
  std::cout << R"({"records":)" << count << R"(,"keys":)" << keys << "}\n";
}

// -- drain --------------------------------------------------------------------------------------

/// What a process has taken until now.
struct taken {
  steady::time_point at;
  double cpu_seconds = 0;
  std::int64_t records = 0;
};

taken look_at(const std::string& process, std::int64_t records) {
  std::ifstream in{"/proc/" + process + "/stat"};
  std::string line;
  std::getline(in, line);
  const auto behind_name = line.rfind(')');
  if (behind_name == std::string::npos)
    fail("drain", "the process is gone");
  std::istringstream fields{line.substr(behind_name + 2)};
  std::string skipped;
  constexpr int before_times = 11;
  for (int i = 0; i < before_times; ++i)
    fields >> skipped;
  double user = 0;
  double system = 0;
  fields >> user >> system;
  return {steady::now(), (user + system) / static_cast<double>(sysconf(_SC_CLK_TCK)), records};
}

double peak_mb(const std::string& process) {
  std::ifstream in{"/proc/" + process + "/status"};
  for (std::string line; std::getline(in, line);)
    if (line.starts_with("VmHWM:"))
      return std::strtod(line.c_str() + 6, nullptr) / 1024.0;
  return 0;
}

std::int64_t committed(rd_kafka_t* of, rd_kafka_topic_partition_list_t* list) {
  if (rd_kafka_committed(of, list, patience_ms) != RD_KAFKA_RESP_ERR_NO_ERROR)
    return 0; // the coordinator is not there yet
  std::int64_t all = 0;
  for (int i = 0; i < list->cnt; ++i)
    all += std::max<std::int64_t>(list->elems[i].offset, 0);
  return all;
}

/// Reads a topic until `enough` says so, or its end if `stop_at_end`.
void read(const std::string& name, bool stop_at_end,
          const std::function<bool(const rd_kafka_message_t&)>& enough) {
  const auto reader = make_consumer("none", true);
  const auto from = all_of(reader.get(), name, RD_KAFKA_OFFSET_BEGINNING);
  check(rd_kafka_assign(reader.get(), from.get()), name);
  const auto until = steady::now() + give_up_after;
  for (int open = from->cnt; open > 0 && steady::now() < until;) {
    const message m{rd_kafka_consumer_poll(reader.get(), 100)};
    if (!m)
      continue;
    if (m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF)
      open -= stop_at_end ? 1 : 0;
    else if (check(m->err, name); enough(*m))
      break;
  }
  rd_kafka_consumer_close(reader.get());
}

void tell_taken(const char* name, const taken& from, const taken& to) {
  std::cout << '"' << name << R"(":{"records":)" << to.records - from.records << R"(,"seconds":)"
            << std::chrono::duration<double>(to.at - from.at).count() << R"(,"cpu_seconds":)"
            << to.cpu_seconds - from.cpu_seconds << "},";
}

void drain(const std::string& process, const std::string& group, const std::string& in,
           const std::string& out, std::size_t expected) {
  const auto asker = make_consumer(group, false);
  const auto total = end_of(asker.get(), in);
  const auto list = all_of(asker.get(), in);
  const auto until = steady::now() + give_up_after;
  taken first;
  taken last;
  while (last.records < total) {
    std::this_thread::sleep_for(look_every);
    last = look_at(process, committed(asker.get(), list.get()));
    if (first.records == 0)
      first = last;
    if (last.at > until)
      fail("drain", std::to_string(last.records) + " of " + std::to_string(total) + " records");
  }
  if (last.records == first.records)
    fail("drain", "all of it was one commit; take more records");
  std::cout << '{';
  tell_taken("in", first, last);
  if (!out.empty()) {
    std::size_t count = 0;
    read(out, false, [&](const rd_kafka_message_t&) { return ++count == expected; });
    if (count != expected)
      fail(out, std::to_string(count) + " of " + std::to_string(expected) + " records came");
    last = look_at(process, last.records);
    tell_taken("all", first, last);
  }
  std::cout << R"("rss_mb":)" << peak_mb(process) << "}\n";
}

// -- hash ---------------------------------------------------------------------------------------

/// Two topics have the same hash when each key has the same values in the same order and partition.
void hash(const std::string& name, bool newest) {
  std::unordered_map<std::string, std::uint64_t> keys;
  std::size_t count = 0;
  read(name, true, [&](const rd_kafka_message_t& m) {
    std::string key = std::to_string(m.partition) + "/";
    key.append(static_cast<const char*>(m.key), m.key_len);
    auto& chain = keys[key];
    if (newest)
      chain = 0;
    chain =
      mixed(chain ^ std::hash<std::string_view>{}({static_cast<const char*>(m.payload), m.len}));
    ++count;
    return false;
  });
  std::uint64_t all = 0;
  for (const auto& [key, chain] : keys)
    all += mixed(chain ^ std::hash<std::string>{}(key));
  std::cout << R"({"records":)" << (newest ? keys.size() : count) << R"(,"keys":)" << keys.size()
            << R"(,"hash":")" << std::hex << all << "\"}\n";
}

// -- latency ------------------------------------------------------------------------------------

constexpr std::string_view stamp = R"({"madeAt":)";
constexpr int stamp_digits = 16;

/// Events that are made beforehand: the source takes no more of the machine than it must.
std::vector<std::string> made_events() {
  constexpr std::size_t count = 4096;
  std::vector<std::string> all;
  for (std::size_t n = 0; n < count; ++n)
    all.push_back("," + event_json(n, booking_of(n)).substr(1));
  return all;
}

std::int64_t made_at(const rd_kafka_message_t& m) {
  if (m.len < stamp.size() + stamp_digits)
    fail("latency", "a record without its time");
  const std::string digits{static_cast<const char*>(m.payload) + stamp.size(), stamp_digits};
  return std::strtoll(digits.c_str(), nullptr, 10);
}

/// Sends what is due each millisecond; what it could not keep up with counts as sent late.
void send_at(double rate, std::chrono::seconds length, const std::string& name) {
  const auto producer = make_producer("1");
  const topic to{rd_kafka_topic_new(producer.get(), name.c_str(), nullptr)};
  const auto events = made_events();
  const auto began = steady::now();
  std::size_t sent = 0;
  while (steady::now() < began + length) {
    const auto passed = std::chrono::duration<double>(steady::now() - began).count();
    for (; static_cast<double>(sent) < rate * passed; ++sent) {
      const auto n = sent % events.size();
      send(producer.get(), to.get(), std::to_string(1'000'000 + booking_of(n)),
           std::string{stamp} + std::to_string(now_us()) + events[n]);
    }
    std::this_thread::sleep_for(1ms);
  }
  check(rd_kafka_flush(producer.get(), patience_ms), "latency");
}

void latency(const std::string& in, const std::string& out, double rate,
             std::chrono::seconds length) {
  constexpr auto warm_up = 5s;
  const auto reader = make(RD_KAFKA_CONSUMER, {{"group.id", "none"},
                                               {"isolation.level", "read_committed"},
                                               {"enable.auto.commit", "false"},
                                               {"fetch.wait.max.ms", "5"}});
  const auto from = all_of(reader.get(), out, RD_KAFKA_OFFSET_END);
  check(rd_kafka_assign(reader.get(), from.get()), out);
  std::thread source{send_at, rate, length + warm_up, in};
  std::vector<double> ms;
  const auto began = now_us();
  const auto counted_from = began + std::chrono::microseconds{warm_up}.count();
  const auto counted_until = counted_from + std::chrono::microseconds{length}.count();
  const auto until = steady::now() + length + 2 * warm_up;
  while (steady::now() < until) {
    const message m{rd_kafka_consumer_poll(reader.get(), 20)};
    if (!m)
      continue;
    check(m->err, out);
    const auto made = made_at(*m);
    if (made >= counted_from && made < counted_until)
      ms.push_back(static_cast<double>(now_us() - made) / 1000);
  }
  source.join();
  if (ms.empty())
    fail("latency", "nothing came");
  std::ranges::sort(ms);
  auto at = [&](double part) {
    return ms[static_cast<std::size_t>(part * static_cast<double>(ms.size() - 1))];
  };
  std::cout << R"({"records":)" << ms.size() << R"(,"p50_ms":)" << at(0.5) << R"(,"p99_ms":)"
            << at(0.99) << R"(,"max_ms":)" << ms.back() << "}\n";
  rd_kafka_consumer_close(reader.get());
}

int run(const std::vector<std::string>& words) {
  auto is = [&](std::string_view verb, std::size_t count) {
    return !words.empty() && words[0] == verb && words.size() == count + 1;
  };
  if (is("create", 2))
    create_topic(words[1], std::stoi(words[2]));
  else if (is("forget", 1))
    delete_topics(words[1]);
  else if (is("load", 2))
    load(words[1], std::stoull(words[2]));
  else if (is("drain", 3))
    drain(words[1], words[2], words[3], {}, 0);
  else if (is("drain", 5))
    drain(words[1], words[2], words[3], words[4], std::stoull(words[5]));
  else if (is("hash", 1))
    hash(words[1], false);
  else if (is("hash", 2) && words[2] == "newest")
    hash(words[1], true);
  else if (is("latency", 4))
    latency(words[1], words[2], std::stod(words[3]), std::chrono::seconds{std::stoi(words[4])});
  else
    fail("kafka_load", "see bench/kafka/kafka_load.cpp");
  return 0;
}

} // namespace
} // namespace sallyport::bench::kafka

int main(int argc, char** argv) { return sallyport::bench::kafka::run({argv + 1, argv + argc}); }
