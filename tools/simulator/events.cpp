#include "tools/simulator/events.hpp"

#include "tools/simulator/dice.hpp"

#include <algorithm>
#include <cstdio>

namespace sallyport::simulator {

namespace {

using nlohmann::ordered_json;

constexpr const char* topic = "arn:aws:sns:eu-west-2:000000000000:simulated-offender-events";

enum class kind : std::uint8_t {
  status,
  movement,
  sentence_dates,
  release_date,
  booking_number,
  // what only validation should see
  status_later_sequence,
  movement_absent,
  old_booking,
  other_message,
  // what nobody can process
  poison
};

struct planned {
  kind what;
  std::size_t person;
  std::int64_t movement = 0; ///< or which poison it is
};

std::string digits(std::uint64_t value, int width) {
  char text[32];
  std::snprintf(text, sizeof text, "%0*llu", width, static_cast<unsigned long long>(value));
  return text;
}

std::string uuid(dice& random) {
  char text[40];
  const auto high = random.next();
  const auto low = random.next();
  std::snprintf(text, sizeof text, "%08x-%04x-5%03x-%04x-%012llx",
                static_cast<unsigned>(high >> 32U), static_cast<unsigned>(high >> 16U & 0xffffU),
                static_cast<unsigned>(high & 0xfffU),
                static_cast<unsigned>((low >> 48U & 0x3fffU) | 0x8000U),
                static_cast<unsigned long long>(low & 0xffffffffffffU));
  return text;
}

std::string signature(dice& random) {
  constexpr std::string_view alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (int i = 0; i < 342; ++i)
    text += alphabet[random.below(alphabet.size())];
  return text + "==";
}

/// Local date and time with microseconds, as prison events carry it.
std::string date_time(std::int64_t micros) {
  const std::chrono::sys_time<std::chrono::microseconds> at{std::chrono::microseconds{micros}};
  const auto day = std::chrono::floor<std::chrono::days>(at);
  const auto rest = (at - day).count();
  const auto seconds = static_cast<std::uint64_t>(rest / 1'000'000);
  return iso(day) + 'T' + digits(seconds / 3600, 2) + ':' + digits(seconds / 60 % 60, 2) + ':' +
         digits(seconds % 60, 2) + '.' + digits(static_cast<std::uint64_t>(rest % 1'000'000), 6);
}

// -- the plan: who, what, in which order
// ------------------------------------------------------------

class planner {
public:
  planner(const population& all, const event_options& options)
    : all_(all), options_(options), random_(mix(options.seed, 0xe7e27)) {}

  std::vector<planned> make() {
    const auto shares = share_out();
    std::vector<std::vector<planned>> scripts(shares.size());
    std::vector<std::size_t> turns;
    for (std::size_t person = 0; person < shares.size(); ++person) {
      scripts[person] = script(person, shares[person]);
      turns.insert(turns.end(), shares[person], person);
    }
    shuffle(turns);
    std::vector<std::size_t> next(shares.size(), 0);
    std::vector<planned> plan;
    plan.reserve(turns.size() + options_.poison);
    for (const auto person : turns)
      plan.push_back(scripts[person][next[person]++]);
    add_poison(plan);
    return plan;
  }

private:
  /// How many events each person has: one, and the rest at random.
  std::vector<std::size_t> share_out() {
    const std::size_t people = std::min(all_.prison.prisoners.size(), options_.count);
    std::vector<std::size_t> shares(people, 1);
    for (std::size_t left = options_.count - people; people > 0 && left > 0; --left)
      ++shares[random_.below(people)];
    return shares;
  }

  std::vector<planned> script(std::size_t person, std::size_t length) {
    dice own{mix(options_.seed, mix(person, 0x5c417))};
    const auto& current = all_.prison.bookings[all_.prison.prisoners[person].booking];
    std::vector<planned> steps{{kind::status, person}};
    if (!current.merged.empty() && length > 1)
      steps.push_back({kind::booking_number, person});
    while (steps.size() < length)
      steps.push_back(own.chance(options_.rejects) ? reject(person, own) : usual(person, own));
    for (std::size_t i = steps.size(); i > 2; --i)
      std::swap(steps[i - 1], steps[1 + own.below(i - 1)]);
    place_movements(steps, current, own);
    return steps;
  }

