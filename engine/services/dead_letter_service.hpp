#pragma once

#include "engine/log/log.hpp"
#include "engine/services/handled_letters.hpp"
#include "engine/services/http_server.hpp"
#include "engine/services/surface.hpp"
#include "engine/time/clock.hpp"

#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

namespace sallyport {

/// Lets operators see dead letters, send them back and put them aside.
///
/// Problem: a log keeps its records, so a dead letter that was sent back is still there, and must
/// not be sent back twice. Idea: up to where the letters of a partition were handled is a position
/// of the application `<application>.redrive`, what was handled beyond it stands in a note (see
/// `handled_letters`), and both are written by the commit that appends what was sent.
///
/// A letter goes back to the topic in which the part that rejected it had read it
/// (`sallyport-source`), under its key. Why it had died stands in its header `sallyport-history`,
/// one for each time, and `sallyport-redriven` says how often it was sent back.
///
/// Thread safety: handlers run on the threads of the server; one administers at a time.
///
/// Invariants:
/// 1. A letter is sent back at most once, also when the process dies meanwhile or the call is
///    repeated.
/// 2. Letters of a key are sent back in their order: one waits for those before it.
class dead_letter_service {
public:
  static constexpr std::uint64_t messages_by_default = 100;
  static constexpr std::uint64_t messages_max = 10'000;

  struct settings {
    std::string application;
    std::vector<std::string> topics; ///< of dead letters
    /// Where a letter goes that does not say where it came from; empty: it stays.
    std::string source_topic;
    std::string tells_to; ///< the topic of `tell`
    std::function<record(const dead_letter_news&)> tell;
  };

  /// `of` and `clock` outlive the service.
  dead_letter_service(settings with, log& of, const wall_clock& clock);

  /// Adds the routes. @pre the server is not started
  void serve_on(http_server& server, const std::string& role);

  [[nodiscard]] http_response list(const http_request& request);
  [[nodiscard]] http_response retry(const http_request& request);
  [[nodiscard]] http_response retry_all(const http_request& request);
  [[nodiscard]] http_response purge(const http_request& request);
  /// `GET /admin/dead-letters` and `POST /admin/dead-letters/redrive`, of chosen letters.
  [[nodiscard]] http_response list_chosen(const http_request& request);
  [[nodiscard]] http_response redrive_chosen(const http_request& request);

private:
  struct waiting_letters;
  struct choice;
  /// Who does it, and why.
  struct cause;
  struct outcome;
  class redrive;

  [[nodiscard]] const std::string* topic_named(std::string_view name) const;
  [[nodiscard]] std::string position_name() const { return settings_.application + ".redrive"; }
  void serve_queue_admin(http_server& server, const std::string& role);
  [[nodiscard]] result<waiting_letters> waiting_in(const std::string& topic) const;
  [[nodiscard]] result<outcome> redrive_topic(const std::string& topic, const choice& chosen,
                                              const cause& why);
  [[nodiscard]] status add_note(const dead_letter_news& news, const cause& why,
                                const handled_letters& handled, log_commit& into) const;
  void add_news(const dead_letter_news& news, const cause& why, log_commit& into) const;

  const settings settings_;
  log& log_;
  const wall_clock& clock_;
  std::mutex one_at_a_time_;
};

} // namespace sallyport
