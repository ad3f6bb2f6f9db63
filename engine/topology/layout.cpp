#include "engine/topology/layout.hpp"

#include <algorithm>
#include <cstdint>
#include <map>
#include <numeric>

namespace sallyport::topology {

namespace {

/// A box, or the place where a line passes a layer.
struct slot {
  std::size_t rank = 0;
  double width = 0;
  double height = 0;
  double center = 0;
  std::vector<std::size_t> above;
  std::vector<std::size_t> below;
};

class arranger {
public:
  arranger(std::vector<box> boxes, std::vector<line> lines, const spacing& gaps)
    : boxes_(std::move(boxes)), lines_(std::move(lines)), gaps_(gaps) {}

  layout arrange() {
    rank();
    make_slots();
    order();
    place();
    return finish();
  }

private:
  using layer = std::vector<std::size_t>;
  static constexpr double passing_width = 10;

  void rank() {
    rank_.assign(boxes_.size(), 0);
    // Each round moves every box below what leads to it; there are no more rounds than boxes.
    for (std::size_t round = 0; round < boxes_.size(); ++round)
      for (const auto& l : lines_)
        rank_[l.to] = std::max(rank_[l.to], rank_[l.from] + 1);
    const auto last = *std::ranges::max_element(rank_);
    for (std::size_t i = 0; i < boxes_.size(); ++i)
      if (boxes_[i].at_end)
        rank_[i] = last;
  }

  void make_slots() {
    std::size_t layers = 1;
    for (std::size_t i = 0; i < boxes_.size(); ++i) {
      slots_.push_back({rank_[i], boxes_[i].width, boxes_[i].height, 0, {}, {}});
      layers = std::max(layers, rank_[i] + 1);
    }
    for (const auto& l : lines_) {
      std::vector<std::size_t> path{l.from};
      for (auto r = rank_[l.from] + 1; r < rank_[l.to]; ++r) {
        slots_.push_back({r, passing_width, 0, 0, {}, {}});
        path.push_back(slots_.size() - 1);
      }
      path.push_back(l.to);
      for (std::size_t i = 1; i < path.size(); ++i) {
        slots_[path[i - 1]].below.push_back(path[i]);
        slots_[path[i]].above.push_back(path[i - 1]);
      }
      paths_.push_back(std::move(path));
    }
    layers_.resize(layers);
    for (std::size_t i = 0; i < slots_.size(); ++i)
      layers_[slots_[i].rank].push_back(i);
  }

  // -- order within the layers --------------------------------------------------------------------

  [[nodiscard]] std::vector<std::size_t> places() const {
    std::vector<std::size_t> place(slots_.size());
    for (const auto& l : layers_)
      for (std::size_t i = 0; i < l.size(); ++i)
        place[l[i]] = i;
    return place;
  }

  [[nodiscard]] std::size_t crossings() const {
    const auto place = places();
    std::size_t count = 0;
    for (const auto& l : layers_) {
      std::vector<std::pair<std::size_t, std::size_t>> ends;
      for (auto s : l)
        for (auto t : slots_[s].below)
          ends.emplace_back(place[s], place[t]);
      for (std::size_t i = 0; i < ends.size(); ++i)
        for (std::size_t j = 0; j < i; ++j)
          if ((ends[i].first < ends[j].first && ends[i].second > ends[j].second) ||
              (ends[i].first > ends[j].first && ends[i].second < ends[j].second))
            ++count;
    }
    return count;
  }

  void sweep(bool down) {
    for (std::size_t n = 1; n < layers_.size(); ++n) {
      auto& l = layers_[down ? n : layers_.size() - 1 - n];
      const auto place = places();
      std::map<std::size_t, double> mean;
      for (auto s : l) {
        const auto& near = down ? slots_[s].above : slots_[s].below;
        double sum = 0;
        for (auto other : near)
          sum += static_cast<double>(place[other]);
        mean[s] =
          near.empty() ? static_cast<double>(place[s]) : sum / static_cast<double>(near.size());
      }
      std::ranges::sort(l, [&](auto a, auto b) {
        return std::pair{mean[a], place[a]} < std::pair{mean[b], place[b]};
      });
    }
  }

  void order() {
    constexpr int sweeps = 12;
    auto best = layers_;
    auto fewest = crossings();
    for (int i = 0; i < sweeps; ++i) {
      sweep(i % 2 == 0);
      if (const auto now = crossings(); now < fewest) {
        fewest = now;
        best = layers_;
      }
    }
    layers_ = best;
  }

  // -- places -------------------------------------------------------------------------------------

  [[nodiscard]] double apart(std::size_t a, std::size_t b) const {
    return (slots_[a].width + slots_[b].width) / 2 + gaps_.between_boxes;
  }

