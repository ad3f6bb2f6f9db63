#include "bench/custody/bare_client.hpp"

#include <csignal>
#include <curl/curl.h>
#include <nlohmann/json.hpp>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <memory>
#include <sstream>

extern char** environ;

namespace sallyport::bench::custody {

namespace {

struct easy_end {
  void operator()(CURL* what) const { curl_easy_cleanup(what); }
};
struct multi_end {
  void operator()(CURLM* what) const { curl_multi_cleanup(what); }
};
struct list_end {
  void operator()(curl_slist* what) const { curl_slist_free_all(what); }
};
using easy = std::unique_ptr<CURL, easy_end>;
using multi = std::unique_ptr<CURLM, multi_end>;
using lines = std::unique_ptr<curl_slist, list_end>;

std::size_t take(char* data, std::size_t size, std::size_t count, void* into) {
  static_cast<std::string*>(into)->append(data, size * count);
  return size * count;
}

/// One request on a handle that keeps its connection and memory for the next.
class slot {
public:
  slot() : handle_(curl_easy_init()) {
    curl_easy_setopt(handle_.get(), CURLOPT_WRITEFUNCTION, take);
    curl_easy_setopt(handle_.get(), CURLOPT_WRITEDATA, &answer_);
    curl_easy_setopt(handle_.get(), CURLOPT_PRIVATE, this);
    curl_easy_setopt(handle_.get(), CURLOPT_NOPROXY, "*");
    curl_easy_setopt(handle_.get(), CURLOPT_NOSIGNAL, 1L);
  }

  void prepare(const std::string& url, const seen_request& what, const std::string& authorization) {
    answer_.clear();
    lines headers{curl_slist_append(nullptr, ("Authorization: " + authorization).c_str())};
    auto add = [&](const std::string& line) { curl_slist_append(headers.get(), line.c_str()); };
    if (!what.idempotency_key.empty())
      add("Idempotency-Key: " + what.idempotency_key);
    if (what.method != "GET") {
      add("Content-Type: application/json");
      add("Expect:");
      curl_easy_setopt(handle_.get(), CURLOPT_POSTFIELDSIZE, static_cast<long>(what.body.size()));
      curl_easy_setopt(handle_.get(), CURLOPT_POSTFIELDS, what.body.c_str());
    } else {
      curl_easy_setopt(handle_.get(), CURLOPT_HTTPGET, 1L);
    }
    curl_easy_setopt(handle_.get(), CURLOPT_CUSTOMREQUEST, what.method.c_str());
    curl_easy_setopt(handle_.get(), CURLOPT_URL, (url + what.path).c_str());
    curl_easy_setopt(handle_.get(), CURLOPT_HTTPHEADER, headers.get());
    headers_ = std::move(headers);
  }

  [[nodiscard]] CURL* handle() const { return handle_.get(); }
  [[nodiscard]] const std::string& answer() const { return answer_; }

private:
  easy handle_;
  lines headers_;
  std::string answer_;
};

std::string ask(const std::string& url, const seen_request& what,
                const std::string& authorization) {
  slot one;
  one.prepare(url, what, authorization);
  long status = 0;
  if (curl_easy_perform(one.handle()) != CURLE_OK ||
      curl_easy_getinfo(one.handle(), CURLINFO_RESPONSE_CODE, &status) != CURLE_OK || status != 200)
    give_up(error::internal("the simulator does not answer as it should"));
  return one.answer();
}

std::string token_of(const std::string& url) {
  // The simulator's own client and secret in Base64.
  const auto said = ask(url, {"POST", "/oauth/token?grant_type=client_credentials", "", ""},
                        "Basic c2FsbHlwb3J0OnNhbGx5cG9ydA==");
  return "Bearer " + nlohmann::json::parse(said).at("access_token").get<std::string>();
}

} // namespace

simulator_process::simulator_process(const std::vector<std::string>& options) {
  std::vector<std::string> words{SALLYPORT_BINARY_DIR "/sallyport_simulator"};
  words.insert(words.end(), options.begin(), options.end());
  std::vector<char*> arguments;
  for (auto& w : words)
    arguments.push_back(w.data());
  arguments.push_back(nullptr);
  std::array<int, 2> out{};
  if (pipe(out.data()) != 0)
    give_up(error::internal("there is no pipe"));
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
  posix_spawn_file_actions_addclose(&actions, out[0]);
  if (posix_spawn(&id_, arguments.front(), &actions, nullptr, arguments.data(), environ) != 0)
    give_up(error::user(errc::not_found, words.front() + " cannot be started; build it first"));
  posix_spawn_file_actions_destroy(&actions);
  close(out[1]);
  std::string said;
  for (char c = 0; read(out[0], &c, 1) == 1 && c != '\n';)
    said += c;
  close(out[0]);
  const auto where = nlohmann::json::parse(said, nullptr, false);
  if (!where.is_object())
    give_up(error::internal("the simulator ended while it started"));
  url_ = where.at("url").get<std::string>();
}

simulator_process::~simulator_process() {
  ::kill(id_, SIGKILL);
  waitpid(id_, nullptr, 0);
}

std::vector<seen_request> requests_of(const simulator_process& at) {
  std::vector<seen_request> all;
  std::istringstream list{ask(at.url(), {"GET", "/simulator/requests", "", ""}, "none")};
  for (std::string line; std::getline(list, line);) {
    const auto row = nlohmann::json::parse(line);
    if (row.at("peer") == "oauth")
      continue;
    const auto& key = row.at("idempotencyKey");
    all.push_back({row.at("method"), row.at("path"), row.at("body"),
                   key.is_null() ? std::string{} : key.get<std::string>()});
  }
  return all;
}

void reset(const simulator_process& at) {
  (void) ask(at.url(), {"PUT", "/simulator/reset", "", ""}, "none");
}

cost make_again(const simulator_process& at, const std::vector<seen_request>& all,
                std::size_t at_once) {
  const auto authorization = token_of(at.url());
  std::vector<slot> slots(std::min(at_once, all.size()));
  const multi loop{curl_multi_init()};
  const stopwatch watch;
  std::size_t next = 0;
  auto begin = [&](slot& in) {
    in.prepare(at.url(), all[next++], authorization);
    curl_multi_add_handle(loop.get(), in.handle());
  };
  for (auto& each : slots)
    begin(each);
  for (std::size_t ended = 0; ended < all.size();) {
    int running = 0;
    curl_multi_perform(loop.get(), &running);
    int left = 0;
    while (const auto* news = curl_multi_info_read(loop.get(), &left)) {
      if (news->msg != CURLMSG_DONE)
        continue;
      if (news->data.result != CURLE_OK)
        give_up(error::internal("a request of the bare loop failed"));
      void* own = nullptr;
      curl_easy_getinfo(news->easy_handle, CURLINFO_PRIVATE, &own);
      curl_multi_remove_handle(loop.get(), news->easy_handle);
      ++ended;
      if (next < all.size())
        begin(*static_cast<slot*>(own));
    }
    if (ended < all.size())
      curl_multi_poll(loop.get(), nullptr, 0, 1'000, nullptr);
  }
  return watch.stop(all.size());
}

} // namespace sallyport::bench::custody
