#pragma once

#include "engine/config/node.hpp"
#include "engine/core/error.hpp"
#include "engine/services/http_fetch.hpp"

#include <functional>
#include <iosfwd>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

// NOLINTBEGIN(readability-identifier-naming): the library's own names.
namespace CLI {
class App;
}
// NOLINTEND(readability-identifier-naming)

/// How verbs speak with a running instance. Problem: each of them needs its address, a token and a
/// sentence for each way in which that fails. Idea: the options and the errors are here, a verb
/// names paths only.
///
/// Thread safety: confined to the thread of the verb.
///
/// Invariants:
/// 1. No token is ever told, in an error or elsewhere.
namespace sallyport::command {

/// A running instance, as its HTTP port shows it; or what answers as one.
class remote {
public:
  using json = nlohmann::ordered_json;
  using query = std::multimap<std::string, std::string>;

  /// Answers a request whose `url` is a path and a query.
  using asker = std::function<result<fetched>(const fetch_request&, const part_visitor&)>;

  /// `ca`: a file with the certificates to trust, empty for those of the machine.
  remote(std::string url, const std::string& token, std::string ca);
  /// `name` stands in errors for the address.
  remote(std::string name, asker ask) : url_(std::move(name)), ask_(std::move(ask)) {}

  /// `path` as it stands in an address: names in it by `percent_encoded`.
  [[nodiscard]] result<json> get(const std::string& path, const query& with = {}) const;
  /// A body that is null is none.
  [[nodiscard]] result<json> post(const std::string& path, const query& with = {}) const;
  [[nodiscard]] result<json> post(const std::string& path, const json& body,
                                  const query& with = {}) const;
  /// For what takes long: it waits as for a stream.
  [[nodiscard]] result<json> post_and_wait(const std::string& path, const query& with) const;
  /// Records for `POST /ingress/…`.
  [[nodiscard]] result<json> post_text(const std::string& path, std::string body, header_list with,
                                       const query& parameters) const;
  /// Visits the lines of a body as they come, each without its end, until `visit` says false.
  [[nodiscard]] status get_lines(const std::string& path, const query& with,
                                 const std::function<bool(std::string_view line)>& visit) const;

  /// Without a slash at its end.
  [[nodiscard]] const std::string& url() const noexcept { return url_; }

private:
  [[nodiscard]] result<fetched> ask(const fetch_request& what,
                                    const part_visitor& visit = {}) const;
  [[nodiscard]] error refusal(const fetched& came, const std::string& path) const;
  [[nodiscard]] result<json> read(result<fetched> came) const;

  std::string url_;
  bool has_token_ = false;
  asker ask_;
};

/// Which running instance a verb talks to, and as whom.
struct remote_option {
  std::string url{};
  std::string config{};
  std::string token{};
  std::string token_file{};
  std::string ca{};

  /// `with_config`: `--config FILE` names the instance too; not for verbs to which it means a
  /// folder.
  void declare(CLI::App& sub, bool with_config = true);
  /// An error when what is given says no address or no token.
  [[nodiscard]] result<remote>
  open(const config::environment& env = config::process_environment()) const;
};

/// A verb that changes something: why, and whether it has to ask.
struct change_option {
  std::string reason;
  bool yes = false;

  void declare(CLI::App& sub);
  /// Asks on the terminal; an error when the answer is no, or there is neither terminal nor
  /// `--yes`.
  [[nodiscard]] status confirm(const std::string& question) const;
};

/// `question` is a sentence without its mark: "Send back 3 letters".
[[nodiscard]] status confirm(const std::string& question, bool yes);
/// The same with the terminal given.
[[nodiscard]] status confirm(const std::string& question, bool yes, bool terminal, std::istream& in,
                             std::ostream& out);

} // namespace sallyport::command
