#pragma once

// What Delius knows: people under probation, their identifiers and their events (convictions).
// Community-api changes it, offender search reads it. The class keeps the lookups right.
//
// Thread safety: confined to the server's thread.
//
// Invariants
// 1. `holders(n)` are exactly the people whose noms_number is n, in order of their index.
// 2. All lookups ignore case where the real servers do (names, CRO, PNC).

#include "tools/simulator/dates.hpp"

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace sallyport::simulator {

/// The seven dates that the prison manages, by the field names of the request, in order.
inline constexpr std::array<std::pair<const char*, const char*>, 7> managed_key_dates{{
  {"conditionalReleaseDate", "ACR"},
  {"licenceExpiryDate", "LED"},
  {"hdcEligibilityDate", "HDE"},
  {"paroleEligibilityDate", "PED"},
  {"sentenceExpiryDate", "SED"},
  {"expectedReleaseDate", "EXP"},
  {"postSentenceSupervisionEndDate", "PSSED"},
}};

struct custody {
  std::string booking_number; ///< empty: none
  char status = 'D';       ///< A sentenced, D in custody, B on licence, P post-sentence supervision
  std::string institution; ///< NOMIS code; empty: not known
  std::map<std::string, date> key_dates; ///< by request field name
};

struct delius_event {
  std::int64_t id = 0;
  bool active = true;
  bool soft_deleted = false;
  bool terminated = false;
  optional_date sentence_start; ///< nothing: no sentence passed yet
  std::optional<custody> custodial;

  /// Active, sentenced to custody, not ended, not in post-sentence supervision.
  [[nodiscard]] bool active_custodial() const {
    return active && !soft_deleted && sentence_start && custodial && !terminated &&
           custodial->status != 'P';
  }
};

struct alias {
  std::string first_name, surname;
  date born;
};

struct delius_person {
  std::string crn;
  std::int64_t offender_id = 0;
  std::string noms_number, pnc, cro; ///< empty: none
  std::string first_name, surname, gender;
  date born;
  std::vector<alias> aliases;
  std::vector<delius_event> events;
  std::set<std::pair<std::string, std::string>> additional_identifiers; ///< type, value
  bool soft_deleted = false;
  bool has_prison_manager = false;

  /// What search calls currentDisposal = 1.
  [[nodiscard]] bool active_sentence() const;
};

class delius {
public:
  delius() = default;
  explicit delius(std::vector<delius_person> people);

  [[nodiscard]] const std::vector<delius_person>& people() const { return people_; }
  [[nodiscard]] delius_person& at(std::size_t index) { return people_[index]; }
  [[nodiscard]] const delius_person& at(std::size_t index) const { return people_[index]; }

  [[nodiscard]] std::optional<std::size_t> by_crn(const std::string& crn) const;
  [[nodiscard]] std::vector<std::size_t> holders(const std::string& noms_number) const;
  void set_noms_number(std::size_t index, const std::string& noms_number);

  /// People with this surname, as their own or in an alias.
  [[nodiscard]] std::vector<std::size_t> by_surname(std::string_view surname) const;
  [[nodiscard]] std::vector<std::size_t> by_cro(std::string_view cro) const;
  [[nodiscard]] std::vector<std::size_t> by_pnc(std::string_view pnc) const;

  /// All of it, sorted, without anything that depends on time or on the order of unrelated people.
  [[nodiscard]] std::string canonical_state() const;

private:
  using index_map = std::unordered_map<std::string, std::vector<std::size_t>>;

  std::vector<delius_person> people_;
  std::unordered_map<std::string, std::size_t> by_crn_;
  std::unordered_map<std::string, std::set<std::size_t>> by_noms_;
  index_map by_surname_, by_cro_, by_pnc_;
};

[[nodiscard]] std::string lower_case(std::string_view text);

/// A PNC number as search compares it: `2004/0050290Y` and `04/50290y` are equal, but not two long
/// forms of different centuries.
[[nodiscard]] bool same_pnc(std::string_view a, std::string_view b);

} // namespace sallyport::simulator
