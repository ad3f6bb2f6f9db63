#pragma once

#include "engine/core/error.hpp"
#include "engine/core/wall_time.hpp"
#include "engine/runtime/environment.hpp"

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace sallyport::runtime {

/// A running topology: hosts with their lanes, on the actor system, which nobody outside of this
/// folder sees.
///
/// Thread safety: all functions may be called from any thread; `stop` once.
class instance {
public:
  /// Opens the lanes and begins to work. `with` and all it refers to outlive the instance.
  /// @pre the topics of the plan are there
  [[nodiscard]] static result<std::unique_ptr<instance>> start(const environment& with);
  ~instance();
  instance(const instance&) = delete;
  instance& operator=(const instance&) = delete;

  /// Takes nothing more in, ends the epochs, gives calls under way `within`; the rest stays open in
  /// the ledger. Returns when all is committed.
  void stop(duration within);

  /// Gives the lanes to other instances, as far as the log can; true when all are gone. For a stop
  /// that is not followed by a restart.
  [[nodiscard]] bool leave(duration within);

  /// The lanes that are open here, as (part, partition).
  [[nodiscard]] std::vector<std::pair<std::string, std::uint32_t>> lanes() const;

  /// An order to a stage, let in by the doors of its lanes.
  void command(const std::string& part, std::optional<std::uint32_t> partition,
               const std::string& stage, const std::string& name, const std::string& payload);

private:
  struct body;
  explicit instance(std::unique_ptr<body> b);
  std::unique_ptr<body> body_;
};

} // namespace sallyport::runtime
