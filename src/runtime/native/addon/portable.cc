// A compiler from 2021 or later calls this function of its own libstdc++ (GLIBCXX_3.4.29). Defined here, the addon loads
// with the libstdc++ of any system that TensorFlow itself runs on.
#include <new>

namespace std {
void __throw_bad_alloc();
__attribute__((visibility("hidden"))) void __throw_bad_array_new_length() { __throw_bad_alloc(); }
}  // namespace std
