#include "topologies/prison_to_probation/order.hpp"

#include "topologies/prison_to_probation/wire.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace sallyport::prison_to_probation {

namespace {

constexpr std::array<std::string_view, 4> command_names{"retry-now", "pause", "resume", "discard"};

status read_key(json payload, order& into) {
  const auto key = text_of(payload, "key");
  if (!key)
    return fail(error::data("key is missing"));
  const auto slash = std::min(key->find('/'), key->size());
  const char* end = key->data() + slash;
  const auto read = std::from_chars(key->data(), end, into.booking_id);
  if (slash == 0 || read.ec != std::errc{} || read.ptr != end)
    return fail(error::data("key is neither a booking nor <booking>/<message>"));
  if (slash < key->size()) {
    into.message_id = key->substr(slash + 1);
    if (into.message_id.empty())
      return fail(error::data("key names no message behind its slash"));
  }
  return {};
}

result<std::string> read_words(json payload, const char* name, std::size_t bytes_max) {
  SALLYPORT_TRY(auto text, required_text(payload, name));
  if (text.empty())
    return fail(error::data(std::string{name} + " is empty"));
  if (text.size() > bytes_max)
    return fail(
      error::data(std::string{name} + " is longer than " + std::to_string(bytes_max) + " bytes"));
  return text;
}

} // namespace

std::string_view to_string(order::kind what) noexcept {
  return command_names[static_cast<std::size_t>(what)];
}

bool is_order(std::string_view command) noexcept {
  return std::ranges::find(command_names, command) != command_names.end();
}

result<order> parse_order(std::string_view command, std::string_view payload) {
  const auto name = std::ranges::find(command_names, command);
  if (name == command_names.end())
    return fail(
      error::data("there is no such command; there are retry-now, pause, resume and discard"));
  order out;
  out.what = static_cast<order::kind>(name - command_names.begin());
  json_text text;
  SALLYPORT_TRY(auto root, text.parse(payload));
  SALLYPORT_CHECK(read_key(root, out));
  SALLYPORT_TRY(out.reason, read_words(root, "reason", order_reason_bytes_max));
  SALLYPORT_TRY(out.by, read_words(root, "by", order_by_bytes_max));
  return out;
}

} // namespace sallyport::prison_to_probation
