#include "engine/config/node.hpp"

#include "engine/core/edit_distance.hpp"

#include <algorithm>
#include <limits>

namespace sallyport::config {

namespace {

/// `Hold-Back` and `hold_back` are the same word to a person.
std::string plain(std::string_view word) {
  std::string out{word};
  for (auto& c : out) {
    if (c >= 'A' && c <= 'Z')
      c = static_cast<char>(c - 'A' + 'a');
    if (c == '-' || c == ' ' || c == '.')
      c = '_';
  }
  return out;
}

/// Whether a word is the start or end of another: `dead` of `dead_letter`, `for` of `hold_for`.
bool is_piece(const std::string& piece, const std::string& whole) {
  constexpr std::size_t telling = 4; // Shorter pieces count only where the other word has a gap.
  if (piece.empty() || piece.size() >= whole.size())
    return false;
  const auto rest = whole.size() - piece.size();
  return (whole.starts_with(piece) && (piece.size() >= telling || whole[piece.size()] == '_')) ||
         (whole.ends_with(piece) && (piece.size() >= telling || whole[rest - 1] == '_'));
}

/// Words longer than this are no typing mistakes, and the search for them would cost.
constexpr std::size_t word_chars_max = 200;

} // namespace

const node* node::find(std::string_view name) const {
  auto it = std::ranges::find_if(entries, [&](const entry& e) { return e.name == name; });
  return it == entries.end() ? nullptr : &it->value;
}

std::optional<std::string> nearest(std::string_view word,
                                   const std::vector<std::string>& candidates) {
  if (word.empty() || word.size() > word_chars_max)
    return std::nullopt;
  const auto meant = plain(word);
  std::size_t best = std::numeric_limits<std::size_t>::max();
  const std::string* found = nullptr;
  for (const auto& candidate : candidates) {
    auto other = plain(candidate);
    auto steps = edit_distance(meant, other);
    auto allowed = std::max<std::size_t>(1, std::max(meant.size(), other.size()) / 3);
    // A word of two letters is one step from too many others to be told from them by more.
    if (steps <= allowed && steps < std::max(meant.size(), other.size()) && steps < best) {
      best = steps;
      found = &candidate;
    }
  }
  for (const auto& candidate : candidates) {
    if (found != nullptr)
      break;
    auto other = plain(candidate);
    if (is_piece(meant, other) || is_piece(other, meant))
      found = &candidate;
  }
  return found == nullptr ? std::nullopt : std::optional{*found};
}

} // namespace sallyport::config
