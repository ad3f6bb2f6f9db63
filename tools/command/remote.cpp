#include "tools/command/remote.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <fstream>
#include <iostream>
#include <iterator>
#include <unistd.h>

namespace sallyport::command {

namespace {

constexpr std::string_view default_url = "http://127.0.0.1:8080";
constexpr fetch_limits answer_limits{duration{30'000}, 256U << 20U};
/// A filter may have to read much before it finds a line.
constexpr fetch_limits stream_limits{duration{600'000}, 256U << 20U};
constexpr std::size_t line_bytes_max = 256U << 20U;
constexpr std::size_t told_bytes_max = 500; ///< of what another program says

error wrong(std::string what) { return error::user(errc::invalid_config, std::move(what)); }

/// What came from elsewhere moves no cursor.
std::string printable(std::string_view text) {
  std::string out{text.substr(0, told_bytes_max)};
  std::erase_if(out, [](unsigned char c) { return c < ' ' || c == 0x7f; });
  return out;
}

/// The sentence in `{"error": …}`; empty when the answer has another form.
std::string told(const std::string& body) {
  const auto read = nlohmann::ordered_json::parse(body, nullptr, false);
  if (!read.is_object() || !read.contains("error") || !read["error"].is_string())
    return {};
  return printable(read["error"].get_ref<const std::string&>());
}

result<std::string> checked_url(std::string url) {
  const auto at = url.find("://");
  if ((!url.starts_with("http://") && !url.starts_with("https://")) || url.size() == at + 3 ||
      std::ranges::any_of(url, [](unsigned char c) { return c <= ' ' || c == 0x7f; }))
    return fail(
      wrong("'" + printable(url) + "' is no address of an instance; one is http://127.0.0.1:8080"));
  if (url.find('@') != std::string::npos)
    return fail(wrong("an address holds no user and password; give a token by --token-file"));
  while (url.ends_with('/'))
    url.pop_back();
  return url;
}

/// Only `http:` is looked at: what else a config needs may not be set where the verb runs.
result<std::string> url_of_config(const std::string& file, const config::environment& env) {
  config::findings found;
  const auto root = config::load_yaml(file, env, found);
  if (root.type != config::node::kind::mapping)
    return fail(wrong(found.empty() ? file + " is no config" : found.front().text()));
  std::string bind = "127.0.0.1";
  std::string port = "8080";
  const auto* http = root.find("http");
  const auto take = [&](const char* name, std::string& into) {
    const auto* value = http == nullptr ? nullptr : http->find(name);
    if (value != nullptr && value->unresolved)
      return false;
    if (value != nullptr)
      into = value->text;
    return true;
  };
  if (!take("bind", bind) || !take("port", port))
    return fail(wrong(file + ": http.bind or http.port comes from a variable that is not set; set "
                             "it, or give --url URL"));
  if (port == "0")
    return fail(wrong(file + ": with http.port 0 the instance takes any free port; its log tells "
                             "which (http.listening): give --url URL"));
  if (bind == "0.0.0.0" || bind == "::")
    bind = "127.0.0.1";
  if (bind.find(':') != std::string::npos)
    bind = "[" + bind + "]";
  const auto* secured = http == nullptr ? nullptr : http->find("tls");
  const auto* certificate = secured == nullptr ? nullptr : secured->find("certificate");
  const bool tls = certificate != nullptr && !certificate->text.empty();
  return (tls ? "https://" : "http://") + bind + ":" + port;
}

result<std::string> token_in(const std::string& file) {
  std::ifstream in{file};
  std::string token{std::istreambuf_iterator<char>{in}, {}};
  if (!in)
    return fail(wrong("cannot read the file of the token, " + file));
  return token;
}

/// @returns the token, empty for none
result<std::string> checked_token(std::string token) {
  const auto last = token.find_last_not_of(" \t\r\n");
  token.erase(last == std::string::npos ? 0 : last + 1);
  if (std::ranges::any_of(token, [](unsigned char c) { return c <= ' ' || c >= 0x7f; }))
    return fail(wrong("the token has characters that no token has; is it the right file?"));
  return token;
}

} // namespace

// -- the instance ---------------------------------------------------------------------------------

remote::remote(std::string url, const std::string& token, std::string ca)
  : url_(std::move(url)), has_token_(!token.empty()) {
  ask_ = [url = url_, token, ca = std::move(ca)](fetch_request what, const part_visitor& visit) {
    what.url = url + what.url;
    what.ca = ca;
    if (!token.empty())
      what.headers.push_back({"Authorization", "Bearer " + token});
    auto came = http_exchange(what, visit ? stream_limits : answer_limits, visit);
    if (!came && came.error().code == errc::unavailable)
      came = fail(error::external(
        errc::unavailable, "no instance answers at " + url + " (" + came.error().what +
                             "): does it run there? --url URL or --config FILE name another"));
    return came;
  };
}

result<fetched> remote::ask(const fetch_request& what, const part_visitor& visit) const {
  auto came = ask_(what, visit);
  if (came && (came->status < 200 || came->status > 299))
    return fail(refusal(*came, what.url.substr(0, what.url.find('?'))));
  return came;
}

error remote::refusal(const fetched& came, const std::string& path) const {
  const auto said = told(came.body);
  const auto with = [&](const std::string& sentence) {
    return said.empty() ? sentence : sentence + " (" + said + ")";
  };
  switch (came.status) {
  case 400: return wrong(said.empty() ? url_ + " refuses the request" : said);
  case 401:
    return error::user(errc::unavailable,
                       with(url_ + (!has_token_ ? " asks for a token: give --token-file FILE, "
                                                  "or set SALLYPORT_TOKEN"
                                                : " does not take the token")));
  case 403:
    return error::user(errc::unavailable,
                       with("the token does not suffice; bring one with the operators' role"));
  case 404:
    if (said.empty() || said == "there is nothing at this path")
      return error::user(errc::not_found, url_ + " has no " + path +
                                            ": is it an instance of Sallyport, of this version?");
    return error::user(errc::not_found, said);
  case 409: return error::user(errc::already_exists, with(url_ + " refuses"));
  case 503: return error::external(errc::unavailable, with(url_ + " cannot answer now; try again"));
  default:
    return error::external(errc::unavailable,
                           with(url_ + path + " answers " + std::to_string(came.status)));
  }
}

result<remote::json> remote::read(result<fetched> came) const {
  if (!came)
    return fail(std::move(came).error());
  auto made = json::parse(came->body, nullptr, false);
  if (made.is_discarded())
    return fail(error::external(errc::unavailable,
                                url_ + " does not answer as an instance of Sallyport does"));
  return made;
}

result<remote::json> remote::get(const std::string& path, const query& with) const {
  return read(ask({"GET", path + query_text(with), {}, {}, {}}));
}

result<remote::json> remote::post(const std::string& path, const query& with) const {
  return post(path, json{}, with);
}

result<remote::json> remote::post(const std::string& path, const json& body,
                                  const query& with) const {
  return post_text(path,
                   body.is_null() ? std::string{}
                                  : body.dump(-1, ' ', false, json::error_handler_t::replace),
                   {{"Content-Type", "application/json"}}, with);
}

result<remote::json> remote::post_and_wait(const std::string& path, const query& with) const {
  std::string body;
  const auto take = [&](std::string_view part) {
    body += part;
    return body.size() <= line_bytes_max;
  };
  auto came = ask({"POST", path + query_text(with), {}, {}, {}}, take);
  if (came)
    came->body = std::move(body);
  return read(std::move(came));
}

result<remote::json> remote::post_text(const std::string& path, std::string body, header_list with,
                                       const query& parameters) const {
  return read(ask({"POST", path + query_text(parameters), std::move(with), std::move(body), {}}));
}

status remote::get_lines(const std::string& path, const query& with,
                         const std::function<bool(std::string_view)>& visit) const {
  std::string begun;
  bool too_long = false;
  bool going = true;
  const auto take = [&](std::string_view part) {
    for (auto end = part.find('\n'); going && end != std::string_view::npos;
         end = part.find('\n')) {
      begun += part.substr(0, end);
      going = visit(begun);
      begun.clear();
      part.remove_prefix(end + 1);
    }
    begun += part;
    too_long = begun.size() > line_bytes_max;
    return going && !too_long;
  };
  SALLYPORT_TRY(const auto came, ask({"GET", path + query_text(with), {}, {}, {}}, take));
  (void) came;
  if (too_long)
    return fail(error::external(errc::limit_reached, url_ + " gives a line without an end"));
  if (going && !begun.empty())
    return fail(error::external(errc::unavailable, url_ + " broke off amid a line"));
  return {};
}

// -- the options ----------------------------------------------------------------------------------

void remote_option::declare(CLI::App& sub, bool with_config) {
  auto* by_url = sub.add_option("--url", url,
                                "The address of the running instance. Without it SALLYPORT_URL, "
                                "else http://127.0.0.1:8080.");
  if (with_config)
    sub.add_option("--config", config, "The config file of the running instance.")
      ->excludes(by_url);
  auto* by_text = sub.add_option("--token", token,
                                 "A token with the operators' role. Others can see it in the list "
                                 "of processes; better is SALLYPORT_TOKEN or --token-file.");
  sub.add_option("--token-file", token_file, "The file that holds the token.")->excludes(by_text);
  sub.add_option("--ca", ca,
                 "A file with the certificates to trust, for https. Without it "
                 "SALLYPORT_CA, else those of the machine.");
}

result<remote> remote_option::open(const config::environment& env) const {
  // Not by the library that parses options: see `folder_option`.
  const auto variable = [&](const char* name) { return env(name).value_or(""); };
  auto address = url;
  if (address.empty() && !config.empty()) {
    SALLYPORT_TRY(address, url_of_config(config, env));
  }
  if (address.empty())
    address = variable("SALLYPORT_URL");
  SALLYPORT_TRY(address, checked_url(address.empty() ? std::string{default_url} : address));
  auto with = token;
  if (with.empty() && token_file.empty())
    with = variable("SALLYPORT_TOKEN");
  const auto file = token_file.empty() ? variable("SALLYPORT_TOKEN_FILE") : token_file;
  if (with.empty() && !file.empty()) {
    SALLYPORT_TRY(with, token_in(file));
  }
  SALLYPORT_TRY(with, checked_token(std::move(with)));
  return remote{std::move(address), with, ca.empty() ? variable("SALLYPORT_CA") : ca};
}

// -- the question ---------------------------------------------------------------------------------

void change_option::declare(CLI::App& sub) {
  sub.add_option("--reason", reason, "Why; it is recorded.")->required();
  sub.add_flag("--yes,-y", yes, "Does not ask.");
}

status change_option::confirm(const std::string& question) const {
  return command::confirm(question, yes);
}

status confirm(const std::string& question, bool yes) {
  const bool terminal = ::isatty(STDIN_FILENO) == 1 && ::isatty(STDERR_FILENO) == 1;
  return confirm(question, yes, terminal, std::cin, std::cerr);
}

status confirm(const std::string& question, bool yes, bool terminal, std::istream& in,
               std::ostream& out) {
  if (yes)
    return {};
  if (!terminal)
    return fail(wrong(question + "? There is no terminal to ask on: give --yes. Nothing was "
                                 "changed."));
  out << question << "? [y/N] " << std::flush;
  std::string answer;
  std::getline(in, answer);
  if (answer == "y" || answer == "Y" || answer == "yes")
    return {};
  return fail(error::user(errc::unavailable, "nothing was changed"));
}

} // namespace sallyport::command
