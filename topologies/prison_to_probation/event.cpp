#include "topologies/prison_to_probation/event.hpp"

#include <array>

namespace sallyport::prison_to_probation {

namespace {

constexpr std::array<std::string_view, 5> type_names{
  "IMPRISONMENT_STATUS-CHANGED", "EXTERNAL_MOVEMENT_RECORD-INSERTED", "SENTENCE_DATES-CHANGED",
  "CONFIRMED_RELEASE_DATE-CHANGED", "BOOKING_NUMBER-CHANGED"};

/// What an envelope or the headers say, before the message itself is read.
struct unwrapped {
  std::string type;
  std::string message_id;
  std::string message; ///< the inner JSON; empty: it is the record's value itself
};

bool is_envelope(json root) {
  return member(root, "Message") || member(root, "MessageAttributes") || member(root, "MessageId");
}

result<unwrapped> unwrap_envelope(json root) {
  unwrapped out;
  auto attributes = member(root, "MessageAttributes");
  auto attribute = attributes ? member(*attributes, "eventType") : std::nullopt;
  auto type = attribute ? text_of(*attribute, "Value") : std::nullopt;
  if (!type)
    return fail(error::data("MessageAttributes.eventType.Value is missing"));
  auto message = member(root, "Message");
  std::string_view text;
  if (!message || message->get(text) != simdjson::SUCCESS)
    return fail(error::data("Message is missing or no text"));
  out.type = *std::move(type);
  out.message_id = text_of(root, "MessageId").value_or("");
  out.message = std::string{text};
  return out;
}

result<unwrapped> unwrap(json root, const record& received) {
  if (is_envelope(root))
    return unwrap_envelope(root);
  auto type = received.find("eventType");
  if (!type)
    return fail(error::data("there is neither an envelope nor a header eventType"));
  return unwrapped{std::string{*type}, std::string{received.find("messageId").value_or("")}, {}};
}

result<std::int64_t> required_number(json from, const char* name, bool missing_is_zero) {
  SALLYPORT_TRY(auto number, number_of(from, name));
  if (!number && missing_is_zero)
    return 0;
  if (!number)
    return fail(error::data(std::string{name} + " is missing"));
  return *number;
}

/// The fields that the type needs (§1); a missing number is an error, but for
/// imprisonmentStatusSeq (§10.12).
result<event> read_fields(event_type type, json message, bool missing_is_zero) {
  event out;
  out.type = type;
  if (!message.is_object())
    return fail(error::data("the message is no JSON object"));
  SALLYPORT_TRY(out.booking_id, required_number(message, "bookingId", missing_is_zero));
  if (type == event_type::external_movement) {
    SALLYPORT_TRY(out.movement_seq, required_number(message, "movementSeq", missing_is_zero));
  }
  if (type == event_type::imprisonment_status) {
    SALLYPORT_TRY(auto seq, number_of(message, "imprisonmentStatusSeq"));
    out.imprisonment_status_seq = seq.value_or(0);
  }
  if (auto at = text_of(message, "eventDatetime"))
    out.event_time = parse_local_moment(*at);
  return out;
}

} // namespace

std::string_view to_string(event_type type) noexcept {
  return type_names[static_cast<std::size_t>(type)];
}

bool handled_by(profile of, event_type type) noexcept {
  switch (type) {
  case event_type::imprisonment_status:
  case event_type::booking_number: return true;
  case event_type::external_movement: return of != profile::head;
  case event_type::sentence_dates:
  case event_type::confirmed_release_date: return of == profile::full;
  }
  return false;
}

std::optional<event_type> expected_type(std::string_view name, profile of) {
  for (std::size_t i = 0; i < type_names.size(); ++i) {
    const auto type = static_cast<event_type>(i);
    if (name == type_names[i] && handled_by(of, type))
      return type;
  }
  return std::nullopt;
}

parsed_event parse_event(const record& received, profile of, bool missing_is_zero) {
  json_text outer;
  auto root = outer.parse(received.value.view());
  if (!root)
    return bad_event{"no_json", "the record is no JSON"};
  auto inside = unwrap(*root, received);
  if (!inside)
    return bad_event{"no_event_type", inside.error().what};
  auto type = expected_type(inside->type, of);
  if (!type)
    return unexpected_event{inside->type};

  json_text inner;
  json message = *root;
  if (!inside->message.empty()) {
    auto parsed = inner.parse(inside->message);
    if (!parsed)
      return bad_event{"no_json", "Message is no JSON"};
    message = *parsed;
  } else if (is_envelope(*root)) {
    return bad_event{"no_json", "Message is empty"};
  }
  auto fields = read_fields(*type, message, missing_is_zero);
  if (!fields)
    return bad_event{"missing_field", fields.error().what};
  fields->message_id = std::move(inside->message_id);
  return *std::move(fields);
}

} // namespace sallyport::prison_to_probation
