#pragma once

#include "connectors/generate/text_template.hpp"
#include "engine/connectors/ingress.hpp"

#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace sallyport::generate {

struct generate_options {
  text_template value;
  std::optional<text_template> key;
  std::vector<std::pair<std::string, text_template>> headers;
  std::uint64_t count = 0; ///< 0: without end
  double rate = 0;         ///< records a second; 0: as fast as the log takes them
  std::uint64_t seed = 1;
  std::string name; ///< tells its position from that of others on the same topic
};

/// Makes records of a template: for trying things out and for benchmarks.
///
/// The number of the last record is kept on the log, see `source_position`, so that a restart goes
/// on with the next and `count` records are made in all.
///
/// Thread safety: `run` in one thread, `stop` from any.
class generate_ingress final : public ingress {
public:
  explicit generate_ingress(generate_options options);

  [[nodiscard]] status run(const target& into) override;
  void stop() override;

private:
  [[nodiscard]] std::vector<log_append> make(const topic_config& topic, std::uint64_t from,
                                             std::uint64_t to, wall_time now) const;

  const generate_options options_;
  std::mutex guard_;
  std::condition_variable stopped_;
  bool stopping_ = false;
};

} // namespace sallyport::generate
