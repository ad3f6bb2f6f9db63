#include "tests/support/web.hpp"

#include <algorithm>
#include <httplib.h>
#include <sstream>

namespace sallyport::test {

namespace {

httplib::Client client(std::uint16_t port, std::chrono::seconds patience) {
  httplib::Client c{"127.0.0.1", port};
  c.set_tcp_nodelay(true);
  c.set_connection_timeout(patience.count());
  c.set_read_timeout(patience.count());
  return c;
}

web_answer answer_of(const httplib::Result& got) {
  if (!got)
    return {};
  return {got->status, got->body};
}

metrics_page::labels labels_of(const std::string& text) {
  metrics_page::labels all;
  std::size_t at = 0;
  while (at < text.size()) {
    const auto equals = text.find("=\"", at);
    if (equals == std::string::npos)
      break;
    const auto end = text.find('"', equals + 2);
    all[text.substr(at, equals - at)] = text.substr(equals + 2, end - equals - 2);
    at = end + 2;
  }
  return all;
}

} // namespace

web_answer web::get(const std::string& path) const {
  return answer_of(client(port_, patience_).Get(path));
}

web_answer web::post(const std::string& path, const std::string& body, const std::string& type,
                     const headers& with) const {
  const httplib::Headers all{with.begin(), with.end()};
  return answer_of(client(port_, patience_).Post(path, all, body, type));
}

web_answer web::put(const std::string& path, const nlohmann::json& body) const {
  return answer_of(client(port_, patience_).Put(path, body.dump(), "application/json"));
}

std::vector<nlohmann::json> ndjson(const std::string& text) {
  std::vector<nlohmann::json> all;
  std::istringstream in{text};
  for (std::string line; std::getline(in, line);)
    all.push_back(nlohmann::json::parse(line));
  return all;
}

metrics_page::metrics_page(const std::string& text) {
  std::istringstream in{text};
  for (std::string line; std::getline(in, line);) {
    if (line.empty() || line.front() == '#')
      continue;
    const auto space = line.rfind(' ');
    const auto brace = line.find('{');
    const auto name = line.substr(0, std::min(space, brace));
    series s;
    if (brace != std::string::npos)
      s.of = labels_of(line.substr(brace + 1, line.rfind('}') - brace - 1));
    s.value = std::strtod(line.c_str() + space, nullptr);
    series_[name].push_back(std::move(s));
  }
}

double metrics_page::sum(const std::string& name, const labels& with) const {
  double total = 0;
  const auto found = series_.find(name);
  if (found == series_.end())
    return 0;
  for (const auto& s : found->second)
    if (std::ranges::includes(s.of, with))
      total += s.value;
  return total;
}

} // namespace sallyport::test
