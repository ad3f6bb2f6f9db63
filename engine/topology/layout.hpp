#pragma once

#include <cstddef>
#include <utility>
#include <vector>

/// Places the boxes of a directed graph without cycles in layers, as one reads: from the top down.
/// A box stands below all that leads to it (longest path); within a layer boxes are ordered by the
/// mean place of their neighbours, so that few lines cross, and moved towards them. A line that
/// passes a layer has a place of its own there, so it never runs through a box.
///
/// Thread safety: pure functions. The same input gives the same places.
namespace sallyport::topology {

struct point {
  double x = 0;
  double y = 0;
};

struct box {
  double width = 0;
  double height = 0;
  bool at_end = false; ///< it stands in the last layer
  point at;            ///< its upper left corner; given by the layout
};

struct line {
  std::size_t from = 0;
  std::size_t to = 0;
  std::vector<point> through; ///< from the lower edge of one box to the upper of the other
};

struct layout {
  std::vector<box> boxes;
  std::vector<line> lines;
  double width = 0;
  double height = 0;
};

struct spacing {
  double between_boxes = 28;
  double between_layers = 52;
};

/// @pre the lines form no cycle
[[nodiscard]] layout arrange(std::vector<box> boxes, std::vector<line> lines, const spacing& gaps);

} // namespace sallyport::topology
