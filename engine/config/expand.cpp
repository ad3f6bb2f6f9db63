#include "engine/config/expand.hpp"

#include "engine/time/duration.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <utility>

namespace sallyport::config {

namespace {

bool is_name(std::string_view text) {
  if (text.empty() || (text.front() >= '0' && text.front() <= '9'))
    return false;
  for (char c : text)
    if (!((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'))
      return false;
  return true;
}

/// The text of the file that NAME_FILE names, without the newline at its end.
std::optional<replacement> from_file(const std::string& variable, const std::string& path,
                                     const location& where, findings& out) {
  findings reading;
  auto text = read_file(path, reading);
  if (!text) {
    out.push_back({where, "the file that " + variable + "_FILE names: " + reading.front().what,
                   "check its path and who may read it"});
    return std::nullopt;
  }
  if (text->ends_with('\n'))
    text->pop_back();
  if (text->ends_with('\r'))
    text->pop_back();
  return replacement{std::move(*text), true};
}

} // namespace

environment process_environment() {
  return [](std::string_view name) -> std::optional<std::string> {
    const char* value = std::getenv(std::string{name}.c_str());
    return value == nullptr ? std::nullopt : std::optional<std::string>{value};
  };
}

std::optional<std::string> read_file(const std::string& path, findings& out) {
  auto refuse = [&](std::string what, std::string hint) {
    out.push_back({{path, 0, 0}, std::move(what), std::move(hint)});
    return std::nullopt;
  };
  std::ifstream in{path, std::ios::binary};
  std::string text;
  std::string chunk(std::size_t{16} << 10U, '\0');
  do {
    in.read(chunk.data(), static_cast<std::streamsize>(chunk.size()));
    text.append(chunk, 0, static_cast<std::size_t>(in.gcount()));
  } while (in && text.size() <= file_bytes_max);
  // A folder opens, but cannot be read.
  if (!in && !in.eof()) {
    std::error_code unknown;
    const auto there = std::filesystem::status(path, unknown).type();
    return refuse("cannot read the file " + path,
                  there == std::filesystem::file_type::directory   ? "it is a folder; name a file"
                  : there == std::filesystem::file_type::not_found ? "there is no such file"
                                                                   : "");
  }
  if (text.size() > file_bytes_max)
    return refuse("the file is bigger than " + format_size(file_bytes_max),
                  "a config or topology is small; is this the right file?");
  return text;
}

resolver environment_resolver(environment env) {
  return [env = std::move(env)](std::string_view inside, const location& where,
                                findings& out) -> std::optional<replacement> {
    auto colon = inside.find(':');
    std::string name{inside.substr(0, colon)};
    if (!is_name(name)) {
      if (name.starts_with("settings."))
        out.push_back({where, "'${" + name + "}' stands in a config",
                       "settings are used in topology files; a config gives them their values"});
      else
        out.push_back({where, "'" + name + "' is not the name of an environment variable",
                       "write ${NAME} or ${NAME:default}, or $${ for a plain ${"});
      return std::nullopt;
    }
    auto value = env(name);
    auto file = env(name + "_FILE");
    if (value && file) {
      out.push_back(
        {where, "both " + name + " and " + name + "_FILE are set", "unset one of them"});
      return std::nullopt;
    }
    if (value)
      return replacement{std::move(*value), false};
    if (file)
      return from_file(name, *file, where, out);
    if (colon != std::string_view::npos)
      return replacement{std::string{inside.substr(colon + 1)}, false};
    out.push_back({where, "the environment variable " + name + " is not set",
                   "set " + name + ", or " + name + "_FILE to a file that holds it, or write ${" +
                     name + ":default}"});
    return std::nullopt;
  };
}

resolver no_resolver() {
  return [](std::string_view inside, const location& where,
            findings& out) -> std::optional<replacement> {
    out.push_back({where, "'${" + std::string{inside} + "}' has no meaning here",
                   "write the value, or $${ for a plain ${"});
    return std::nullopt;
  };
}

void expand(node& scalar, const resolver& resolve, findings& out) {
  const auto text = std::move(scalar.text);
  scalar.text.clear();
  std::size_t at = 0;
  while (at < text.size()) {
    auto dollar = text.find('$', at);
    scalar.text += text.substr(at, dollar - at);
    if (dollar == std::string::npos)
      return;
    auto rest = std::string_view{text}.substr(dollar);
    if (rest.starts_with("$${")) {
      scalar.text += "${";
      at = dollar + 3;
      continue;
    }
    if (!rest.starts_with("${")) {
      scalar.text += '$';
      at = dollar + 1;
      continue;
    }
    auto close = rest.find('}');
    if (close == std::string_view::npos) {
      out.push_back({scalar.where, "a '${' is not closed",
                     "write ${NAME} or ${NAME:default}, or $${ for a plain ${"});
      scalar.unresolved = true;
      return;
    }
    scalar.has_variable = true;
    if (auto value = resolve(rest.substr(2, close - 2), scalar.where, out)) {
      scalar.text += value->text;
      scalar.from_secret = scalar.from_secret || value->secret;
    } else {
      scalar.unresolved = true;
    }
    if (dollar == 0 && close + 1 == text.size())
      scalar.quoted = false;
    at = dollar + close + 1;
  }
}

} // namespace sallyport::config