  /// Moves a layer towards its neighbours: as far as the order lets it from the left, and from the
  /// right, and the mean of both.
  void relax(const layer& l, bool down) {
    std::vector<double> wanted;
    for (auto s : l) {
      const auto& near = down ? slots_[s].above : slots_[s].below;
      double sum = 0;
      for (auto other : near)
        sum += slots_[other].center;
      wanted.push_back(near.empty() ? slots_[s].center : sum / static_cast<double>(near.size()));
    }
    auto left = wanted;
    auto right = wanted;
    for (std::size_t i = 1; i < l.size(); ++i)
      left[i] = std::max(left[i], left[i - 1] + apart(l[i - 1], l[i]));
    for (std::size_t i = l.size() - 1; i > 0; --i)
      right[i - 1] = std::min(right[i - 1], right[i] - apart(l[i - 1], l[i]));
    for (std::size_t i = 0; i < l.size(); ++i)
      slots_[l[i]].center = (left[i] + right[i]) / 2;
  }

  void place() {
    for (const auto& l : layers_)
      for (std::size_t i = 1; i < l.size(); ++i)
        slots_[l[i]].center = slots_[l[i - 1]].center + apart(l[i - 1], l[i]);
    constexpr int rounds = 16;
    for (int i = 0; i < rounds; ++i) {
      for (std::size_t n = 1; n < layers_.size(); ++n)
        relax(layers_[n], true);
      for (std::size_t n = layers_.size() - 1; n > 0; --n)
        relax(layers_[n - 1], false);
    }
    double least = slots_.front().center;
    for (const auto& s : slots_)
      least = std::min(least, s.center - s.width / 2);
    for (auto& s : slots_)
      s.center -= least;
  }

  // -- the result ---------------------------------------------------------------------------------

  /// Where the lines of a box leave it or reach it, in the order of their other ends.
  void spread(layout& out, bool at_start) {
    for (std::size_t b = 0; b < boxes_.size(); ++b) {
      std::vector<std::size_t> ends;
      for (std::size_t i = 0; i < lines_.size(); ++i)
        if ((at_start ? lines_[i].from : lines_[i].to) == b)
          ends.push_back(i);
      auto next = [&](std::size_t i) {
        return slots_[at_start ? paths_[i][1] : paths_[i][paths_[i].size() - 2]].center;
      };
      std::ranges::sort(
        ends, [&](auto i, auto j) { return std::pair{next(i), i} < std::pair{next(j), j}; });
      const auto step = std::min(26.0, boxes_[b].width / static_cast<double>(ends.size() + 1));
      for (std::size_t k = 0; k < ends.size(); ++k) {
        auto& through = out.lines[ends[k]].through;
        auto& end = at_start ? through.front() : through.back();
        end.x += (static_cast<double>(k) - static_cast<double>(ends.size() - 1) / 2) * step;
      }
    }
  }

  layout finish() {
    layout out;
    std::vector<double> top(layers_.size());
    std::vector<double> tall(layers_.size());
    double y = 0;
    for (std::size_t r = 0; r < layers_.size(); ++r) {
      for (auto s : layers_[r])
        tall[r] = std::max(tall[r], slots_[s].height);
      top[r] = y;
      y += tall[r] + gaps_.between_layers;
    }
    out.height = y - gaps_.between_layers;
    for (std::size_t i = 0; i < boxes_.size(); ++i) {
      auto b = boxes_[i];
      b.at = {slots_[i].center - b.width / 2, top[rank_[i]] + (tall[rank_[i]] - b.height) / 2};
      out.boxes.push_back(b);
    }
    for (const auto& s : slots_)
      out.width = std::max(out.width, s.center + s.width / 2);
    for (std::size_t i = 0; i < lines_.size(); ++i) {
      auto l = lines_[i];
      const auto& from = out.boxes[l.from];
      const auto& to = out.boxes[l.to];
      l.through.push_back({slots_[l.from].center, from.at.y + from.height});
      for (std::size_t k = 1; k + 1 < paths_[i].size(); ++k) {
        const auto& s = slots_[paths_[i][k]];
        l.through.push_back({s.center, top[s.rank]});
        l.through.push_back({s.center, top[s.rank] + tall[s.rank]});
      }
      l.through.push_back({slots_[l.to].center, to.at.y});
      out.lines.push_back(std::move(l));
    }
    spread(out, true);
    spread(out, false);
    return out;
  }

  std::vector<box> boxes_;
  std::vector<line> lines_;
  spacing gaps_;
  std::vector<std::size_t> rank_;
  std::vector<slot> slots_;
  std::vector<std::vector<std::size_t>> paths_;
  std::vector<layer> layers_;
};

} // namespace

layout arrange(std::vector<box> boxes, std::vector<line> lines, const spacing& gaps) {
  if (boxes.empty())
    return {};
  return arranger{std::move(boxes), std::move(lines), gaps}.arrange();
}

} // namespace sallyport::topology
