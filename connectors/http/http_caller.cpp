#include "connectors/http/http_caller.hpp"

#include "connectors/http/transfer.hpp"
#include "engine/core/assert.hpp"
#include "engine/core/fault.hpp"

#include <simdjson.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <deque>
#include <mutex>
#include <thread>

namespace sallyport::http {

namespace {

using steady = std::chrono::steady_clock;

/// A token is not used in the last part of its life, as it has to live until the peer reads it.
constexpr std::chrono::seconds token_margin_max{30};
constexpr int token_margin_part = 5;
/// What an answer without `expires_in` is taken for.
constexpr std::chrono::seconds token_life_by_default{300};
constexpr std::chrono::seconds token_life_max{86'400};
/// Even a token that says it is over serves the tries that waited for it.
constexpr std::chrono::seconds token_life_min{1};
constexpr int idle_wait_ms = 60'000; // Whoever has something to say wakes the loop.

void prepare_libcurl_once() {
  static const bool done = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
  SALLYPORT_ASSERT(done);
}

call_answer not_made(std::string why) { return {0, {}, {}, std::move(why), true}; }

struct token {
  std::string text;
  std::uint64_t number = 0; ///< counts fetches, so that a late 401 drops only the token it is about
  steady::time_point until{};
};

/// Reads the answer of a token endpoint.
std::optional<std::pair<std::string, std::chrono::seconds>> read_token(const std::string& body) {
  simdjson::dom::parser parser;
  simdjson::dom::element document;
  std::string_view text;
  if (parser.parse(body).get(document) != simdjson::SUCCESS ||
      document["access_token"].get(text) != simdjson::SUCCESS || text.empty() ||
      !std::ranges::all_of(text, [](char c) { return c > ' ' && c < '\x7f'; }))
    return std::nullopt;
  auto life = token_life_by_default;
  double seconds = 0;
  if (document["expires_in"].get(seconds) == simdjson::SUCCESS)
    life = std::chrono::seconds{static_cast<std::int64_t>(
      std::clamp(seconds, 0.0, static_cast<double>(token_life_max.count())))};
  return std::pair{std::string{text}, life};
}

} // namespace

/// The loop and what it works on. Tries go incoming -> first or repeats -> a transfer -> done.
struct http_caller::body {
  struct waiting {
    attempt what;
    std::function<void(call_answer)> done;
  };

  explicit body(caller_options with)
    : options(std::move(with)), multi(curl_multi_init()), peer(origin_of(options.url)) {
    SALLYPORT_ASSERT(multi != nullptr);
    (void) curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS,
                             static_cast<long>(options.concurrency + 1));
    worker = std::thread{[this] { run(); }};
  }

  ~body() {
    {
      std::lock_guard lock{guard};
      quitting = true;
    }
    (void) curl_multi_wakeup(multi);
    worker.join();
    if (fetching)
      (void) curl_multi_remove_handle(multi, token_transfer->handle());
    transfers.clear();
    token_transfer.reset();
    (void) curl_multi_cleanup(multi);
  }

  // -- the loop
  // ------------------------------------------------------------------------------------
  void run();
  void take_incoming();
  void admit();
  void leave(waiting next);
  [[nodiscard]] bool collect();
  void end(transfer& of, CURLcode code, std::string_view why = {});
  void answer(const std::function<void(call_answer)>& done, call_answer with);
  void end_waiting(const std::string& why);
  void end_all();
  [[nodiscard]] int wait_ms() const;

  // -- the token
  // -----------------------------------------------------------------------------------
  [[nodiscard]] bool token_is_good() const {
    return !options.auth || (!current.text.empty() && steady::now() < current.until);
  }
  void fetch_token();
  void token_came(CURLcode code);

  const caller_options options;
  CURLM* multi;
  const std::string peer;

  // -- shared, under `guard`
  // -----------------------------------------------------------------------
  std::mutex guard;
  std::condition_variable nothing_open;
  std::vector<waiting> incoming;
  bool woken = false; ///< the loop was told of what is in `incoming`
  bool stopping = false;
  bool quitting = false;
  steady::time_point stop_at{};
  std::atomic<std::size_t> open{0};      ///< started, `done` not called
  std::atomic<std::size_t> in_flight{0}; ///< written by the loop only

