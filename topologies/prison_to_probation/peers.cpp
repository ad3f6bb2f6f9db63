#include "topologies/prison_to_probation/peers.hpp"

namespace sallyport::prison_to_probation {

namespace {

constexpr std::string_view prison_api = "prison-api";
constexpr std::string_view community_api = "community-api";
constexpr std::string_view offender_search = "offender-search";

/// Quick repeats, the last of which starts within ten seconds of the first try (§10.13). What takes
/// longer is for the retry bands. One try is one request: a refused token gets no second one
/// either.
call_policy quick_repeats(bool one_try) {
  call_policy policy;
  policy.tries_max = one_try ? 1 : 4;
  policy.give_up_after = one_try ? duration{0} : duration{std::chrono::seconds{10}};
  policy.timeout = std::chrono::seconds{10};
  return policy;
}

std::string answer_text(const call_reply& reply, std::string_view what) {
  std::string text = reply.port + " ";
  if (reply.answer.status == 0)
    text += "did not answer";
  else
    text += "answered " + std::to_string(reply.answer.status);
  return text + " to " + std::string{what};
}

/// The peer has spoken, and to ask again would not change its mind.
bool is_clear_no(const call_reply& reply) {
  const int status = reply.answer.status;
  return reply.outcome == call_outcome::answered && status >= 400 && status < 500 &&
         status != 401 && status != 408 && status != 429;
}

error failure_of(const call_reply& reply, std::string_view what) {
  error e = error::external(errc::unavailable, answer_text(reply, what));
  if (is_clear_no(reply))
    e.retry = retry_hint::never;
  return e;
}

/// A reply that is not what the peer promised: perhaps the next one is.
error unreadable(std::string_view port, std::string_view what, const error& why) {
  return error::external(errc::invalid_data, std::string{port} + " answered to " +
                                               std::string{what} + ", but " + why.what);
}

bool is_success(const call_reply& reply) {
  return reply.outcome == call_outcome::answered && reply.answer.status == 200;
}

template <class T>
result<T> readable(result<T> parsed, std::string_view port, std::string_view what) {
  if (!parsed)
    return fail(unreadable(port, what, parsed.error()));
  return parsed;
}

} // namespace

const call_reply& peers::ask(std::string_view port, call_request request, bool read) {
  call what;
  what.port = std::string{port};
  what.request = std::move(request);
  what.key = std::to_string(booking_id_);
  what.read = read;
  what.policy = quick_repeats(one_try_);
  return with_.ask(std::move(what));
}

result<peers::answered> peers::read(std::string_view port, call_request request,
                                    std::string_view what, bool may_be_absent) {
  const auto& reply = ask(port, std::move(request), true);
  const bool absent =
    may_be_absent && reply.outcome == call_outcome::answered && reply.answer.status == 404;
  if (!is_success(reply) && !absent)
    return fail(failure_of(reply, what));
  return answered{reply.answer.status, reply.answer.body};
}

result<booking> peers::read_booking() {
  constexpr std::string_view what = "the read of the booking";
  SALLYPORT_TRY(auto reply, read(prison_api, booking_request(booking_id_), what));
  return readable(parse_booking(reply.body), prison_api, what);
}

result<sentence_detail> peers::read_sentence_detail() {
  constexpr std::string_view what = "the read of the sentence detail";
  SALLYPORT_TRY(auto reply, read(prison_api, sentence_detail_request(booking_id_), what));
  return readable(parse_sentence_detail(reply.body), prison_api, what);
}

result<std::vector<sentence_term>> peers::read_sentence_terms() {
  constexpr std::string_view what = "the read of the sentence terms";
  SALLYPORT_TRY(auto reply, read(prison_api, sentence_terms_request(booking_id_), what));
  return readable(parse_sentence_terms(reply.body), prison_api, what);
}

result<std::optional<movement>> peers::read_movement(std::int64_t seq) {
  constexpr std::string_view what = "the read of the movement";
  SALLYPORT_TRY(auto reply, read(prison_api, movement_request(booking_id_, seq), what, true));
  if (reply.status == 404)
    return std::optional<movement>{};
  SALLYPORT_TRY(auto found, readable(parse_movement(reply.body), prison_api, what));
  return std::optional{std::move(found)};
}

result<std::vector<std::string>> peers::read_merged_numbers() {
  constexpr std::string_view what = "the read of the merged identifiers";
  SALLYPORT_TRY(auto reply, read(prison_api, merged_numbers_request(booking_id_), what));
  return readable(parse_merged_numbers(reply.body), prison_api, what);
}

result<prisoner> peers::read_prisoner(std::string_view offender_no) {
  constexpr std::string_view what = "the read of the prisoner";
  SALLYPORT_TRY(auto reply, read(prison_api, prisoner_request(offender_no), what));
  return readable(parse_prisoner(reply.body), prison_api, what);
}

result<match_reply> peers::match(const booking& of, const prisoner& known_as) {
  constexpr std::string_view what = "the match";
  SALLYPORT_TRY(auto reply, read(offender_search, match_request(of, known_as), what));
  return readable(parse_match_reply(reply.body), offender_search, what);
}

result<std::vector<conviction>> peers::read_convictions(std::string_view crn) {
  constexpr std::string_view what = "the read of the convictions";
  SALLYPORT_TRY(auto reply, read(community_api, convictions_request(crn), what));
  return readable(parse_convictions(reply.body), community_api, what);
}

write_answer peers::write(call_request request, std::string_view what) {
  const auto& reply = ask(community_api, std::move(request), false);
  write_answer out;
  out.body = reply.answer.body;
  out.earlier_unanswered = reply.earlier_unanswered;
  out.why = failure_of(reply, what);
  using kind = write_answer::kind;
  if (is_success(reply))
    out.what = kind::done;
  else if (is_clear_no(reply) && reply.answer.status == 404)
    out.what = kind::missed;
  else if (is_clear_no(reply) && reply.answer.status == 409)
    out.what = kind::conflict;
  else if (is_clear_no(reply) ||
           (reply.outcome == call_outcome::answered && reply.answer.status == 401))
    out.what = kind::refused;
  return out;
}

} // namespace sallyport::prison_to_probation
