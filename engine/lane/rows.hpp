#pragma once

#include "engine/core/binary.hpp"
#include "engine/log/lane_rows.hpp"

#include <cstdint>
#include <string>
#include <string_view>

/// How the rows of a lane are named. Always by the names of part and stage, never by a position in
/// a file, so that a topology can be reordered without losing its state.
///
///   part NUL partition(be32) stage NUL kind key
///
/// The rows of the lane itself (its door) have an empty stage name. Every value starts with
/// `row_format`.
namespace sallyport::lane::rows {

inline constexpr std::uint8_t row_format = 2;

enum class kind : char {
  counts = 'k',       ///< terms of the stage's records
  state = 's',        ///< the operator's own rows
  timer_due = 't',    ///< due time, name -> payload
  timer_name = 'n',   ///< name -> due time
  call = 'c',         ///< the effect ledger
  circuit = 'q',      ///< call port -> circuit
  paused = 'p',       ///< call ports that start nothing
  conversation = 'v', ///< key -> subject and progress
  reply = 'r',        ///< key, index -> an answer within a conversation
  queued = 'w',       ///< key, order -> a conversation that waits for the one of its key
  line = 'l',         ///< order -> a key that waits until a conversation may open
  door = 'd'          ///< next number, next offset, received
                      ///< ('o' below the empty stage name is the log's: see lane_rows.hpp)
};

using sallyport::lane_prefix;

inline std::string stage_prefix(std::string_view part, std::uint32_t partition,
                                std::string_view stage) {
  auto out = lane_prefix(part, partition);
  out += stage;
  out.push_back('\0');
  return out;
}

inline std::string key(kind k, std::string_view rest = {}) {
  std::string out(1, static_cast<char>(k));
  out += rest;
  return out;
}

/// A key and an order below it, for rows that stand in a queue of their key. The key's length goes
/// first, so that no key is a prefix of another's queue.
inline std::string queue_prefix(kind k, std::string_view of) {
  std::string out(1, static_cast<char>(k));
  binary::put_be32(out, static_cast<std::uint32_t>(of.size()));
  out += of;
  return out;
}

inline std::string value() { return std::string(1, static_cast<char>(row_format)); }

} // namespace sallyport::lane::rows