  // -- of the loop
  // ---------------------------------------------------------------------------------
  std::vector<waiting> taken;
  std::deque<waiting> first;
  std::deque<waiting> repeats;
  std::vector<std::unique_ptr<transfer>> transfers;
  std::vector<transfer*> idle;
  std::vector<transfer*> busy;
  std::unique_ptr<transfer> token_transfer;
  bool fetching = false;
  token current;
  bool seen_stop = false;
  steady::time_point seen_stop_at{};

  std::thread worker; ///< last: it uses all of the above
};

// -- the loop
// ---------------------------------------------------------------------------------------

void http_caller::body::run() {
  // Signals are for the thread that waits for them; a broken pipe is an error of its transfer.
  sigset_t all;
  sigfillset(&all);
  (void) pthread_sigmask(SIG_BLOCK, &all, nullptr);
  for (;;) {
    take_incoming();
    if (seen_stop) {
      end_waiting("stopped before the call was made");
      if (steady::now() >= seen_stop_at)
        end_all();
    }
    admit();
    int running = 0;
    (void) curl_multi_perform(multi, &running);
    if (collect())
      continue; // Whoever was answered may have started the next, and a place is free.
    {
      std::lock_guard lock{guard};
      if (quitting && open == 0)
        return;
      if (!incoming.empty())
        continue;
    }
    (void) curl_multi_poll(multi, nullptr, 0, wait_ms(), nullptr);
  }
}

int http_caller::body::wait_ms() const {
  if (!seen_stop || in_flight == 0)
    return idle_wait_ms;
  const auto left =
    std::chrono::ceil<std::chrono::milliseconds>(seen_stop_at - steady::now()).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, idle_wait_ms));
}

void http_caller::body::take_incoming() {
  {
    std::lock_guard lock{guard};
    taken.swap(incoming);
    woken = false;
    if (quitting) {
      stopping = true;
      stop_at = {};
    }
    seen_stop = stopping;
    seen_stop_at = stop_at;
  }
  for (auto& next : taken)
    (next.what.first_try ? first : repeats).push_back(std::move(next));
  taken.clear();
}

void http_caller::body::admit() {
  while (busy.size() < options.concurrency && !(first.empty() && repeats.empty())) {
    if (!token_is_good()) {
      fetch_token();
      return;
    }
    auto& queue = first.empty() ? repeats : first;
    waiting next = std::move(queue.front());
    queue.pop_front();
    leave(std::move(next));
  }
}

void http_caller::body::leave(waiting next) {
  if (auto fault = fault::at("call.before"); !fault) {
    answer(next.done, not_made(fault.error().what));
    return;
  }
  if (idle.empty()) {
    transfers.push_back(std::make_unique<transfer>(options));
    idle.push_back(transfers.back().get());
  }
  transfer& with = *idle.back();
  with.what = std::move(next.what);
  with.done = std::move(next.done);
  with.token_number = current.number;
  if (auto cannot = with.prepare(with.what, current.text)) {
    answer(with.done, std::move(*cannot));
    return;
  }
  idle.pop_back();
  busy.push_back(&with);
  in_flight = busy.size();
  const auto added = curl_multi_add_handle(multi, with.handle());
  SALLYPORT_ASSERT(added == CURLM_OK);
}

bool http_caller::body::collect() {
  bool any = false;
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi, &left)) {
    if (message->msg != CURLMSG_DONE)
      continue;
    any = true;
    const CURLcode code = message->data.result;
    void* whose = nullptr;
    (void) curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &whose);
    auto* ended = static_cast<transfer*>(whose);
    if (ended == token_transfer.get())
      token_came(code);
    else
      end(*ended, code);
  }
  return any;
}

void http_caller::body::end(transfer& of, CURLcode code, std::string_view why) {
  (void) curl_multi_remove_handle(multi, of.handle());
  call_answer came = of.finish(code);
  auto done = std::move(of.done);
  if (came.status == 0)
    came.error = peer + ": " + (why.empty() ? came.error : std::string{why});
  if (came.status == 401 && of.token_number == current.number)
    current.text.clear();
  std::erase(busy, &of);
  idle.push_back(&of);
  in_flight = busy.size();
  if (auto fault = fault::at("call.sent"); !fault)
    came = {0, {}, {}, fault.error().what, false};
  answer(done, std::move(came));
}

