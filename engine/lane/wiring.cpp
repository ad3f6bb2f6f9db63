#include "engine/lane/wiring.hpp"

#include "engine/core/assert.hpp"

#include <algorithm>

namespace sallyport::lane {

wiring wiring::of(const topology::part& part) {
  wiring w;
  w.readers.resize(part.stages.size());
  for (std::size_t s = 0; s < part.stages.size(); ++s)
    w.readers[s].resize(part.stages[s].op->outputs.size() + 1);
  for (std::size_t s = 0; s < part.stages.size(); ++s) {
    const auto& inputs = part.stages[s].inputs;
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      if (inputs[i].stage == topology::edge::source) {
        w.source_readers.push_back({s, i});
        continue;
      }
      const auto& outputs = part.stages[inputs[i].stage].op->outputs;
      auto port = std::ranges::find(outputs, inputs[i].port);
      SALLYPORT_ASSERT(port != outputs.end() || inputs[i].port == "rejected");
      auto index = static_cast<std::size_t>(port - outputs.begin());
      w.readers[inputs[i].stage][index].push_back({s, i});
    }
  }
  return w;
}

} // namespace sallyport::lane
