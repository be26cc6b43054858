# The slice allocator of GLib hides its memory and its lock from the sanitizers: false races
# under TSan, missed overflows under ASan. Plain malloc in those variants.
ifneq ($(filter asan tsan fuzz,$(V)),)
export G_SLICE := always-malloc
endif
