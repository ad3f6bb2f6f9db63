#include "tools/simulator/population.hpp"

#include "tools/simulator/dice.hpp"

#include <array>
#include <cstdio>
#include <string>
#include <utility>

namespace sallyport::simulator {

namespace {

using std::chrono::days;

struct weight {
  story kind;
  int share;
};

/// Out of 100 people in good order, and out of 100 in trouble.
constexpr std::array<weight, 10> in_order{{
  {story::all_identifiers, 30},
  {story::all_but_alias, 5},
  {story::noms_number, 7},
  {story::pnc_number, 14},
  {story::cro_number, 10},
  {story::full_name, 14},
  {story::name_in_alias, 4},
  {story::surname_only, 4},
  {story::birth_nearly, 4},
  {story::merged, 8},
}};
constexpr std::array<weight, 11> in_trouble{{
  {story::no_match, 14},
  {story::no_sentence_match, 14},
  {story::too_many_matches, 10},
  {story::book_number_missed, 10},
  {story::location_missed, 10},
  {story::key_dates_missed, 10},
  {story::duplicate_person, 4},
  {story::merged_twice, 4},
  {story::merged_conflict, 6},
  {story::inactive_booking, 10},
  {story::no_sentence, 8},
}};

template <std::size_t N>
story draw(const std::array<weight, N>& weights, dice& random) {
  int left = random.between(0, 99);
  for (const auto& [kind, share] : weights)
    if ((left -= share) < 0)
      return kind;
  return weights.front().kind;
}

// -- identifiers: each is a permutation of the person's number, so none comes twice ---------------

/// A prime that divides none of the ranges below, so multiplying by it permutes them.
constexpr std::uint64_t stride = 48271;

std::string padded(std::uint64_t value, int width) {
  char text[32];
  std::snprintf(text, sizeof text, "%0*llu", width, static_cast<unsigned long long>(value));
  return text;
}

char letter(std::uint64_t value) { return static_cast<char>('A' + value % 26); }

/// `A5089DY`; four for each person: the own one and those from before merges.
std::string noms_number(std::size_t person, unsigned slot) {
  constexpr std::uint64_t range = 26ULL * 10'000 * 26 * 26;
  const std::uint64_t n = ((person * 4 + slot) * stride + 50'890'103) % range;
  return letter(n / 6'760'000) + padded(n / 676 % 10'000, 4) + letter(n / 26) + letter(n);
}

/// `X142620`; two for each person.
std::string crn(std::size_t person, unsigned slot) {
  const std::uint64_t n = person * 2 + slot;
  return letter(23 + n / 1'000'000) + padded((n % 1'000'000 * stride + 142'620) % 1'000'000, 6);
}

/// `38339A`; two for each person.
std::string booking_number(std::size_t person, unsigned slot) {
  const std::uint64_t n = person * 2 + slot;
  return padded((n % 100'000 * stride + 38'339) % 100'000, 5) + letter(n / 100'000);
}

struct pnc_number {
  unsigned year;
  std::uint64_t serial;

  [[nodiscard]] char check() const {
    constexpr std::string_view letters = "ZABCDEFGHJKLMNPQRTUVWXY";
    return letters[(year % 100 * 10'000'000ULL + serial) % letters.size()];
  }
  [[nodiscard]] std::string full() const {
    return std::to_string(year) + '/' + padded(serial, 7) + check();
  }
  [[nodiscard]] std::string brief() const {
    return padded(year % 100, 2) + '/' + std::to_string(serial) +
           lower_case(std::string(1, check()));
  }
};

/// Made of syllables that spell the person's number, so no two people share one.
std::string surname(std::size_t person) {
  constexpr std::array<const char*, 16> syllables{"BA",  "COR", "DEN", "FAL", "GRE", "HAR",
                                                  "LIN", "MAR", "NOR", "PEL", "QUI", "RAD",
                                                  "SEL", "TOM", "VAN", "WES"};
  constexpr std::array<const char*, 8> endings{"TON", "LEY", "FORD",  "WICK",
                                               "BY",  "HAM", "STOCK", "MERE"};
  std::uint64_t n = (person * stride + 12'345) % (1U << 23U);
  std::string name;
  for (int i = 0; i < 5; ++i, n /= 16)
    name += syllables[n % 16];
  return name + endings[n % 8];
}

constexpr std::array<const char*, 20> first_names{
  "ANDY",  "BEN",  "CARL",   "DAVID", "EDWARD", "FRANK", "GEORGE", "HARRY", "IAN",   "JACK",
  "KEITH", "LIAM", "MARTIN", "NEIL",  "OSCAR",  "PETER", "ROBERT", "SIMON", "TERRY", "WILLIAM"};

/// The last one holds few people, so that a run with ONLY_PRISONS of the others shows rejects.
constexpr std::array<const char*, 7> usual_prisons{"MDI", "LEI", "WWI", "BXI", "HMI", "PVI", "WDI"};
constexpr const char* rare_prison = "NMI";
constexpr double rare_prison_share = 0.04;
constexpr std::array<const char*, 4> courts{"ABRYCT", "LEEDCC", "SHEFCC", "SNARCC"};

// -- one person -----------------------------------------------------------------------------------

class person_maker {
public:
  person_maker(population& all, std::size_t number, const population_options& options)
    : all_(all), number_(number), random_(mix(options.seed, number)) {
    // The die for trouble is its own, so that another share changes no one's other features.
    dice fate{mix(options.seed ^ 0x5a11, number)};
    story_ = fate.chance(options.trouble) ? draw(in_trouble, fate) : draw(in_order, fate);
  }

  void make() {
    make_prisoner();
    if (random_.chance(older_booking_share))
      make_older_booking();
    make_booking();
    make_probation();
    all_.stories.push_back(story_);
  }

private:
  static constexpr double older_booking_share = 0.15;

  void make_prisoner() {
    prisoner person;
    person.offender_id = 2'500'000 + static_cast<std::int64_t>(number_);
    person.number = noms_number(number_, 0);
    person.first_name = random_.pick(first_names);
    person.last_name = surname(number_);
    person.gender = "Male";
    // Days from 1 to 12 that differ from the month, so that swapping both gives another date.
    const auto month = static_cast<unsigned>(random_.between(1, 11));
    const auto day = month % 11 + 1;
    person.born = make_date(random_.between(1950, 2002), month, day);
    pnc_ = {static_cast<unsigned>(random_.between(1985, 2019)),
            (number_ * stride + 50'290) % 9'999'999 + 1};
    person.pnc = pnc_.full();
    person.cro = std::to_string(100'000 + number_) + "/" + padded(pnc_.year % 100, 2) + "A";
    all_.prison.prisoner_by_number.emplace(person.number, number_);
    all_.prison.prisoners.push_back(std::move(person));
  }

  void add_booking(booking item) {
    item.prisoner = number_;
    all_.prison.booking_by_id.emplace(item.id, all_.prison.bookings.size());
    me().booking = all_.prison.bookings.size();
    all_.prison.bookings.push_back(std::move(item));
  }

  void make_older_booking() {
    booking old;
    old.id = 1'000'000 + static_cast<std::int64_t>(number_) * 2;
    old.number = booking_number(number_, 1);
    old.active = false;
    old.agency = "OUT";
    old.legal_status = "SENTENCED";
    old.dates.start = make_date(2018, 3, 5) + days{random_.between(0, 900)};
    old.dates.expiry = *old.dates.start + days{365};
    old.terms.push_back({1, old.dates.start, std::nullopt});
    old.movements.push_back({1, "ADM", "IN", random_.pick(courts), "LEI", *old.dates.start});
    add_booking(std::move(old));
  }

  void make_booking() {
    booking item;
    item.id = 1'000'001 + static_cast<std::int64_t>(number_) * 2;
    item.number = booking_number(number_, 0);
    item.active = story_ != story::inactive_booking;
    item.recall = random_.chance(0.1);
    item.agency = random_.chance(rare_prison_share) ? rare_prison : random_.pick(usual_prisons);
    item.legal_status = story_ == story::no_sentence ? "REMAND"
                        : item.recall                ? "RECALL"
                                                     : "SENTENCED";
    sentence_ = make_date(2024, 1, 8) + days{random_.between(0, 690)};
    make_dates(item);
    make_terms(item);
    make_movements(item);
    if (story_ == story::merged || story_ == story::merged_conflict)
      item.merged = {noms_number(number_, 1)};
    if (story_ == story::merged_twice)
      item.merged = {noms_number(number_, 1), noms_number(number_, 2)};
    add_booking(std::move(item));
  }

  void make_dates(booking& item) {
    auto& dates = item.dates;
    const int length = random_.between(1'500, 6'000);
    if (story_ == story::no_sentence) {
      dates.confirmed_release = sentence_ + days{length};
      return;
    }
    dates.start = sentence_;
    dates.expiry = sentence_ + days{length};
    dates.licence_expiry = dates.expiry;
    dates.conditional_release = sentence_ + days{length * 2 / 3};
    dates.release = dates.conditional_release;
    if (random_.chance(0.2))
      dates.conditional_override = *dates.conditional_release + days{random_.between(1, 60)};
    if (random_.chance(0.4))
      dates.confirmed_release = *dates.conditional_release - days{random_.between(0, 3)};
    if (random_.chance(0.5))
      dates.hdc_eligibility = *dates.conditional_release - days{135};
    if (random_.chance(0.3))
      dates.parole_eligibility = sentence_ + days{length / 2};
    if (random_.chance(0.2))
      dates.topup_expiry = *dates.expiry + days{365};
  }

  void make_terms(booking& item) {
    if (story_ == story::no_sentence)
      return;
    if (random_.chance(0.3))
      item.terms.push_back({1, sentence_ - days{random_.between(20, 200)}, std::nullopt});
    const int main = static_cast<int>(item.terms.size()) + 1;
    item.terms.push_back({main, sentence_, std::nullopt});
    if (random_.chance(0.3)) // it starts later, but it does not count
      item.terms.push_back({main + 1, sentence_ + days{random_.between(30, 300)}, main});
  }

  void make_movements(booking& item) {
    std::int64_t sequence = 0;
    date on = sentence_;
    const std::string court = random_.pick(courts);
    const auto add = [&](const char* type, const char* direction, const std::string& from,
                         const std::string& to) {
      item.movements.push_back({++sequence, type, direction, from, to, on});
      on += days{random_.between(1, 20)};
    };
    const bool moved = random_.chance(0.4);
    std::string at = moved ? random_.pick(usual_prisons) : item.agency;
    add("ADM", "IN", court, at);
    if (random_.chance(0.4)) {
      add("CRT", "OUT", at, court);
      add("CRT", "IN", court, at);
    }
    if (moved)
      add("ADM", "IN", at, item.agency);
    if (random_.chance(0.15))
      add("TAP", "OUT", item.agency, random_.chance(0.5) ? "OUT" : "");
  }

  // -- the counterpart in Delius
  // -------------------------------------------------------------------

  [[nodiscard]] prisoner& me() { return all_.prison.prisoners[number_]; }
  [[nodiscard]] const booking& latest() { return all_.prison.bookings[me().booking]; }

  delius_person counterpart(unsigned slot) {
    const auto& self = me();
    delius_person person;
    person.crn = crn(number_, slot);
    person.offender_id = 2'500'000'000 + static_cast<std::int64_t>(number_) * 2 + slot;
    person.noms_number = self.number;
    person.pnc = self.pnc;
    person.cro = self.cro;
    person.first_name = self.first_name;
    person.surname = self.last_name;
    person.gender = self.gender;
    person.born = self.born;
    return person;
  }

  delius_event custodial_event(date start, std::string booking, char status = 'D') {
    delius_event event;
    event.id = 2'500'000'000 + static_cast<std::int64_t>(number_) * 8 + ++events_;
    event.sentence_start = start;
    event.custodial.emplace();
    event.custodial->booking_number = std::move(booking);
    event.custodial->status = status;
    // Never the prison of the booking: else it would show whether an earlier move came through.
    const std::string before = random_.pick(usual_prisons);
    if (random_.chance(0.5) && before != latest().agency)
      event.custodial->institution = before;
    if (random_.chance(0.5))
      event.custodial->key_dates = {{"licenceExpiryDate", start + days{1'000}},
                                    {"sentenceExpiryDate", start + days{1'000}}};
    return event;
  }

  delius_event community_event(date start) {
    delius_event event;
    event.id = 2'500'000'000 + static_cast<std::int64_t>(number_) * 8 + ++events_;
    event.sentence_start = start;
    return event;
  }

  /// The booking number as Delius may hold it before the sync.
  std::string earlier_number() {
    const int way = random_.between(0, 2);
    return way == 0 ? std::string{} : way == 1 ? latest().number : booking_number(number_, 1);
  }

  date near_sentence() {
    return sentence_ + days{random_.chance(0.7) ? 0 : random_.between(-7, 7)};
  }

  static void forget_numbers(delius_person& person) {
    person.noms_number.clear();
    person.pnc.clear();
    person.cro.clear();
  }

  void make_probation() {
    if (story_ == story::no_match)
      return;
    auto person = counterpart(0);
    if (story_ >= story::no_match)
      make_trouble(person);
    else
      make_good_order(person);
    if (random_.chance(0.3))
      person.events.push_back(community_event(make_date(2023, 6, 1)));
    all_.probation.push_back(std::move(person));
  }

  void make_good_order(delius_person& person) {
    switch (story_) {
    case story::all_but_alias:
      person.aliases.push_back({person.first_name, person.surname, person.born});
      person.surname += "SMITH";
      break;
    case story::noms_number:
      person.pnc.clear();
      person.first_name = "ZEB";
      break;
    case story::pnc_number:
      person.noms_number.clear();
      person.cro.clear();
      person.pnc = pnc_.brief();
      person.first_name = "ZEB";
      break;
    case story::cro_number:
      person.noms_number.clear();
      person.pnc.clear();
      person.cro = lower_case(person.cro);
      break;
    case story::full_name: forget_numbers(person); break;
    case story::name_in_alias:
      forget_numbers(person);
      person.aliases.push_back({person.first_name, person.surname, person.born});
      person.surname += "JONES";
      break;
    case story::surname_only:
      forget_numbers(person);
      person.first_name = "ZEB";
      break;
    case story::birth_nearly: {
      forget_numbers(person);
      const std::chrono::year_month_day born{person.born};
      person.born = random_.chance(0.5)
                      ? make_date(static_cast<int>(born.year()), static_cast<unsigned>(born.day()),
                                  static_cast<unsigned>(born.month()))
                      : person.born + days{1};
      break;
    }
    case story::merged: person.noms_number = noms_number(number_, 1); break;
    default: break;
    }
    person.events.push_back(custodial_event(near_sentence(), earlier_number()));
    if (random_.chance(0.1))
      person.events.back().custodial->status = 'A';
  }

  void make_trouble(delius_person& person) {
    const std::string number = latest().number;
    switch (story_) {
    case story::no_sentence_match:
      if (random_.chance(0.5))
        forget_numbers(person);
      person.events.push_back(custodial_event(sentence_ - days{random_.between(8, 40)}, number));
      break;
    case story::too_many_matches: {
      forget_numbers(person);
      auto double_ganger = counterpart(1);
      forget_numbers(double_ganger);
      double_ganger.events.push_back(custodial_event(sentence_ + days{3}, ""));
      person.events.push_back(custodial_event(sentence_, ""));
      all_.probation.push_back(std::move(double_ganger));
      break;
    }
    case story::book_number_missed:
      person.events.push_back(custodial_event(sentence_, ""));
      if (random_.chance(0.5)) {
        person.events.push_back(custodial_event(sentence_ + days{5}, ""));
      } else {
        person.events.back().active = false;
        person.events.push_back(community_event(make_date(2023, 9, 1)));
      }
      break;
    case story::location_missed:
      person.events.push_back(custodial_event(sentence_, number));
      if (random_.chance(0.5))
        person.events.push_back(custodial_event(sentence_ - days{200}, ""));
      else
        person.events.back().custodial->status = 'B';
      break;
    case story::key_dates_missed:
      person.events.push_back(custodial_event(sentence_, number));
      person.events.push_back(custodial_event(sentence_ - days{700}, number, 'P'));
      break;
    case story::duplicate_person: {
      auto other = counterpart(1);
      other.events.push_back(custodial_event(sentence_ - days{400}, ""));
      person.events.push_back(custodial_event(sentence_, number));
      all_.probation.push_back(std::move(other));
      break;
    }
    case story::merged_twice:
      person.noms_number = noms_number(number_, 1);
      person.events.push_back(custodial_event(sentence_, ""));
      break;
    case story::merged_conflict: {
      auto old = counterpart(1);
      old.noms_number = noms_number(number_, 1);
      old.pnc.clear();
      old.cro.clear();
      old.first_name = "ZEB";
      old.events.push_back(custodial_event(sentence_ - days{500}, ""));
      all_.probation.push_back(std::move(old));
      person.events.push_back(custodial_event(near_sentence(), number));
      break;
    }
    default: person.events.push_back(custodial_event(near_sentence(), earlier_number())); break;
    }
  }

  population& all_;
  std::size_t number_;
  dice random_;
  story story_{};
  pnc_number pnc_{};
  date sentence_;
  std::int64_t events_ = 0;
};

} // namespace

const char* to_string(story value) {
  constexpr std::array names{"all_identifiers",  "all_but_alias",      "noms_number",
                             "pnc_number",       "cro_number",         "full_name",
                             "name_in_alias",    "surname_only",       "birth_nearly",
                             "merged",           "no_match",           "no_sentence_match",
                             "too_many_matches", "book_number_missed", "location_missed",
                             "key_dates_missed", "duplicate_person",   "merged_twice",
                             "merged_conflict",  "inactive_booking",   "no_sentence"};
  return names[static_cast<std::size_t>(value)];
}

population make_population(const population_options& options) {
  population all;
  all.prison.prisoners.reserve(options.people);
  for (std::size_t i = 0; i < options.people; ++i)
    person_maker{all, i, options}.make();
  return all;
}

} // namespace sallyport::simulator
