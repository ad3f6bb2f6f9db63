#include "bench/support/program.hpp"

#include <arpa/inet.h>
#include <csignal>
#include <fcntl.h>
#include <httplib.h>
#include <nlohmann/json.hpp>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <thread>
#include <vector>

extern char** environ;

namespace sallyport::bench {

namespace {

using namespace std::chrono_literals;

int free_port() {
  int of = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof at;
  // NOLINTBEGIN(cppcoreguidelines-pro-type-reinterpret-cast): so the interface wants it.
  bool found = bind(of, reinterpret_cast<sockaddr*>(&at), size) == 0 &&
               getsockname(of, reinterpret_cast<sockaddr*>(&at), &size) == 0;
  // NOLINTEND(cppcoreguidelines-pro-type-reinterpret-cast)
  close(of);
  if (!found)
    give_up(error::internal("there is no free port"));
  return ntohs(at.sin_port);
}

} // namespace

program::program(const std::string& config, const std::filesystem::path& state,
                 const std::map<std::string, std::string>& settings)
  : port_(free_port()) {
  std::vector<std::string> words{SALLYPORT_BINARY_DIR "/sallyport", "run", config};
  std::vector<std::string> env{"SALLYPORT_STATE_DIR=" + state.string(),
                               "SALLYPORT_HTTP_PORT=" + std::to_string(port_)};
  for (const auto& [name, value] : settings)
    env.push_back(name + "=" + value);
  std::vector<char*> arguments;
  for (auto& w : words)
    arguments.push_back(w.data());
  arguments.push_back(nullptr);
  std::vector<char*> variables;
  for (auto& e : env)
    variables.push_back(e.data());
  for (char** e = environ; *e != nullptr; ++e)
    variables.push_back(*e);
  variables.push_back(nullptr);
  started_ = std::chrono::steady_clock::now();
  if (posix_spawn(&id_, arguments.front(), nullptr, nullptr, arguments.data(), variables.data()) !=
      0)
    give_up(error::user(errc::not_found, words.front() + " cannot be started; build it first"));
  client_ = std::make_unique<httplib::Client>("127.0.0.1", port_);
  client_->set_keep_alive(true);
  client_->set_tcp_nodelay(true);
  client_->set_read_timeout(60s);
}

program::~program() {
  if (id_ > 0)
    end(SIGKILL);
}

void program::end(int signal) {
  ::kill(id_, signal);
  waitpid(id_, nullptr, 0);
  id_ = -1;
}

void program::kill() { end(SIGKILL); }
void program::terminate() { end(SIGTERM); }

void program::wait_until_ready() {
  while (std::chrono::steady_clock::now() < started_ + 60s) {
    if (auto answer = client_->Get("/health/ping"); answer && answer->status == 200)
      return;
    if (waitpid(id_, nullptr, WNOHANG) == id_) {
      id_ = -1;
      give_up(error::internal("the program ended while it started"));
    }
    std::this_thread::sleep_for(1ms);
  }
  give_up(error::internal("the program does not answer"));
}

bool program::try_post(const std::string& path, const std::string& body, const std::string& type) {
  auto answer = client_->Post(path.c_str(), body, type.c_str());
  return answer && answer->status >= 200 && answer->status < 300;
}

void program::post(const std::string& topic, const std::string& key, const std::string& body,
                   const std::string& type) {
  if (!try_post("/ingress/" + topic + (key.empty() ? "" : "?key=" + key), body, type))
    give_up(error::internal("the program took no record in"));
}

std::size_t program::written(const std::string& topic) {
  auto answer = client_->Get("/log");
  if (!answer || answer->status != 200)
    give_up(error::internal("the program does not tell its topics"));
  std::size_t all = 0;
  auto said = nlohmann::json::parse(answer->body);
  for (const auto& t : said.at("topics"))
    if (t.at("name") == topic)
      for (const auto& p : t.at("offsets"))
        all += p.at("end").get<std::size_t>();
  return all;
}

} // namespace sallyport::bench