  static planned usual(std::size_t person, dice& own) {
    const int roll = own.between(0, 99);
    const kind what = roll < 35   ? kind::status
                      : roll < 65 ? kind::movement
                      : roll < 85 ? kind::sentence_dates
                                  : kind::release_date;
    return {what, person};
  }

  planned reject(std::size_t person, dice& own) {
    constexpr kind kinds[] = {kind::status_later_sequence, kind::status_later_sequence,
                              kind::movement_absent, kind::old_booking, kind::other_message};
    const kind what = own.pick(kinds);
    const auto current = all_.prison.prisoners[person].booking;
    const bool has_old = current > 0 && all_.prison.bookings[current - 1].prisoner == person;
    return {what == kind::old_booking && !has_old ? kind::status_later_sequence : what, person};
  }

  /// Gives the movement events of a script growing sequences that end with the last admission.
  static void place_movements(std::vector<planned>& steps, const booking& current, dice& own) {
    std::int64_t last_admission = 0;
    for (const auto& move : current.movements)
      if (move.type == "ADM")
        last_admission = move.sequence;
    std::vector<planned*> moves;
    for (auto& step : steps)
      if (step.what == kind::movement)
        moves.push_back(&step);
    std::vector<std::int64_t> sequences;
    for (std::size_t i = 0; i < moves.size(); ++i)
      sequences.push_back(own.between(1, static_cast<int>(current.movements.size())));
    std::ranges::sort(sequences);
    // What is no admission may stand anywhere; it is rejected. The last admission must be there.
    const auto at = std::ranges::upper_bound(sequences, last_admission) - sequences.begin();
    if (!sequences.empty())
      sequences[static_cast<std::size_t>(std::max<std::ptrdiff_t>(at - 1, 0))] = last_admission;
    for (std::size_t i = 0; i < moves.size(); ++i)
      moves[i]->movement = sequences[i];
  }

  void add_poison(std::vector<planned>& plan) {
    for (std::size_t i = 0; i < options_.poison; ++i) {
      const auto at = static_cast<std::ptrdiff_t>(random_.below(plan.size() + 1));
      plan.insert(plan.begin() + at, {kind::poison, 0, static_cast<std::int64_t>(i % 4)});
    }
  }

  void shuffle(std::vector<std::size_t>& turns) {
    for (std::size_t i = turns.size(); i > 1; --i)
      std::swap(turns[i - 1], turns[random_.below(i)]);
  }