void http_caller::body::answer(const std::function<void(call_answer)>& done, call_answer with) {
  done(std::move(with));
  if (--open == 0) {
    std::lock_guard lock{guard};
    nothing_open.notify_all();
  }
}

void http_caller::body::end_waiting(const std::string& why) {
  for (auto* queue : {&first, &repeats})
    for (; !queue->empty();) {
      waiting next = std::move(queue->front());
      queue->pop_front();
      answer(next.done, not_made(why));
    }
}

void http_caller::body::end_all() {
  const auto under_way = busy;
  for (auto* each : under_way)
    end(*each, CURLE_OPERATION_TIMEDOUT, "stopped before the peer answered");
}

// -- the token
// --------------------------------------------------------------------------------------

void http_caller::body::fetch_token() {
  if (fetching)
    return;
  fetching = true;
  if (!token_transfer)
    token_transfer = std::make_unique<transfer>(options);
  token_transfer->prepare_token(*options.auth);
  const auto added = curl_multi_add_handle(multi, token_transfer->handle());
  SALLYPORT_ASSERT(added == CURLM_OK);
}

void http_caller::body::token_came(CURLcode code) {
  (void) curl_multi_remove_handle(multi, token_transfer->handle());
  fetching = false;
  const call_answer came = token_transfer->finish(code);
  std::string why;
  if (came.status == 0)
    why = "gave no answer: " + came.error;
  else if (came.status != 200)
    why = "answered " + std::to_string(came.status);
  else if (auto read = read_token(came.body)) {
    const auto margin =
      std::min<std::chrono::milliseconds>(token_margin_max, read->second / token_margin_part);
    current.text = std::move(read->first);
    ++current.number;
    current.until =
      steady::now() + std::max<std::chrono::milliseconds>(token_life_min, read->second - margin);
    return;
  } else {
    why = "answered 200 without a usable access_token";
  }
  end_waiting("the token endpoint " + origin_of(options.auth->token_url) + " " + why);
}

// -- the outside
// ------------------------------------------------------------------------------------

result<std::unique_ptr<http_caller>> http_caller::make(caller_options options) {
  prepare_libcurl_once();
  const auto wants = [](const std::string& what) {
    return fail(error::user(errc::invalid_config, what));
  };
  if (origin_of(options.url).empty())
    return wants("url: an address such as https://host:port/base is wanted");
  if (options.url.find_first_of("?#") != std::string::npos)
    return wants("url: a base address has no query and no fragment");
  if (options.auth && origin_of(options.auth->token_url).empty())
    return wants("auth.token_url: an address such as https://host:port/oauth/token is wanted");
  if (options.concurrency == 0)
    return wants("concurrency: at least 1 is wanted");
  return std::unique_ptr<http_caller>{new http_caller{std::make_unique<body>(std::move(options))}};
}

http_caller::http_caller(std::unique_ptr<body> of) : body_(std::move(of)) {}

http_caller::~http_caller() = default;

void http_caller::start(attempt what, std::function<void(call_answer)> done) {
  bool wake = false;
  {
    std::lock_guard lock{body_->guard};
    ++body_->open;
    body_->incoming.push_back({std::move(what), std::move(done)});
    // The loop looks into `incoming` before it waits, so its own thread need not wake it.
    wake = !body_->woken && std::this_thread::get_id() != body_->worker.get_id();
    body_->woken = body_->woken || wake;
  }
  if (wake)
    (void) curl_multi_wakeup(body_->multi);
}

void http_caller::stop(duration within) {
  SALLYPORT_ASSERT(std::this_thread::get_id() != body_->worker.get_id());
  std::unique_lock lock{body_->guard};
  const auto until = steady::now() + within;
  if (!body_->stopping || until < body_->stop_at)
    body_->stop_at = until;
  body_->stopping = true;
  (void) curl_multi_wakeup(body_->multi);
  body_->nothing_open.wait(lock, [this] { return body_->open == 0; });
}

caller::load http_caller::current_load() const {
  const std::size_t in_flight = body_->in_flight;
  const std::size_t open = body_->open;
  return {in_flight, open > in_flight ? open - in_flight : 0, body_->options.concurrency};
}

} // namespace sallyport::http
