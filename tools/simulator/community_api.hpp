#pragma once

// Problem: the service must be tested against a Delius that changes as the real one does, with its
// odd rules (409 before 404, 404 for a duplicate of one call and 409 for another).
// Idea: one function a call, pure over `delius`; sockets, tokens and faults are elsewhere.
//
// Thread safety: confined to the server's thread.
//
// Invariants
// 1. The effect of a call is the same when it is made twice.
// 2. A call that does not answer 200 changes nothing.

#include "tools/simulator/delius.hpp"
#include "tools/simulator/reply.hpp"

namespace sallyport::simulator {

struct community_settings {
  bool updates = true;          ///< features.noms.update.*: off answers 200 and changes nothing
  bool multiple_events = false; ///< multiple-events.update-prison-location
};

class community_api {
public:
  community_api(delius& people, community_settings settings)
    : people_(people), settings_(settings) {}

  [[nodiscard]] reply convictions(const std::string& crn) const;
  reply put_noms_number(const std::string& crn, const nlohmann::json& body);
  reply replace_noms_number(const std::string& old_number, const nlohmann::json& body);
  reply put_booking_number(const std::string& noms_number, const nlohmann::json& body);
  reply put_location(const std::string& noms_number, const nlohmann::json& body);
  reply post_key_dates(const std::string& noms_number, const std::string& booking_number,
                       const nlohmann::json& body);

private:
  enum class finding : std::uint8_t { none, one, several };
  struct found_person {
    finding how = finding::none;
    std::size_t index = 0;
  };

  [[nodiscard]] found_person find_person(const std::string& noms_number) const;

  delius& people_;
  community_settings settings_;
};

} // namespace sallyport::simulator
