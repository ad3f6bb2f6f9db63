#pragma once

// What prison-api answers to the six reads of the service: one function a call, over what NOMIS
// holds.
//
// Thread safety: reads only.

#include "tools/simulator/nomis.hpp"
#include "tools/simulator/reply.hpp"

namespace sallyport::simulator::prison_api {

[[nodiscard]] reply get_booking(const nomis& data, std::int64_t booking_id);
[[nodiscard]] reply sentence_detail(const nomis& data, std::int64_t booking_id);
[[nodiscard]] reply sentence_terms(const nomis& data, std::int64_t booking_id);
[[nodiscard]] reply get_movement(const nomis& data, std::int64_t booking_id, std::int64_t sequence);
/// @param type only identifiers of this type; empty: all
[[nodiscard]] reply identifiers(const nomis& data, std::int64_t booking_id,
                                const std::string& type);
[[nodiscard]] reply prisoners(const nomis& data, const std::string& offender_number);

} // namespace sallyport::simulator::prison_api
