# The vendored addon and what lets one binary serve every Node and every system: portable.cc, the rpath of an
# installation (layout.ts), and quiet.cc, whose constructor has to run first.
{
  'targets': [
    {
      'target_name': 'tfjs_binding',
      'sources': ['binding/tfjs_backend.cc', 'binding/tfjs_binding.cc', 'portable.cc', 'quiet.cc'],
      'include_dirs': ['<(module_root_dir)/deps/include'],
      'defines': ['NAPI_VERSION=8'],
      'library_dirs': ['<(module_root_dir)/deps/lib'],
      'libraries': ['-ltensorflow', '-ltensorflow_framework'],
      'ldflags': [
        '-Wl,--strip-all',
        '-Wl,-z,initfirst',
        '-Wl,-rpath,\$$ORIGIN/../../deps/lib',
      ],
    }
  ]
}
