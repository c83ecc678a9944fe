// TensorFlow 2.21 logs a line about oneDNN while it is being loaded, whatever TF_CPP_MIN_LOG_LEVEL says. Linked with
// `-z initfirst` this constructor runs before those of TensorFlow, and makes the logging library heed the variable.
#include <cstdlib>

namespace absl {
inline namespace lts_20250814 {
enum class LogSeverityAtLeast : int;
// Weak: a TensorFlow with another release of this library logs its line, and works.
__attribute__((weak)) void SetMinLogLevel(LogSeverityAtLeast level);
}  // namespace lts_20250814
}  // namespace absl

__attribute__((constructor)) static void Quieten() {
  const char *level = std::getenv("TF_CPP_MIN_LOG_LEVEL");
  if (level != nullptr && absl::SetMinLogLevel != nullptr)
    absl::SetMinLogLevel(static_cast<absl::LogSeverityAtLeast>(std::atoi(level)));
}
