#pragma once

#include "engine/operators/context.hpp"
#include "topologies/prison_to_probation/attempt.hpp"
#include "topologies/prison_to_probation/message.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::prison_to_probation {

/// The rows of the custody stage.
///
///     open/<booking>/<message>   a message that is not processed
///     done/<booking>/<message>   a processed one, kept for the reports until its deleteBy
///     writes/<booking>/<type>    what is remembered of writes to Delius (`progress`)
///
/// Confined to its stage; made anew for each input.
class message_store {
public:
  explicit message_store(context& ctx) : ctx_(ctx) {}

  /// A message id that no message of the booking has; later ones sort behind earlier ones.
  [[nodiscard]] std::string next_id(std::int64_t booking_id);

  /// The unprocessed messages of a booking in the order of their arrival.
  [[nodiscard]] std::vector<message> open_of(std::int64_t booking_id);
  [[nodiscard]] std::optional<message> open(std::int64_t booking_id, std::string_view id);
  void put_open(const message& m);
  void erase_open(const message& m);

  void put_done(const message& m);
  /// Forgets the processed messages whose deleteBy has come. @returns the next deleteBy, if any
  std::optional<wall_time> erase_done(std::int64_t booking_id, wall_time now);

  [[nodiscard]] progress writes_of(std::int64_t booking_id, event_type type);
  /// An empty progress removes the row.
  void put_writes(std::int64_t booking_id, event_type type, const progress& p);
  void erase_writes(std::string_view booking_and_type);

  /// `<booking>/<message>`, which names the rows and timers of a message.
  [[nodiscard]] static std::string name_of(const message& m);
  /// `<booking>/<type>`, which names what is remembered of writes.
  [[nodiscard]] static std::string name_of(std::int64_t booking_id, event_type type);

private:
  context& ctx_;
};

} // namespace sallyport::prison_to_probation
