#pragma once

#include "engine/config/docs.hpp"
#include "tools/command/remote.hpp"

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

/// How verbs that look at a running instance show what it says.
namespace sallyport::command {

/// `12 s`, `5 min`, `3 h`, `20 d`.
[[nodiscard]] std::string age_text(std::int64_t seconds);
/// The time between two moments as instances write them (`2026-01-31T09:00:00.000Z`), `-` without.
[[nodiscard]] std::string age_between(const std::string& from, const std::string& to);
/// `1.5 GiB`
[[nodiscard]] std::string bytes_text(std::uint64_t bytes);

/// A text, number or flag of an answer as a cell; `-` if it is not there.
[[nodiscard]] std::string cell(const nlohmann::ordered_json& of, const char* name);

/// A verb that asks a running instance: where it is, and how the answer is shown.
struct look_option {
  remote_option where;
  std::string format = "text";

  void declare(CLI::App& sub);
  /// Prints the answer as JSON, or what `show` makes of it.
  void print(const nlohmann::ordered_json& answer,
             const std::function<std::string(const config::page&)>& show) const;
};

/// What an order says of itself: the reason, and who this is.
[[nodiscard]] nlohmann::ordered_json order_body(const change_option& why);

/// How many of what an answer lists are shown, and who did not answer.
[[nodiscard]] std::string shown_of(const nlohmann::ordered_json& answer, const char* list);

} // namespace sallyport::command