  const population& all_;
  const event_options& options_;
  dice random_;
};

// -- the words
// ---------------------------------------------------------------------------------------

ordered_json head(const char* type, std::int64_t micros, std::int64_t booking) {
  return {{"eventType", type}, {"eventDatetime", date_time(micros)}, {"bookingId", booking}};
}

ordered_json status_body(std::int64_t micros, std::int64_t booking, int sequence) {
  auto body = head("IMPRISONMENT_STATUS-CHANGED", micros, booking);
  if (sequence > 0)
    body["imprisonmentStatusSeq"] = sequence;
  body["nomisEventType"] = "OFF_IMP_STAT_OASYS";
  return body;
}

ordered_json movement_body(std::int64_t micros, std::int64_t booking, std::int64_t sequence) {
  auto body = head("EXTERNAL_MOVEMENT_RECORD-INSERTED", micros, booking);
  body["movementSeq"] = sequence;
  body["nomisEventType"] = "M1_RESULT";
  return body;
}

ordered_json poison_body(std::int64_t micros, std::int64_t which, std::int64_t booking) {
  auto body = which == 2 ? movement_body(micros, booking, 1) : status_body(micros, booking, 0);
  if (which == 1)
    body.erase("bookingId");
  if (which == 2)
    body.erase("movementSeq");
  return body;
}

ordered_json inner(const population& all, const planned& step, std::int64_t micros, dice& random) {
  const auto& person = all.prison.prisoners[step.person];
  const auto& current = all.prison.bookings[person.booking];
  switch (step.what) {
  case kind::status: {
    // Real messages leave a sequence of 0 out; some senders write it.
    auto body = status_body(micros, current.id, 0);
    if (random.chance(0.3))
      body["imprisonmentStatusSeq"] = 0;
    return body;
  }
  case kind::status_later_sequence: return status_body(micros, current.id, random.between(1, 2));
  case kind::movement: return movement_body(micros, current.id, step.movement);
  case kind::movement_absent: return movement_body(micros, current.id, 90 + random.between(0, 9));
  case kind::old_booking: return status_body(micros, all.prison.bookings[person.booking - 1].id, 0);
  case kind::sentence_dates: {
    auto body = head("SENTENCE_DATES-CHANGED", micros, current.id);
    body["sentenceCalculationId"] = 5'600'000 + random.between(0, 99'999);
    body["nomisEventType"] = "S2_RESULT";
    return body;
  }
  case kind::release_date: {
    auto body = head("CONFIRMED_RELEASE_DATE-CHANGED", micros, current.id);
    body["nomisEventType"] = "CONFIRMED_RELEASE_DATE-CHANGED";
    return body;
  }
  case kind::booking_number: {
    ordered_json body{{"eventType", "BOOKING_NUMBER-CHANGED"},
                      {"eventDatetime", date_time(micros)},
                      {"offenderId", person.offender_id},
                      {"bookingId", current.id},
                      {"nomisEventType", "BOOK_UPD_OASYS"}};
    body["previousBookingNumber"] = digits(random.below(100'000), 5) + 'Z';
    return body;
  }
  case kind::other_message: return {{"eventType", "SOME_OTHER_MESSAGE"}};
  case kind::poison: return poison_body(micros, step.movement, current.id);
  }
  return {};
}

std::string envelope(const population& all, const planned& step, std::int64_t micros,
                     dice& random) {
  const auto body = inner(all, step, micros, random);
  const bool not_json = step.what == kind::poison && step.movement == 3;
  const bool no_attribute = step.what == kind::poison && step.movement == 0;
  const auto sent = micros + random.between(100'000, 60'000'000);
  ordered_json message{
    {"Type", "Notification"},
    {"MessageId", uuid(random)},
    {"TopicArn", topic},
    {"Message", not_json ? "this is no JSON" : body.dump()},
    {"Timestamp", date_time(sent).substr(0, 23) + 'Z'},
    {"SignatureVersion", "1"},
    {"Signature", signature(random)},
    {"SigningCertURL", "https://sns.eu-west-2.amazonaws.com/simulated.pem"},
    {"UnsubscribeURL", "https://sns.eu-west-2.amazonaws.com/?Action=Unsubscribe"},
  };
  ordered_json attributes = ordered_json::object();
  if (!no_attribute)
    attributes["eventType"] = {{"Type", "String"}, {"Value", body["eventType"]}};
  attributes["id"] = {{"Type", "String"}, {"Value", uuid(random)}};
  attributes["contentType"] = {{"Type", "String"}, {"Value", "text/plain;charset=UTF-8"}};
  attributes["timestamp"] = {{"Type", "Number.java.lang.Long"},
                             {"Value", std::to_string(sent / 1000)}};
  message["MessageAttributes"] = std::move(attributes);
  return message.dump();
}

} // namespace

std::vector<std::string> make_events(const population& all, const event_options& options) {
  std::vector<std::string> lines;
  if (all.prison.prisoners.empty())
    return lines;
  const auto plan = planner{all, options}.make();
  lines.reserve(plan.size());
  auto micros = std::chrono::duration_cast<std::chrono::microseconds>(
                  make_date(2026, 1, 5).time_since_epoch() + std::chrono::hours{8})
                  .count();
  for (std::size_t i = 0; i < plan.size(); ++i) {
    dice random{mix(options.seed, mix(i, 0x3e55a6e))};
    micros += random.between(1'000, 20'000'000);
    lines.push_back(envelope(all, plan[i], micros, random));
  }
  return lines;
}

} // namespace sallyport::simulator
