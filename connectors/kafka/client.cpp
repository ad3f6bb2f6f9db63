#include "connectors/kafka/client.hpp"

#include "engine/observe/log.hpp"

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

namespace sallyport::kafka {

namespace {

// -- log lines ------------------------------------------------------------------------------------

/// The same line is not told again sooner.
constexpr std::chrono::seconds told_again_after{30};
/// How many lines are remembered; beyond, all are forgotten.
constexpr std::size_t lines_max = 256;

/// librdkafka repeats a line at every try to connect. One is told, then how many there were.
class repeated_lines {
public:
  /// How many like it were held back before; nothing if this one shall be held back as well.
  std::optional<std::size_t> tell(const std::string& line) {
    const auto now = std::chrono::steady_clock::now();
    std::lock_guard lock{guard_};
    if (lines_.size() >= lines_max)
      lines_.clear();
    const auto [found, is_new] = lines_.try_emplace(line);
    auto& [last, held_back] = found->second;
    if (!is_new && now - last < told_again_after) {
      ++held_back;
      return std::nullopt;
    }
    last = now;
    return std::exchange(held_back, 0);
  }

private:
  struct told {
    std::chrono::steady_clock::time_point last;
    std::size_t held_back = 0;
  };

  std::mutex guard_;
  std::map<std::string, told> lines_;
};

/// By syslog's numbers, as librdkafka has them. That a broker is away is no error of this process.
observe::level level_of(int syslog) {
  if (syslog <= 2)
    return observe::level::error;
  if (syslog <= 4)
    return observe::level::warn;
  return syslog == 5 ? observe::level::info : observe::level::debug;
}

/// The process ends: what the library's threads still say would come too late.
std::atomic<bool> silent = false;

/// Called on any thread of librdkafka.
void on_line(const rd_kafka_t* of, int syslog, const char* facility, const char* text) {
  static repeated_lines seen;
  if (silent)
    return;
  const std::string_view kind{facility};
  // A property of producers that a consumer is given too: our configurations are one for both.
  const auto at = kind == "CONFWARN" ? observe::level::debug : level_of(syslog);
  if (at == observe::level::debug)
    return observe::log(at, "kafka.client", text, {{"facility", facility}});
  // Times and counts in it do not make a line another one.
  std::string same{kind};
  for (const char* c = text; *c != '\0'; ++c)
    if (*c < '0' || *c > '9')
      same += *c;
  const auto before = seen.tell(same);
  if (before)
    observe::log(at, "kafka.client", text,
                 {{"facility", facility},
                  {"client", of == nullptr ? "" : rd_kafka_name(of)},
                  {"held_back", std::to_string(*before)}});
}

// -- ends -----------------------------------------------------------------------------------------

/// How long the end of the process waits for clients that are ending.
constexpr std::chrono::seconds ends_within{5};

/// Ends consumers on threads of their own.
///
/// Problem: the last record of a consumer may be dropped by any thread, and the consumer's end
/// waits for its threads; 2.0.2 can even wait for ever when a topic that it had read was deleted.
/// Idea: let nobody wait for it, and the end of the process for a moment only.
class endings {
public:
  ~endings() {
    {
      std::unique_lock lock{shared_->guard};
      shared_->changed.wait_for(lock, ends_within, [this] { return shared_->under_way == 0; });
    }
    silent = true;
  }

  void end(rd_kafka_t* what) {
    {
      std::lock_guard lock{shared_->guard};
      ++shared_->under_way;
    }
    std::thread{[what, shared = shared_] {
      // Who wants to leave its group has closed it before.
      rd_kafka_destroy_flags(what, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
      std::lock_guard lock{shared->guard};
      --shared->under_way;
      shared->changed.notify_all();
    }}.detach();
  }

private:
  struct state {
    std::mutex guard;
    std::condition_variable changed;
    std::size_t under_way = 0;
  };
  std::shared_ptr<state> shared_ = std::make_shared<state>();
};

// -- errors ---------------------------------------------------------------------------------------

errc code_of(rd_kafka_resp_err_t code) {
  switch (code) {
  case RD_KAFKA_RESP_ERR__FENCED:
  case RD_KAFKA_RESP_ERR_PRODUCER_FENCED:
  case RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH:
  case RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID: return errc::fenced;
  case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
  case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
  case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION: return errc::not_found;
  case RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS: return errc::already_exists;
  case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
  case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET: return errc::out_of_range;
  case RD_KAFKA_RESP_ERR__TIMED_OUT:
  case RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE:
  case RD_KAFKA_RESP_ERR__MSG_TIMED_OUT:
  case RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT: return errc::timed_out;
  case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
  case RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE:
  case RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE:
  case RD_KAFKA_RESP_ERR__QUEUE_FULL: return errc::limit_reached;
  case RD_KAFKA_RESP_ERR_INVALID_CONFIG:
  case RD_KAFKA_RESP_ERR_INVALID_PARTITIONS:
  case RD_KAFKA_RESP_ERR_INVALID_REPLICATION_FACTOR:
  case RD_KAFKA_RESP_ERR_INVALID_TRANSACTION_TIMEOUT:
  case RD_KAFKA_RESP_ERR_INVALID_SESSION_TIMEOUT:
  case RD_KAFKA_RESP_ERR_POLICY_VIOLATION:
  case RD_KAFKA_RESP_ERR__INVALID_ARG: return errc::invalid_config;
  case RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP:
  case RD_KAFKA_RESP_ERR_INVALID_RECORD: return errc::invalid_data;
  default: return errc::unavailable;
  }
}

/// What no wait mends.
bool is_final(errc code) {
  return code == errc::fenced || code == errc::already_exists || code == errc::out_of_range ||
         code == errc::invalid_config || code == errc::invalid_data || code == errc::not_found;
}

error made_of(rd_kafka_resp_err_t code, std::string_view tried, std::string_view text) {
  auto made = error::external(code_of(code), std::string{tried} + ": " + std::string{text} + " (" +
                                               rd_kafka_err2name(code) + ")");
  if (is_final(made.code) || code == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE ||
      code == RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE)
    made.retry = retry_hint::never;
  return made;
}

} // namespace

result<client> make_client(rd_kafka_type_t type, conf how) {
  rd_kafka_conf_set_log_cb(how.get(), on_line);
  std::array<char, 512> why{};
  auto* made = rd_kafka_new(type, how.get(), why.data(), why.size());
  if (made == nullptr)
    return fail(error::user(errc::invalid_config,
                            std::string{"the Kafka client cannot be made: "} + why.data()));
  (void) how.release(); // it is the client's now
  // Nothing of a producer may be in use after its end: whoever drops it waits.
  if (type == RD_KAFKA_PRODUCER)
    return client{made, [](rd_kafka_t* c) { rd_kafka_destroy(c); }};
  static endings all;
  return client{made, [](rd_kafka_t* c) { all.end(c); }};
}

error error_of(rd_kafka_resp_err_t code, std::string_view tried) {
  return made_of(code, tried, rd_kafka_err2str(code));
}

error error_of(const rd_kafka_error_t& what, std::string_view tried) {
  auto made = made_of(rd_kafka_error_code(&what), tried, rd_kafka_error_string(&what));
  if (rd_kafka_error_is_retriable(&what) != 0)
    made.retry = retry_hint::backoff;
  return made;
}

status check(rd_kafka_error_t* what, std::string_view tried) {
  const owned<rd_kafka_error_t> given{what};
  if (given == nullptr)
    return {};
  return fail(error_of(*given, tried));
}

} // namespace sallyport::kafka
